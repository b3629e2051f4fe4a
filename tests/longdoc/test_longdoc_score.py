"""The score: exact sets, files that name the wrong probes, and the gate with scripted readers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from hanji.errors import RecipeError
from hanji.execution import Execution
from hanji.manifest import Dataset
from longdoc.answers import numbers_in
from longdoc.probe import probe
from longdoc.score import Score, score, wilson
from longdoc.section import Gate, Probe

Row = dict[str, object]
Reader = Callable[[Row], str]
GRID = Probe(lengths=(640, 900), depths=(0, 25, 50, 75, 100), count=2)


@pytest.fixture(scope="module")
def probes(
    curated: Path, tokenizer_paths: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    out = tmp_path_factory.mktemp("probes") / "probes"
    probe(GRID, 5, curated, tokenizer_paths["byte"], out, Execution())
    return out


def judged(probes: Path, tmp_path: Path, reader: Reader, gate: Gate | None = None) -> Score:
    path = tmp_path / "answers.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for batch in Dataset.open(probes).batches():
            for row in batch.to_pylist():
                file.write(json.dumps({"id": row["id"], "answer": reader(row)}) + "\n")
    return score(probes, path, gate or Gate(lower_bound=0.96))


def test_an_oracle_is_green_everywhere(probes: Path, tmp_path: Path) -> None:
    result = judged(probes, tmp_path, lambda row: ", ".join(json.loads(row["answer"])))
    assert result.verdict == "GREEN"
    assert all(cell.share == 1.0 for cell in result.cells.values())


def test_one_who_lists_every_number_is_red(probes: Path, tmp_path: Path) -> None:
    result = judged(probes, tmp_path, lambda row: " ".join(re.findall(r"\d+", row["prompt"])))
    assert result.verdict == "RED"


def test_few_probes_are_never_green(probes: Path, tmp_path: Path) -> None:
    read = judged(
        probes, tmp_path, lambda row: json.loads(row["answer"])[0], Gate(lower_bound=0.9999)
    )
    assert read.misses == (
        f"lower bound of the mean: {read.total.low:.3f} over {read.total.n:,} probes",
    )


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([{"id": "x", "answer": "1"}], "answers 1 unknown probes, such as 'x'"),
        ([], "misses 240 of 240 probes"),
        ([{"id": "x", "answer": "1"}, {"id": "x", "answer": "1"}], "is answered twice"),
        ([{"id": "x"}], "is no answer"),
    ],
)
def test_a_wrong_answers_file_says_what_is_wrong(
    lines: list[dict[str, str]], message: str, probes: Path, tmp_path: Path
) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    with pytest.raises(RecipeError, match=message):
        score(probes, path, Gate())


def test_an_answers_file_that_is_not_there_is_named(probes: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="cannot be read"):
        score(probes, tmp_path / "none.jsonl", Gate())


def test_numbers_are_read_as_each_language_writes_them() -> None:
    assert numbers_in("１,２３４,５６７") == {"1234567"}
    assert numbers_in("1.234.567 und 7654321") == {"1234567", "7654321"}
    assert numbers_in("keine") == set()


def test_wilson_holds_the_share() -> None:
    for n in (1, 10, 1000):
        for right in (0, n // 2, n):
            low, high = wilson(right, n)
            assert 0 <= low <= right / n <= high <= 1
