"""`hanji run`: every section that the recipe has, in order."""

from __future__ import annotations

import time
from pathlib import Path

import click

from hanji.cli import (
    emit,
    execution,
    json_option,
    recipe_argument,
    replace_option,
    table,
    workers_option,
)
from hanji.execution import Execution
from hanji.manifest import Manifest
from hanji.recipe import Recipe

__all__ = ["run"]


@click.command(context_settings={"ignore_unknown_options": False})
@recipe_argument
@click.option(
    "-o", "--output", "out", type=click.Path(path_type=Path), default=Path("out"),
    show_default=True, metavar="DIR", help="Directory to write; each stage has its own below.",
)  # fmt: skip
@workers_option
@replace_option
@click.option("--runner", default="FnApiRunner", show_default=True, help="Beam runner.")
@json_option
@click.argument("beam_options", nargs=-1, type=click.UNPROCESSED)
def run(
    recipe: Path,
    out: Path,
    workers: int,
    replace: bool,
    runner: str,
    as_json: bool,
    beam_options: tuple[str, ...],
) -> None:
    """Run every section of RECIPE, in order; finished stages are reused.

    Options of Beam's runner follow after "--".
    """
    loaded = Recipe.load(recipe)
    modules = ("pipelines.curate", "pipelines.ready") if loaded.has("curate") else ()
    how = execution(workers, replace, runner=runner, beam_options=beam_options, modules=modules)
    rows = _run(loaded, out, how)
    emit([_as_json(m) for _, m, _ in rows], as_json, lambda: _print(rows, out))


def _run(recipe: Recipe, out: Path, how: Execution) -> list[tuple[str, Manifest, float]]:
    from hanji import stages

    rows: list[tuple[str, Manifest, float]] = []
    start = time.monotonic()
    for stage, manifests in stages.run(recipe, out, how):
        seconds, start = time.monotonic() - start, time.monotonic()
        rows += [(stage.section, manifest, seconds) for manifest in manifests]
        click.echo(f"{stage.section}: done in {seconds:.1f} s", err=True)
    return rows


def _as_json(manifest: Manifest) -> dict[str, object]:
    total = manifest.report.total()
    return {
        "stage": manifest.stage,
        "kind": manifest.kind,
        "fingerprint": manifest.fingerprint,
        "rows": manifest.rows,
        "report": total,
    }


def _print(rows: list[tuple[str, Manifest, float]], out: Path) -> None:
    lines = []
    for _, manifest, _ in rows:
        total = manifest.report.total()
        dropped = sum(sum(reasons.values()) for reasons in total.dropped.values())
        size = sum(shard.bytes for shard in manifest.shards if shard.split in ("data", "files"))
        counts = [total.read, total.made, total.kept, dropped, sum(total.failed.values())]
        lines.append([manifest.stage, *(f"{n:,}" for n in counts), f"{size / 1e6:,.1f}"])
    table("", ["stage", "read", "made", "kept", "dropped", "failed", "MB"], lines)
    click.echo(f"See it: hanji report {out} -o {out}/report.html")
