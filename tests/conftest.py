"""Fixtures for all tests: where the shared data is, and a tiny curated dataset in six languages."""

from __future__ import annotations

import os
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
