"""The recipe's `rehearsal` section: stages, their context, their shares. Light."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from hanji.schema import Lang

__all__ = ["LANG_SHARES", "Bucket", "Rehearsal", "Stage"]

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Positive = Annotated[int, msgspec.Meta(ge=1)]

# Ours: LG names the languages and not their shares. docs/rehearsal.md compares public recipes.
LANG_SHARES: dict[Lang, float] = {
    "en": 0.40,
    "ko": 0.30,
    "es": 0.075,
    "de": 0.075,
    "ja": 0.075,
    "vi": 0.075,
}


class Bucket(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A share of the long documents' tokens from documents of at least so many tokens."""

    at_least: Positive
    """Least tokens of a document; it ends where the next larger bucket begins."""
    share: Share
    """Share of the long component's tokens."""


class Stage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One stage of the context extension."""

    name: str
    """Name of the stage and of its directory."""
    context: Annotated[int, msgspec.Meta(ge=16)]
    """Tokens of a sequence, exactly."""
    tokens: Positive | Literal["auto"] = "auto"
    """Tokens to draw in all; auto takes what the scarcest part allows."""
    shares: dict[Literal["rehearsal", "reasoning", "long"], Share] = msgspec.field(
        default_factory=lambda: {"rehearsal": 0.50, "reasoning": 0.15, "long": 0.35}
    )
    """Share of each component; they sum to 1."""
    langs: dict[Lang, Share] = msgspec.field(default_factory=lambda: dict(LANG_SHARES))
    """Share of each language within a component; they sum to 1."""
    temperature: Annotated[float, msgspec.Meta(gt=0)] | None = None
    """Instead of the shares of `langs`: in proportion to tokens ** (1 / temperature)."""
    floors: dict[Lang, Share] = {}
    """Least share of a language within a component; only with `temperature`."""
    buckets: tuple[Bucket, ...] = ()
    """Shares of lengths within the long component; they sum to 1, or there are none."""
    max_repeats: Annotated[float, msgspec.Meta(gt=0)] = 4
    """How often a document may be drawn at most."""
    max_repeats_of: dict[str, Annotated[float, msgspec.Meta(gt=0)]] = {}
    """The same for the documents of a source, by its name."""
    best: Share = 1.0
    """Share of the curated documents, best quality first, that rehearsal draws from."""
    quality_weight: Annotated[float, msgspec.Meta(ge=0)] = 0
    """Draw documents earlier in proportion to quality to this power; 0 draws all alike."""
    group: Literal["none", "lang", "length"] = "none"
    """What the documents of a sequence have in common besides fitting."""
    cut_longer: bool = False
    """Cut documents that are longer than the context, instead of leaving them out."""


# Ours: docs/rehearsal.md stands them beside the public recipes.
DEFAULT_STAGES = (
    Stage(
        name="32k",
        context=32_768,
        buckets=(Bucket(at_least=8_192, share=0.25), Bucket(at_least=16_384, share=0.75)),
    ),
    Stage(
        name="256k",
        context=262_144,
        shares={"rehearsal": 0.40, "reasoning": 0.15, "long": 0.45},
        buckets=(
            Bucket(at_least=32_768, share=0.40),
            Bucket(at_least=65_536, share=0.35),
            Bucket(at_least=131_072, share=0.25),
        ),
    ),
)


class Rehearsal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Mixes of the stages."""

    stages: tuple[Stage, ...] = DEFAULT_STAGES
    """The stages, in order."""
    seed: int = 1
    """Seed of every draw and of the order of sequences."""
    shard_tokens: Positive = 1 << 26
    """Tokens of an output shard, about."""
