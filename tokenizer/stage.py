"""The tokenizer's stage of a recipe: from `curate/` to `tokenizer/` below the run's root."""

from __future__ import annotations

from pathlib import Path

from hanji.execution import Execution
from hanji.manifest import Manifest
from hanji.recipe import Recipe
from tokenizer.section import TokenizerSection

__all__ = ["run"]


def run(recipe: Recipe, root: Path, execution: Execution) -> list[Manifest]:
    """Train or extend the tokenizer that the recipe describes, on the curated dataset."""
    section = recipe.section("tokenizer", TokenizerSection)
    if section.extend is not None:
        from tokenizer.extend import extend

        base = recipe.base / section.extend
        return [extend(section, base, [root / "curate"], root / "tokenizer", execution)]
    from tokenizer.train import train

    return [train(section, [root / "curate"], root / "tokenizer", execution)]
