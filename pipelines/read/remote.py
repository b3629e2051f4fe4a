"""Sources by URL: what a `gs://`, `s3://` or `https://` source holds, and its files to read.

Objects of a store are listed by glob; an `https://` source is one file. Contents are not hashed
where the store or server names the version (generation, ETag, time and size): that names the
input, and a file that changed between the plan and the reading is refused. Files that need random
access (Parquet, Arrow, zip) are fetched first, all others are read as a stream.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import io
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, cast
from urllib.parse import unquote, urlsplit

from msgspec.structs import replace

from hanji import places, web
from hanji.errors import RecipeError

if TYPE_CHECKING:
    from pipelines.read.source import InputFile

__all__ = ["Listed", "digest", "is_url", "listed", "opened"]

Listed = tuple[str, str, int, str]  # name, URL, size (0: not known), mark
RANDOM = ("parquet", "arrow", "zip")


def is_url(path: str) -> bool:
    """Say whether a path is a URL of a store or of the web."""
    return places.is_remote(path)


def _on_the_web(path: str) -> bool:
    return path.partition("://")[0].lower() in places.WEB


def listed(source: str, pattern: str) -> list[Listed]:
    """List what a URL names, sorted.

    Raises:
        RecipeError: if it names nothing, or the store or server does not answer.
    """
    try:
        if _on_the_web(pattern):
            said = web.head(pattern)
            return [(_name(pattern), pattern, max(said.size, 0), said.mark)]
        whole = places.found(pattern)
    except OSError as error:
        raise RecipeError(f"source '{source}': {pattern}: {error.strerror}") from None
    root = str(_root(pattern))
    return [
        (
            str(path).removeprefix(root).lstrip("/"),
            str(path),
            int(info["size"]),
            places.mark_of(info),
        )
        for path, info in whole
    ]


def _name(url: str) -> str:
    """Return the file's own name: what a server takes behind a question mark is not of it."""
    path = unquote(urlsplit(url).path) if _on_the_web(url) else url
    return PurePosixPath(path).name


def _root(pattern: str) -> Path:
    """Return the prefix that names are relative to: all before the first wildcard."""
    path = places.place(pattern)
    while glob.has_magic(str(path)) or str(path) == pattern:
        path = path.parent
    return path


def _stream(file: InputFile) -> BinaryIO:
    if _on_the_web(file.path):
        return web.stream(file.path, file.mark)
    path = places.place(file.path)
    if isinstance(path, places.Remote) and places.mark_of(path.info()) != file.mark:
        raise OSError(5, "changed since the run began; start again", file.path)
    return places.stream(path)


@contextlib.contextmanager
def opened(file: InputFile) -> Iterator[tuple[InputFile, BinaryIO]]:
    """Open a file of any place; the file that comes back has a path that readers can use.

    Raises:
        OSError: if it cannot be read; while reading too, if it is not all that was promised.
    """
    if not is_url(file.path):
        with open(file.path, "rb") as handle:
            yield file, handle
        return
    name = _name(file.path)
    with _stream(file) as handle:
        if file.format not in RANDOM:
            yield replace(file, path=name), handle
            return
        with tempfile.TemporaryDirectory(prefix="hanji-fetched-") as folder:
            copy = Path(folder) / name
            with copy.open("wb") as target:
                shutil.copyfileobj(handle, target, 1 << 20)
            with copy.open("rb") as local:
                yield replace(file, path=str(copy)), local


def digest(file: InputFile) -> str:
    """Name the content: by the mark of its version, or by its bytes where there is none.

    Raises:
        OSError: if the bytes are needed and cannot be read.
    """
    if file.mark:
        return hashlib.sha256(f"{file.path} {file.mark}".encode()).hexdigest()
    with _stream(file) as handle:
        return hashlib.file_digest(cast(io.BytesIO, handle), "sha256").hexdigest()
