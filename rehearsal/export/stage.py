"""The `export` stage of a run: every packed stage in every format that the recipe names."""

from __future__ import annotations

from pathlib import Path

from hanji.errors import RecipeError
from hanji.execution import Execution
from hanji.manifest import NAME, Manifest
from hanji.recipe import Recipe
from rehearsal.export.section import Export
from rehearsal.export.write import export

__all__ = ["run"]


def run(recipe: Recipe, root: Path, execution: Execution) -> list[Manifest]:
    """Export `root/rehearsal/*` to `root/export/<stage>-<format>`."""
    section = recipe.section("export", Export)
    place = root / "rehearsal"
    stages = sorted(p for p in place.iterdir() if (p / NAME).exists()) if place.is_dir() else []
    if not stages:
        raise RecipeError(f"{place}: holds no packed stage; make the section 'rehearsal' first")
    return [
        export(stage, form, root / "export" / f"{stage.name}-{form}", execution)
        for stage in stages
        for form in section.to
    ]
