"""Training and evaluation probes share no document, key, number, name or event."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from hanji.execution import Execution
from hanji.manifest import Dataset
from hanji.tokens import Tokenizer
from longdoc.haystack import split_of
from longdoc.kinds import KINDS
from longdoc.probe import probe
from longdoc.section import Probe

Row = dict[str, Any]


def grid(split: str) -> Probe:
    return Probe(
        kinds=tuple(kind for kind in KINDS if kind != "qa"),  # the sample corpus is short for it
        lengths=(1200,), depths=(0, 50, 100), langs=("en", "ko", "de"), split=split,
        train_share=0.5,
    )  # fmt: skip


@pytest.fixture(scope="module")
def both(
    curated: Path, tokenizer_paths: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[Row]]:
    found = {}
    for split in ("eval", "train"):
        out = tmp_path_factory.mktemp("split") / split
        probe(grid(split), 3, curated, tokenizer_paths["byte"], out, Execution())
        batches = Dataset.open(out, "probe/1").batches()
        found[split] = [row for batch in batches for row in batch.to_pylist()]
    return found


def test_no_id_answer_or_needle_serves_both(both: dict[str, list[Row]]) -> None:
    def seen(split: str, what: str) -> set[str]:
        rows = both[split]
        if what == "id":
            return {row["id"] for row in rows}
        if what == "answer":
            asked = [row for row in rows if row["form"] in ("numbers", "names")]
            return {value for row in asked for value in json.loads(row["answer"])}
        return {row["prompt"][h["start"] : h["end"]] for row in rows for h in row["needles"]}

    for what in ("id", "answer", "needle"):
        assert seen("eval", what)
        assert not seen("eval", what) & seen("train", what), what


def test_no_line_of_a_haystack_serves_both(both: dict[str, list[Row]]) -> None:
    def lines(rows: list[Row]) -> set[str]:
        found = set()
        for row in rows:
            here = 0
            for hole in sorted(row["needles"], key=lambda hole: hole["start"]):
                # Lines without the cut ones at both ends, the head and the question.
                found |= set(row["prompt"][here : hole["start"]].split("\n")[2:-1])
                here = hole["end"]
        return {line for line in found if len(line) > 60}

    shared = lines(both["eval"]) & lines(both["train"])
    assert lines(both["train"])
    assert not shared


def test_a_document_belongs_to_one_split_by_its_id_alone() -> None:
    splits = [split_of(f"{i:032x}", 0.5) for i in range(2000)]
    assert 900 < splits.count("train") < 1100
    assert split_of("x", 0) == "eval"
    assert split_of("x", 1) == "train"


def test_the_answer_s_tokens_are_those_behind_the_prompt(
    both: dict[str, list[Row]], tokenizer_paths: dict[str, Path]
) -> None:
    tokenizer = Tokenizer.load(tokenizer_paths["byte"])
    for row in both["train"]:
        text = row["prompt"] + row["completion"]
        start, end = row["answer_chars"]
        for value in json.loads(row["answer"]):
            assert re.search(re.escape(value), text[start:end])
        ids, spans = tokenizer.offsets(text)
        first, last = row["answer_tokens"]
        assert last == len(ids) <= row["length"]
        assert spans[first][1] > len(row["prompt"])
        assert first == 0 or spans[first - 1][1] <= len(row["prompt"])
