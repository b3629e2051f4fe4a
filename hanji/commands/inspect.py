"""`hanji inspect`: schema, counts, documents, and why documents were dropped."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hanji.cli import emit, json_option, table

if TYPE_CHECKING:
    from hanji.look import Found, Summary

__all__ = ["inspect"]

SHOWN = ("id", "lang", "source", "task", "kind", "step", "reason", "value", "threshold", "quality",
         "cluster_size", "n_tokens", "length", "depth", "file", "offset", "message", "text",
         "sample", "answer")  # fmt: skip
TEXTS = ("text", "sample", "thinking", "prompt", "answer", "message")


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--id", "row_id", help="Show the row with this id, or the beginning of an id.")
@click.option("--lang", help="Only this language.")
@click.option("--reason", help="Only rows that were rejected for this reason.")
@click.option(
    "--split", default=None, metavar="NAME",
    help="data, rejected or quarantine.  [default: data; rejected with --reason]",
)  # fmt: skip
@click.option("--rows", "n", default=5, show_default=True, help="Rows to show.")
@click.option("--skip", default=0, show_default=True, help="Rows to pass over first.")
@json_option
def inspect(
    path: Path,
    row_id: str | None,
    lang: str | None,
    reason: str | None,
    split: str | None,
    n: int,
    skip: int,
    as_json: bool,
) -> None:
    """Look into PATH: a dataset's directory or one shard."""
    from hanji import look

    if row_id is not None:
        found = look.find(path, row_id)
        emit(found, as_json, lambda: _print_found(found))
        return
    about = look.summary(path)
    chosen = split or ("rejected" if reason else "data")
    rows = look.page(path, split=chosen, lang=lang, reason=reason, columns=SHOWN, skip=skip, n=n)
    emit({"summary": about, "rows": rows}, as_json, lambda: _print(about, rows))


def _print(about: Summary, rows: list[dict[str, object]]) -> None:
    click.echo(f"{about.path}: {about.kind or 'a shard of no kind'}, {about.bytes / 1e6:,.1f} MB")
    if about.fingerprint:
        click.echo(f"stage {about.stage}, fingerprint {about.fingerprint}")
    langs = sorted({lang for counts in about.rows.values() for lang in counts})
    lines = [
        [split, *(f"{counts.get(lang, 0):,}" for lang in langs), f"{sum(counts.values()):,}"]
        for split, counts in about.rows.items()
    ]
    table("", ["rows", *(lang or "-" for lang in langs), "all"], lines)
    if about.reasons or about.failed:
        dropped = [
            [f"{step}: {reason}", f"{n:,}"]
            for step, reasons in sorted(about.reasons.items())
            for reason, n in sorted(reasons.items())
        ]
        dropped += [[f"failed: {reason}", f"{n:,}"] for reason, n in sorted(about.failed.items())]
        table("", ["dropped", "rows"], dropped)
    click.echo("columns: " + ", ".join(f"{k} {v}" for k, v in about.columns.items()))
    for row in rows:
        click.echo("")
        _print_row(row)


def _print_row(row: dict[str, object]) -> None:
    facts = [f"{k} {_plain(v)}" for k, v in row.items() if k not in TEXTS and v not in (None, "")]
    click.echo(click.style("  ".join(facts), bold=True))
    width = max(shutil.get_terminal_size((100, 24)).columns - 2, 40)
    for key in TEXTS:
        value = row.get(key)
        if value:
            click.echo("  " + _visible(str(value))[: 3 * width])


def _print_found(found: list[Found]) -> None:
    for hit in found:
        click.echo(f"{hit.split}: row {hit.row} of {hit.path}")
        for key, value in hit.values.items():
            click.echo(f"  {key}: {_visible(_plain(value))}")
        if hit.differences:
            click.echo("  against the document that stays, [-only here-] {+only there+}:")
            click.echo("  " + "".join(_marked(*piece) for piece in hit.differences))


def _marked(kind: str, text: str) -> str:
    shown = _visible(text)
    if kind == "-":
        return click.style(f"[-{shown}-]", fg="red")
    return click.style(f"{{+{shown}+}}", fg="green") if kind == "+" else shown


def _plain(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list) and len(value) > 12:
        return f"[{', '.join(str(item) for item in value[:12])}, … {len(value)} in all]"
    return str(value)


def _visible(text: str) -> str:
    """Keep control characters and direction marks from acting on the terminal."""
    from hanji.page.parts.common import visible

    return visible(text).replace("\n", " ⏎ ").replace("\t", " ")
