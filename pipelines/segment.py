"""Segmenters: what a word is.

`fast` is the profile's own, by byte classes: Korean eojeol, Japanese script runs, Vietnamese
syllables. The others are morphological analysers that are installed apart; each serves one language
and marks the borders of its words in the text, which the profile's scan then keeps to.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Literal, Protocol

from hanji.errors import RecipeError
from hanji.schema import Lang
from pipelines.profile import SEPARATOR

__all__ = ["SERVES", "Segmenter", "segmented"]

Segmenter = Literal["fast", "kiwi", "fugashi", "pyvi"]

SERVES: dict[str, tuple[Lang, ...]] = {"kiwi": ("ko",), "fugashi": ("ja",), "pyvi": ("vi",)}
"""Languages of each; the others keep to `fast`."""


class _Marker(Protocol):
    def __call__(self, text: str) -> str: ...


def segmented(texts: Sequence[str], langs: Sequence[Lang], segmenter: Segmenter) -> list[str]:
    """Mark the borders of words in the texts of the segmenter's language, leave the others.

    Raises:
        RecipeError: if its package is not installed.
    """
    served = SERVES.get(segmenter, ())
    if not set(served) & set(langs):
        return list(texts)
    mark = _marker(segmenter)
    return [mark(text) if lang in served else text for text, lang in zip(texts, langs)]


@cache
def _marker(segmenter: str) -> _Marker:
    try:
        return {"kiwi": _kiwi, "fugashi": _fugashi, "pyvi": _pyvi}[segmenter]()
    except ImportError:
        raise RecipeError(
            f"quality.segmenter: '{segmenter}' is not installed; "
            "install it with `pip install hanji[segmenters]`"
        ) from None


def _kiwi() -> _Marker:
    from kiwipiepy import Kiwi

    kiwi = Kiwi(num_workers=1)

    def mark(text: str) -> str:
        starts = sorted({token.start for token in kiwi.tokenize(text)})
        return _cut(text, starts)

    return mark


def _fugashi() -> _Marker:
    from fugashi import Tagger

    tagger = Tagger("-Owakati")

    def mark(text: str) -> str:
        lines = []
        for line in text.split("\n"):
            starts, at = [], 0
            for word in tagger(line):
                at = line.find(word.surface, at)
                starts.append(at)
                at += len(word.surface)
            lines.append(_cut(line, starts))
        return "\n".join(lines)

    return mark


def _pyvi() -> _Marker:
    from pyvi.ViTokenizer import ViTokenizer

    def mark(text: str) -> str:
        # Its words bridge blanks by "_", which the scan takes for a letter.
        lines = []
        for line in text.split("\n"):
            parts, at = [], 0
            for word in ViTokenizer.tokenize(line)[:].split(" "):
                first = word.split("_")[0] or word
                start = line.find(first, at)
                if start < 0:
                    continue
                end, joined = start, word.replace("_", " ")
                end = start + len(joined) if line.startswith(joined, start) else start + len(first)
                kept = line[start:end]
                parts += [line[at:start], kept.replace(" ", "_")]
                at = end
            lines.append("".join([*parts, line[at:]]))
        return "\n".join(lines)

    return mark


def _cut(text: str, starts: Sequence[int]) -> str:
    """Put a separator before each start, but where a blank stands there already."""
    parts, at = [], 0
    for start in starts:
        if start > at:
            parts += [text[at:start], "" if text[start - 1].isspace() else SEPARATOR]
            at = start
    return "".join([*parts, text[at:]])
