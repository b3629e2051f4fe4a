"""WARC and WET files: cut into records here, over the checked unpacking, parsed by fastwarc.

Pages are the responses of type HTML or plain text with a status of 200; in WET files the
conversions. Other records are no documents and are counted as such. A record that ends before its
length, or whose block digest does not match, is quarantined and reading goes on.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO

import orjson
from fastwarc.warc import ArchiveIterator, WarcRecord, WarcRecordType

from pipelines.read.charset import decode
from pipelines.read.html import text_of
from pipelines.read.items import Fault, Item, Passed, Record, fault, torn_fault
from pipelines.read.lines import Torn, chunks
from pipelines.read.source import InputFile

__all__ = ["Unpacked", "warc_records"]

MAX_PAGE_BYTES = 64 << 20
MAX_HEAD_BYTES = 1 << 16  # of a record's own headers
HTML_TYPES = ("text/html", "application/xhtml+xml")


class Unpacked(io.RawIOBase):
    """The unpacked bytes of a file as a stream; `torn` says afterwards whether its end is sound."""

    def __init__(self, handle: BinaryIO, name: str) -> None:
        self._parts = chunks(handle, name)
        self._held = b""
        self.torn: Torn | None = None

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes, fewer only at the end; all of them for a negative size."""
        parts, n = [self._held], len(self._held)
        while (size < 0 or n < size) and (part := self._next()):
            parts.append(part)
            n += len(part)
        whole = b"".join(parts)
        cut = n if size < 0 else min(size, n)
        self._held = whole[cut:]
        return whole[:cut]

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill a buffer; return how many bytes there were."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _next(self) -> bytes:
        part = next(self._parts, b"")
        if isinstance(part, Torn):
            self.torn = part
            return b""
        return part


def warc_records(file: InputFile, handle: BinaryIO) -> Iterator[Item]:
    """Yield the pages of a WARC file, a fault for each record that is damaged."""
    stream = Unpacked(handle, file.path)
    for frame in _frames(file, stream):
        yield _record(file, *frame) if isinstance(frame, tuple) else frame
    if stream.torn is not None:
        yield torn_fault(file, stream.torn)


def _frames(file: InputFile, stream: Unpacked) -> Iterator[tuple[int, bytes] | Fault]:
    """Cut the stream into records by their lengths, so that a damaged one hurts no other.

    Behind bytes that are no record reading goes on at the next line that begins one.
    """
    reader = io.BufferedReader(stream, 1 << 16)
    at, lost, n_records = 0, -1, 0
    while line := reader.readline(MAX_HEAD_BYTES):
        begin, at = at, at + len(line)
        if not line.startswith(b"WARC/"):
            lost = begin if lost < 0 and line.strip() else lost
            continue
        if lost >= 0:
            yield fault(file, lost, "invalid_warc", f"{begin - lost:,} bytes belong to no record")
            lost = -1
        n_records += 1
        head, length = [line], None
        while (line := reader.readline(MAX_HEAD_BYTES)).strip():
            head.append(line)
            at += len(line)
            if line[:15].lower() == b"content-length:" and line[15:].strip().isdigit():
                length = int(line[15:])
            if sum(map(len, head)) > MAX_HEAD_BYTES:
                break
        at += len(line)
        if length is None:
            yield fault(file, begin, "invalid_warc", "a record has no Content-Length")
            continue
        if length > MAX_PAGE_BYTES:
            at += _skip(reader, length)
            message = f"{length:,} bytes, over {MAX_PAGE_BYTES:,}"
            yield fault(file, begin, "record_too_long", message)
            continue
        block = reader.read(length)
        at += len(block)
        if len(block) == length:
            yield begin, b"".join([*head, b"\r\n", block, b"\r\n\r\n"])
        elif stream.torn is None:  # else the torn end is reported once
            message = f"has {len(block):,} bytes, not {length:,}"
            yield fault(file, begin, "truncated_record", message)
    if stream.torn is None and (lost >= 0 or not n_records):
        yield fault(file, max(lost, 0), "invalid_warc", "holds bytes that belong to no record")


def _skip(reader: io.BufferedReader[Unpacked], n: int) -> int:
    done = 0
    while done < n and (part := reader.read(min(n - done, 1 << 20))):
        done += len(part)
    return done


def _record(file: InputFile, offset: int, data: bytes) -> Item:
    try:
        archive = ArchiveIterator(
            io.BytesIO(data), parse_http=False, stream_detect=False, fsspec_args=False
        )
        record = next(iter(archive), None)
        if record is None:
            return fault(file, offset, "invalid_warc", "a record cannot be parsed")
        return _document(file, offset, record)
    except (OSError, ValueError) as error:
        return fault(file, offset, "invalid_warc", str(error) or "a record cannot be parsed")


def _document(file: InputFile, offset: int, record: WarcRecord) -> Item:
    kinds = (WarcRecordType.response, WarcRecordType.conversion)
    if record.record_type not in kinds:
        return Passed(file=file.name, offset=offset, reason="other_record")
    if record.headers.get("WARC-Block-Digest") and not record.verify_block_digest(consume=False):
        return fault(file, offset, "bad_digest", "the block digest does not match")
    if record.record_type == WarcRecordType.conversion:
        return _page(file, offset, record, record.reader.read(), "text/plain", "utf-8")
    if not record.is_http:
        return Passed(file=file.name, offset=offset, reason="other_record")
    record.parse_http(auto_decode="all")
    if record.http_headers.status_code != 200:
        return Passed(file=file.name, offset=offset, reason="http_status")
    kind = (record.http_content_type or "").lower()
    if kind not in (*HTML_TYPES, "text/plain"):
        return Passed(file=file.name, offset=offset, reason="content_type")
    return _page(file, offset, record, record.reader.read(), kind, record.http_charset)


def _page(
    file: InputFile, offset: int, record: WarcRecord, body: bytes, kind: str, charset: str | None
) -> Item:
    decoded = decode(body, charset)
    if decoded is None:
        return fault(file, offset, "unknown_charset", f"no charset decodes it (said {charset})")
    text, codec = decoded
    meta = {"charset": codec, "content_type": kind}
    if kind in HTML_TYPES:
        try:
            text, meta["title"] = text_of(text, file.extractor)
        except ValueError as error:
            return fault(file, offset, "html_too_deep", str(error))
    if record.record_date is not None:
        meta["date"] = record.record_date.isoformat()
    return Record(
        key=record.record_id or f"{file.name}:{offset}",
        text=text,
        lang=file.lang,
        license=file.license,
        url=(record.headers.get("WARC-Target-URI", "") or "").strip("<>"),
        meta=orjson.dumps(meta, option=orjson.OPT_SORT_KEYS).decode(),
    )
