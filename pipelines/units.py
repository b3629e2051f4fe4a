"""What one worker does in one go: a group of input files, and the places of what it makes.

Small files of the same source are grouped, so that a tree of ten thousand pages is not ten
thousand shards. The grouping depends on the names and sizes of the files alone. A unit's files in
the work directory carry its number; a unit whose `done` file stands there is not done again.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from hanji.places import place
from pipelines.read.source import InputFile

__all__ = ["BYTES_PER_UNIT", "Unit", "group"]

BYTES_PER_UNIT = 16 << 20  # of files as they are stored; one larger file is one unit


class Unit(msgspec.Struct, frozen=True):
    """A group of input files with its number; `work` is the stage's scratch directory."""

    number: int
    files: tuple[InputFile, ...]
    work: str

    def _path(self, kind: str) -> Path:
        return place(self.work) / "units" / f"{self.number:06d}.{kind}"

    @property
    def clean(self) -> Path:
        """Documents that passed the per-document steps, with their columns."""
        return self._path("clean.arrow")

    @property
    def rejected(self) -> Path:
        """Ids and reasons of those that did not."""
        return self._path("rejected.arrow")

    @property
    def quarantine(self) -> Path:
        """Records that could not be read, with file and offset."""
        return self._path("quarantine.arrow")

    @property
    def contamination(self) -> Path:
        """Runs that documents share with evaluation sets."""
        return self._path("contamination.arrow")

    @property
    def keys(self) -> Path:
        """Matching keys of the clean documents, row by row."""
        return self._path("keys.arrow")

    @property
    def done(self) -> Path:
        """The account of the unit, written last."""
        return self._path("done.json")

    @property
    def bytes(self) -> int:
        """Size of the files as they are stored."""
        return sum(file.n_bytes for file in self.files)


def group(files: Sequence[InputFile], work: Path) -> list[Unit]:
    """Group files, in their order, into units of about `BYTES_PER_UNIT`."""
    groups: list[list[InputFile]] = []
    size = 0
    for file in files:
        same = bool(groups) and groups[-1][-1].source == file.source
        if not same or size + file.n_bytes > BYTES_PER_UNIT:
            groups.append([])
            size = 0
        groups[-1].append(file)
        size += file.n_bytes
    return [Unit(number, tuple(group), str(work)) for number, group in enumerate(groups)]
