"""Probes: exact to the token, at the sentence border asked for, without a leak."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from hanji.errors import RecipeError
from hanji.execution import Execution
from hanji.manifest import Dataset
from hanji.schema import LANGS
from hanji.text.sentences import sentences
from hanji.tokens import Tokenizer
from longdoc.kinds import KINDS
from longdoc.probe import probe
from longdoc.section import Probe
from longdoc.words import words_of

GRID = Probe(kinds=tuple(KINDS), lengths=(1400,), depths=(0, 50, 100))
Row = dict[str, Any]


def rows_of(directory: Path) -> list[Row]:
    batches = Dataset.open(directory, "probe/1").batches()
    return [row for batch in batches for row in batch.to_pylist()]


@pytest.fixture(scope="module", params=["byte", "superword", "unigram"])
def made(
    request: pytest.FixtureRequest,
    curated: Path,
    tokenizer_paths: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[list[Row], Tokenizer]:
    path = tokenizer_paths[request.param]
    out = tmp_path_factory.mktemp("probes") / "probes"
    probe(GRID, 3, curated, path, out, Execution())
    return rows_of(out), Tokenizer.load(path)


Made = tuple[list[Row], Tokenizer]


def test_every_cell_is_there(made: Made) -> None:
    rows, _ = made
    found = Counter((row["kind"], row["lang"], row["depth"]) for row in rows)
    assert found == Counter(itertools.product(KINDS, LANGS, GRID.depths))
    assert len({row["id"] for row in rows}) == len(rows)


def test_a_probe_has_exactly_its_tokens(made: Made) -> None:
    rows, tokenizer = made
    for row in rows:
        n = len(tokenizer.encode_one(row["prompt"]))
        assert n + row["answer_room"] == row["length"], (row["kind"], row["lang"])
        assert len(tokenizer.encode_one(row["prompt"] + row["completion"])) <= row["length"]


def test_needles_stand_where_they_say(made: Made) -> None:
    rows, tokenizer = made
    for row in rows:
        _, spans = tokenizer.offsets(row["prompt"])
        for hole in row["needles"]:
            assert not row["prompt"][hole["start"]].isspace()
            first = next(i for i, (_, end) in enumerate(spans) if end > hole["start"])
            last = next(i for i, (_, end) in enumerate(spans) if end >= hole["end"])
            assert hole["token_start"] == first
            assert hole["token_end"] - 1 >= last
            assert spans[hole["token_end"] - 1][0] < hole["end"]
        assert row["needle_start"] in {hole["token_start"] for hole in row["needles"]}


def test_the_depth_is_within_one_sentence(made: Made) -> None:
    rows, tokenizer = made
    for row in rows:
        text = row["prompt"]
        longest = max(tokenizer.counts([text[a:b] for a, b in sentences(text, row["lang"])]))
        off = abs(row["achieved_depth"] - row["depth"]) / 100 * row["haystack_tokens"]
        assert off <= longest + 8, (row["kind"], row["lang"], row["depth"])


def test_values_stand_in_needles_alone(made: Made) -> None:
    rows, _ = made
    for row in rows:
        answers = json.loads(row["answer"])
        assert not any(a != b and a in b for a, b in itertools.permutations(answers, 2))
        if row["form"] not in ("numbers", "names"):
            continue
        outside, here = [], 0
        for hole in sorted(row["needles"], key=lambda hole: hole["start"]):
            outside.append(row["prompt"][here : hole["start"]])
            here = hole["end"]
        # The question is short: what stands in it was asked, and no answer may be.
        outside.append(row["prompt"][here:])
        asked = "".join(row["prompt"][h["start"] : h["end"]] for h in row["needles"] if h["asked"])
        for value in answers:
            assert value in asked
            assert not any(value in text for text in outside), (row["kind"], row["lang"], value)


def test_no_needle_stands_twice_but_where_words_are_counted(made: Made) -> None:
    rows, _ = made
    for row in rows:
        if row["kind"] in ("common_words", "frequent_words"):
            continue
        for hole in row["needles"]:
            assert row["prompt"].count(row["prompt"][hole["start"] : hole["end"]]) == 1


def test_the_answer_of_a_count_is_counted(made: Made) -> None:
    rows, _ = made
    for row in rows:
        if row["kind"] in ("common_words", "frequent_words"):
            said = Counter(row["prompt"][h["start"] : h["end"]] for h in row["needles"])
            top = [text for text, _ in said.most_common(3)]
            assert all(any(v in text for text in top) for v in json.loads(row["answer"]))
            third, fourth = (said.most_common(4)[i][1] for i in (2, 3))
            assert third > fourth


def test_the_order_is_that_of_the_days(made: Made) -> None:
    rows, _ = made
    for row in rows:
        if row["kind"] != "order":
            continue
        texts = [row["prompt"][h["start"] : h["end"]] for h in row["needles"]]
        question = row["prompt"][-700:]
        days = {}
        for text in texts:
            day = int(re.search(r"\d+", text).group())
            event = re.split(r"[:：] ?", text, maxsplit=1)[1].rstrip(".。")
            days[question[question.rindex(event) - 3]] = day
        if row["lang"] == "en":
            assert sorted(days) == list("ABCD")
            assert sorted(days, key=lambda letter: days[letter]) == json.loads(row["answer"])
        assert json.loads(row["answer"]) != list("ABCD")


def test_the_reply_asked_for_is_the_nth_of_its_kind(made: Made) -> None:
    rows, _ = made
    for row in rows:
        if row["kind"] != "mrcr":
            continue
        words = words_of(row["lang"])
        holes = sorted(row["needles"], key=lambda hole: hole["start"])
        turns = [row["prompt"][h["start"] : h["end"]] for h in holes]
        asked = next(t for t, h in zip(turns, holes, strict=True) if h["asked"])
        request = next(r for r in words.requests if r in asked)
        ordinal = [t for t in turns if request in t].index(asked)
        question = words.mrcr[1].format(ordinal=words.ordinals[ordinal], request=request)
        assert question in row["prompt"][holes[-1]["end"] :]
        assert json.loads(row["answer"])[0] in asked


def test_cross_lingual_has_two_languages(made: Made) -> None:
    rows, _ = made
    for row in rows:
        assert (row["lang"] != row["haystack_lang"]) == (row["kind"] == "cross_lingual")


def test_the_blank_of_a_question_is_filled_by_its_answer(made: Made) -> None:
    rows, _ = made
    for row in rows:
        if row["kind"] == "qa":
            (hole,) = row["needles"]
            needle = row["prompt"][hole["start"] : hole["end"]]
            words = words_of(row["lang"])
            begin, end = words.qa.split("{sentence}")
            question = row["prompt"][hole["end"] :].rpartition(begin)[2]
            sentence = question[: question.rindex(words.rules.blank)].rstrip().removesuffix(end)
            filled = sentence.replace("____", json.loads(row["answer"])[0])
            assert "".join(filled.split()) in "".join(needle.split())


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
