"""`hanji synth run|preview`."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from hanji.cli import (
    emit,
    execution,
    json_option,
    output_option,
    replace_option,
    table,
    workers_option,
)
from hanji.errors import RecipeError, nearest
from synth.section import Extractive, Procedural, Reasoning

if TYPE_CHECKING:
    from hanji.manifest import Manifest

__all__ = ["synth"]

FAMILIES = ("extractive", "procedural")


@click.group()
def synth() -> None:
    """Make thinking-augmented reasoning samples."""


def _section(recipe: Path | None, family: str | None, count: int | None, langs: str) -> Reasoning:
    from hanji.recipe import Recipe

    if recipe is not None:
        return Recipe.load(recipe).section("reasoning", Reasoning)
    if family is None:
        raise RecipeError("give a RECIPE or --family")
    if family not in FAMILIES:
        raise RecipeError(f"--family {family}: unknown family{nearest(family, FAMILIES)}")
    n = count or 1_000
    section = Reasoning(
        extractive=Extractive(max_per_lang=n) if family == "extractive" else None,
        procedural=Procedural(count=n) if family == "procedural" else None,
    )
    chosen = tuple(langs.split(",")) if langs else section.langs
    return msgspec.structs.replace(section, langs=chosen)


_recipe = click.argument("recipe", required=False, type=click.Path(path_type=Path))
_input = click.option(
    "--input", "curated", type=click.Path(path_type=Path), metavar="DIR",
    help="Curated documents, for the extractive family.",
)  # fmt: skip
_family = click.option("--family", metavar="|".join(FAMILIES), help="Family, without a recipe.")
_count = click.option(
    "--count", type=click.IntRange(min=1), help="Samples of each task or language."
)
_langs = click.option("--langs", default="", help="Languages, such as en,ko.  [default: all six]")


@synth.command("run")
@_recipe
@_input
@_family
@_count
@_langs
@output_option
@workers_option
@replace_option
@json_option
def run(
    recipe: Path | None,
    curated: Path | None,
    family: str | None,
    count: int | None,
    langs: str,
    out: Path,
    workers: int,
    replace: bool,
    as_json: bool,
) -> None:
    """Make, verify and write samples, of RECIPE or of one family."""
    from synth.make import make

    section = _section(recipe, family, count, langs)
    manifest = make(section, curated, out, execution(workers, replace))
    emit(manifest.report, as_json, lambda: _print(manifest, out))


def _print(manifest: Manifest, out: Path) -> None:
    langs = list(manifest.report.by_lang())
    rows = []
    for source in sorted(manifest.report.by):
        tallies = manifest.report.by[source]
        counts = [tallies[lang].kept if lang in tallies else 0 for lang in langs]
        dropped = sum(t.made - t.kept for t in tallies.values())
        rows.append([source, *(f"{n:,}" for n in counts), f"{dropped:,}"])
    table("", ["task", *langs, "rejected"], rows)
    missed = manifest.facts.get("missed")
    assert isinstance(missed, dict)
    for task, langs in sorted(missed.items()):
        gaps = ", ".join(f"{lang} {n:,}" for lang, n in sorted(langs.items()))
        click.echo(f"{task}: ran out of different problems, short of {gaps}")
    click.echo(f"{out}: {manifest.rows:,} samples")


@synth.command("preview")
@_recipe
@_input
@_family
@_langs
@click.option(
    "--rows", "n", default=1, show_default=True, help="Samples of each task in a language."
)
@json_option
def preview(
    recipe: Path | None, curated: Path | None, family: str | None, langs: str, n: int, as_json: bool
) -> None:
    """Show a few samples in each language; nothing is written."""
    from hanji.manifest import Dataset
    from synth.make import from_documents, from_seeds

    section = _section(recipe, family, None, langs)
    shown = []
    for lang in section.langs:
        if section.procedural is not None:
            few = msgspec.structs.replace(section.procedural, count=n)
            shown += list(from_seeds(few, lang, section.markers, section.seed))
        if section.extractive is not None and curated is not None:
            documents = Dataset.open(curated, "document/1").documents(lang)
            found = from_documents(documents, section.extractive, section.markers, section.seed)
            shown += list(islice(found, n))

    def render() -> None:
        for sample in shown:
            click.echo(click.style(f"{sample.lang} {sample.family} {sample.task}", bold=True))
            click.echo(sample.text + "\n")

    emit(shown, as_json, render)
