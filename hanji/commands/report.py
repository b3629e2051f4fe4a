"""`hanji report`: one HTML page of one or more datasets, or of a whole run."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["report"]


@click.command()
@click.argument("directories", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", "out", type=click.Path(path_type=Path), default=Path("report.html"),
    show_default=True, metavar="FILE", help="The page to write.",
)  # fmt: skip
def report(directories: tuple[Path, ...], out: Path) -> None:
    """Draw one self-contained HTML page of DIRECTORIES.

    Each is one dataset, or the root of a run with one directory a stage.
    """
    from hanji.page.write import write

    click.echo(write(directories, out))
