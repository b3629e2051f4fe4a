"""Forecast the exports."""

from __future__ import annotations

from hanji.forecast import Given, Rates, Work
from hanji.recipe import Recipe
from rehearsal.export.section import Export
from rehearsal.forecast import forecast as of_mixes

__all__ = ["forecast"]


def forecast(recipe: Recipe, given: Given, rates: Rates) -> Work:
    """Forecast the stage."""
    section = recipe.section("export", Export)
    if not recipe.has("rehearsal"):
        return Work(0.0, 0, 0)
    mixes = of_mixes(recipe, given, rates)
    seconds = len(section.to) * mixes.output / rates["bytes_per_second"]
    return Work(seconds / given.speed, 0, len(section.to) * mixes.output, ", ".join(section.to))
