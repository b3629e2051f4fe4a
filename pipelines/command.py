"""`hanji curate`: a recipe's sources, or one glob, become clean documents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from hanji.places import place

if TYPE_CHECKING:
    from hanji.manifest import Manifest
    from pipelines.calibrate import Limits
    from pipelines.segment import Segmenter

__all__ = ["curate"]


class _Curate(click.Group):
    """`hanji curate` with a recipe or an input, or one of the commands below it."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        if args and args[0] in self.commands:
            return super().make_context(info_name, args, parent, **extra)
        return documents.make_context(info_name, args, parent, **extra)

    def get_help(self, ctx: click.Context) -> str:
        return documents.get_help(ctx)


@click.group(cls=_Curate)
def curate() -> None:
    """Turn sources into clean, deduplicated documents."""


@click.command(epilog="Limits of your own: hanji curate calibrate --help")
@click.argument("recipe", required=False, type=click.Path(path_type=Path))
@click.option("--input", "pattern", help="File, directory or glob to curate without a recipe.")
@output_option
@workers_option
@replace_option
@click.option("--runner", default="FnApiRunner", show_default=True, help="Beam runner.")
@json_option
@click.argument("beam_options", nargs=-1, type=click.UNPROCESSED)
def documents(
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

    if recipe is not None and str(recipe).startswith("-"):  # the first option behind "--"
        recipe, beam_options = None, (str(recipe), *beam_options)
    modules = ("pipelines.curate", "pipelines.ready")
    how = execution(workers, replace, runner=runner, beam_options=beam_options, modules=modules)
    from pipelines.curate import curate as curate_
    from pipelines.read.source import Source
    from pipelines.section import Curate

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


@curate.command()
@click.option("--input", "where", required=True, help="Trusted documents: dataset, file or glob.")
@click.option(
    "-o",
    "--output",
    "out",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="File of limits to write, for `quality.limits_file`.",
)
@click.option(
    "--segmenter",
    type=click.Choice(["fast", "kiwi", "fugashi", "pyvi"]),
    default="fast",
    show_default=True,
    help="What finds the words.",
)
@click.option(
    "--keep",
    type=click.FloatRange(0.5, 1.0),
    default=0.99,
    show_default=True,
    help="Share of the trusted documents that every limit lets pass at least.",
)
@json_option
def calibrate(where: str, out: Path, segmenter: Segmenter, keep: float, as_json: bool) -> None:
    """Derive quality limits from documents that you trust.

    Published limits hold for English web text. Each is carried over by its quantile among the
    English documents given, so there must be English ones; the file says where each is from.
    """
    from hanji.cli import terminal_progress
    from pipelines.calibrate import limits_of, write_limits

    limits = limits_of(where, segmenter, keep, terminal_progress())
    write_limits(out, limits)
    emit(limits, as_json, lambda: _print_limits(limits, out))


def _print_limits(limits: Limits, out: Path) -> None:
    langs = list(limits.limits)
    names = list(limits.limits["en"])
    rows = [[name, *(f"{limits.limits[lang][name].value:g}" for lang in langs)] for name in names]
    table("", ["limit", *(f"{lang} ({limits.documents[lang]:,})" for lang in langs)], rows)
    click.echo(f"{out}: limits of {len(langs)} languages, segmenter {limits.segmenter}")


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
    click.echo(f"{place(out)}: {manifest.rows:,} documents")
