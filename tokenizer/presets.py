"""Presets of pre-tokenisation: each a named pair of patterns, for stage 1 and for stage 2.

- `kexaone`: the recipe's own class. A superword may live inside a run of letters joined by single
  spaces; digits stand alone; punctuation takes one following line break; line breaks and double
  spaces end a run. Marks stay with their letters, so decomposed Vietnamese is one run.
- `line`: anything within a line, except that digits are cut out in threes.
- `paper`: SuperBPE's (arXiv 2503.13423): digits in threes, runs of punctuation and spaces are cut
  out, all else stays whole, across lines too.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from hanji.errors import RecipeError, nearest
from hanji.text.patterns import PATTERNS

__all__ = ["PRESETS", "Preset", "PresetName", "preset"]

PresetName = Literal["kexaone", "line", "paper"]


class Preset(msgspec.Struct, frozen=True):
    """One preset: the modes of its patterns, and what they allow."""

    name: PresetName
    mode1: int
    mode2: int
    max_digits: int  # the longest digit run in one piece
    join_share: float = 0.0  # of the vocabulary: stage-2 tokens that bridge no space

    @property
    def stage1(self) -> str:
        """The pattern of stage 1."""
        return PATTERNS[self.mode1]

    @property
    def stage2(self) -> str:
        """The pattern of stage 2, which the exported tokenizer has."""
        return PATTERNS[self.mode2]


PRESETS: dict[str, Preset] = {
    "kexaone": Preset("kexaone", 0, 1, max_digits=1),
    # join_share is measured: benchmarks/tokenizer_quality.py
    "line": Preset("line", 2, 3, max_digits=3, join_share=0.1),
    "paper": Preset("paper", 4, 5, max_digits=3, join_share=0.1),
}


def preset(name: str) -> Preset:
    """Return a preset by name.

    Raises:
        RecipeError: if there is none; the message names the nearest.
    """
    if name not in PRESETS:
        raise RecipeError(f"unknown preset '{name}'{nearest(name, PRESETS)}")
    return PRESETS[name]
