"""How a stage is run: where and how fast, never what."""

from __future__ import annotations

import msgspec

from hanji.progress import SILENT, Progress

__all__ = ["Execution"]


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """How a stage is run; no value here may change a byte of the result."""

    workers: int = 1
    runner: str = "FnApiRunner"  # plain DirectRunner tries to fetch another engine first
    beam_options: tuple[str, ...] = ()
    replace: bool = False
    memory: int = 4 << 30  # bytes
    progress: Progress = SILENT
