"""How a stage is run: where and how fast, never what."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from hanji.errors import RecipeError
from hanji.places import is_remote
from hanji.progress import SILENT, Progress

__all__ = ["DATAFLOW", "LOCAL", "Execution"]

DATAFLOW = "DataflowRunner"
LOCAL = "FnApiRunner"  # plain DirectRunner tries to fetch another engine first


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """How a stage is run; no value here may change a byte of the result."""

    workers: int = 1
    runner: str = LOCAL
    beam_options: tuple[str, ...] = ()
    replace: bool = False
    memory: int = 4 << 30  # bytes
    progress: Progress = SILENT

    @property
    def dry_run(self) -> bool:
        """Whether jobs are built and not started."""
        return self.runner == DATAFLOW and any(
            option.lower() in ("--dry_run=true", "--dry_run") for option in self.beam_options
        )

    def require_shared(self, out: Path, inputs: Iterable[str]) -> None:
        """Check that the engine's workers can reach what a run reads and writes.

        Raises:
            RecipeError: if workers on other machines are given a place on this one's disk.
        """
        if self.runner != DATAFLOW:
            return
        for where, name in [(str(out), "-o "), *((path, "") for path in inputs)]:
            if not is_remote(where) and not where.startswith("hf://"):
                raise RecipeError(
                    f"--runner {DATAFLOW}: {name}{where} is on this machine's disk, which its "
                    "workers do not share; give a place such as gs://BUCKET/DIRECTORY"
                )
