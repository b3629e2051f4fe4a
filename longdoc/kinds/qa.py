"""A real paragraph as needle: fill in the blank of one of its sentences.

The paragraph is of a held-out document that the probe does not show. The words that are left out
stand once in the paragraph and nowhere in the haystack that is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from hanji.text.sentences import paragraphs, sentences
from longdoc.kinds.draw import Draw, Drawn, Hide

__all__ = ["qa"]

CHARACTERS = {"ja": (60, 400), "ko": (80, 500)}  # of a paragraph
OTHERS = (120, 900)
BLANK = "____"
TRIES = 400  # paragraphs
_WORDS = re.compile(r"[^\W\d_]{3,}(?: [^\W\d_]{2,}){0,2}")
_SYLLABLES = re.compile(r"[^\W\d_]+ [^\W\d_]+ [^\W\d_]+")  # Vietnamese words are often two
_KANJI = re.compile(r"[\u4e00-\u9fff]{2,6}|[\u30a0-\u30ff]{3,10}")
_PLAIN = re.compile(r"[#|<>{}=*_`\\$]|https?:|\d{4,}")  # code, tables, links, numbers: no prose


def qa(draw: Draw) -> Drawn:
    """Draw a paragraph and the words to leave out.

    Raises:
        RecipeError: if no paragraph serves.
    """
    for paragraph in _paragraphs(draw):
        for start, end in draw.order(sentences(paragraph, draw.lang)):
            sentence = paragraph[start:end].strip()
            for match in draw.order(list(_candidates(sentence, draw.lang)))[:4]:
                answer = match.group()
                if paragraph.count(answer) == 1 and not _shown(draw, answer):
                    return _drawn(draw, paragraph, sentence, match)
    raise draw.too_few("paragraphs of other documents", 1, 0)


def _candidates(sentence: str, lang: str) -> Iterator[re.Match[str]]:
    pattern = {"ja": _KANJI, "vi": _SYLLABLES}.get(lang, _WORDS)
    at_least = 12 if lang == "ja" else 30
    for match in pattern.finditer(sentence):
        if len(sentence) - len(match.group()) >= at_least:
            yield match


def _shown(draw: Draw, words: str) -> bool:
    return draw.haystack.text.find(words, *draw.span) >= 0


def _paragraphs(draw: Draw) -> Iterator[str]:
    """Yield paragraphs of prose of documents that the probe does not show."""
    haystack, (first, last) = draw.haystack, draw.span
    low, high = CHARACTERS.get(draw.lang, OTHERS)
    bounds = haystack.documents
    hidden = [(a, b) for a, b in pairwise(bounds.tolist()) if b <= first or a >= last]
    sizes = np.asarray([b - a for a, b in hidden], dtype=np.float64)
    for _ in range(TRIES if hidden else 0):
        a, b = hidden[int(draw.random.choice(len(hidden), p=sizes / sizes.sum()))]
        at = int(draw.random.integers(a, b))
        left, right = max(a, at - 2 * high), min(b, at + 2 * high)
        found = [
            haystack.text[left + s : left + e].strip()
            for s, e in paragraphs(haystack.text[left:right])
        ]
        # The outer ones may be cut by the bounds.
        found = found[left > a : len(found) - (right < b)]
        whole = [p for p in found if low <= len(p) <= high and not _PLAIN.search(p)]
        if whole:
            paragraph = whole[int(draw.random.integers(len(whole)))]
            if not _shown(draw, paragraph):
                yield paragraph


def _drawn(draw: Draw, paragraph: str, sentence: str, match: re.Match[str]) -> Drawn:
    blank = (sentence[: match.start()] + BLANK + sentence[match.end() :]).replace("\n", " ")
    question = draw.words.ask(draw.words.qa.format(sentence=blank), draw.words.rules.blank)
    needle = Hide(paragraph, asked=True, block=True)
    return Drawn((needle,), question, (match.group(),), "names", draw.words.head, answer_room=64)
