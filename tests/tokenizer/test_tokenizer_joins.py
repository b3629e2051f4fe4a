"""Joins: stage-2 tokens that cross a stage-1 border and bridge no space."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from hanji.execution import Execution
from hanji.text.scan import pieces
from tokenizer.presets import PRESETS
from tokenizer.sample import stage2_sizes
from tokenizer.section import TokenizerSection
from tokenizer.train import train

Curate = Callable[..., Path]


@pytest.mark.parametrize(
    ("preset", "share", "joins", "expected"),
    [
        ("kexaone", 0.2, None, (200, 0)),
        ("line", 0.2, None, (200, 100)),
        ("line", 0.2, 0.05, (200, 50)),
        ("line", 0.0, 0.05, (0, 0)),
    ],
)
def test_the_preset_says_how_many(
    preset: str, share: float, joins: float | None, expected: tuple[int, int]
) -> None:
    section = TokenizerSection(
        vocab_size=1000, preset=preset, superword_share=share, join_share=joins
    )
    assert stage2_sizes(section) == expected


def test_joins_take_their_own_share_and_serve_japanese(curate: Curate, tmp_path: Path) -> None:
    section = TokenizerSection(
        vocab_size=640, preset="line", reserved_tokens=5, min_count=1, superword_share=0.05
    )
    source = curate(tmp_path / "curate", heldout_share=0.1)
    facts = train(section, [source], tmp_path / "t", Execution()).facts
    assert facts["superwords"] == 32
    assert facts["joins"] == 64
    assert facts["vocab_size"] == 640
    tokenizer = Tokenizer.from_file(str(tmp_path / "t" / "tokenizer.json"))
    tokens = [tokenizer.decode([i]) for i in range(16, 640)]
    crossing = [
        t for t in tokens if "\ufffd" not in t and len(pieces(t, PRESETS["line"].mode1)) > 1
    ]
    assert any("、" in token for token in crossing)
