"""Records: what a file holds, one by one, and a fault for each that cannot be read."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

import msgspec
import orjson

from hanji.schema import Lang
from pipelines.read.lines import Line, Torn, chunks, lines
from pipelines.read.source import InputFile

__all__ = ["MAX_TEXT_BYTES", "Fault", "Record", "records"]

MAX_TEXT_BYTES = 256 << 20  # of one text file

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One document as the source gives it."""

    key: str
    text: str
    lang: Lang
    license: str
    url: str
    meta: str


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One record, or the rest of a file, that cannot be read."""

    file: str
    offset: int  # bytes into the unpacked file
    reason: str
    message: str


def records(file: InputFile) -> Iterator[Record | Fault]:
    """Yield the records of a file in their order; a fault takes the place of a bad one."""
    try:
        with open(file.path, "rb") as handle:
            if file.format == "jsonl":
                for line in lines(handle, file.path):
                    yield _fault(file, line) if isinstance(line, Torn) else _json(file, line)
            else:
                yield from _text(file, chunks(handle, file.path))
    except OSError as error:
        yield Fault(
            file=file.name,
            offset=0,
            reason="unreadable_file",
            message=error.strerror or "no reason",
        )


def _fault(file: InputFile, torn: Torn) -> Fault:
    return Fault(file=file.name, offset=torn.offset, reason=torn.reason, message=torn.message)


def _json(file: InputFile, line: Line) -> Record | Fault:
    data = line.data.removeprefix(codecs.BOM_UTF8) if line.offset == 0 else line.data
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        reason = "invalid_utf8" if _is_not_utf8(data) else "invalid_json"
        return Fault(file=file.name, offset=line.offset, reason=reason, message=str(error))
    if not isinstance(value, dict):
        message = f"the record is no object but {type(value).__name__}"
        return Fault(file=file.name, offset=line.offset, reason="no_object", message=message)
    text = value.pop(file.text_key, None)
    if not isinstance(text, str):
        message = f"the key '{file.text_key}' holds no text"
        return Fault(file=file.name, offset=line.offset, reason="no_text", message=message)
    key = value.pop(file.id_key, None)
    license_, url = value.pop("license", None), value.pop("url", None)
    value.pop("source", None)
    lang = value.pop("lang", None)
    return Record(
        key=str(key) if isinstance(key, str | int) and key != "" else f"{file.name}:{line.offset}",
        text=text,
        lang=lang if isinstance(lang, str) and lang else file.lang,
        license=license_ if isinstance(license_, str) and license_ else file.license,
        url=url if isinstance(url, str) else "",
        meta=orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode(),
    )


def _is_not_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False


def _text(file: InputFile, parts: Iterator[bytes | Torn]) -> Iterator[Record | Fault]:
    held, n_bytes = [], 0
    for part in parts:
        if isinstance(part, Torn):
            yield _fault(file, part)  # half a text is no document
            return
        held.append(part)
        n_bytes += len(part)
        if n_bytes > MAX_TEXT_BYTES:
            message = f"over {MAX_TEXT_BYTES:,} bytes"
            yield Fault(file=file.name, offset=0, reason="record_too_long", message=message)
            return
    data, encoding = b"".join(held), "utf-8"
    for bom, name in _BOMS:
        if data.startswith(bom):
            data, encoding = data[len(bom) :], name
            break
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        message = f"{error.reason}; declare the charset or convert the file to UTF-8"
        yield Fault(file=file.name, offset=error.start, reason="invalid_utf8", message=message)
        return
    yield Record(key=file.name, text=text, lang=file.lang, license=file.license, url="", meta="{}")
