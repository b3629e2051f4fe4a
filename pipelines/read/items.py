"""What reading gives: a record, a fault in its place, or something that is no document."""

from __future__ import annotations

import msgspec
import orjson

from hanji.schema import Lang
from pipelines.read.lines import Torn
from pipelines.read.source import InputFile

__all__ = ["Fault", "Item", "Passed", "Record", "fault", "record_of", "torn_fault"]


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
    offset: int  # bytes into the unpacked file; the row of a table
    reason: str
    message: str


class Passed(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is sound and no document: a request, an image, a page of an error."""

    file: str
    offset: int
    reason: str


Item = Record | Fault | Passed


def fault(file: InputFile, offset: int, reason: str, message: str) -> Fault:
    """Return a fault of a file."""
    return Fault(file=file.name, offset=offset, reason=reason, message=message)


def torn_fault(file: InputFile, torn: Torn) -> Fault:
    """Return the fault that a torn stream is."""
    return fault(file, torn.offset, torn.reason, torn.message)


def record_of(file: InputFile, values: dict[str, object], offset: int) -> Record | Fault:
    """Turn a row of named values into a record; what is no column of ours goes to `meta`."""
    text = values.pop(file.text_key, None)
    if not isinstance(text, str):
        return fault(file, offset, "no_text", f"the key '{file.text_key}' holds no text")
    key = values.pop(file.id_key, None)
    license_, url = values.pop("license", None), values.pop("url", None)
    values.pop("source", None)
    lang = values.pop("lang", None)
    return Record(
        key=str(key) if isinstance(key, str | int) and key != "" else f"{file.name}:{offset}",
        text=text,
        lang=lang if isinstance(lang, str) and lang else file.lang,
        license=license_ if isinstance(license_, str) and license_ else file.license,
        url=url if isinstance(url, str) else "",
        meta=orjson.dumps(values, option=META_OPTIONS, default=str).decode(),
    )


META_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS
