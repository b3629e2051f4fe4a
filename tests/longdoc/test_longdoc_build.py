"""Long documents: whole, every byte once, cut at natural borders."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pytest

from hanji.errors import RecipeError
from hanji.execution import Execution
from hanji.manifest import Dataset
from hanji.schema import LANGS
from hanji.tokens import Tokenizer
from longdoc.build import build
from longdoc.cut import parts_of
from longdoc.section import Build

SECTION = Build(buckets=(128, 256, 512), window=600)


@pytest.fixture(scope="module")
def built(
    curated: Path, tokenizer_paths: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    out = tmp_path_factory.mktemp("built") / "longdoc"
    # Another dataset's held-out share would leave few documents: build reads the rest.
    build(SECTION, curated, tokenizer_paths["byte"], out, Execution())
    return out


def test_every_byte_of_a_kept_document_is_in_exactly_one_part(built: Path, curated: Path) -> None:
    texts = {d.id: d.text for d in Dataset.open(curated).documents()}
    parts: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
    for batch in Dataset.open(built, "long/1").batches():
        for row in batch.to_pylist():
            parts[row["parent_id"]].append((row["part"], row["parts"], row["text"]))
    assert parts
    for parent, found in parts.items():
        found.sort()
        assert [number for number, _, _ in found] == list(range(found[0][1]))
        assert "".join(text for _, _, text in found) == texts[parent]


def test_no_held_out_document_becomes_a_long_document(built: Path, curated: Path) -> None:
    source = Dataset.open(curated)
    for batch in Dataset.open(built).batches(columns=["parent_id"]):
        assert not any(source.is_heldout(row["parent_id"]) for row in batch.to_pylist())


def test_no_part_is_longer_than_the_window(built: Path, tokenizer_paths: dict[str, Path]) -> None:
    tokenizer = Tokenizer.load(tokenizer_paths["byte"])
    for batch in Dataset.open(built).batches(columns=["text", "n_tokens"]):
        for row in batch.to_pylist():
            assert row["n_tokens"] == len(tokenizer.encode_one(row["text"])) <= SECTION.window


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("window", [300, 444, 1000])
def test_parts_cover_the_text_of_a_book(
    lang: str, window: int, tokenizer_paths: dict[str, Path], samples: dict[str, list[str]]
) -> None:
    tokenizer = Tokenizer.load(tokenizer_paths["superword"])
    text = "\n\n".join(samples[lang])[:9000]
    found = parts_of(text, lang, window, tokenizer)
    assert found[0].start == 0
    assert found[-1].end == len(text)
    assert all(a.end == b.start for a, b in pairwise(found))
    assert all(part.n_tokens <= window for part in found)


def test_a_chapter_is_a_better_border_than_a_paragraph(tokenizer_paths: dict[str, Path]) -> None:
    tokenizer = Tokenizer.load(tokenizer_paths["byte"])
    chapter = "It rained all day.\n\nNobody came to the mill.\n\n" * 4
    text = f"# One\n\n{chapter}# Two\n\n{chapter}"
    window = int(tokenizer.counts([text])[0]) - 5
    assert [text[p.start : p.end][:5] for p in parts_of(text, "en", window, tokenizer)] == [
        "# One",
        "# Two",
    ]


def test_a_sentence_beyond_the_window_is_refused(tokenizer_paths: dict[str, Path]) -> None:
    tokenizer = Tokenizer.load(tokenizer_paths["byte"])
    with pytest.raises(RecipeError, match="a sentence of"):
        parts_of("word " * 500, "en", 50, tokenizer)


def test_buckets_that_do_not_rise_are_refused(
    curated: Path, tokenizer_paths: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(RecipeError, match="do not rise"):
        build(
            Build(buckets=(512, 128)), curated, tokenizer_paths["byte"], tmp_path / "x", Execution()
        )
