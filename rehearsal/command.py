"""`hanji rehearsal plan|mix` and `hanji export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hanji.cli import (
    emit,
    execution,
    json_option,
    output_option,
    recipe_argument,
    replace_option,
    table,
    workers_option,
)
from hanji.errors import RecipeError

if TYPE_CHECKING:
    from hanji.manifest import Manifest
    from rehearsal.plan import Plan

__all__ = ["export", "rehearsal"]

FORMATS = ("arrow", "hf", "parquet", "megatron", "mds")

root_option = click.option(
    "--root", type=click.Path(path_type=Path), default=Path("out"), show_default=True,
    metavar="DIR", help="The run's directory, with curate/, reasoning/, longdoc/ and tokenizer/.",
)  # fmt: skip


@click.group()
def rehearsal() -> None:
    """Plan and pack the mixes of the context extension."""


@rehearsal.command("plan")
@recipe_argument
@root_option
@json_option
def plan(recipe: Path, root: Path, as_json: bool) -> None:
    """Say what each stage of RECIPE would draw from where; no mix is written."""
    from hanji.recipe import Recipe
    from rehearsal.section import Rehearsal
    from rehearsal.stage import plans

    section = Recipe.load(recipe).section("rehearsal", Rehearsal)
    found = plans(section, root, execution())
    emit(found, as_json, lambda: _print_plans(found))
    for each in found:
        each.check()


def _print_plans(found: list[Plan]) -> None:
    for each in found:
        rows = [
            [
                f"{cell.component} {cell.lang}" + (f" {cell.bucket:,}+" if cell.bucket else ""),
                f"{cell.share:.2%}",
                f"{cell.target:,}",
                f"{cell.available:,}",
                f"{cell.documents:,}",
                f"{cell.repeats:.2f}",
                "yes" if cell.possible else "NO",
            ]
            for cell in each.cells
        ]
        head = ["part", "share", "tokens", "available", "documents", "repeats", "possible"]
        table(f"{each.stage}: {each.tokens:,} tokens, context {each.context:,}", head, rows)
        for reason, n in each.left_out.items():
            click.echo(f"left out, {reason}: {n:,} documents")


@rehearsal.command("mix")
@recipe_argument
@click.option("--stage", required=True, metavar="NAME", help="Stage of the recipe.")
@root_option
@output_option
@workers_option
@replace_option
@json_option
def mix(
    recipe: Path, stage: str, root: Path, out: Path, workers: int, replace: bool, as_json: bool
) -> None:
    """Draw and pack one stage of RECIPE."""
    from hanji.recipe import Recipe
    from rehearsal.section import Rehearsal
    from rehearsal.stage import run_stage, stage_named

    section = Recipe.load(recipe).section("rehearsal", Rehearsal)
    how = execution(workers, replace)
    manifest = run_stage(section, stage_named(section, stage), root, out, how)
    emit(manifest.facts, as_json, lambda: _print_mix(manifest, out))


def _print_mix(manifest: Manifest, out: Path) -> None:
    facts = manifest.facts
    click.echo(
        f"{out}: {facts['sequences']:,} sequences of {facts['context']:,} tokens, "
        f"{facts['efficiency']:.2%} of the positions used"
    )


@click.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--to", "form", required=True, metavar="|".join(FORMATS), help="Format to write.")
@output_option
@replace_option
@json_option
def export(directory: Path, form: str, out: Path, replace: bool, as_json: bool) -> None:
    """Export the packed sequences of DIRECTORY for a training job."""
    from hanji.errors import nearest
    from rehearsal.export.write import export as export_

    if form not in FORMATS:
        raise RecipeError(f"--to {form}: unknown format{nearest(form, FORMATS)}")
    manifest = export_(directory, form, out, execution(1, replace))
    emit(manifest.facts, as_json, lambda: click.echo(f"{out}: {manifest.facts['tokens']:,} tokens"))
