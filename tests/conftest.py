"""Fixtures for all tests: where the shared data is, the command, and a run of the whole recipe."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

# Compiling a kernel takes seconds on its first call, and a test must fail the same way twice.
settings.register_profile("hanji", deadline=None, derandomize=True)
settings.load_profile("hanji")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The shared real text, where it is at hand."""
    path = Path(os.environ.get("HANJI_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not (path / "docs").is_dir():
        pytest.skip(f"the shared data is not at {path}; set HANJI_SHARED_DATA")
    return path


@dataclasses.dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str


Hanji = Callable[..., Ran]


@pytest.fixture(scope="session")
def hanji() -> Hanji:
    """The command, as a user calls it from the root of the repository."""

    def call(
        *args: str | Path,
        cwd: Path = ROOT,
        env: dict[str, str] | None = None,
        timeout: float = 600,  # seconds; far above what any command takes, so that a hang ends
    ) -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "hanji", *map(str, args)],
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(ROOT), **(env or {})},
            capture_output=True,
            encoding="utf-8",
            timeout=timeout,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return call


@pytest.fixture(scope="session")
def demo(hanji: Hanji, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of a run of the whole recipe on the sample corpus; not to be changed."""
    out = tmp_path_factory.mktemp("demo") / "run"
    done = hanji("run", "recipes/demo.yaml", "-o", out)
    assert done.code == 0, done.err
    return out
