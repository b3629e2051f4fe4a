"""Records: what a file holds, one by one, and a fault for each that cannot be read."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from typing import BinaryIO

import orjson

from pipelines.read.archive import tar_records, zip_records
from pipelines.read.charset import BOMS, decode
from pipelines.read.html import text_of
from pipelines.read.hub import hub_records
from pipelines.read.items import Fault, Item, Record, fault, record_of, torn_fault
from pipelines.read.lines import Line, Torn, chunks, lines
from pipelines.read.remote import opened
from pipelines.read.source import InputFile
from pipelines.read.table import arrow_records, csv_records, parquet_records
from pipelines.read.warc import warc_records

__all__ = ["MAX_TEXT_BYTES", "records"]

MAX_TEXT_BYTES = 256 << 20  # of one text file
MAX_PAGE_BYTES = 64 << 20  # of one HTML file


def records(file: InputFile) -> Iterator[Item]:
    """Yield the records of a file in their order; a fault takes the place of a bad one."""
    if file.format == "hub":
        yield from hub_records(file)
        return
    try:
        with opened(file) as (readable, handle):
            yield from _all(readable, handle)
    except OSError as error:
        yield fault(file, 0, "unreadable_file", error.strerror or str(error))


def _all(file: InputFile, handle: BinaryIO) -> Iterator[Item]:
    match file.format:
        case "parquet":
            yield from parquet_records(file)
        case "arrow":
            yield from arrow_records(file)
        case "warc":
            yield from warc_records(file, handle)
        case "tar":
            yield from tar_records(file, handle, _stream)
        case "zip":
            yield from zip_records(file, handle, _stream)
        case _:
            yield from _stream(file, handle)


def _stream(file: InputFile, handle: BinaryIO) -> Iterator[Item]:
    """Read what needs no file of its own: a plain file, or the member of an archive."""
    match file.format:
        case "jsonl":
            for line in lines(handle, file.path):
                yield torn_fault(file, line) if isinstance(line, Torn) else _json(file, line)
        case "csv":
            yield from csv_records(file, handle)
        case "warc":
            yield from warc_records(file, handle)
        case "html":
            yield from _html(file, handle)
        case _:
            yield from _text(file, handle)


def _json(file: InputFile, line: Line) -> Record | Fault:
    data = line.data.removeprefix(codecs.BOM_UTF8) if line.offset == 0 else line.data
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        reason = "invalid_utf8" if _is_not_utf8(data) else "invalid_json"
        return fault(file, line.offset, reason, str(error))
    if not isinstance(value, dict):
        message = f"the record is no object but {type(value).__name__}"
        return fault(file, line.offset, "no_object", message)
    return record_of(file, value, line.offset)


def _is_not_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False


def _whole(file: InputFile, handle: BinaryIO, most: int) -> bytes | Fault:
    """Read a file that is one document; half of one is none."""
    held = io.BytesIO()
    for part in chunks(handle, file.path):
        if isinstance(part, Torn):
            return torn_fault(file, part)
        held.write(part)
        if held.tell() > most:
            return fault(file, 0, "record_too_long", f"over {most:,} bytes")
    return held.getvalue()


def _document(file: InputFile, text: str, meta: dict[str, str]) -> Record:
    return Record(
        key=file.name,
        text=text,
        lang=file.lang,
        license=file.license,
        url="",
        meta=orjson.dumps(meta, option=orjson.OPT_SORT_KEYS).decode(),
    )


def _text(file: InputFile, handle: BinaryIO) -> Iterator[Item]:
    data = _whole(file, handle, MAX_TEXT_BYTES)
    if isinstance(data, Fault):
        yield data
        return
    encoding = file.charset or "utf-8"
    for bom, name in BOMS:
        if data.startswith(bom):
            data, encoding = data[len(bom) :], name
            break
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        message = f"{error.reason}; set `charset` of the source or convert the file to UTF-8"
        yield fault(file, error.start, f"invalid_{encoding.replace('-', '')}", message)
        return
    yield _document(file, text, {})


def _html(file: InputFile, handle: BinaryIO) -> Iterator[Item]:
    data = _whole(file, handle, MAX_PAGE_BYTES)
    if isinstance(data, Fault):
        yield data
        return
    decoded = decode(data, file.charset)
    if decoded is None:
        yield fault(file, 0, "unknown_charset", "no charset decodes it; set `charset`")
        return
    html, codec = decoded
    try:
        text, title = text_of(html, file.extractor)
    except ValueError as error:
        yield fault(file, 0, "html_too_deep", str(error))
        return
    yield _document(file, text, {"charset": codec, "title": title})
