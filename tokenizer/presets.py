r"""Presets of pre-tokenisation: each a named pair of patterns, for stage 1 and for stage 2.

Every pattern is flat, with possessive quantifiers, and covers all input: whatever stands between
two matches would be lost in `tiktoken`, and nested groups exhaust the engines on a long line.

- `kexaone`: the recipe's own class. A superword may live inside a run of letters joined by single
  spaces; digits stand alone; punctuation takes one following line break; line breaks and double
  spaces end a run. Marks stay with their letters, so decomposed Vietnamese is one run.
- `line`: anything within a line, except that digits are cut out in threes.
- `paper`: SuperBPE's (arXiv 2503.13423): digits in threes, runs of punctuation and spaces are cut
  out, all else stays whole, across lines too.

The scanner in `tokenizer.scan` computes the same pieces without a regex engine.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from hanji.errors import RecipeError, nearest

__all__ = ["PRESETS", "Preset", "PresetName", "preset"]

PresetName = Literal["kexaone", "line", "paper"]

_WORD = r"[^\r\n\p{L}\p{N}]?\p{L}[\p{L}\p{M}]*+"
_MARKS = r" ?[^\s\p{L}\p{N}]++"
_BLANKS = r"[^\S\r\n]+(?!\S)|[^\S\r\n]+"
_KEXAONE_REST = rf"|\p{{N}}|{_MARKS}\r?\n?|[^\S\r\n]*+[\r\n]++|{_BLANKS}"
_P = r"[^\s\p{L}\p{N}]"


class Preset(msgspec.Struct, frozen=True):
    """One preset: patterns, and the scanner's modes for them."""

    name: PresetName
    stage1: str
    stage2: str
    mode1: int
    mode2: int
    max_digits: int  # the longest digit run in one piece
    join_share: float = 0.0  # of the vocabulary: stage-2 tokens that bridge no space


PRESETS: dict[str, Preset] = {
    "kexaone": Preset(
        name="kexaone",
        stage1=_WORD + _KEXAONE_REST,
        stage2=_WORD + r"(?: \p{L}[\p{L}\p{M}]*+)*+" + _KEXAONE_REST,
        mode1=0,
        mode2=1,
        max_digits=1,
    ),
    "line": Preset(
        name="line",
        stage1=rf"{_WORD}|\p{{N}}{{1,3}}|{_MARKS}|[\r\n]++|{_BLANKS}",
        stage2=r"\p{N}{1,3}|[^\r\n\p{N}]++|[\r\n]++",
        mode1=2,
        mode2=3,
        max_digits=3,
        join_share=0.1,  # measured: benchmarks/tokenizer_quality.py
    ),
    "paper": Preset(
        name="paper",
        stage1=(
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
            r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
            rf"|\p{{N}}{{1,3}}|{_MARKS}[\r\n/]*+|(?:[^\S\r\n]*+[\r\n]++)++|\s+(?!\S)|\s+"
        ),
        stage2=(
            rf"\p{{N}}{{1,3}}| ?{_P}{{2}}{_P}*+[\r\n/]*+| +(?!\S)"
            rf"|(?:(?:\p{{L}}|[^\S ])"
            rf"| (?=[\p{{L}}\p{{N}}]|{_P}(?!{_P}))|{_P}(?!{_P}))++"
        ),
        mode1=4,
        mode2=5,
        max_digits=3,
        join_share=0.1,
    ),
}


def preset(name: str) -> Preset:
    """Return a preset by name.

    Raises:
        RecipeError: if there is none; the message names the nearest.
    """
    if name not in PRESETS:
        raise RecipeError(f"unknown preset '{name}'{nearest(name, PRESETS)}")
    return PRESETS[name]
