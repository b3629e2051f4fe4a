"""The score: exact sets, files that name the wrong probes, and the gate with scripted readers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hanji.errors import RecipeError
from hanji.execution import Execution
from hanji.manifest import Dataset
from longdoc.answers import is_right, numbers_in
from longdoc.kinds import KINDS
from longdoc.probe import probe
from longdoc.score import Score, score, wilson
from longdoc.section import Gate, Probe
from longdoc.words import words_of

Row = dict[str, Any]
Reader = Callable[[Row], str]
GRID = Probe(kinds=tuple(KINDS), lengths=(1000, 1400), depths=(0, 25, 50, 75, 100), count=1)
LENIENT = Gate(lower_bound=0.95)  # few probes


@pytest.fixture(scope="module")
def probes(
    curated: Path, tokenizer_paths: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    out = tmp_path_factory.mktemp("probes") / "probes"
    probe(GRID, 5, curated, tokenizer_paths["byte"], out, Execution())
    return out


def rows_of(probes: Path) -> list[Row]:
    return [row for batch in Dataset.open(probes).batches() for row in batch.to_pylist()]


def judged(probes: Path, tmp_path: Path, reader: Reader, gate: Gate = LENIENT) -> Score:
    path = tmp_path / "answers.jsonl"
    lines = [json.dumps({"id": row["id"], "answer": reader(row)}) for row in rows_of(probes)]
    path.write_text("\n".join(lines), encoding="utf-8")
    return score(probes, path, gate)


def search(row: Row, text: str) -> str:
    """Answer by looking into a text: what stands in it is found, else it is none.

    Lists and orders need all of their needles, since who sees a part counts wrong.
    """
    words = words_of(row["lang"])
    if row["form"] == "none":
        return words.none
    needles = [row["prompt"][h["start"] : h["end"]] for h in row["needles"] if h["asked"]]
    if row["form"] == "numbers":
        seen = [needle for needle in needles if needle in text]
        if row["kind"] == "two_hop" and len(seen) < 2:
            seen = []
        found = [v for v in json.loads(row["answer"]) if any(v in needle for needle in seen)]
        return ", ".join(found) or words.none
    if all(needle in text for needle in needles):
        return words.joint.join(json.loads(row["answer"]))
    return "?"


def test_an_oracle_that_searches_is_green_everywhere(probes: Path, tmp_path: Path) -> None:
    result = judged(probes, tmp_path, lambda row: search(row, row["prompt"]))
    assert result.verdict == "GREEN", result.misses
    assert all(cell.share == 1.0 for cell in result.cells.values())
    assert all(cell.share == 1.0 for cell in result.kinds.values())
    assert result.none_false is not None
    assert result.none_false.right == 0


def test_one_who_sees_the_last_half_is_red_in_exactly_the_cells_it_should_be(
    curated: Path, tokenizer_paths: dict[str, Path], tmp_path: Path
) -> None:
    grid = Probe(kinds=("single", "paraphrase"), lengths=(1000, 1400), depths=(0, 20, 80, 100))
    probe(grid, 7, curated, tokenizer_paths["byte"], tmp_path / "p", Execution())
    result = judged(
        tmp_path / "p", tmp_path, lambda row: search(row, row["prompt"][len(row["prompt"]) // 2 :])
    )
    assert result.verdict == "RED"
    low = {name for name, cell in result.cells.items() if cell.share < 1}
    assert low == {f"{length}/{depth}" for length in (1000, 1400) for depth in (0, 20)}
    assert {miss for miss in result.misses if miss.startswith("cell")} == {
        f"cell {name}: 0.000" for name in low
    }
    assert any(miss.startswith("false none") for miss in result.misses)


def test_one_who_lists_everything_is_red(probes: Path, tmp_path: Path) -> None:
    def listing(row: Row) -> str:
        needles = [row["prompt"][hole["start"] : hole["end"]] for hole in row["needles"]]
        if row["form"] == "order":
            return "A B C D"
        return " ".join(needles)

    result = judged(probes, tmp_path, listing)
    assert result.verdict == "RED"
    right = {kind for kind, cell in result.kinds.items() if cell.right}
    # Where one number stands in the text, who lists all numbers gives one number.
    assert right <= {"single", "cross_lingual"}


def test_one_who_always_says_none_is_red(probes: Path, tmp_path: Path) -> None:
    result = judged(probes, tmp_path, lambda row: words_of(row["lang"]).none)
    assert result.verdict == "RED"
    assert {kind for kind, cell in result.kinds.items() if cell.right} == {"none"}
    assert "false none: 1.000" in result.misses


def test_without_its_needles_a_probe_scores_zero(probes: Path, tmp_path: Path) -> None:
    def removed(row: Row) -> str:
        text = row["prompt"]
        for hole in sorted(row["needles"], key=lambda hole: -hole["start"]):
            text = text[: hole["start"]] + text[hole["end"] :]
        return search(row, text) if row["kind"] != "none" else "?"

    result = judged(probes, tmp_path, removed)
    assert result.total.right == 0


def test_one_language_that_misses_is_yellow(probes: Path, tmp_path: Path) -> None:
    wrong = {row["id"] for row in rows_of(probes) if row["lang"] == "ja"}
    wrong = set(sorted(wrong)[: len(wrong) // 12])
    gate = Gate(lower_bound=0.9, other=0.7, single=0.7, cell=0.7, none_false=1, none=0.7,
                multi_key=0.7, multi_value=0.7, multi_query=0.7, variable_tracking=0.7)  # fmt: skip
    result = judged(
        probes,
        tmp_path,
        lambda row: "?" if row["id"] in wrong else search(row, row["prompt"]),
        gate,
    )
    assert result.verdict == "YELLOW"
    assert result.misses[0].startswith("language ja")


def test_few_probes_are_never_green(probes: Path, tmp_path: Path) -> None:
    read = judged(
        probes, tmp_path, lambda row: search(row, row["prompt"]), Gate(lower_bound=0.9999)
    )
    assert read.misses == (
        f"lower bound of the mean: {read.total.low:.3f} over {read.total.n:,} probes",
    )


@pytest.mark.parametrize(
    ("text", "answer", "form", "lang", "right"),
    [
        ("1234567", ["1234567"], "numbers", "en", True),
        ("1234567, 7654321", ["1234567"], "numbers", "en", False),
        ("１２３４５６７です", ["1234567"], "numbers", "ja", True),
        ("百二十三万四千五百六十七", ["1234567"], "numbers", "ja", True),
        ("백이십삼만사천오백육십칠", ["1234567"], "numbers", "ko", True),
        ("1.234.567 und 7.654.321", ["7654321", "1234567"], "numbers", "de", True),
        ("12345678", ["1234567"], "numbers", "en", False),
        ("없음.", ["없음"], "none", "ko", True),
        ("「なし」", ["なし"], "none", "ja", True),
        ("Keine", ["keine"], "none", "de", True),
        ("none, or 1234567", ["none"], "none", "en", False),
        ("Nora Feldman and Oscar Garrow", ["Oscar Garrow", "Nora Feldman"], "names", "en", True),
        ("Nora Feldman, Oscar Garrow, Iris Kestrel", ["Oscar Garrow", "Nora Feldman"], "names", "en", False),
        ("Nora Feldman", ["Oscar Garrow", "Nora Feldman"], "names", "en", False),
        ("«la linterna de plata» y «el faro de cobre»", ["la linterna de plata", "el faro de cobre"], "names", "es", True),
        ("C, A, B, D", ["C", "A", "B", "D"], "order", "en", True),
        ("CABD", ["C", "A", "B", "D"], "order", "en", True),
        ("A, B, C, D", ["C", "A", "B", "D"], "order", "en", False),
        ("", ["1234567"], "numbers", "en", False),
    ],
)  # fmt: skip
def test_answers_are_judged_whole(
    text: str, answer: list[str], form: str, lang: str, right: bool
) -> None:
    assert is_right(text, answer, form, lang) is right


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([{"id": "x", "answer": "1"}], "answers 1 unknown probes, such as 'x'"),
        ([], "misses 840 of 840 probes"),
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
