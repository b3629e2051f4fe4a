"""Units of work: a pure function over many small descriptions, spread over the workers.

A unit is what one worker does in one go, usually one shard: a small `msgspec.Struct` that names
files. Only its JSON travels through Beam; what the work makes is written to files, whose names
the unit fixes, so a unit that is done twice writes the same bytes to the same place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Generic, TypeVar

import apache_beam as beam
import msgspec

from hanji.beam.ticker import Ticker
from hanji.errors import HanjiError
from hanji.manifest import write_atomically
from hanji.places import place
from hanji.seeds import stable_hex

__all__ = ["ForEach", "Units"]

GRAPH_BYTES = 1 << 20  # of units in the graph; Dataflow takes a job of 10 MB
LISTED = 1_000  # units in a file, where they are more

U = TypeVar("U", bound=msgspec.Struct)
R = TypeVar("R")


class Units(beam.PTransform, Generic[U]):
    """Spread units over the workers; each travels as JSON and arrives as bytes.

    Many units would not fit in a job's graph: where they name a `work` directory, they are listed
    in files there, and the graph holds the names of these.
    """

    def __init__(self, units: Sequence[U]) -> None:
        super().__init__()
        self._units = units
        self._encoded = [msgspec.json.encode(unit) for unit in units]

    def expand(self, root: beam.Pipeline) -> beam.PCollection:
        """Create the units and reshuffle them (else one worker gets them all)."""
        work = getattr(self._units[0], "work", None) if self._units else None
        if work is None or sum(map(len, self._encoded)) <= GRAPH_BYTES:
            made = root | beam.Create(self._encoded).with_output_types(bytes)
        else:
            made = (
                root
                | beam.Create(list(self._lists(place(work) / "lists"))).with_output_types(str)
                | beam.FlatMap(_listed).with_output_types(bytes)
            )
        return made | beam.Reshuffle()

    def _lists(self, folder: Path) -> Iterator[str]:
        for start in range(0, len(self._encoded), LISTED):
            data = b"\n".join(self._encoded[start : start + LISTED])
            path = folder / f"{stable_hex(data)}.jsonl"
            write_atomically(path, data)
            yield str(path)


def _listed(path: str) -> list[bytes]:
    return place(path).read_bytes().split(b"\n")


class ForEach(beam.PTransform, Generic[U, R]):
    """Call `work(unit, ticker)` for each unit and emit what it yields.

    Args:
        work: a module-level function or a frozen Struct with `__call__`; pickled by reference.
        unit: the type of the units.
        result: the type of one result, for Beam's choice of a coder.
    """

    def __init__(
        self,
        work: Callable[[U, Ticker], Iterable[R]],
        unit: type[U],
        result: object = bytes,
    ) -> None:
        super().__init__()
        self._work, self._unit, self._result = work, unit, result

    def expand(self, units: beam.PCollection) -> beam.PCollection:
        """Apply the work."""
        do = _Do(self._work, self._unit)
        return units | beam.ParDo(do).with_output_types(self._result)


class _Do(beam.DoFn, Generic[U, R]):
    def __init__(self, work: Callable[[U, Ticker], Iterable[R]], unit: type[U]) -> None:
        super().__init__()
        self._work, self._unit = work, unit

    def process(self, element: bytes) -> Iterable[R]:
        ticker = Ticker.here()
        if ticker.stopped:
            return
        unit = msgspec.json.decode(element, type=self._unit)
        try:
            yield from self._work(unit, ticker)
        except HanjiError as error:
            if not ticker.tell(error):
                raise
        finally:
            ticker.flush()
