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

    loaded = Recipe.load(recipe)
    click.echo("sampling the sources and timing this machine on them ...", err=True)
    made = forecast(loaded, out)
    emit(made, as_json, lambda: _print(made))


def _print(made: Forecast) -> None:
    rows = [
        [source.name, f"{source.files:,}", f"{source.bytes / 1e6:,.1f}", f"{source.documents:,}",
         f"{source.text_bytes / 1e6:,.1f}"]
        for source in made.sources
    ]  # fmt: skip
    table("", ["source", "files", "MB", "documents (about)", "MB of text (about)"], rows)
    stages = [
        [
            stage.section,
            _time(stage.work.seconds),
            f"{stage.work.memory / 1e9:,.1f}",
            f"{stage.work.output / 1e6:,.0f}",
            stage.work.note,
            stage.state,
        ]
        for stage in made.stages
    ]
    head = ["stage", "one worker", "GB of memory", "MB written", "what", "state"]
    table("", head, stages)
    click.echo(f"what is to be made: about {_time(made.seconds)} on one worker")
    asked = sum(stage.work.tokens for stage in made.stages)
    if asked:
        money = sum(stage.work.money for stage in made.stages)
        click.echo(f"of a language model: about {asked:,} tokens, {money:,.2f} by your prices")
    if made.dataflow is not None:
        cost = made.dataflow
        click.echo(
            f"curation on Dataflow: about {cost.vcpu_hours:,.2f} vCPU hours, "
            f"{cost.shuffle_gb:,.2f} GB shuffled, ${cost.dollars:,.2f} ({cost.prices})"
        )


def _time(seconds: float) -> str:
    """Write a duration for people.

    >>> _time(8.4), _time(600), _time(30_000)
    ('8 s', '10 min', '8.3 h')
    """
    if seconds < 120:
        return f"{seconds:,.0f} s"
    return f"{seconds / 60:,.0f} min" if seconds < 7200 else f"{seconds / 3600:,.1f} h"
