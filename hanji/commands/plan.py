"""`hanji plan`: what a recipe would read, make and reuse; nothing is written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hanji.cli import emit, json_option, recipe_argument, table

if TYPE_CHECKING:
    from hanji.forecast import Forecast

__all__ = ["plan"]


@click.command()
@recipe_argument
@click.option(
    "-o", "--output", "out", type=click.Path(path_type=Path), default=Path("out"),
    show_default=True, metavar="DIR", help="Where the run would write; finished stages are reused.",
)  # fmt: skip
@json_option
def plan(recipe: Path, out: Path, as_json: bool) -> None:
    """Say what RECIPE would read, make and reuse; nothing is written."""
    from hanji.forecast import forecast
    from hanji.recipe import Recipe

    made = forecast(Recipe.load(recipe), out)
    emit(made, as_json, lambda: _print(made))


def _print(made: Forecast) -> None:
    rows = [
        [source.name, f"{source.files:,}", f"{source.bytes / 1e6:,.1f}", f"{source.documents:,}",
         f"{source.text_bytes / 1e6:,.1f}"]
        for source in made.sources
    ]  # fmt: skip
    table("", ["source", "files", "MB", "documents (about)", "MB of text (about)"], rows)
    table("", ["stage", "state"], [[stage.section, stage.state] for stage in made.stages])
    click.echo(
        f"curation: about {made.seconds:,.0f} s on one worker, "
        f"at {made.rate / 1e6:,.1f} MB/s measured on a sample of this input"
    )
