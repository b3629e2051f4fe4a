"""Forecast the mixes."""

from __future__ import annotations

from hanji.forecast import Given, Rates, Work
from hanji.recipe import Recipe
from rehearsal.section import Rehearsal

__all__ = ["forecast"]


def forecast(recipe: Recipe, given: Given, rates: Rates) -> Work:
    """Forecast the stage."""
    section = recipe.section("rehearsal", Rehearsal)
    # Curated text and long documents are tokenised once each; `auto` stages take at most both.
    size = 2 * given.kept_bytes
    there = size / rates["bytes_per_token"]
    tokens = sum(stage.tokens if isinstance(stage.tokens, int) else there
                 for stage in section.stages)  # fmt: skip
    seconds = size / rates["tokenise_bytes_per_second"] + tokens / rates["tokens_per_second"]
    return Work(
        seconds / given.speed,
        int(rates["memory"]),
        int(4 * (there + tokens)),
        f"at most {tokens:,.0f} tokens in {len(section.stages)} stages",
    )
