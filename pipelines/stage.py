"""The `curate` stage of a run: sources of the recipe become `curate/` below the root."""

from __future__ import annotations

from pathlib import Path

from hanji.execution import Execution
from hanji.manifest import Manifest
from hanji.recipe import Recipe
from pipelines.read.source import Source
from pipelines.section import Curate

__all__ = ["run"]


def run(recipe: Recipe, root: Path, execution: Execution) -> list[Manifest]:
    """Curate the recipe's sources into `root/curate`."""
    from pipelines.curate import curate

    sources = recipe.section("sources", tuple[Source, ...])
    section = recipe.section("curate", Curate)
    return [curate(sources, section, recipe.base, root / "curate", execution)]
