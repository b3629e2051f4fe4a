"""Shards: bytes that depend on the rows alone; a damaged file is never read as complete."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hanji.errors import InputError, OutputError
from hanji.schema import DOCUMENT, Document, document_id, to_batch
from hanji.shards import Shard, ShardSet, ShardWriter, read_batches, read_table

WORDS = ["paper", "한지", "papel", "Papier", "紙", "giấy"]


def documents(n: int) -> list[Document]:
    return [
        Document(
            id=document_id("test", str(i)),
            text=WORDS[i % 6] * (1 + i * 7919 % 900),
            lang=("en", "ko", "es", "de", "ja", "vi")[i % 6],
        )
        for i in range(n)
    ]


def write(directory: Path, name: str, docs: list[Document], step: int) -> Shard:
    writer = ShardWriter(directory, name, DOCUMENT)
    for start in range(0, len(docs), step):
        writer.write(to_batch(docs[start : start + step]))
    return writer.close()


def test_the_bytes_do_not_depend_on_the_callers_batches(tmp_path: Path) -> None:
    docs = documents(2_500)
    shards = [write(tmp_path, f"{step}.arrow", docs, step) for step in (1, 7, 999, 1_000, 2_500)]
    assert len({shard.sha256 for shard in shards}) == 1


def test_a_shard_tells_its_rows_bytes_and_checksum(tmp_path: Path) -> None:
    shard = write(tmp_path, "a.arrow", documents(1_234), 100)
    data = (tmp_path / "a.arrow").read_bytes()
    assert (shard.rows, shard.bytes) == (1_234, len(data))
    assert shard.sha256 == hashlib.sha256(data).hexdigest()


def test_rows_come_back_in_their_order(tmp_path: Path) -> None:
    docs = documents(1_500)
    write(tmp_path, "a.arrow", docs, 400)
    ids = [value for b in read_batches(tmp_path / "a.arrow", ["id"]) for value in b[0].to_pylist()]
    assert ids == [doc.id for doc in docs]
    assert read_table(tmp_path / "a.arrow").num_rows == 1_500


def test_an_empty_shard_is_a_shard(tmp_path: Path) -> None:
    shard = write(tmp_path, "a.arrow", [], 1)
    assert shard.rows == 0
    assert read_table(tmp_path / "a.arrow").num_rows == 0


@pytest.mark.parametrize("keep", [0, 1, 100, 0.5, 0.999])
def test_a_truncated_shard_is_refused(tmp_path: Path, keep: float) -> None:
    write(tmp_path, "a.arrow", documents(500), 500)
    path = tmp_path / "a.arrow"
    data = path.read_bytes()
    path.write_bytes(data[: int(keep if keep >= 1 or keep == 0 else keep * len(data))])
    with pytest.raises(InputError, match="make it again"):
        list(read_batches(path))


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    write(tmp_path, "a.arrow", documents(3), 3)
    with pytest.raises(InputError, match="no column 'quality'"):
        list(read_batches(tmp_path / "a.arrow", ["quality"]))


def test_a_directory_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="cannot be written"):
        ShardWriter(tmp_path / "file", "a.arrow", DOCUMENT)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=12))
def test_parts_do_not_depend_on_the_calls(tmp_path: Path, cuts: list[int]) -> None:
    docs = documents(2_000)

    def shards(name: str, sizes: list[int]) -> list[tuple[str, int, str]]:
        parts = ShardSet(tmp_path / name, DOCUMENT, max_bytes=200_000, rows_per_batch=100)
        start = 0
        while start < len(docs):
            for size in sizes:
                if docs[start : start + size]:
                    parts.write("ko", to_batch(docs[start : start + size]))
                start += size
        return [(shard.path, shard.rows, shard.sha256) for shard in parts.close()]

    whole = shards("whole", [2_000])
    assert len(whole) > 3
    assert whole[0][0] == f"data/ko/part-00000-of-{len(whole):05d}.arrow"
    assert shards("cut", cuts) == whole


def test_large_batches_are_cut_for_beam(tmp_path: Path) -> None:
    text = "x" * 3_000_000
    docs = [Document(id=document_id("big", str(i)), text=text) for i in range(5)]
    write(tmp_path, "a.arrow", docs, 5)
    sizes = [batch.num_rows for batch in read_batches(tmp_path / "a.arrow")]
    assert max(sizes) == 2
    assert sum(sizes) == 5
    assert pa.ipc.open_file(tmp_path / "a.arrow").read_all().num_rows == 5
