"""Probes: exact to the token, at the sentence border asked for, without a leak."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hanji.errors import RecipeError
from hanji.execution import Execution
from hanji.manifest import Dataset
from hanji.schema import LANGS
from hanji.tokens import Tokenizer
from longdoc.probe import probe
from longdoc.section import Probe

GRID = Probe(lengths=(640, 900), depths=(0, 50, 100))


def rows_of(directory: Path) -> list[dict[str, object]]:
    batches = Dataset.open(directory, "probe/1").batches()
    return [row for batch in batches for row in batch.to_pylist()]


@pytest.fixture(scope="module", params=["byte", "superword", "unigram"])
def made(
    request: pytest.FixtureRequest,
    curated: Path,
    tokenizer_paths: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, Tokenizer]:
    path = tokenizer_paths[request.param]
    out = tmp_path_factory.mktemp("probes") / "probes"
    probe(GRID, 3, curated, path, out, Execution())
    return out, Tokenizer.load(path)


def test_a_probe_has_exactly_its_tokens(made: tuple[Path, Tokenizer]) -> None:
    out, tokenizer = made
    rows = rows_of(out)
    assert {row["lang"] for row in rows} == set(LANGS)
    for row in rows:
        assert len(tokenizer.encode_one(row["prompt"])) + row["answer_room"] == row["length"], row[
            "id"
        ]


def test_the_needle_stands_where_it_says(made: tuple[Path, Tokenizer]) -> None:
    out, tokenizer = made
    for row in rows_of(out):
        _, spans = tokenizer.offsets(row["prompt"])
        start, end = row["needle_chars"]
        needle = row["prompt"][start:end]
        assert json.loads(row["answer"])[0] in needle
        first, last = spans[row["needle_start"]]
        assert last > start
        assert row["needle_start"] == 0 or spans[row["needle_start"] - 1][1] <= start
        assert first <= start or not row["prompt"][start:first].strip()


def test_a_value_stands_once_and_holds_no_other(made: tuple[Path, Tokenizer]) -> None:
    out, _ = made
    for row in rows_of(out):
        for value in json.loads(row["answer"]):
            assert row["prompt"].count(value) == 1


def test_probes_are_the_same_on_every_run(
    curated: Path, tokenizer_paths: dict[str, Path], tmp_path: Path
) -> None:
    grid = Probe(lengths=(640,), depths=(50,), langs=("ko", "ja"))
    one = probe(grid, 3, curated, tokenizer_paths["byte"], tmp_path / "a", Execution())
    two = probe(grid, 3, curated, tokenizer_paths["byte"], tmp_path / "b", Execution(workers=2))
    assert one.encode() == two.encode()
    assert rows_of(tmp_path / "a") == rows_of(tmp_path / "b")
    probe(grid, 4, curated, tokenizer_paths["byte"], tmp_path / "c", Execution())
    assert not {r["id"] for r in rows_of(tmp_path / "a")} & {
        r["id"] for r in rows_of(tmp_path / "c")
    }


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        (Probe(lengths=(60,)), "are too few, raise longdoc.probe.lengths"),
        (Probe(lengths=(10_000_000,)), "the held-out text in de has"),
        (Probe(langs=("fr",)), "unknown 'fr'"),
    ],
)
def test_a_grid_that_cannot_be_made_says_why(
    grid: Probe, message: str, curated: Path, tokenizer_paths: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(RecipeError, match=message):
        probe(grid, 3, curated, tokenizer_paths["byte"], tmp_path / "x", Execution())


def test_a_tokenizer_that_loses_text_is_refused(curated: Path, tmp_path: Path) -> None:
    import tokenizers
    from tokenizers import models, pre_tokenizers

    inner = tokenizers.Tokenizer(models.WordLevel({"[UNK]": 0, "the": 1}, unk_token="[UNK]"))
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    inner.save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(RecipeError, match="does not give back the text"):
        probe(GRID, 3, curated, tmp_path / "tokenizer.json", tmp_path / "x", Execution())
