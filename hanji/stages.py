"""The stages of a recipe in order: which section is made by which product, in which directory.

Products are named as strings and imported when their turn comes; they meet only on disk.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, cast

import msgspec

from hanji.errors import RecipeError
from hanji.execution import Execution
from hanji.manifest import Manifest
from hanji.places import is_remote, place
from hanji.recipe import Recipe

__all__ = ["STAGES", "Stage", "check", "run"]


class Stage(msgspec.Struct, frozen=True):
    """One section's place in a run."""

    section: str
    package: str  # `stage` in it has run(recipe, root, execution) -> list[Manifest],
    # `forecast` in it has forecast(recipe, given, rates) -> Work
    settings: str  # "module:type" of the section


class _Runs(Protocol):
    def __call__(self, recipe: Recipe, root: Path, execution: Execution) -> list[Manifest]: ...


STAGES = (
    Stage("curate", "pipelines", "pipelines.section:Curate"),
    Stage("tokenizer", "tokenizer", "tokenizer.section:TokenizerSection"),
    Stage("reasoning", "synth", "synth.section:Reasoning"),
    Stage("longdoc", "longdoc", "longdoc.section:Longdoc"),
    Stage("rehearsal", "rehearsal", "rehearsal.section:Rehearsal"),
    Stage("export", "rehearsal.export", "rehearsal.export.section:Export"),
)


def settings_type(stage: Stage) -> type[msgspec.Struct]:
    """Import the type of a section."""
    module, _, name = stage.settings.partition(":")
    return cast(type[msgspec.Struct], getattr(importlib.import_module(module), name))


def check(recipe: Recipe) -> list[Stage]:
    """Decode every section, so that a typo in the last one is found before the first runs.

    Returns:
        The stages that the recipe has, in order.

    Raises:
        RecipeError: on the first section that is wrong, or if there is nothing to do.
    """
    stages = [stage for stage in STAGES if recipe.has(stage.section)]
    if not stages:
        names = ", ".join(stage.section for stage in STAGES)
        raise RecipeError(f"{recipe.where}: has none of the sections {names}; add one")
    for stage in stages:
        recipe.section(stage.section, settings_type(stage))
    return stages


def run(recipe: Recipe, root: Path, execution: Execution) -> Iterator[tuple[Stage, list[Manifest]]]:
    """Run every stage that the recipe has; a finished one is reused by its fingerprint.

    Yields:
        (stage, manifests that it made or reused), as each is done.

    Raises:
        RecipeError: if the recipe is wrong, or a stage cannot write to `root`.
    """
    stages = check(recipe)
    other = next((stage.section for stage in stages if stage.section != "curate"), None)
    if other is not None and is_remote(root):
        raise RecipeError(
            f"{recipe.where}: {place(root)} is not on this machine's disk, and only curate writes "
            f"there; leave out '{other}' or give a directory"
        )
    for stage in stages:
        runs = cast(_Runs, importlib.import_module(f"{stage.package}.stage").run)
        yield stage, runs(recipe, root, execution)
