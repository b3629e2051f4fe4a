"""The `rehearsal` stage of a run: one packed dataset for each stage of the context extension."""

from __future__ import annotations

from pathlib import Path

from hanji.errors import RecipeError, nearest
from hanji.execution import Execution
from hanji.manifest import Dataset, Manifest
from hanji.recipe import Recipe
from hanji.tokens import Tokenizer
from rehearsal.mix import mix
from rehearsal.plan import Inventory, Plan, plan
from rehearsal.section import Rehearsal, Stage
from rehearsal.tokens import COMPONENTS, tokenise

__all__ = ["plans", "run", "run_stage"]


def run(recipe: Recipe, root: Path, execution: Execution) -> list[Manifest]:
    """Mix every stage of the recipe into `root/rehearsal/<stage>`."""
    section = recipe.section("rehearsal", Rehearsal)
    return [
        run_stage(section, stage, root, root / "rehearsal" / stage.name, execution)
        for stage in section.stages
    ]


def stage_named(section: Rehearsal, name: str) -> Stage:
    """Return the stage of that name.

    Raises:
        RecipeError: if there is none.
    """
    for stage in section.stages:
        if stage.name == name:
            return stage
    names = [stage.name for stage in section.stages]
    raise RecipeError(f"--stage {name}: the recipe has no such stage{nearest(name, names)}")


def run_stage(
    section: Rehearsal, stage: Stage, root: Path, out: Path, execution: Execution
) -> Manifest:
    """Mix one stage from the datasets below `root` into `out`."""
    tokenizer = Tokenizer.load(root / "tokenizer")
    tokens = _tokens(stage, root, tokenizer, execution)
    return mix(stage, section, tokens, tokenizer, out, execution)


def _tokens(
    stage: Stage, root: Path, tokenizer: Tokenizer, execution: Execution
) -> dict[str, Dataset]:
    return {
        component.name: tokenise(
            component, root, root / "tokens" / component.name, tokenizer, execution
        )
        for component in COMPONENTS
        if stage.shares.get(component.name, 0) > 0  # type: ignore[call-overload]
    }


def plans(section: Rehearsal, root: Path, execution: Execution) -> list[Plan]:
    """Plan every stage; only token counts are made."""
    tokenizer = Tokenizer.load(root / "tokenizer")
    found = []
    for stage in section.stages:
        tokens = _tokens(stage, root, tokenizer, execution)
        inventories = {name: Inventory.of(name, dataset) for name, dataset in tokens.items()}
        found.append(plan(stage, inventories))
    return found
