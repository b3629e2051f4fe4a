"""What the manifest says of a tokenizer: held-out figures, superwords by language, quotas."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hanji.execution import Execution
from tokenizer.evaluate import evaluate
from tokenizer.section import TokenizerSection
from tokenizer.train import train

Curate = Callable[..., Path]
SMALL = TokenizerSection(vocab_size=640, reserved_tokens=5, min_count=1, superword_share=0.06)


@pytest.fixture(scope="module")
def places(curate: Curate, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    root = tmp_path_factory.mktemp("facts")
    source = curate(root / "curate", heldout_share=0.25)
    train(SMALL, [source], root / "tokenizer", Execution())
    return source, root / "tokenizer"


def test_held_out_figures_are_those_of_eval(places: tuple[Path, Path]) -> None:
    source, out = places
    facts = json.loads((out / "manifest.json").read_text("utf-8"))["facts"]
    verdict = evaluate(out, [source]).tokenizers[0]
    assert list(facts["heldout"]) == ["de", "en", "es", "ja", "ko", "vi"]
    for lang, found in facts["heldout"].items():
        assert found["bytes"] == verdict.by_lang[lang].bytes
        assert found["bytes_per_token"] == verdict.by_lang[lang].bytes_per_token > 1
        assert found["superword_share"] == verdict.by_lang[lang].superword_share
        assert [*map(tuple, found["top_superwords"])] == verdict.top_superwords[lang]
    words = [word for word, _ in facts["heldout"]["ko"]["top_superwords"]]
    assert words
    assert all(" " in word.strip() for word in words)
    assert any("\uac00" <= letter <= "\ud7a3" for word in words for letter in word)


def test_the_allotment_stands_beside_the_quota(places: tuple[Path, Path]) -> None:
    facts = json.loads((places[1] / "manifest.json").read_text("utf-8"))["facts"]
    for group, found in facts["superword_allotment"].items():
        assert found["superwords"] > 0
        assert found["quota"] > 0
        assert len(facts["superword_examples"][group]) == min(20, found["superwords"])
    total = sum(found["superwords"] for found in facts["superword_allotment"].values())
    assert total == facts["superwords"]


def test_nothing_held_out_is_said(curate: Curate, tmp_path: Path) -> None:
    source = curate(tmp_path / "curate", heldout_share=0.0)
    assert train(SMALL, [source], tmp_path / "t", Execution()).facts["heldout"] == {}
