r"""The patterns that cut text into pieces: two stages of three presets, numbered by their modes.

Every pattern is flat, with possessive quantifiers, and covers all input: whatever stands between
two matches would be lost in `tiktoken`, and nested groups exhaust the engines on a long line. The
scanner in `hanji.text.scan` computes the same pieces without a regex engine.
"""

from __future__ import annotations

__all__ = ["PATTERNS"]

_WORD = r"[^\r\n\p{L}\p{N}]?\p{L}[\p{L}\p{M}]*+"
_MARKS = r" ?[^\s\p{L}\p{N}]++"
_BLANKS = r"[^\S\r\n]+(?!\S)|[^\S\r\n]+"
_KEXAONE_REST = rf"|\p{{N}}|{_MARKS}\r?\n?|[^\S\r\n]*+[\r\n]++|{_BLANKS}"
_P = r"[^\s\p{L}\p{N}]"

PATTERNS = (
    # kexaone: words, then runs of them
    _WORD + _KEXAONE_REST,
    _WORD + r"(?: \p{L}[\p{L}\p{M}]*+)*+" + _KEXAONE_REST,
    # line
    rf"{_WORD}|\p{{N}}{{1,3}}|{_MARKS}|[\r\n]++|{_BLANKS}",
    r"\p{N}{1,3}|[^\r\n\p{N}]++|[\r\n]++",
    # paper
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
    rf"|\p{{N}}{{1,3}}|{_MARKS}[\r\n/]*+|(?:[^\S\r\n]*+[\r\n]++)++|\s+(?!\S)|\s+",
    rf"\p{{N}}{{1,3}}| ?{_P}{{2}}{_P}*+[\r\n/]*+| +(?!\S)"
    rf"|(?:(?:\p{{L}}|[^\S ])"
    rf"| (?=[\p{{L}}\p{{N}}]|{_P}(?!{_P}))|{_P}(?!{_P}))++",
)
"""Modes 0 and 1: `kexaone`, stage 1 and 2; 2 and 3: `line`; 4 and 5: `paper`."""
