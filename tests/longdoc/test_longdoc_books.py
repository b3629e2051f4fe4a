"""A thousand probes over real books in six languages, under three tokenizers."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
import zstandard

from hanji.execution import Execution
from hanji.manifest import Dataset
from hanji.schema import LANGS
from hanji.text.sentences import sentences
from hanji.tokens import Tokenizer
from longdoc.kinds import KINDS
from longdoc.probe import probe
from longdoc.section import Probe

GRID = Probe(kinds=tuple(KINDS), lengths=(2048, 3072, 4096), depths=(0, 33, 67, 100))


def chapters(shared_data: Path, lang: str) -> list[str]:
    """The first books of a language in pieces of some thousand characters, at line ends."""
    pieces: list[str] = []
    with (shared_data / "long" / f"{lang}.jsonl.zst").open("rb") as file:
        reader = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), "utf-8")
        for line in reader:
            text = json.loads(line)["text"][:150_000]
            cuts = [0, *(text.find("\n", at) + 1 for at in range(9_000, len(text), 9_000))]
            pieces += [text[a:b] for a, b in pairwise(cuts) if b > a]
            if len(pieces) > 30:
                return pieces
    return pieces


@pytest.mark.slow
@pytest.mark.parametrize("name", ["byte", "superword", "unigram"])
def test_a_grid_over_books_is_exact(
    name: str,
    shared_data: Path,
    curate: Callable[[Path, dict[str, list[str]], float], Path],
    train: Callable[[str, list[str], Path], Path],
    tmp_path: Path,
) -> None:
    texts = {lang: chapters(shared_data, lang) for lang in LANGS}
    curated = curate(tmp_path / "curate", texts, 1.0)
    path = train(name, [text for listed in texts.values() for text in listed], tmp_path)
    tokenizer = Tokenizer.load(path)
    probe(GRID, 11, curated, path, tmp_path / "probes", Execution())
    n = 0
    for batch in Dataset.open(tmp_path / "probes", "probe/1").batches():
        rows = batch.to_pylist()
        for row, ids in zip(rows, tokenizer.encode([r["prompt"] for r in rows]), strict=True):
            assert len(ids) + row["answer_room"] == row["length"], (row["kind"], row["lang"])
            spans = sentences(row["prompt"], row["haystack_lang"])
            longest = max(tokenizer.counts([row["prompt"][a:b] for a, b in spans]))
            off = abs(row["achieved_depth"] - row["depth"]) / 100 * row["haystack_tokens"]
            assert off <= longest + 8, (row["kind"], row["lang"], row["depth"])
            n += 1
    assert n == 14 * 6 * 3 * 4
