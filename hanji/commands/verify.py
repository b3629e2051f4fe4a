"""`hanji verify`: every file against its manifest; exit 1 names each fault."""

from __future__ import annotations

from pathlib import Path

import click

from hanji.cli import emit, json_option, terminal_progress
from hanji.errors import CheckFailed

__all__ = ["verify"]


@click.command()
@click.argument("directories", nargs=-1, required=True, type=click.Path(path_type=Path))
@json_option
def verify(directories: tuple[Path, ...], as_json: bool) -> None:
    """Check every file of DIRECTORIES against its manifest.

    Each is one dataset, or the root of a run with one directory a stage.
    """
    from hanji.page.gather import find
    from hanji.verify import verify as verify_

    found = {
        part.name: verify_(part.dataset.directory, terminal_progress())
        for part in find(directories)
    }

    def render() -> None:
        for name, result in found.items():
            for fault in result.faults:
                click.echo(f"{name}/{fault.path}: {fault.fault}: {fault.message}")
            verdict = f"{len(result.faults)} faults" if result.faults else "sound"
            click.echo(f"{name}: {result.files:,} files, {result.bytes / 1e6:,.1f} MB, {verdict}")

    emit(found, as_json, render)
    n = sum(len(result.faults) for result in found.values())
    if n:
        raise CheckFailed(f"{n} files are not as their manifests say")
