"""Manifests: written last, never half, reused when nothing changed, refused when foreign."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from hanji import manifest as manifests
from hanji.errors import OutputError, RecipeError
from hanji.manifest import Commit, Dataset, Manifest, write_atomically
from hanji.report import Report
from hanji.schema import DOCUMENT, Document, document_id, to_batch
from hanji.shards import ShardSet

TEXTS = {
    "en": "Paper is made of mulberry bark.",
    "ko": "한지는 닥나무 껍질로 만든다.",
    "es": "El papel se hace con corteza.",
    "de": "Papier wird aus Rinde gemacht.",
    "ja": "紙は楮の皮から作られる。",
    "vi": "Giấy được làm từ vỏ cây.",
}


def begin(directory: Path, seed: int = 1, replace: bool = False) -> Commit:
    return Commit.begin(
        directory, stage="curate", kind="document/1", section={"seed": seed}, replace=replace
    )


def fill(commit: Commit, n: int = 1) -> Manifest:
    report = Report()
    shards = ShardSet(commit.work, DOCUMENT)
    for lang, text in TEXTS.items():
        for i in range(n):
            document = Document(id=document_id(lang, str(i)), text=text, lang=lang, source="test")
            report.read("test", lang)
            report.kept("test", lang)
            shards.write(lang, to_batch([document]))
    return commit.finish(DOCUMENT, shards.close(), report)


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    made = fill(begin(tmp_path / "out"))
    dataset = Dataset.open(tmp_path / "out", "document/1")
    assert dataset.manifest == made
    assert dataset.langs == sorted(TEXTS)
    assert {doc.lang: doc.text for doc in dataset.documents()} == TEXTS
    assert dataset.rows == 6
    assert not list((tmp_path / "out").glob(".work-*"))


def test_the_same_recipe_is_reused_and_another_refused(tmp_path: Path) -> None:
    made = fill(begin(tmp_path / "out"))
    assert begin(tmp_path / "out").finished == made
    with pytest.raises(OutputError, match=r"another recipe.*--replace"):
        begin(tmp_path / "out", seed=2)
    replacing = begin(tmp_path / "out", seed=2, replace=True)
    assert replacing.finished is None
    assert Manifest.load(tmp_path / "out") == made  # still there until the new one is whole
    fill(replacing)
    assert Manifest.load(tmp_path / "out").fingerprint != made.fingerprint


def test_a_lost_shard_is_made_again(tmp_path: Path) -> None:
    made = fill(begin(tmp_path / "out"))
    (tmp_path / "out" / made.shards[0].path).unlink()
    again = begin(tmp_path / "out")
    assert again.finished is None
    assert fill(again) == made


def test_stale_shards_of_a_replaced_result_go(tmp_path: Path) -> None:
    fill(begin(tmp_path / "out"))
    commit = begin(tmp_path / "out", seed=2, replace=True)
    shards = ShardSet(commit.work, DOCUMENT)
    shards.write("ko", to_batch([Document(id=document_id("x", "1"), text="한지", lang="ko")]))
    report = Report()
    report.made("x", "ko")
    report.kept("x", "ko")
    commit.finish(DOCUMENT, shards.close(), report)
    assert [str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*.arrow")] == [
        "data/ko/part-00000-of-00001.arrow"
    ]


def test_a_report_that_does_not_balance_publishes_nothing(tmp_path: Path) -> None:
    commit = begin(tmp_path / "out")
    report = Report()
    report.read("test", "ko", 2)
    report.kept("test", "ko", 1)
    assert commit.work.is_dir()
    with pytest.raises(OutputError, match="does not balance for source 'test', language 'ko'"):
        commit.finish(DOCUMENT, [], report)
    with pytest.raises(RecipeError, match="holds an unfinished run"):
        Manifest.load(tmp_path / "out")


def test_a_foreign_directory_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="is not empty"):
        begin(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="is a file"):
        begin(tmp_path / "file")


class Kills:
    """Let `Path.replace` through until its call number `stop_at`, then act the kill."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, stop_at: int) -> None:
        self._patch, self._left, self._replace = monkeypatch, stop_at, Path.replace

    def __enter__(self) -> Kills:
        replace = self._replace

        def killed(path: Path, target: Path) -> Path:
            if self._left == 0:
                raise KeyboardInterrupt
            self._left -= 1
            return replace(path, target)

        self._patch.setattr(Path, "replace", killed)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        self._patch.setattr(Path, "replace", self._replace)
        return kind is KeyboardInterrupt


def files(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }


STEPS = 18  # renames of one publication, and some more


@pytest.mark.parametrize("stop_at", range(STEPS))
def test_a_kill_while_publishing_is_rolled_forward(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop_at: int
) -> None:
    expected = fill(begin(tmp_path / "whole"))
    with Kills(monkeypatch, stop_at):
        fill(begin(tmp_path / "out"))
    resumed = begin(tmp_path / "out")
    if resumed.finished is None:
        fill(resumed)
    assert Manifest.load(tmp_path / "out") == expected
    assert Dataset.open(tmp_path / "out").rows == 6
    assert files(tmp_path / "out") == files(tmp_path / "whole")


@pytest.mark.parametrize("other", [2, 3])
@pytest.mark.parametrize("stop_at", range(STEPS))
def test_a_kill_while_replacing_leaves_nothing_of_the_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop_at: int, other: int
) -> None:
    fill(begin(tmp_path / "whole", seed=other))
    fill(begin(tmp_path / "out"))
    extra = tmp_path / "out" / "data" / "xx"  # as if the old result had had one more language
    (tmp_path / "out" / "data" / "ko").rename(extra)
    path = tmp_path / "out" / manifests.NAME
    path.write_bytes(path.read_bytes().replace(b"data/ko/", b"data/xx/"))
    with Kills(monkeypatch, stop_at):
        fill(begin(tmp_path / "out", seed=2, replace=True))
    resumed = begin(tmp_path / "out", seed=other, replace=True)
    if resumed.finished is None:
        fill(resumed)
    assert files(tmp_path / "out") == files(tmp_path / "whole")


def test_manifests_that_are_absent_damaged_or_newer_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="does not exist"):
        Manifest.load(tmp_path / "none")
    with pytest.raises(RecipeError, match="holds no manifest"):
        Manifest.load(tmp_path)
    fill(begin(tmp_path / "out"))
    path = tmp_path / "out" / manifests.NAME
    data = path.read_bytes()
    path.write_bytes(data.replace(b"hanji.manifest/1", b"hanji.manifest/9"))
    with pytest.raises(RecipeError, match="install a newer hanji"):
        Manifest.load(tmp_path / "out")
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(RecipeError, match="is damaged"):
        Manifest.load(tmp_path / "out")


def test_a_dataset_of_another_kind_is_refused(tmp_path: Path) -> None:
    fill(begin(tmp_path / "out"))
    with pytest.raises(RecipeError, match="holds 'document/1', not 'long/1'"):
        Dataset.open(tmp_path / "out", "long/1")


def test_two_runs_have_equal_manifests_and_no_trace_of_the_machine(tmp_path: Path) -> None:
    fill(begin(tmp_path / "a"))
    fill(begin(tmp_path / "b"))
    one, two = ((tmp_path / name / manifests.NAME).read_bytes() for name in "ab")
    assert one == two
    assert str(tmp_path).encode() not in one


def test_datasets_reads_what_was_written(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    fill(begin(tmp_path / "out"), n=3)
    korean = datasets.load_dataset(
        str(tmp_path / "out"), "ko", split="train", cache_dir=str(tmp_path / "cache")
    )
    assert korean["text"][:] == [TEXTS["ko"]] * 3
    everything = datasets.load_dataset(
        str(tmp_path / "out"), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert len(everything) == 18
    streamed = datasets.load_dataset(str(tmp_path / "out"), "ja", split="train", streaming=True)
    assert next(iter(streamed))["text"] == TEXTS["ja"]


def test_the_card_passes_the_hubs_own_check(tmp_path: Path) -> None:
    hub = pytest.importorskip("huggingface_hub")
    fill(begin(tmp_path / "out"))
    card = hub.DatasetCard.load(tmp_path / "out" / "README.md")
    assert card.data.language == sorted(TEXTS)
    assert [c["config_name"] for c in card.data.to_dict()["configs"]] == ["all", *sorted(TEXTS)]


def test_a_manifest_survives_encoding() -> None:
    manifest = Manifest(
        stage="s", kind="k/1", fingerprint="f", version="0", section={}, inputs=(), columns={},
        shards=(), report=Report(),
    )  # fmt: skip
    assert msgspec.json.decode(manifest.encode(), type=Manifest) == manifest


def test_many_workers_may_write_one_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "edges"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: write_atomically(path, b"the same"), range(400)))
    assert [p.name for p in tmp_path.iterdir()] == ["edges"]
    assert path.read_bytes() == b"the same"
