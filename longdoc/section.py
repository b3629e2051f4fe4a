"""The recipe's `longdoc` section. Light."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from hanji.schema import LANGS, Lang

__all__ = ["GRIDS", "Build", "Compose", "Gate", "Kind", "Longdoc", "Probe"]

Positive = Annotated[int, msgspec.Meta(ge=1)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Percent = Annotated[float, msgspec.Meta(ge=0, le=100)]
Kind = Literal[
    "single",
    "multi_key",
    "multi_value",
    "multi_query",
    "variable_tracking",
    "common_words",
    "frequent_words",
    "qa",
    "none",
    "two_hop",
    "paraphrase",
    "order",
    "mrcr",
    "cross_lingual",
]


# Tokens of the probes of each stage of the extension, by depths in tens.
GRIDS: dict[str, tuple[int, ...]] = {
    "32k": tuple(1024 * k for k in (4, 8, 16, 24, 32)),
    "256k": tuple(1024 * k for k in (8, 16, 32, 64, 96, 128, 160, 192, 224, 256)),
}


class Compose(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Long documents put together from short ones that speak of the same."""

    tokens: Positive
    """Tokens that each bucket of each language should have; natural documents count first."""
    langs: tuple[Lang, ...] = LANGS
    """Languages that are composed for."""
    at_least_alike: Annotated[float, msgspec.Meta(ge=0, le=2)] = 0.1
    """Least sum of the cosines to the first member and to the one before."""
    near_duplicate: Share = 0.5
    """Jaccard similarity above which two documents do not stand in one."""
    cross_lingual: bool = False
    """Also pair what is left: the same topic (`meta.topic`) in two languages, in one document."""


class Build(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Long documents of the curated corpus."""

    buckets: tuple[Positive, ...] = (8_192, 16_384, 32_768, 65_536, 131_072)
    """Least tokens of each bucket; a shorter document than the first is not long."""
    window: Positive = 262_144
    """Most tokens of a part; a longer document is cut at its largest natural borders."""
    min_dependency: Share = 0.0
    """Least dependency score of a natural document; lists and logs score low."""
    compose: Compose | None = None
    """Composed documents for the buckets that natural ones leave short; null makes none."""


class Probe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A grid of needle probes."""

    kinds: tuple[Kind, ...] = ("single", "multi_key", "multi_value", "multi_query", "none")
    """Kinds of probe."""
    lengths: tuple[Positive, ...] = GRIDS["32k"]
    """Tokens of a probe, exactly, the room for the answer included."""
    depths: tuple[Percent, ...] = (0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100)
    """Where the needle stands, in percent of the haystack's tokens."""
    langs: tuple[Lang, ...] = LANGS
    """Languages; needle and haystack are in the same, but for cross_lingual."""
    count: Positive = 1
    """Probes of each kind, length, depth and language."""
    split: Literal["eval", "train"] = "eval"
    """Probes to test with, or to train on: with answers, and of other documents, keys, numbers."""
    jsonl: Literal["completion", "messages", "none"] = "completion"
    """JSON lines beside the shards: prompts to complete, messages, or none; with lm-eval tasks."""
    train_share: Share = 0.25
    """Share of the held-out documents, by their ids, that only training probes are made of."""
    check: Share = 0.02
    """Share of the probes whose tokens are compared with a full encoding; 1 encodes all in full."""


class Gate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Criteria of the green light; ours, since K-EXAONE says only near-perfect."""

    single: Share = 0.99
    """Least accuracy of kind single."""
    multi_key: Share = 0.95
    """Least accuracy of kind multi_key."""
    multi_value: Share = 0.95
    """Least accuracy of kind multi_value."""
    multi_query: Share = 0.95
    """Least accuracy of kind multi_query."""
    none: Share = 0.95
    """Least accuracy of kind none."""
    variable_tracking: Share = 0.95
    """Least accuracy of kind variable_tracking."""
    other: Share = 0.90
    """Least accuracy of every other kind."""
    none_false: Share = 0.02
    """Most answers that say none where there is something."""
    language: Share = 0.97
    """Least accuracy of each language."""
    spread: Share = 0.03
    """Most distance between the best and the worst language."""
    cell: Share = 0.90
    """Least accuracy of each length and depth, pooled."""
    lower_bound: Share = 0.98
    """Least Wilson lower bound (95%) of the mean."""


class Longdoc(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Long documents and probes of the recipe."""

    build: Build = Build()
    """Long documents."""
    probe: Probe | None = Probe()
    """Needle probes; null makes none."""
    train: bool = False
    """Make the same grid for training too, of other documents, keys and numbers."""
    gate: Gate = Gate()
    """Criteria of the green light."""
    seed: int = 1
    """Seed of every draw."""
