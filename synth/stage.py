"""The `reasoning` stage of a run: `curate/` becomes `reasoning/`."""

from __future__ import annotations

from pathlib import Path

from hanji.execution import Execution
from hanji.manifest import Manifest
from hanji.recipe import Recipe
from synth.make import make
from synth.section import Reasoning

__all__ = ["run"]


def run(recipe: Recipe, root: Path, execution: Execution) -> list[Manifest]:
    """Make the recipe's reasoning data in `root/reasoning`."""
    section = recipe.section("reasoning", Reasoning)
    own = root / "tokenizer"
    made = make(
        section,
        root / "curate",
        root / "reasoning",
        execution,
        base=recipe.base,
        tokenizer=own if (own / "manifest.json").is_file() else None,
    )
    return [made]
