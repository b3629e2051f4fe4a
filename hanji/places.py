"""Places: a directory or file by local path, or by URL in an object store (`gs://`, `s3://`).

`place(text)` gives a plain `Path` for what is local, so nothing changes there: renames, fsync,
memory maps. For a URL it gives a `Remote`, a path with the same verbs over fsspec. An object store
has no rename, no append and no directories, so:

- an object is written whole: to a local file first, then by one upload, which shows or does not;
- `replace` is a copy within the store and a removal, and may be done again after a kill;
- a shard is read by a download to a bounded cache of this process, checked by its size, and
  memory-mapped there.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import functools
import hashlib
import io
import os
import re
import shutil
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PosixPath
from typing import Any, BinaryIO, TypeVar, cast

import pyarrow as pa

from hanji.errors import RecipeError

__all__ = [
    "Remote", "each", "fetched", "found", "is_remote", "mapped", "mark_of", "place",
    "publish", "remove_tree", "stream", "to_write",
]  # fmt: skip

T = TypeVar("T")
Info = Mapping[str, Any]  # what fsspec says of an object; its keys differ by store

# Two letters at least: c:/ is a drive. `Path` makes gs:/ of gs://, so one slash will do.
_URL = re.compile(r"([a-z][a-z0-9+.-]+):/+", re.IGNORECASE)
EXTRAS = {"gs": "gcp", "gcs": "gcp", "s3": "s3", "s3a": "s3"}
WEB = ("http", "https")
CACHE_BYTES = 8 << 30
READ_AHEAD = 8 << 20
AT_ONCE = 16  # copies within a store


def place(value: str | Path, base: Path | None = None) -> Path:
    """Return the path or URL as something with the verbs of a path.

    Args:
        value: a path or URL.
        base: where a relative path starts.

    >>> str(place(Path("gs://bucket/run"))), type(place("data/run")).__name__
    ('gs://bucket/run', 'PosixPath')
    >>> str(place("s3://bucket/a", Path("/here"))), str(place("a", Path("/here")))
    ('s3://bucket/a', '/here/a')
    """
    if isinstance(value, Remote):
        return value
    match = _URL.match(str(value))
    if match is None:
        return Path(value) if base is None else base / value
    if match[1].lower() in ("file", "local"):
        return Path("/" + str(value)[match.end() :])
    return Remote(str(value))


def is_remote(value: str | Path) -> bool:
    """Say whether a path or URL names something that is not on this machine's disk."""
    return isinstance(place(value), Remote)


class Remote(PosixPath):
    """An object, or the prefix of some, in a store that fsspec knows."""

    def __str__(self) -> str:
        scheme, _, rest = super().__str__().partition(":/")
        return f"{scheme}://{rest}"

    def __fspath__(self) -> str:
        return str(self)

    @property
    def protocol(self) -> str:
        """The scheme of the URL."""
        return str(self).partition("://")[0].lower()

    def _fs(self) -> Any:
        return _filesystem(self.protocol)

    def info(self) -> Info:
        """Return what the store says of the object or prefix.

        Raises:
            FileNotFoundError: if there is none.
            OSError: if the store does not answer.
        """
        return cast(Info, _ask(self, lambda: self._fs().info(str(self))))

    def _type(self) -> str:
        try:
            return str(self.info()["type"])
        except FileNotFoundError:
            return ""

    def exists(self) -> bool:
        """Say whether there is such an object, or one below this prefix."""
        return self._type() != ""

    def is_file(self) -> bool:
        """Say whether this is an object."""
        return self._type() == "file"

    def is_dir(self) -> bool:
        """Say whether there are objects below this prefix."""
        return self._type() == "directory"

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """Return the size; all else is zero."""
        return os.stat_result((0, 0, 0, 0, 0, 0, int(self.info()["size"]), 0, 0, 0))

    def resolve(self, strict: bool = False) -> Remote:
        """Return the place itself: it is the same from everywhere."""
        return self

    def mkdir(self, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        """Do nothing: a store has no directories."""

    def read_bytes(self) -> bytes:
        """Return the object's bytes."""
        return cast(bytes, _ask(self, lambda: self._fs().cat_file(str(self))))

    def read_text(self, encoding: str | None = None, errors: str | None = None) -> str:
        """Return the object's text."""
        return self.read_bytes().decode(encoding or "utf-8", errors or "strict")

    def write_bytes(self, data: Any) -> int:
        """Write the object whole."""
        whole = bytes(data)
        _ask(self, lambda: self._fs().pipe_file(str(self), whole))
        return len(whole)

    def open(self, mode: str = "r", *_: Any, **__: Any) -> Any:
        """Open an object to read its bytes; objects are written by `write_bytes` or `publish`."""
        if mode != "rb":
            raise OSError(errno.ENOTSUP, "is an object of a store: it is written whole or not")
        return stream(self)

    def unlink(self, missing_ok: bool = False) -> None:
        """Remove the object."""
        try:
            _ask(self, lambda: self._fs().rm_file(str(self)))
        except FileNotFoundError:
            if not missing_ok:
                raise

    def replace(self, target: str | os.PathLike[str]) -> Remote:
        """Copy the object within its store, then remove it here."""
        end = place(str(target))
        _ask(self, lambda: self._fs().cp_file(str(self), str(end)))
        self.unlink()
        return cast(Remote, end)

    def rename(self, target: str | os.PathLike[str]) -> Remote:
        """Do as `replace`."""
        return self.replace(target)

    def glob(self, pattern: str) -> Generator[Remote, None, None]:
        """Yield what matches below this prefix, sorted."""
        for name in sorted(_ask(self, lambda: self._fs().glob(f"{self}/{pattern}"))):
            yield self._named(name)

    def iterdir(self) -> Generator[Remote, None, None]:
        """Yield what stands directly below this prefix, sorted."""
        for name in sorted(_ask(self, lambda: self._fs().ls(str(self), detail=False))):
            if name.strip("/") != str(self).partition("://")[2].strip("/"):
                yield self._named(name)

    def _named(self, name: str) -> Remote:
        return Remote(f"{self.protocol}://{name.partition('://')[2] or name.lstrip('/')}")


@functools.lru_cache
def _filesystem(protocol: str) -> Any:
    """Open the store of a protocol; listings are never cached, others write there too."""
    import fsspec

    try:
        return fsspec.get_filesystem_class(protocol)(use_listings_cache=False)
    except ImportError:
        extra = EXTRAS.get(protocol)
        how = f"pip install 'hanji[{extra}]'" if extra else "install its fsspec package"
        raise RecipeError(f"{protocol}://: this place needs another package; {how}") from None
    except ValueError:
        raise RecipeError(
            f"{protocol}://: no such place is known; give a path, gs://, s3:// or https://"
        ) from None


def _ask(path: Path, question: Callable[[], T]) -> T:
    """Ask the store; whatever its client raises becomes an `OSError` with a reason."""
    try:
        return question()
    except RecipeError:
        raise
    except FileNotFoundError:
        raise FileNotFoundError(errno.ENOENT, "does not exist", str(path)) from None
    except Exception as error:  # of whichever library the client of the store is built on
        reason = (str(error).splitlines() or [""])[0][:300]
        raise OSError(errno.EIO, f"{type(error).__name__}: {reason}", str(path)) from None


def mark_of(info: Info) -> str:
    """Name a version of an object by what its store says: generation, tags, size and time."""
    keys = ("generation", "etag", "ETag", "md5Hash", "crc32c", "mtime", "LastModified", "updated")
    said = [f"{key}={info[key]}" for key in keys if info.get(key) is not None]
    return " ".join([*said, f"size={info['size']}"])


def found(pattern: str) -> list[tuple[Remote, Info]]:
    """List the objects that match a URL: one object, all below a prefix, or those of a glob."""
    start = cast(Remote, place(pattern))
    fs = start._fs()
    info: dict[str, Info] = {}
    for name, one in _ask(start, lambda: fs.glob(pattern, detail=True)).items():
        if one["type"] == "file":
            info[name] = one
        else:
            info |= _ask(start, functools.partial(fs.find, name, detail=True))
    return [(start._named(name), info[name]) for name in sorted(info)]


class _Counted(io.RawIOBase):
    """An object's bytes in order; fewer than its store promised are an error, not an end."""

    def __init__(self, path: Remote, size: int) -> None:
        self._path, self._size, self._at = path, size, 0
        self._file = _ask(path, lambda: path._fs().open(str(path), "rb", block_size=READ_AHEAD))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = _ask(self._path, lambda: self._file.read(len(buffer)))
        if not data and len(buffer) and self._at != self._size:
            message = f"ended after {self._at:,} of {self._size:,} bytes"
            raise OSError(errno.EIO, message, str(self._path))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


def stream(path: Path) -> BinaryIO:
    """Open a file or object to read it once, in order."""
    if not isinstance(path, Remote):
        return path.open("rb")
    return io.BufferedReader(_Counted(path, int(path.info()["size"])), 1 << 20)


@contextlib.contextmanager
def fetched(path: Path) -> Iterator[Path]:
    """Give a local file with the bytes of a file or object; a download is removed at the end."""
    if not isinstance(path, Remote):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="hanji-fetched-") as folder:
        yield _download(path, Path(folder) / path.name, int(path.info()["size"]))


def _download(path: Remote, target: Path, size: int) -> Path:
    _ask(path, lambda: path._fs().get_file(str(path), str(target)))
    if target.stat().st_size != size:
        got = target.stat().st_size
        target.unlink()
        raise OSError(errno.EIO, f"ended after {got:,} of {size:,} bytes", str(path))
    return target


class _Cache:
    """Downloaded objects of this process, the least recently used removed first."""

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, threading.Lock()
        self._held: OrderedDict[str, int] = OrderedDict()
        self._folder = Path(tempfile.mkdtemp(prefix="hanji-cache-"))
        atexit.register(shutil.rmtree, self._folder, ignore_errors=True)

    def map(self, path: Remote) -> pa.MemoryMappedFile:
        info = path.info()
        key = hashlib.sha256(f"{path} {mark_of(info)}".encode()).hexdigest()
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return pa.memory_map(str(self._folder / key))
        aside = self._folder / f"{key}.{threading.get_ident()}"
        _download(path, aside, int(info["size"]))
        with self._lock:
            aside.replace(self._folder / key)
            self._held[key] = int(info["size"])
            opened = pa.memory_map(str(self._folder / key))  # a map outlives its file's name
            while len(self._held) > 1 and sum(self._held.values()) > self._most:
                (self._folder / self._held.popitem(last=False)[0]).unlink()
            return opened


@functools.lru_cache(1)
def _cache() -> _Cache:
    return _Cache(int(os.environ.get("HANJI_CACHE_BYTES", CACHE_BYTES)))


def mapped(path: Path) -> pa.MemoryMappedFile:
    """Map a file, or the cached copy of an object, in memory."""
    return _cache().map(path) if isinstance(path, Remote) else pa.memory_map(str(path))


def to_write(path: Path) -> Path:
    """Return the local file to write for `path`; `publish` then puts it there."""
    if not isinstance(path, Remote):
        return path
    handle, name = tempfile.mkstemp(prefix="hanji-upload-", suffix=path.suffix)
    os.close(handle)
    return Path(name)


def publish(written: Path, path: Path) -> None:
    """Put a complete local file of `to_write` in its place: nothing to do for a local one."""
    if isinstance(path, Remote):
        try:
            _ask(path, lambda: path._fs().put_file(str(written), str(path)))
        finally:
            written.unlink()


def remove_tree(path: Path, *, ignore_errors: bool = False) -> None:
    """Remove a directory, or all objects below a prefix; it need not be there."""
    if not isinstance(path, Remote):
        shutil.rmtree(path, ignore_errors=ignore_errors)
        return
    with contextlib.suppress(FileNotFoundError):
        _ask(path, lambda: path._fs().rm(str(path), recursive=True))


def each(do: Callable[[T], None], items: Iterable[T], where: Path) -> None:
    """Call `do` for each item: in order on a disk, several at once in a store, whose calls wait."""
    if not isinstance(where, Remote):
        for item in items:
            do(item)
        return
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in pool.map(do, items):
            pass
