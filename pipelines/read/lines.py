"""Lines of plain, gzip, bzip2 and zstd files, with every end checked.

The usual readers take a truncated gzip for a complete one, or stop at its first member. This one
checks the end and checksum of every member, goes on through concatenated ones, caps the ratio of
decompression and the length of a line, and keeps the good part before a fault. Time is linear and
memory bounded whatever the file holds.
"""

from __future__ import annotations

import bz2
import zlib
from collections.abc import Iterator
from typing import BinaryIO

import msgspec
import zstandard

__all__ = ["MAX_LINE_BYTES", "MAX_RATIO", "Line", "Torn", "chunks", "lines"]

MAX_LINE_BYTES = 64 << 20
MAX_RATIO = 500  # of decompressed to compressed bytes; real text packs at most about 50 to 1
SLACK_BYTES = 64 << 20  # below this output the ratio is not looked at
READ = 1 << 13  # small, since 8 KiB of a zstd bomb unpack to 240 MB
READ_PLAIN = 1 << 20
OUT = 1 << 20


class Line(msgspec.Struct, frozen=True):
    """A line without its end, and the offset of its first byte in the unpacked file."""

    offset: int
    data: bytes


class Torn(msgspec.Struct, frozen=True):
    """What is wrong with the file from `offset` (unpacked) on; reading ended or passed over it."""

    offset: int
    reason: str
    message: str
    fatal: bool = True


def chunks(file: BinaryIO, name: str) -> Iterator[bytes | Torn]:
    """Yield the unpacked bytes of a file; a `Torn` comes last if its end is not sound."""
    if name.endswith((".gz", ".tgz")):
        yield from _gzip(file)
    elif name.endswith((".bz2", ".tbz2")):
        yield from _bzip2(file)
    elif name.endswith((".zst", ".tzst")):
        yield from _zstd(file)
    else:
        while data := file.read(READ_PLAIN):
            yield data


def _gzip(file: BinaryIO) -> Iterator[bytes | Torn]:
    n_in = n_out = 0
    member = zlib.decompressobj(wbits=31)
    begun, waiting = False, b""
    while True:
        data = waiting or file.read(READ)
        n_in += 0 if waiting else len(data)
        if not data:
            break
        if not begun and n_out and not data.strip(b"\0"):
            waiting = b""  # zero padding behind the last member is allowed
            continue
        begun = True
        try:
            out = member.decompress(data, OUT)
        except zlib.error as error:
            failed = "data check" in str(error) or "length check" in str(error)
            reason = "bad_checksum" if failed else "corrupt_archive"
            yield Torn(n_out, reason, f"gzip: {error}")
            return
        n_out += len(out)
        if out:
            yield out
        if n_out > SLACK_BYTES and n_out > MAX_RATIO * n_in:
            yield Torn(n_out, "archive_bomb", f"gzip: unpacks to over {MAX_RATIO} times its size")
            return
        waiting = member.unconsumed_tail
        if member.eof:
            waiting = member.unused_data
            member, begun = zlib.decompressobj(wbits=31), False
    if begun or not n_in:
        yield Torn(n_out, "truncated_archive", "gzip: ends in the middle of a member")


def _bzip2(file: BinaryIO) -> Iterator[bytes | Torn]:
    n_in = n_out = 0
    member = bz2.BZ2Decompressor()
    begun, waiting = False, b""
    while True:
        data = waiting
        if not waiting and member.needs_input:
            data = file.read(READ)
            n_in += len(data)
            if not data:
                break
        begun = True
        try:
            out = member.decompress(data, OUT)
        except OSError as error:
            yield Torn(n_out, "corrupt_archive", f"bzip2: {error}")
            return
        n_out += len(out)
        if out:
            yield out
        if n_out > SLACK_BYTES and n_out > MAX_RATIO * n_in:
            yield Torn(n_out, "archive_bomb", f"bzip2: unpacks to over {MAX_RATIO} times its size")
            return
        waiting = b""
        if member.eof:
            waiting = member.unused_data
            member, begun = bz2.BZ2Decompressor(), False
    if begun or not n_in:
        yield Torn(n_out, "truncated_archive", "bzip2: ends in the middle of a member")


def _zstd(file: BinaryIO) -> Iterator[bytes | Torn]:
    n_in = n_out = 0
    decompressor = zstandard.ZstdDecompressor(max_window_size=1 << 27)
    frame = decompressor.decompressobj()
    begun, waiting = False, b""
    while True:
        data = waiting or file.read(READ)
        n_in += 0 if waiting else len(data)
        if not data:
            break
        begun = True
        try:
            out = frame.decompress(data)
        except zstandard.ZstdError as error:
            reason = "bad_checksum" if "checksum" in str(error) else "corrupt_archive"
            yield Torn(n_out, reason, f"zstd: {error}")
            return
        n_out += len(out)
        if n_out > SLACK_BYTES and n_out > MAX_RATIO * n_in:
            yield Torn(n_out, "archive_bomb", f"zstd: unpacks to over {MAX_RATIO} times its size")
            return
        for start in range(0, len(out), OUT):
            yield out[start : start + OUT]
        waiting = b""
        if frame.eof:
            waiting = frame.unused_data
            frame, begun = decompressor.decompressobj(), False
    if begun or not n_in:
        yield Torn(n_out, "truncated_archive", "zstd: ends in the middle of a frame")


def lines(
    file: BinaryIO, name: str, max_line_bytes: int = MAX_LINE_BYTES, *, keep_empty: bool = False
) -> Iterator[Line | Torn]:
    r"""Yield lines, ended by \n, with their offsets; `\r` before it is cut, empty ones left out.

    A line longer than `max_line_bytes` is passed over and reported once. A line at the end of a
    torn file is not yielded: it may be half of one.
    """
    offset, held, held_bytes, too_long = 0, list[bytes](), 0, False
    torn = False
    for chunk in chunks(file, name):
        if isinstance(chunk, Torn):
            yield chunk
            torn = True
            break
        start = 0
        while (end := chunk.find(b"\n", start)) >= 0:
            if too_long or held_bytes + end - start > max_line_bytes:
                yield Torn(offset, "record_too_long", f"over {max_line_bytes:,} bytes", fatal=False)
            else:
                data = b"".join([*held, chunk[start:end]]).removesuffix(b"\r")
                if keep_empty or data.strip():
                    yield Line(offset, data)
            offset += held_bytes + end - start + 1
            held, held_bytes, too_long = [], 0, False
            start = end + 1
        rest = chunk[start:]
        held_bytes += len(rest)
        too_long = too_long or held_bytes > max_line_bytes
        if too_long:
            held = []
        else:
            held.append(rest)
    if torn or not held_bytes:
        return
    if too_long:
        yield Torn(offset, "record_too_long", f"over {max_line_bytes:,} bytes", fatal=False)
    elif (data := b"".join(held).removesuffix(b"\r")) and data.strip():
        yield Line(offset, data)
