"""Progress as a protocol: libraries report, only the command draws.

A library takes `progress: Progress = SILENT` and writes

    with progress.phase("count", total=n_bytes, unit="B") as phase:
        phase.advance(len(chunk))
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

__all__ = ["SILENT", "Phase", "Progress"]


class Phase(Protocol):
    """A running phase of work."""

    def advance(self, n: int, kept: int | None = None) -> None:
        """Count `n` more units done, of which `kept` documents were kept."""


class Progress(Protocol):
    """Where phases of work are shown."""

    def phase(self, name: str, total: int | None, unit: str) -> AbstractContextManager[Phase]:
        """Open a phase of `total` units (None: not known)."""


class _SilentPhase:
    def advance(self, n: int, kept: int | None = None) -> None:
        """Show nothing."""


class _Silent:
    def phase(self, name: str, total: int | None, unit: str) -> AbstractContextManager[Phase]:
        """Open a phase that shows nothing."""
        return nullcontext(_SilentPhase())


SILENT: Progress = _Silent()
