"""Forecast the training of the tokenizer."""

from __future__ import annotations

from hanji.forecast import Given, Rates, Work
from hanji.recipe import Recipe
from tokenizer.section import TokenizerSection

__all__ = ["forecast"]


def forecast(recipe: Recipe, given: Given, rates: Rates) -> Work:
    """Forecast the stage."""
    section = recipe.section("tokenizer", TokenizerSection)
    size = min(given.kept_bytes, section.max_bytes or given.kept_bytes)
    return Work(
        size / rates["bytes_per_second"] / given.speed,
        int(rates["memory"] + rates["memory_per_byte"] * size),
        int(section.vocab_size * rates["output_per_token"]),
        f"{section.vocab_size:,} tokens from {size / 1e6:,.1f} MB",
    )
