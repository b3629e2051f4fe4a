"""Tar and zip archives: their members are read as files of their own formats, in stored order.

Nothing is unpacked to disk. A member whose name leaves the archive, a link or a device is refused;
one of a format that we do not read is no document and is counted as such.
"""

from __future__ import annotations

import io
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import BinaryIO, cast

import msgspec

from pipelines.read.items import Item, Passed, fault, torn_fault
from pipelines.read.lines import MAX_RATIO, SLACK_BYTES
from pipelines.read.source import ARCHIVES, InputFile, format_of
from pipelines.read.warc import Unpacked

__all__ = ["tar_records", "zip_records"]

Reads = Callable[[InputFile, BinaryIO], Iterator[Item]]
SEEKING = ("parquet", "arrow")  # formats that need a file of their own
# What zipfile raises on a damaged member; the last one where it knows no such compression.
BAD_MEMBER = (zipfile.BadZipFile, OSError, EOFError, zlib.error, NotImplementedError)


def _is_unsafe(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or "\0" in name or path.drive != ""


def _member(file: InputFile, name: str, offset: int) -> InputFile | Item:
    """Return a member as a file, or why it is not read."""
    if _is_unsafe(name):
        return fault(file, offset, "unsafe_member", f"the name {name!r:.100} leaves the archive")
    kind = format_of(PurePosixPath(name))
    if kind is None or kind in SEEKING or kind in ARCHIVES:
        return Passed(file=f"{file.name}/{name}", offset=offset, reason="unread_format")
    return msgspec.structs.replace(file, name=f"{file.name}/{name}", path=name, format=kind)


def tar_records(file: InputFile, handle: BinaryIO, reads: Reads) -> Iterator[Item]:
    """Yield the records of a tar file's members."""
    stream = Unpacked(handle, file.path)
    offset = 0
    try:
        with tarfile.open(fileobj=cast(BinaryIO, stream), mode="r|", errorlevel=1) as archive:
            for member in archive:
                offset = member.offset
                if member.isdir():
                    continue
                if not member.isfile():
                    message = f"{member.name!r:.100} is a link or a device"
                    yield fault(file, offset, "unsafe_member", message)
                    continue
                inside = _member(file, member.name, offset)
                if not isinstance(inside, InputFile):
                    yield inside
                    continue
                content = archive.extractfile(member)
                if content is not None:
                    yield from reads(inside, cast(BinaryIO, content))
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        if stream.torn is None:
            yield fault(file, offset, "corrupt_archive", f"tar: {error}")
    if stream.torn is not None:
        yield torn_fault(file, stream.torn)


def zip_records(file: InputFile, handle: BinaryIO, reads: Reads) -> Iterator[Item]:
    """Yield the records of a zip file's members; their checksums are checked."""
    try:
        archive = zipfile.ZipFile(handle)
    except (zipfile.BadZipFile, OSError, ValueError, EOFError) as error:
        yield fault(file, 0, "corrupt_archive", f"zip: {error}")
        return
    with archive:
        for member in archive.infolist():
            if member.is_dir():
                continue
            offset, size = member.header_offset, member.file_size
            if size > SLACK_BYTES and size > MAX_RATIO * max(member.compress_size, 1):
                message = f"{member.filename!r:.100} unpacks to over {MAX_RATIO} times its size"
                yield fault(file, offset, "archive_bomb", message)
                continue
            if member.flag_bits & 1:
                yield fault(file, offset, "encrypted_member", f"{member.filename!r:.100}")
                continue
            if (member.external_attr >> 28) not in (0, 8):  # a Unix mode that is no plain file
                message = f"{member.filename!r:.100} is a link or a device"
                yield fault(file, offset, "unsafe_member", message)
                continue
            inside = _member(file, member.filename, offset)
            if not isinstance(inside, InputFile):
                yield inside
                continue
            try:
                with archive.open(member) as content:
                    buffered = io.BufferedReader(cast(io.RawIOBase, content))
                    yield from reads(inside, cast(BinaryIO, buffered))
            except BAD_MEMBER as error:
                reason = "bad_checksum" if "CRC" in str(error) else "corrupt_archive"
                yield fault(inside, 0, reason, f"zip: {error}")
