"""Documents as Arrow rows: the schema is the truth, `Document` is the view of one row.

Every kind of dataset (`document/1`, `thought/1`, `long/1`, `probe/1`, `packed/1`) names itself in
the schema's metadata under `hanji.schema`. Text is `large_string`, so that a column may pass
2 GiB; everything else stays small. Columns that steps add stand behind the base columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hanji.errors import InputError
from hanji.seeds import stable_hex

__all__ = [
    "DOCUMENT",
    "LANGS",
    "UNKNOWN",
    "Document",
    "Lang",
    "document_id",
    "kind_of",
    "make_schema",
    "require",
    "rows",
    "to_batch",
    "utf8",
]

Lang = str
LANGS: tuple[Lang, ...] = ("en", "ko", "es", "de", "ja", "vi")  # K-EXAONE, section 3.1
UNKNOWN: Lang = "und"  # ISO 639-2: undetermined

_KIND = b"hanji.schema"


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """One document. `meta` is a JSON object as a string; absent texts are empty strings."""

    id: str
    text: str
    lang: Lang = UNKNOWN
    source: str = ""
    license: str = ""
    url: str = ""
    meta: str = "{}"


def make_schema(
    kind: str, fields: Iterable[pa.Field] = (), base: pa.Schema | None = None
) -> pa.Schema:
    """Build the schema of `kind` (such as "long/1"): the base's fields, then `fields`."""
    all_fields = [*(base or ()), *fields]
    return pa.schema(all_fields, metadata={_KIND: kind.encode()})


DOCUMENT: pa.Schema = make_schema(
    "document/1",
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("text", pa.large_string(), nullable=False),
        pa.field("lang", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("license", pa.string(), nullable=False),
        pa.field("url", pa.string(), nullable=False),
        pa.field("meta", pa.string(), nullable=False),
    ],
)


def kind_of(schema: pa.Schema) -> str:
    """Return the kind that a schema names, or an empty string."""
    return bytes((schema.metadata or {}).get(_KIND, b"")).decode()


def require(schema: pa.Schema, kind: str, where: str) -> None:
    """Check that `schema` is of `kind`.

    Raises:
        InputError: if it is not; the message names `where` and both kinds.
    """
    found = kind_of(schema)
    if found != kind:
        raise InputError(f"{where} holds '{found or 'no kind'}', not '{kind}'; give another input")


def document_id(source: str, key: str | bytes) -> str:
    """Return the id of the document that `source` knows as `key`: 32 hexadecimal characters.

    The id does not depend on the document's position nor on its text, so it is the same in every
    run over the same source.
    """
    return stable_hex("document", source, key)


def rows(batch: pa.RecordBatch | pa.Table) -> Iterator[Document]:
    """View the rows of a batch as documents; other columns are left out."""
    columns = [batch.column(name).to_pylist() for name in DOCUMENT.names]
    for values in zip(*columns, strict=True):
        yield Document(**dict(zip(DOCUMENT.names, values, strict=True)))


def to_batch(
    documents: Sequence[Document],
    schema: pa.Schema = DOCUMENT,
    columns: Mapping[str, Sequence[object] | pa.Array] | None = None,
) -> pa.RecordBatch:
    """Turn documents into one batch of `schema`; `columns` gives the columns behind the base's.

    Raises:
        KeyError: if the schema has a column that neither a document nor `columns` holds.
    """
    extra = columns or {}
    arrays = []
    for field in schema:
        values = extra.get(field.name)
        if values is None:
            if field.name not in DOCUMENT.names:
                raise KeyError(field.name)
            values = [getattr(document, field.name) for document in documents]
        if not isinstance(values, pa.Array):
            values = pa.array(values, type=field.type)
        arrays.append(values)
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def utf8(
    texts: pa.LargeStringArray,
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Return the bytes behind n texts without nulls, and int64[n + 1], where each begins."""
    _, starts, raw = texts.buffers()
    offsets = np.frombuffer(starts, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    data = np.frombuffer(raw, np.uint8) if raw is not None and raw.size else np.zeros(1, np.uint8)
    return data, offsets
