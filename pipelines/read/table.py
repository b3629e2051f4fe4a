"""Tables: CSV over the checked lines, Parquet and Arrow by batches."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.read.items import Fault, Item, fault, record_of, torn_fault
from pipelines.read.lines import Torn, lines
from pipelines.read.source import InputFile

__all__ = ["arrow_records", "csv_records", "parquet_records"]

ROWS = 256  # of a table that are looked at together
MAX_CSV_BYTES = 16 << 20  # of one record; an open quote goes no further than this
csv.field_size_limit(MAX_CSV_BYTES)


def csv_records(file: InputFile, handle: BinaryIO) -> Iterator[Item]:
    """Yield the rows of a CSV or TSV file; quoted fields may hold line breaks.

    The delimiter is that of the ending, or whichever of , ; and tab makes the text's column appear.
    """
    names: Sequence[str] = ()
    delimiter = "\t" if ".tsv" in file.path else ","
    for item in _csv_rows(file, handle):
        if isinstance(item, Fault):
            yield item
            continue
        offset, data = item
        try:
            text = data.decode("utf-8-sig" if offset == 0 else "utf-8")
        except UnicodeDecodeError as error:
            yield fault(file, offset + error.start, "invalid_utf8", error.reason)
            continue
        if not names:
            found = {
                d: next(csv.reader([text], delimiter=d), []) for d in (delimiter, ",", ";", "\t")
            }
            delimiter = next((d for d, row in found.items() if file.text_key in row), "")
            if not delimiter:
                message = f"its head has no column '{file.text_key}': {', '.join(found[','])[:200]}"
                yield fault(file, 0, "no_text_column", message)
                return
            names = found[delimiter]
            continue
        try:
            row = next(csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True))
        except (csv.Error, StopIteration) as error:
            yield fault(file, offset, "invalid_csv", str(error))
            continue
        if len(row) != len(names):
            yield fault(file, offset, "invalid_csv", f"has {len(row)} fields, not {len(names)}")
            continue
        yield record_of(file, dict(zip(names, row)), offset)


def _csv_rows(file: InputFile, handle: BinaryIO) -> Iterator[tuple[int, bytes] | Fault]:
    """Join lines until their quotes are even."""
    held: list[bytes] = []
    begin = size = quotes = 0
    for line in lines(handle, file.path, keep_empty=True):
        if isinstance(line, Torn):
            yield torn_fault(file, line)
            if line.fatal:
                return  # the row that was open may be half of one
            continue
        if not held:
            if not line.data.strip():
                continue
            begin = line.offset
        held.append(line.data)
        size += len(line.data)
        quotes += line.data.count(b'"')
        if quotes % 2 == 0:
            yield begin, b"\n".join(held)
            held, size, quotes = [], 0, 0
        elif size > MAX_CSV_BYTES:
            yield fault(file, begin, "record_too_long", f"a quote is open over {size:,} bytes")
            held, size, quotes = [], 0, 0
    if held:
        yield fault(file, begin, "invalid_csv", "a quote is open at the end of the file")


def parquet_records(file: InputFile) -> Iterator[Item]:
    """Yield the rows of a Parquet file, row group by row group."""
    row = 0
    try:
        with pq.ParquetFile(file.path, page_checksum_verification=True) as table:
            if (missing := _missing(file, table.schema_arrow)) is not None:
                yield missing
                return
            for batch in table.iter_batches(batch_size=ROWS):
                for values in batch.to_pylist():
                    yield record_of(file, values, row)
                    row += 1
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        yield fault(file, row, "corrupt_file", f"parquet: {str(error).splitlines()[0]}")


def arrow_records(file: InputFile) -> Iterator[Item]:
    """Yield the rows of an Arrow IPC file or stream; `datasets` writes streams."""
    row = 0
    try:
        with pa.memory_map(file.path) as source:
            magic = source.read(6)
            source.seek(0)
            batches: Iterator[pa.RecordBatch]
            if magic == b"ARROW1":
                reader = pa.ipc.open_file(source)
                batches = (reader.get_batch(i) for i in range(reader.num_record_batches))
            else:
                reader = pa.ipc.open_stream(source)
                batches = iter(reader)
            if (missing := _missing(file, reader.schema)) is not None:
                yield missing
                return
            for batch in batches:
                for values in batch.to_pylist():
                    yield record_of(file, values, row)
                    row += 1
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        yield fault(file, row, "corrupt_file", f"arrow: {str(error).splitlines()[0]}")


def _missing(file: InputFile, schema: pa.Schema) -> Fault | None:
    if file.text_key in schema.names:
        return None
    message = f"has no column '{file.text_key}': {', '.join(schema.names)[:200]}"
    return fault(file, 0, "no_text_column", message)
