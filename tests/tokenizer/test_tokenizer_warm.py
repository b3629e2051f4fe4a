"""A first use says that it compiles; a later one says nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hanji.progress import Phase
from tokenizer import warm


class Seen:
    def __init__(self) -> None:
        self.phases: dict[str, int] = {}

    @contextmanager
    def phase(self, name: str, total: int | None, unit: str) -> Iterator[Phase]:
        seen, self.phases[name] = self, 0

        class Counting:
            def advance(self, n: int, kept: int | None = None) -> None:
                seen.phases[name] += n

        yield Counting()
        assert self.phases[name] == total


def test_a_cold_cache_is_announced_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Seen()
    monkeypatch.setattr(warm, "is_cold", lambda: True)
    warm.compile_kernels(seen)
    assert [*seen.phases.values()] == [6]
    assert next(iter(seen.phases)).startswith("compiling kernels (first use, about ")


def test_a_warm_cache_is_silent() -> None:
    warm.compile_kernels(Seen())  # fills the cache where it was cold
    seen = Seen()
    warm.compile_kernels(seen)
    assert not seen.phases


def test_an_empty_cache_is_cold(tmp_path: Path, root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from tokenizer.warm import is_cold; print(is_cold())"],
        env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(root)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "True"


def test_code_with_an_older_callee_is_dropped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    old, new = tmp_path / "count._count-1.py311.nbi", tmp_path / "merge.run-1.py311.nbi"
    source = tmp_path / "scan.py"
    for path, seconds in ((old, 1000), (source, 2000), (new, 3000)):
        path.touch()
        os.utime(path, (seconds, seconds))
    monkeypatch.setattr(warm, "_SOURCES", [source, tmp_path / "scan.py"])
    monkeypatch.setattr(
        warm, "_stored", lambda pattern: [*tmp_path.glob(f"{pattern.replace('scan', '*')}-*.nbi")]
    )
    monkeypatch.setattr(warm, "_steps", lambda: iter([None] * 6))
    assert warm.is_cold()
    warm.compile_kernels(Seen())
    assert not old.exists()
    assert new.exists()
