"""The recipe's `longdoc` section. Light."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from hanji.schema import LANGS, Lang

__all__ = ["Build", "Gate", "Kind", "Longdoc", "Probe"]

Positive = Annotated[int, msgspec.Meta(ge=1)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Percent = Annotated[float, msgspec.Meta(ge=0, le=100)]
Kind = Literal["single", "multi_key"]


class Build(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Long documents of the curated corpus."""

    buckets: tuple[Positive, ...] = (8_192, 16_384, 32_768, 65_536, 131_072)
    """Least tokens of each bucket; a shorter document than the first is not long."""
    window: Positive = 262_144
    """Most tokens of a part; a longer document is cut at its largest natural borders."""


class Probe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A grid of needle probes."""

    kinds: tuple[Kind, ...] = ("single", "multi_key")
    """Kinds of probe."""
    lengths: tuple[Positive, ...] = (4_096, 8_192, 16_384, 24_576, 32_768)
    """Tokens of a probe, exactly, the room for the answer included."""
    depths: tuple[Percent, ...] = (0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100)
    """Where the needle stands, in percent of the haystack's tokens."""
    langs: tuple[Lang, ...] = LANGS
    """Languages; needle and haystack are in the same."""
    count: Positive = 1
    """Probes of each kind, length, depth and language."""


class Gate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Criteria of the green light; ours, since K-EXAONE says only near-perfect."""

    single: Share = 0.99
    """Least accuracy of kind single."""
    multi_key: Share = 0.95
    """Least accuracy of kind multi_key."""
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
    gate: Gate = Gate()
    """Criteria of the green light."""
    seed: int = 1
    """Seed of every draw."""
