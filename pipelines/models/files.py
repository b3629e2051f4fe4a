"""The files of models: named by their contents, and fetched where they are far away."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path

from hanji.errors import RecipeError
from hanji.places import fetched, stream

__all__ = ["digest_of", "local"]


def digest_of(path: Path, option: str) -> str:
    """Return the SHA-256 of a file.

    Raises:
        RecipeError: if it cannot be read.
    """
    try:
        with stream(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    except OSError as error:
        reason = error.strerror or str(error)
        raise RecipeError(
            f"{option}: {path} cannot be read ({reason}); give a model's file"
        ) from None


@contextlib.contextmanager
def local(path: Path, option: str) -> Iterator[Path]:
    """Give the file on this machine's disk.

    Raises:
        RecipeError: if it cannot be read.
    """
    try:
        with fetched(path) as here:
            if not here.is_file():
                raise RecipeError(f"{option}: {path} is no file; give a model's file")
            yield here
    except OSError as error:
        reason = error.strerror or str(error)
        raise RecipeError(
            f"{option}: {path} cannot be read ({reason}); give a model's file"
        ) from None
