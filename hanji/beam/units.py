"""Units of work: a pure function over many small descriptions, spread over the workers.

A unit is what one worker does in one go, usually one shard: a small `msgspec.Struct` that names
files. Only its JSON travels through Beam; what the work makes is written to files, whose names
the unit fixes, so a unit that is done twice writes the same bytes to the same place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

import apache_beam as beam
import msgspec

from hanji.beam.ticker import Ticker
from hanji.errors import HanjiError

__all__ = ["ForEach", "Units"]

U = TypeVar("U", bound=msgspec.Struct)
R = TypeVar("R")


class Units(beam.PTransform, Generic[U]):
    """Spread units over the workers; each travels as JSON and arrives as bytes."""

    def __init__(self, units: Sequence[U]) -> None:
        super().__init__()
        self._encoded = [msgspec.json.encode(unit) for unit in units]

    def expand(self, root: beam.Pipeline) -> beam.PCollection:
        """Create the units and reshuffle them (else one worker gets them all)."""
        return root | beam.Create(self._encoded).with_output_types(bytes) | beam.Reshuffle()


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
