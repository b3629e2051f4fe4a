"""Places: a store without renames or appends, shared by processes, and what it refuses."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pyarrow as pa
import pytest

from hanji import places
from hanji.errors import InputError, RecipeError
from hanji.manifest import Commit, Manifest, write_atomically
from hanji.places import Remote, place
from hanji.report import Report
from hanji.shards import ShardSet, ShardWriter, read_table

SCHEMA = pa.schema([("id", pa.string()), ("n", pa.int64())])
ROWS = pa.table({"id": ["가", "あ", "ế", "ß", "ñ", "e"] * 50, "n": list(range(300))}, schema=SCHEMA)


@pytest.fixture
def store() -> Iterator[fsspec.AbstractFileSystem]:
    found = fsspec.filesystem("memory")
    found.store.clear()
    found.pseudo_dirs[:] = [""]
    yield found
    found.store.clear()
    found.pseudo_dirs[:] = [""]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("gs://bucket/run", "gs://bucket/run"),
        (Path("gs://bucket/run"), "gs://bucket/run"),
        (Path("gs://bucket/run") / "a" / "b.arrow", "gs://bucket/run/a/b.arrow"),
        ("S3://bucket/x", "S3://bucket/x"),
    ],
)
def test_an_address_survives_being_a_path(given: str | Path, said: str) -> None:
    found = place(given)
    assert isinstance(found, Remote)
    assert str(found) == os.fspath(found) == said
    assert str(found / "x" / "y") == f"{said}/x/y"
    assert str(found.with_name("z").parent) == said.rpartition("/")[0]
    assert places.is_remote(given)


@pytest.mark.parametrize("given", ["data/run", "/data/run", "c:/data", "a:b/c", Path("x"), "."])
def test_a_local_path_stays_one(given: str | Path) -> None:
    assert type(place(given)) is type(Path())
    assert place("file:///data/run") == Path("/data/run")


def test_the_verbs_of_a_path(store: fsspec.AbstractFileSystem) -> None:
    root = place("memory://bucket/run")
    assert not root.exists()
    (root / "deep").mkdir(parents=True)
    assert not (root / "deep").exists()
    (root / "deep" / "a.json").write_bytes(b"{}")
    (root / "b.json").write_bytes(b"[1]")
    assert (root / "deep").is_dir()
    assert root.is_dir()
    assert not root.is_file()
    assert (root / "b.json").is_file()
    assert (root / "b.json").stat().st_size == 3
    assert [path.name for path in root.iterdir()] == ["b.json", "deep"]
    assert [str(path) for path in root.glob("*/a.json")] == ["memory://bucket/run/deep/a.json"]
    moved = (root / "b.json").replace(root / "c.json")
    assert moved.read_text() == "[1]"
    assert not (root / "b.json").exists()
    with pytest.raises(FileNotFoundError):
        (root / "b.json").unlink()
    (root / "b.json").unlink(missing_ok=True)
    with pytest.raises(OSError, match="written whole"):
        (root / "c.json").open("wb")
    assert root.resolve() is root
    places.remove_tree(root)
    places.remove_tree(root)
    assert not root.exists()


def test_shards_of_a_store_have_the_bytes_of_local_ones(
    store: fsspec.AbstractFileSystem, tmp_path: Path
) -> None:
    shards = {}
    for folder in (tmp_path, place("memory://bucket/run")):
        writer = ShardWriter(folder, "data/x.arrow", SCHEMA)
        writer.write(ROWS)
        shards[folder] = writer.close(), (folder / "data/x.arrow").read_bytes()
    assert shards[tmp_path] == shards[place("memory://bucket/run")]
    assert read_table("memory://bucket/run/data/x.arrow").equals(ROWS)
    parts = ShardSet(Path("memory://bucket/run"), SCHEMA, max_bytes=1, rows_per_batch=100)
    parts.write("ko", ROWS)
    assert [shard.path for shard in parts.close()] == [
        f"data/ko/part-0000{i}-of-00003.arrow" for i in range(3)
    ]


def test_a_writer_that_is_not_closed_leaves_nothing(store: fsspec.AbstractFileSystem) -> None:
    writer = ShardWriter(place("memory://bucket/run"), "x.arrow", SCHEMA)
    writer.write(ROWS)
    del writer
    assert not place("memory://bucket/run").exists()


def test_a_dataset_in_a_store(store: fsspec.AbstractFileSystem) -> None:
    def begin() -> Commit:
        return Commit.begin("memory://b/out", stage="x", kind="files/1", section={"a": 1})

    commit = begin()
    writer = ShardWriter(commit.work, "data/x.arrow", SCHEMA)
    writer.write(ROWS)
    shard = writer.close()
    made = commit.finish(None, [shard], Report())
    assert Manifest.load("memory://b/out") == made
    assert begin().finished == made
    assert sorted(path.name for path in place("memory://b/out").iterdir()) == [
        "README.md", "data", "manifest.json",
    ]  # fmt: skip
    place("memory://b/out/data/x.arrow").write_bytes(b"short")
    assert begin().finished is None  # not all there: made again
    with pytest.raises(RecipeError, match="does not exist"):
        Manifest.load("memory://b/none")


def test_a_short_or_damaged_object_is_told(store: fsspec.AbstractFileSystem) -> None:
    write_atomically(Path("memory://b/x.arrow"), b"no arrow file")
    with pytest.raises(InputError, match=r"memory://b/x\.arrow: is no readable Arrow shard"):
        read_table("memory://b/x.arrow")
    with pytest.raises(InputError, match="does not exist"):
        read_table("memory://b/none.arrow")
    path = place("memory://b/x.arrow")
    assert isinstance(path, Remote)
    with pytest.raises(OSError, match="ended after 13 of 14 bytes"):
        _short(path)


def _short(path: Remote) -> None:
    with places._Counted(path, 14) as file:
        file.readall()


def test_the_cache_is_bounded_and_sees_changes(
    store: fsspec.AbstractFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = places._Cache(2_500)
    monkeypatch.setattr(places, "_cache", lambda: cache)
    held = []
    for number in range(5):
        path = place(f"memory://b/{number}")
        path.write_bytes(bytes([number]) * 1_000)
        held.append(places.mapped(path))
    assert [mapped.read(1) for mapped in held] == [bytes([n]) for n in range(5)]
    assert len(list(places._cache()._folder.iterdir())) == 2
    place("memory://b/4").write_bytes(b"new")
    assert places.mapped(place("memory://b/4")).read() == b"new"


def test_a_missing_package_and_an_unknown_store_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    places._filesystem.cache_clear()
    for module in ("gcsfs", "s3fs"):
        monkeypatch.setitem(sys.modules, module, None)
    for url, says in (
        ("gs://b/x", r"gs://: this place needs another package; pip install 'hanji\[gcp\]'"),
        ("s3://b/x", r"pip install 'hanji\[s3\]'"),
        ("ftps://b/x", "ftps://: no such place is known"),
    ):
        with pytest.raises(RecipeError, match=says):
            place(url).exists()
