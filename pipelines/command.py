"""`hanji curate`: a recipe's sources, or one glob, become clean documents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hanji.cli import (
    emit,
    execution,
    json_option,
    output_option,
    replace_option,
    table,
    workers_option,
)
from hanji.errors import RecipeError

if TYPE_CHECKING:
    from hanji.manifest import Manifest

__all__ = ["curate"]


@click.command()
@click.argument("recipe", required=False, type=click.Path(path_type=Path))
@click.option("--input", "pattern", help="File, directory or glob to curate without a recipe.")
@output_option
@workers_option
@replace_option
@click.option("--runner", default="FnApiRunner", show_default=True, help="Beam runner.")
@json_option
@click.argument("beam_options", nargs=-1, type=click.UNPROCESSED)
def curate(
    recipe: Path | None,
    pattern: str | None,
    out: Path,
    workers: int,
    replace: bool,
    runner: str,
    as_json: bool,
    beam_options: tuple[str, ...],
) -> None:
    """Turn sources into clean, deduplicated documents.

    The sources are those of RECIPE, or the files that --input names. Options of Beam's runner
    follow after "--".
    """
    from hanji.recipe import Recipe
    from pipelines.curate import curate as curate_
    from pipelines.read.source import Source
    from pipelines.section import Curate

    how = execution(workers, replace, runner=runner, beam_options=beam_options)
    if (recipe is None) == (pattern is None):
        raise RecipeError("give either a RECIPE or --input, not both and not neither")
    if recipe is not None:
        loaded = Recipe.load(recipe)
        sources, base = loaded.section("sources", tuple[Source, ...]), loaded.base
        section = loaded.section("curate", Curate)
    else:
        sources, base = (Source(name="input", path=str(pattern)),), Path()
        section = Curate()
    manifest = curate_(sources, section, base, out, how)
    emit(manifest.report, as_json, lambda: _print(manifest, out))


def _print(manifest: Manifest, out: Path) -> None:
    rows = []
    for lang, tally in manifest.report.by_lang().items():
        dropped = {step: sum(reasons.values()) for step, reasons in tally.dropped.items()}
        rows.append(
            [
                lang,
                f"{tally.read:,}",
                *(f"{dropped.get(step, 0):,}" for step in ("language", "quality", "duplicates")),
                f"{sum(tally.failed.values()):,}",
                f"{tally.kept:,}",
            ]
        )
    head = ["language", "read", "other language", "low quality", "duplicates", "failed", "kept"]
    table("", head, rows)
    click.echo(f"{out}: {manifest.rows:,} documents")
