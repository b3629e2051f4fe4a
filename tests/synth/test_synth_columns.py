"""Chat turns, counts of tokens, evaluation sets: columns and checks of every family."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import tokenizers

from hanji.contamination.index import Index
from hanji.contamination.sets import items_of
from hanji.contamination.settings import EvaluationSet
from hanji.endpoint import Endpoint
from hanji.endpoint.stub import Answer, Asked, Stub, completion
from hanji.execution import Execution
from hanji.manifest import Commit, Dataset, Manifest
from hanji.report import Report
from hanji.schema import DOCUMENT, LANGS, Document, to_batch
from hanji.shards import ShardSet
from synth.checks import CHECKS, Case, check
from synth.generate import from_seeds
from synth.make import make
from synth.sample import Sample, turns
from synth.section import Extractive, Grounded, Markers, Procedural, Reasoning, Thresholds

MARKERS = Markers()


@pytest.fixture
def curated(documents: dict[str, list[Document]], tmp_path: Path) -> Path:
    commit = Commit.begin(
        tmp_path / "curate", stage="curate", kind="document/1", section={}, inputs=[]
    )
    shards, report = ShardSet(commit.work, DOCUMENT), Report()
    for lang in LANGS:
        shards.write(lang, to_batch(documents[lang]))
        for document in documents[lang]:
            report.read(document.source, lang)
            report.kept(document.source, lang)
    commit.finish(DOCUMENT, shards.close(), report)
    return tmp_path / "curate"


@pytest.fixture
def tokenizer(tmp_path: Path) -> Path:
    inner = tokenizers.Tokenizer(tokenizers.models.BPE())
    inner.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=300, initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<|endoftext|>"],
    )  # fmt: skip
    inner.train_from_iterator(["the paper and the mill"] * 9, trainer)
    (tmp_path / "tok").mkdir()
    inner.save(str(tmp_path / "tok" / "tokenizer.json"))
    return tmp_path / "tok"


def sample(text: str, answer: str = "") -> Sample:
    return Sample(id="1", lang="en", family="f", task="t", thinking="x", answer=answer, text=text,
                  generator="g", version=1, seed=1)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "answer", "roles", "last"),
    [
        ("Doc.\n\nWhy?\n\n<think>\nA.\n</think>\n\n42", "42", "ua", "<think>\nA.\n</think>\n\n42"),
        ("Doc.\n\n<think>\nA.\n</think>", "", "ua", "<think>\nA.\n</think>"),
        ("One.\n\n<think>\nA\n</think>\n\nTwo.\n\n<think>\nB\n</think>\n\n<think>\nC\n</think>", "",
         "uaua", "<think>\nB\n</think>\n\n<think>\nC\n</think>"),
        ("<think>\nA\n</think>\n\nDoc.", "", "", ""),
    ],
)  # fmt: skip
def test_turns_of_a_chat(text: str, answer: str, roles: str, last: str) -> None:
    found = turns(sample(text, answer), MARKERS)
    if not roles:
        assert found is None
        return
    assert found is not None
    assert "".join(turn["role"][0] for turn in found) == roles
    assert found[-1]["content"] == last
    assert "\n\n".join(turn["content"] for turn in found) == text


def test_turns_hold_the_whole_text_of_every_kind_of_problem() -> None:
    for lang in LANGS:
        for one in from_seeds(Procedural(count=3), lang, MARKERS, 1):
            found = turns(one, MARKERS)
            assert found is not None
            assert [turn["role"] for turn in found] == ["user", "assistant"]
            assert "\n\n".join(turn["content"] for turn in found) == one.text


def rows(directory: Path) -> list[dict[str, object]]:
    return [row for batch in Dataset.open(directory).batches() for row in batch.to_pylist()]


def test_columns_are_filled_where_they_are_asked_for(
    curated: Path, tokenizer: Path, tmp_path: Path
) -> None:
    section = Reasoning(procedural=Procedural(count=2), extractive=Extractive(), seed=3)
    make(section, curated, tmp_path / "plain", Execution())
    for row in rows(tmp_path / "plain"):
        assert row["messages"] is None
        assert row["n_tokens"] is None
    full = msgspec.structs.replace(section, messages=True, tokenizer="tok")
    make(full, curated, tmp_path / "full", Execution(), base=tmp_path)
    inner = tokenizers.Tokenizer.from_file(str(tokenizer / "tokenizer.json"))
    found = rows(tmp_path / "full")
    assert len(found) == len(rows(tmp_path / "plain"))
    for row in found:
        assert [turn["role"] for turn in row["messages"]] == ["user", "assistant"]  # type: ignore[union-attr]
        for column, name in (("n_tokens", "text"), ("n_thinking_tokens", "thinking"),
                             ("n_answer_tokens", "answer")):  # fmt: skip
            assert row[column] == len(inner.encode(str(row[name]), add_special_tokens=False).ids)
        assert 0 < row["n_prompt_tokens"] < row["n_tokens"]  # type: ignore[operator]
    given = make(section, curated, tmp_path / "given", Execution(), tokenizer=tokenizer)
    assert all(row["n_tokens"] for row in rows(tmp_path / "given"))
    assert given.fingerprint != make(section, curated, tmp_path / "plain", Execution()).fingerprint


QUIZ = "Which of the old mills by the northern river was the first one to press oil for the lamp?"


def test_an_item_of_an_evaluation_set_in_a_thought_is_found(tmp_path: Path) -> None:
    (tmp_path / "quiz.jsonl").write_text(json.dumps({"text": QUIZ}))
    one = EvaluationSet(name="quiz", path=str(tmp_path / "quiz.jsonl"))
    index = Index([("quiz", items_of(one))])
    leaks = max(hit.overlap for hit in index.hits(f"I recall it: {QUIZ} So be it."))
    case = Case(lang="en", document="d", thinking=QUIZ, leaks=leaks)
    assert check(case, Thresholds())["contamination"] is False
    assert check(case, Thresholds(contamination=1.0))["contamination"] is True
    assert check(msgspec.structs.replace(case, leaks=0.0), Thresholds())["contamination"] is True
    assert "contamination" in CHECKS


def run(
    curated: Path, out: Path, script: Callable[[Asked], Answer], workers: int = 1, **more: object
) -> Manifest:
    with Stub(script) as stub:
        grounded = Grounded(
            endpoint=Endpoint(url=stub.url, model="m", max_tokens=50), questions=True, samples=2
        )
        section = msgspec.convert({"extractive": None, "procedural": None, **more}, Reasoning)
        section = msgspec.structs.replace(section, grounded=grounded)
        return make(section, curated, out, Execution(workers=workers))


def leaking(asked: Asked) -> Answer:
    prompt = asked.messages[-1].content
    if "QUESTION:" in prompt:
        return Answer(body=completion("QUESTION: what is it?\nANSWER: 42"))
    return Answer(body=completion(f"The text makes me think. {QUIZ} That is all there is to say."))


def test_the_recipe_names_the_sets_and_the_report_has_the_column(
    curated: Path, tmp_path: Path
) -> None:
    (tmp_path / "quiz.jsonl").write_text(json.dumps({"text": QUIZ}))
    sets = [{"name": "quiz", "path": str(tmp_path / "quiz.jsonl")}]
    manifest = run(curated, tmp_path / "out", leaking, decontaminate=sets, langs=["en"])
    column = manifest.facts["grounded"]["checks"]["contamination"]
    assert column["failed"] > 0
    plain = run(curated, tmp_path / "other", leaking, langs=["en"])
    assert plain.facts["grounded"]["checks"]["contamination"]["failed"] == 0


def test_two_workers_make_what_one_makes_and_send_nothing_twice(
    curated: Path, tmp_path: Path
) -> None:
    asked: list[str] = []

    def script(request: Asked) -> Answer:
        asked.append(f"{request.messages[-1].content}/{request.seed}")
        return leaking(request)

    one = run(curated, tmp_path / "one", script, langs=["en", "ko"])
    alone = sorted(asked)
    asked.clear()
    two = run(curated, tmp_path / "two", script, workers=2, langs=["en", "ko"])
    assert sorted(asked) == alone
    assert [shard.sha256 for shard in one.shards] == [shard.sha256 for shard in two.shards]
    assert one.facts == two.facts
