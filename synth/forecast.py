"""Forecast the reasoning data."""

from __future__ import annotations

from hanji.forecast import Given, Rates, Work
from hanji.recipe import Recipe
from synth.section import Reasoning

__all__ = ["forecast"]


def forecast(recipe: Recipe, given: Given, rates: Rates) -> Work:
    """Forecast the stage."""
    section = recipe.section("reasoning", Reasoning)
    samples, seconds = 0, 0.0
    if section.procedural is not None:
        samples += len(section.procedural.tasks) * section.procedural.count * len(section.langs)
        seconds += samples / rates["samples_per_second"]
    if section.extractive is not None:
        read = given.kept_bytes * section.extractive.share
        found = given.documents * given.kept * section.extractive.share
        samples += int(min(found, section.extractive.max_per_lang * len(section.langs)))
        seconds += read / rates["extractive_bytes_per_second"]
    return Work(
        seconds / given.speed,
        int(rates["memory"]),
        int(samples * rates["bytes_per_sample"]),
        f"about {samples:,} samples",
    )
