"""Shards: Arrow IPC files whose bytes depend on their rows alone.

A shard is one IPC *file* (a stream cut at a batch border would read as complete). The writer cuts
its input into record batches of its own size, so the caller's batches do not show in the bytes,
and hashes while it writes. Readers memory-map and copy nothing.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec
import numpy as np
import pyarrow as pa

from hanji import places
from hanji.errors import InputError, OutputError
from hanji.schema import Lang

__all__ = ["Shard", "ShardSet", "ShardWriter", "part_name", "read_batches", "read_table"]

ROWS_PER_BATCH = 1_000  # the batch size that `datasets` writes by default
BYTES_PER_BATCH = 4 << 20  # Beam elements of 1-4 MB: measured, a shuffle's overhead is gone there


class Shard(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a dataset; `path` is relative to the dataset's directory."""

    path: str
    rows: int
    bytes: int
    sha256: str
    split: str = "data"
    lang: Lang = ""
    tokens: int = 0
    extra: dict[str, str] = {}


class _HashingFile:
    """A binary file that hashes and counts what is written to it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.sha256 = hashlib.sha256()
        self.bytes = 0
        self.closed = False

    def write(self, data: bytes | pa.Buffer) -> int:
        view = memoryview(data)
        self._file.write(view)
        self.sha256.update(view)
        self.bytes += view.nbytes
        return view.nbytes

    def tell(self) -> int:
        return self.bytes

    def flush(self) -> None:
        self._file.flush()

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def close(self) -> None:
        self.closed = True


class ShardWriter:
    """Write one shard below `directory`; the bytes depend on the rows and the schema alone.

    Raises:
        OutputError: if the disk refuses.
    """

    def __init__(
        self,
        directory: Path,
        relative_path: str,
        schema: pa.Schema,
        *,
        split: str = "data",
        lang: Lang = "",
        rows_per_batch: int = ROWS_PER_BATCH,
    ) -> None:
        self.path = places.place(directory / relative_path)
        self._relative = relative_path
        self._schema = schema
        self._split, self._lang = split, lang
        self._rows_per_batch = rows_per_batch
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = 0
        self.rows = 0
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._written = places.to_write(self.path)
            self._file = self._written.open("wb")
        except OSError as error:
            raise _refused(self.path, error) from None
        self._sink = _HashingFile(self._file)
        self._writer = pa.ipc.new_file(pa.PythonFile(self._sink, mode="w"), schema)

    @property
    def bytes(self) -> int:
        """Bytes written so far."""
        return self._sink.bytes

    def write(self, data: pa.RecordBatch | pa.Table) -> None:
        """Add rows; columns are matched by name and cast to the schema where it is safe."""
        batches = data.to_batches() if isinstance(data, pa.Table) else [data]
        for batch in batches:
            if batch.num_rows:
                self._waiting.append(_conform(batch, self._schema))
                self._waiting_rows += batch.num_rows
                self.rows += batch.num_rows
        while self._waiting_rows >= self._rows_per_batch:
            self._flush(self._rows_per_batch)

    def _flush(self, n: int) -> None:
        table = pa.Table.from_batches(self._waiting, schema=self._schema)
        head = table.slice(0, n).combine_chunks()
        rest = table.slice(n)
        self._waiting = rest.to_batches()
        self._waiting_rows = rest.num_rows
        try:
            for batch in head.to_batches():
                for piece in _pieces(batch):
                    self._writer.write_batch(piece)
        except OSError as error:
            raise _refused(self.path, error) from None

    def close(self) -> Shard:
        """Write what waits, make it durable, and return the shard."""
        if self._waiting_rows:
            self._flush(self._waiting_rows)
        try:
            self._writer.close()
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            places.publish(self._written, self.path)
        except OSError as error:
            raise _refused(self.path, error) from None
        return Shard(
            path=self._relative,
            rows=self.rows,
            bytes=self._sink.bytes,
            sha256=self._sink.sha256.hexdigest(),
            split=self._split,
            lang=self._lang,
        )


def _conform(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    if batch.schema.equals(schema, check_metadata=False):
        return batch
    columns = [batch.column(field.name).cast(field.type) for field in schema]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _pieces(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Cut a batch so that each piece holds about `BYTES_PER_BATCH`, and re-base its offsets."""
    n_pieces = max(1, min(batch.num_rows, -(-batch.nbytes // BYTES_PER_BATCH)))
    step = -(-batch.num_rows // n_pieces)
    for start in range(0, batch.num_rows, step):
        rows = pa.array(np.arange(start, min(start + step, batch.num_rows)))
        yield batch.take(rows)  # fresh buffers: a slice writes other padding than a whole array


def part_name(index: int, count: int) -> str:
    """Return the file name of part `index` of `count`.

    >>> part_name(0, 8)
    'part-00000-of-00008.arrow'
    """
    return f"part-{index:05d}-of-{count:05d}.arrow"


class ShardSet:
    """Write rows by language into parts of at most about `max_bytes` each.

    Parts are named when the set is closed, since their number is known only then.
    """

    def __init__(
        self,
        directory: Path,
        schema: pa.Schema,
        *,
        split: str = "data",
        max_bytes: int = 256 << 20,
        rows_per_batch: int = ROWS_PER_BATCH,
    ) -> None:
        self._directory, self._schema, self._split = directory, schema, split
        self._max_bytes, self._rows_per_batch = max_bytes, rows_per_batch
        self._open: dict[Lang, ShardWriter] = {}
        self._done: dict[Lang, list[Shard]] = {}

    def write(self, lang: Lang, data: pa.RecordBatch | pa.Table) -> None:
        """Add rows of one language (an empty string: no language directory).

        A part may end only where a record batch ends, so the parts do not depend on the calls.
        """
        start = 0
        while start < data.num_rows:
            writer = self._open.get(lang) or self._begin(lang)
            room = self._rows_per_batch - writer.rows % self._rows_per_batch
            writer.write(data.slice(start, room))
            start += room
            if writer.bytes >= self._max_bytes:
                self._done[lang].append(writer.close())
                del self._open[lang]

    def _begin(self, lang: Lang) -> ShardWriter:
        number = len(self._done.setdefault(lang, []))
        writer = self._open[lang] = ShardWriter(
            self._directory,
            f"{self._folder(lang)}/writing-{number:05d}",
            self._schema,
            split=self._split,
            lang=lang,
            rows_per_batch=self._rows_per_batch,
        )
        return writer

    def _folder(self, lang: Lang) -> str:
        return f"{self._split}/{lang}" if lang else self._split

    def close(self) -> list[Shard]:
        """Close all parts, name them, and return them in order of language and number."""
        for lang, writer in self._open.items():
            self._done[lang].append(writer.close())
        self._open.clear()
        shards: list[Shard] = []
        for lang in sorted(self._done):
            parts = self._done[lang]
            for number, shard in enumerate(parts):
                path = f"{self._folder(lang)}/{part_name(number, len(parts))}"
                folder = places.place(self._directory)
                (folder / shard.path).rename(folder / path)
                shards.append(msgspec.structs.replace(shard, path=path))
        return shards


def _open(path: Path) -> pa.ipc.RecordBatchFileReader:
    try:
        return pa.ipc.open_file(places.mapped(path))
    except (OSError, pa.ArrowInvalid) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path}: is no readable Arrow shard ({reason}); make it again") from None


def read_batches(
    path: str | Path, columns: Sequence[str] | None = None
) -> Iterator[pa.RecordBatch]:
    """Yield the record batches of a shard, memory-mapped.

    Raises:
        InputError: if the file is no complete Arrow IPC file, or lacks a column.
    """
    path = places.place(path)
    reader = _open(path)
    missing = [name for name in columns or () if name not in reader.schema.names]
    if missing:
        raise InputError(f"{path}: has no column '{missing[0]}'; it has {reader.schema.names}")
    for number in range(reader.num_record_batches):
        try:
            batch = reader.get_batch(number)
        except (OSError, pa.ArrowInvalid) as error:
            reason = str(error).splitlines()[0]
            message = f"{path}: batch {number} is corrupt ({reason}); make it again"
            raise InputError(message) from None
        yield batch.select(list(columns)) if columns is not None else batch


def read_table(path: str | Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Return a whole shard as a table over the memory map (no copy).

    Raises:
        InputError: as `read_batches`.
    """
    schema = _open(places.place(path)).schema
    if columns is not None:
        schema = pa.schema([schema.field(name) for name in columns if name in schema.names])
    return pa.Table.from_batches(list(read_batches(path, columns)), schema=schema)


def _refused(path: Path, error: OSError) -> OutputError:
    reason = error.strerror or str(error)
    return OutputError(f"{path}: cannot be written ({reason}); free space or choose another -o")
