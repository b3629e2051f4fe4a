"""What every command shares: options, the printing of results, and a drawn progress.

Results go to stdout, progress to stderr; with `--json` stdout holds one JSON value and nothing
else. Progress is drawn by rich on a terminal and as a plain line every few seconds elsewhere.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hanji.execution import LOCAL, Execution
from hanji.progress import SILENT, Phase, Progress

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

__all__ = [
    "emit",
    "execution",
    "json_option",
    "output_option",
    "recipe_argument",
    "replace_option",
    "table",
    "terminal_progress",
    "workers_option",
]

F = TypeVar("F", bound=Callable[..., Any])

output_option = click.option(
    "-o", "--output", "out", type=click.Path(path_type=Path), required=True, metavar="DIR",
    help="Directory to write.",
)  # fmt: skip
workers_option = click.option(
    "--workers", type=click.IntRange(min=1), default=1, show_default=True,
    help="Processes to work with; the result is the same for any number.",
)  # fmt: skip
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
replace_option = click.option(
    "--replace", is_flag=True, help="Overwrite another recipe's result in the output directory."
)
recipe_argument = click.argument("recipe", type=click.Path(path_type=Path))


def execution(
    workers: int = 1,
    replace: bool = False,
    *,
    runner: str = LOCAL,
    beam_options: tuple[str, ...] = (),
    quiet: bool = False,
    modules: tuple[str, ...] = (),
) -> Execution:
    """Gather the flags that say where and how fast; start what workers with `modules` need."""
    if modules and workers > 1 and runner == LOCAL:
        from hanji.workers import prepare

        prepare(modules)
    progress = SILENT if quiet else terminal_progress()
    return Execution(
        workers=workers,
        runner=runner,
        beam_options=beam_options,
        replace=replace,
        progress=progress,
    )


def emit(value: object, as_json: bool, render: Callable[[], None] | None = None) -> None:
    """Print a result: as one JSON value, or by `render` (default: `str(value)`)."""
    if as_json:
        import msgspec

        data = msgspec.json.encode(value, order="deterministic")
        click.echo(msgspec.json.format(data, indent=2).decode())
    elif render is not None:
        render()
    else:
        click.echo(str(value))


def table(title: str, columns: list[str], rows: list[list[str]]) -> None:
    """Print a table to stdout; columns of numbers are aligned right."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # Off a terminal nothing may be cut, so the width is not the guess of 80 columns.
    console = Console(width=None if sys.stdout.isatty() else 200, highlight=False)
    drawn = Table(title=title or None, box=SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for number, name in enumerate(columns):
        numeric = number > 0 and all(_starts_as_number(row[number]) for row in rows)
        drawn.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))
    console.print(drawn)


def _starts_as_number(cell: str) -> bool:
    return not cell or cell.lstrip("-+$ ░▒▓█")[:1].isdigit()


def terminal_progress() -> Progress:
    """Return a progress that draws on stderr: bars on a terminal, lines elsewhere."""
    return _Bars() if sys.stderr.isatty() else _Lines()


class _BarPhase:
    def __init__(self, bars: RichProgress, task: TaskID) -> None:
        self._bars, self._task = bars, task
        self._done = self._kept = 0

    def advance(self, n: int, kept: int | None = None) -> None:
        self._done += n
        note = ""
        if kept is not None:
            self._kept += kept
            note = f"{self._kept / max(self._done, 1):.0%} kept"
        speed = self._bars.tasks[self._task].speed
        rate = f"{speed:,.0f}/s" if speed else ""
        self._bars.update(self._task, advance=n, note=note, rate=rate)


class _Bars:
    @contextmanager
    def phase(self, name: str, total: int | None, unit: str) -> Iterator[Phase]:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:,.0f} " + unit),
            TextColumn("{task.fields[rate]}"),
            TextColumn("{task.fields[note]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        ) as bars:
            yield _BarPhase(bars, bars.add_task(name, total=total, note="", rate=""))


class _LinePhase:
    EVERY = 5.0  # seconds between lines

    def __init__(self, name: str, total: int | None, unit: str) -> None:
        self._name, self._total, self._unit = name, total, unit
        self._start = self._last = time.monotonic()
        self._done = self._kept = 0
        self._counts_kept = False

    def advance(self, n: int, kept: int | None = None) -> None:
        self._done += n
        if kept is not None:
            self._kept += kept
            self._counts_kept = True
        now = time.monotonic()
        if now - self._last >= self.EVERY:
            self._last = now
            click.echo(self._line(now - self._start), err=True)

    def _line(self, seconds: float) -> str:
        rate = self._done / max(seconds, 1e-9)
        parts = [f"{self._name}: {self._done:,} {self._unit}", f"{rate:,.0f}/s"]
        if self._counts_kept:
            parts.append(f"{self._kept / max(self._done, 1):.0%} kept")
        if self._total:
            parts[0] = f"{self._name}: {self._done:,} of {self._total:,} {self._unit}"
            parts.append(f"{max(self._total - self._done, 0) / max(rate, 1e-9):,.0f} s left")
        return ", ".join(parts)


class _Lines:
    @contextmanager
    def phase(self, name: str, total: int | None, unit: str) -> Iterator[Phase]:
        yield _LinePhase(name, total, unit)
