"""Forecast long documents and probes."""

from __future__ import annotations

from hanji.forecast import Given, Rates, Work
from hanji.recipe import Recipe
from longdoc.section import Longdoc

__all__ = ["forecast"]


def forecast(recipe: Recipe, given: Given, rates: Rates) -> Work:
    """Forecast the stage."""
    section = recipe.section("longdoc", Longdoc)
    seconds = given.kept_bytes / rates["bytes_per_second"]
    size, probes = given.kept_bytes, 0
    if section.probe is not None:
        grid = section.probe
        each = len(grid.kinds) * len(grid.depths) * len(grid.langs) * grid.count
        probes = each * len(grid.lengths)
        tokens = each * sum(grid.lengths)
        seconds += tokens / rates["probe_tokens_per_second"]
        size += tokens * rates["bytes_per_token"]
    return Work(
        seconds / given.speed,
        int(rates["memory"]),
        int(size),
        f"{probes:,} probes; at most all text is long",
    )
