"""Documents and their ids."""

from __future__ import annotations

import pyarrow as pa
import pytest

from hanji.errors import InputError
from hanji.schema import (
    DOCUMENT,
    Document,
    document_id,
    kind_of,
    make_schema,
    require,
    rows,
    to_batch,
)


def test_rows_are_what_was_put_in() -> None:
    documents = [
        Document(
            id=document_id("s", "1"), text="한지 x² ㅋㅋ", lang="ko", url="https://a.example/1"
        ),
        Document(id=document_id("s", "2"), text="", lang="und", meta='{"a":1}'),
    ]
    assert list(rows(to_batch(documents))) == documents


def test_an_id_is_of_source_and_key_never_of_position() -> None:
    assert document_id("news", "1") == document_id("news", "1")
    assert document_id("news", "1") != document_id("new", "s1")
    assert len(document_id("news", b"\xff")) == 32


def test_other_kinds_extend_the_document() -> None:
    schema = make_schema("long/1", [pa.field("n_tokens", pa.int64())], DOCUMENT)
    assert kind_of(schema) == "long/1"
    assert schema.names == [*DOCUMENT.names, "n_tokens"]
    document = Document(id="1", text="a")
    batch = to_batch([document], schema, {"n_tokens": [7]})
    assert batch.column("n_tokens").to_pylist() == [7]
    assert list(rows(batch)) == [document]
    with pytest.raises(KeyError, match="n_tokens"):
        to_batch([document], schema)


def test_a_schema_of_another_kind_is_refused() -> None:
    with pytest.raises(InputError, match=r"a\.arrow holds 'document/1', not 'long/1'"):
        require(DOCUMENT, "long/1", "a.arrow")
    with pytest.raises(InputError, match="no kind"):
        require(pa.schema([]), "long/1", "a.arrow")
