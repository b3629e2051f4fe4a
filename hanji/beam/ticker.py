"""Counting across processes: each worker writes its counts to a file that the driver sums.

The local runner has no live metrics. The driver sets `HANJI_TICKER` to a directory of its own;
where the variable is not set (Dataflow), nothing is written and Beam's counters serve.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import msgspec

from hanji import errors

__all__ = ["VARIABLE", "Ticker", "told", "total"]

VARIABLE = "HANJI_TICKER"
EVERY = 0.25  # seconds between two writes


class _Counts(msgspec.Struct):
    done: int = 0
    kept: int = 0


class _Told(msgspec.Struct):
    error: str
    message: str


class Ticker:
    """Counts of one worker thread."""

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._counts = _Counts()
        self._name = f"{os.getpid()}-{threading.get_ident()}-{time.monotonic_ns()}.json"
        self._last = 0.0

    @classmethod
    def here(cls) -> Ticker:
        """Open a ticker for this process and thread."""
        directory = os.environ.get(VARIABLE)
        return cls(Path(directory) if directory else None)

    def advance(self, n: int, kept: int | None = None) -> None:
        """Count `n` units done, of which `kept` documents were kept."""
        self._counts.done += n
        self._counts.kept += kept or 0
        if time.monotonic() - self._last > EVERY:
            self.flush()

    def flush(self) -> None:
        """Write the counts."""
        if self._directory is not None and self._directory.is_dir():
            self._last = time.monotonic()
            aside = self._directory / (self._name + ".aside")
            aside.write_bytes(msgspec.json.encode(self._counts))
            aside.replace(self._directory / self._name)

    @property
    def stopped(self) -> bool:
        """Whether some worker met an error, so that no new work should begin."""
        return self._directory is not None and any(self._directory.glob("*.error"))

    def tell(self, error: errors.HanjiError) -> bool:
        """Leave an error for the driver: runners keep neither its type nor its words.

        Returns:
            Whether there is a driver that will read it.
        """
        if self._directory is None or not self._directory.is_dir():
            return False
        left = _Told(type(error).__name__, str(error))
        (self._directory / f"{self._name}.error").write_bytes(msgspec.json.encode(left))
        return True


def total(directory: Path) -> tuple[int, int]:
    """Return (done, kept), summed over the workers."""
    counts = [
        msgspec.json.decode(path.read_bytes(), type=_Counts) for path in directory.glob("*.json")
    ]
    return sum(c.done for c in counts), sum(c.kept for c in counts)


def told(directory: Path) -> errors.HanjiError | None:
    """Return the error that a worker left, if any."""
    for path in sorted(directory.glob("*.error")):
        left = msgspec.json.decode(path.read_bytes(), type=_Told)
        kinds = {kind.__name__: kind for kind in _tree(errors.HanjiError)}
        return kinds[left.error](left.message)
    return None


def _tree(kind: type[errors.HanjiError]) -> list[type[errors.HanjiError]]:
    return [kind, *(below for child in kind.__subclasses__() for below in _tree(child))]
