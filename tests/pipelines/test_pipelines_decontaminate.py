"""Evaluation sets are kept out of the corpus: dropped or cut, each leak listed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hanji.contamination.index import Hit
from hanji.contamination.sets import digest_of
from hanji.contamination.settings import EvaluationSet
from hanji.errors import InputError, RecipeError
from hanji.execution import Execution
from hanji.manifest import Dataset, Manifest
from pipelines.curate import curate
from pipelines.decontaminate import widened, without
from pipelines.read.source import Source
from pipelines.section import Curate, Decontaminate, Quality

ITEM = (
    "In which year did the keeper of the lighthouse at the northern cape first light the lamp with "
    "oil from the new press?"
)
KOREAN = (
    "북쪽 곶의 등대지기가 새 기름틀에서 짠 기름으로 처음 등불을 밝힌 해는 언제이며 그때 함께 있던 사람은 모두 몇 "
    "명이었는지 고르시오."
)
CLEAN = {
    "en": "The boats came home before the storm. Everyone counted the sails from the wall. Then the "
    "harbour closed for the night.",
    "ko": "배들은 폭풍이 오기 전에 돌아왔다. 모두가 성벽에서 돛을 세었다. 그리고 항구는 밤 동안 문을 닫았다.",
}


def build(tmp_path: Path, action: str, at_least: float = 0.0, workers: int = 1) -> Manifest:
    (tmp_path / "evals").mkdir(exist_ok=True)
    items = [{"id": "k1", "q": ITEM}, {"id": "k2", "q": KOREAN}, {"id": "k3", "q": "Yes."}]
    (tmp_path / "evals" / "quiz.jsonl").write_text("\n".join(json.dumps(i) for i in items))
    rows = [
        {"id": "en-clean", "text": CLEAN["en"]},
        {"id": "en-leak", "text": CLEAN["en"].replace("Then", ITEM + " Then")},
        {"id": "en-part", "text": CLEAN["en"] + " " + " ".join(ITEM.split()[:15]) + "."},
        {"id": "ko-leak", "text": CLEAN["ko"] + " " + KOREAN},
        {"id": "ko-all", "text": KOREAN},
    ]
    (tmp_path / "in.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    section = Curate(
        quality=Quality(rules=()),
        duplicates=Curate().duplicates,
        decontaminate=Decontaminate(
            sets=(EvaluationSet(name="quiz", path="evals/quiz.jsonl", keys=("q",)),),
            action=action,  # type: ignore[arg-type]
            at_least=at_least,
        ),
    )
    sources = (Source(name="s", path="in.jsonl"),)
    out = tmp_path / f"{action}-{at_least}-{workers}"
    return curate(sources, section, tmp_path, out, Execution(workers=workers))


def texts(directory: Path) -> list[str]:
    return sorted(document.text for document in Dataset.open(directory).documents())


def test_documents_with_an_item_are_dropped_and_listed(tmp_path: Path) -> None:
    manifest = build(tmp_path, "drop")
    manifest.report.check()
    assert manifest.report.total().dropped["contamination"] == {"contaminated": 4}
    assert texts(tmp_path / "drop-0.0-1") == [CLEAN["en"]]
    facts = manifest.facts["contamination"]["quiz"]
    assert facts["items"] == 3
    assert facts["too_short"] == 1
    assert facts["items_found"] == 2
    assert facts["documents"] == {"en": 2, "ko": 2}
    dataset = Dataset.open(tmp_path / "drop-0.0-1")
    leaks = [row for batch in dataset.batches("contamination") for row in batch.to_pylist()]
    assert sorted((row["item"], row["action"]) for row in leaks) == [
        ("k1", "drop"), ("k1", "drop"), ("k2", "drop"), ("k2", "drop")
    ]  # fmt: skip
    rejected = [row for batch in dataset.batches("rejected") for row in batch.to_pylist()]
    assert {row["reason"] for row in rejected} == {"contaminated"}
    assert min(row["value"] for row in rejected) == pytest.approx(15 / len(ITEM.split()), abs=1e-3)


def test_cut_sentences_go_and_the_rest_stays(tmp_path: Path) -> None:
    manifest = build(tmp_path, "cut")
    manifest.report.check()
    kept = texts(tmp_path / "cut-0.0-1")
    # What is left of the leaking documents is the clean one, so exact duplicates go.
    assert kept == sorted([CLEAN["en"], CLEAN["ko"]])
    assert manifest.report.total().dropped["contamination"] == {"contaminated": 1}


def test_a_threshold_keeps_what_shares_little(tmp_path: Path) -> None:
    manifest = build(tmp_path, "drop", 0.9)
    assert manifest.report.total().dropped["contamination"] == {"contaminated": 3}
    dataset = Dataset.open(tmp_path / "drop-0.9-1")
    leaks = [row for batch in dataset.batches("contamination") for row in batch.to_pylist()]
    assert sorted(row["action"] for row in leaks) == ["drop", "drop", "drop", "kept"]


def test_workers_change_nothing(tmp_path: Path) -> None:
    one, two = build(tmp_path, "cut"), build(tmp_path, "cut", workers=2)
    assert [shard.sha256 for shard in one.shards] == [shard.sha256 for shard in two.shards]


def test_a_changed_set_is_another_input(tmp_path: Path) -> None:
    one = EvaluationSet(name="quiz", path="quiz.jsonl")
    digests = []
    for text in (ITEM, ITEM, KOREAN):
        (tmp_path / "quiz.jsonl").write_text(json.dumps({"text": text}))
        digest_of.cache_clear()
        digests.append(digest_of(one, tmp_path))
    assert digests[0] == digests[1] != digests[2]


def test_bad_sets_end_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"text": "x"}')
    sources = (Source(name="s", path="in.jsonl"),)
    one = EvaluationSet(name="quiz", path="none.jsonl")

    def run(*sets: EvaluationSet) -> None:
        section = Curate(decontaminate=Decontaminate(sets=sets))
        curate(sources, section, tmp_path, tmp_path / "out", Execution())

    with pytest.raises(RecipeError, match=r"'quiz': .*none\.jsonl does not exist"):
        run(one)
    (tmp_path / "none.jsonl").write_text('{"question": "x"}')
    with pytest.raises(InputError, match="set `keys` of the evaluation set 'quiz'"):
        run(one)
    with pytest.raises(RecipeError, match="two are named 'quiz'"):
        run(one, one)
    assert not (tmp_path / "out" / "manifest.json").exists()


def hit(start: int, end: int) -> Hit:
    return Hit("b", "i", start, end, 1.0)


def test_cuts_are_widened_to_sentences() -> None:
    text = "One stays. Two goes here. Three goes too. Four stays."
    assert without(text, widened(text, "en", [hit(15, 30)])) == "One stays. Four stays."
    assert (
        without(text, widened(text, "en", [hit(0, 3), hit(45, 47)]))
        == "Two goes here. Three goes too."
    )
    assert widened(text, "en", []) == []
    japanese = "一つ目。二つ目。三つ目。"
    assert without(japanese, widened(japanese, "ja", [hit(5, 6)])) == "一つ目。三つ目。"


def test_a_set_may_lie_at_an_address(tmp_path: Path) -> None:
    import fsspec

    near = build(tmp_path, "drop")
    data = (tmp_path / "evals" / "quiz.jsonl").read_bytes()
    fsspec.filesystem("memory").pipe("/evals/far.jsonl", data)
    far = EvaluationSet(name="quiz", path="memory://evals/far.jsonl", keys=("q",))
    section = Curate(quality=Quality(rules=()), decontaminate=Decontaminate(sets=(far,)))
    sources = (Source(name="s", path="in.jsonl"),)
    manifest = curate(sources, section, tmp_path, tmp_path / "far", Execution())
    assert manifest.report.total().dropped == near.report.total().dropped
