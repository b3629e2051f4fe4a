"""Cut a text that is too long at its natural borders: parts, chapters, paragraphs, sentences.

The borders are the largest that serve. The parts keep their order and cover the text to the byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import msgspec

from hanji.errors import RecipeError
from hanji.text.sentences import sentences
from hanji.tokens import Tokenizer

__all__ = ["Part", "parts_of"]

# Borders from the largest to the smallest; a cut falls before the match.
_BORDERS = (
    re.compile(
        r"^(?:# |PART |Part |Teil |Parte |Phần |제\s?\d+\s?(?:부|편)"
        r"|第[一二三四五六七八九十\d]+[部編])",
        re.M,
    ),
    re.compile(
        r"^(?:##? |CHAPTER |Chapter |Kapitel |Capítulo |CAPÍTULO |Chương |제\s?\d+\s?장"
        r"|第[一二三四五六七八九十\d]+章)",
        re.M,
    ),
    re.compile(r"^#{3,6} ", re.M),
    re.compile(r"(?<=\n\n)(?=\S)"),
    re.compile(r"(?<=\n)(?=\S)"),
)


class Part(msgspec.Struct, frozen=True):
    """Characters start to end of a document, and how many tokens they are on their own."""

    start: int
    end: int
    n_tokens: int


def parts_of(text: str, lang: str, window: int, tokenizer: Tokenizer) -> list[Part]:
    """Cut a text into parts of at most `window` tokens, at natural borders.

    Returns:
        Parts that cover the text in order; one if it fits.

    Raises:
        RecipeError: if one sentence alone is longer than the window.
    """
    n = int(tokenizer.counts([text])[0])
    if n <= window:
        return [Part(0, len(text), n)]
    pieces = _pieces(text, 0, len(text), lang, window, tokenizer, 0)
    return list(_joined(text, pieces, window, tokenizer))


def _pieces(
    text: str, start: int, end: int, lang: str, window: int, tokenizer: Tokenizer, level: int
) -> list[Part]:
    """Cut text[start:end] by borders of `level` and below, until each piece fits."""
    n = int(tokenizer.counts([text[start:end]])[0])
    if n <= window:
        return [Part(start, end, n)]
    if level > len(_BORDERS):
        raise RecipeError(
            f"a sentence of {n:,} tokens is longer than the window of {window:,}; "
            "raise longdoc.build.window"
        )
    if level == len(_BORDERS):
        cuts = [start + a for a, _ in sentences(text[start:end], lang)][1:]
    else:
        cuts = [start + m.start() for m in _BORDERS[level].finditer(text[start:end]) if m.start()]
    borders = [start, *cuts, end]
    return [
        piece
        for a, b in pairwise(borders)
        for piece in _pieces(text, a, b, lang, window, tokenizer, level + 1)
    ]


def _joined(text: str, pieces: list[Part], window: int, tokenizer: Tokenizer) -> Iterator[Part]:
    """Join neighbours while they fit, so that there are few parts and they are large."""
    first = 0
    while first < len(pieces):
        last, n = first + 1, pieces[first].n_tokens
        while last < len(pieces) and n + pieces[last].n_tokens <= window:
            n += pieces[last].n_tokens
            last += 1
        joined = _counted(text, pieces[first].start, pieces[last - 1].end, tokenizer)
        # Tokens at the seams may fall another way: pieces apart are not always as many together.
        while joined.n_tokens > window and last - first > 1:
            last -= 1
            joined = _counted(text, pieces[first].start, pieces[last - 1].end, tokenizer)
        yield joined
        first = last


def _counted(text: str, start: int, end: int, tokenizer: Tokenizer) -> Part:
    return Part(start, end, int(tokenizer.counts([text[start:end]])[0]))
