"""Read answers: which values does a text give, and is that exactly what was asked for?

Numbers are folded first: full width, thousands separators, Hangul and kanji numerals. Names and
words are right when nothing is left of the answer but separators and small words once they are
taken out: who adds a name is wrong. An order is right letter by letter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from hanji.schema import Lang
from hanji.text.numbers import parse_number
from longdoc.words import words_of

__all__ = ["is_right", "numbers_in", "says_none"]

_NUMBER = re.compile(r"\d+(?:[,.\u2009\u00a0' ]\d{3})*(?!\d)|\d+")
# Spelled numbers count from four signs on: fewer stand in ordinary words.
_SPELLED = {
    "ko": re.compile(r"[영일이삼사오육칠팔구십백천만억]{4,}"),
    "ja": re.compile(r"[〇一二三四五六七八九十百千万億]{4,}"),
}
_LETTER = re.compile(r"(?<![A-Za-z])[A-D](?![A-Za-z])")
_RUN = re.compile(r"(?<![A-Za-z])[A-D]{4}(?![A-Za-z])")


def numbers_in(text: str, lang: Lang = "") -> set[str]:
    """Read the numbers of an answer, full-width digits and thousands separators folded.

    >>> sorted(numbers_in("１２３４５６７, 1,234,568"))
    ['1234567', '1234568']
    >>> numbers_in("百二十三万四千五百六十七です", "ja")
    {'1234567'}
    """
    folded = unicodedata.normalize("NFKC", text)
    found = {re.sub(r"\D", "", match) for match in _NUMBER.findall(folded)}
    for run in _SPELLED[lang].findall(folded) if lang in _SPELLED else ():
        value = parse_number(run, lang)
        if value is not None:
            found.add(str(int(value)))
    return found


def _folded(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(c if c.isalnum() else " " for c in folded).split())


def says_none(text: str, lang: Lang) -> bool:
    """Say whether an answer is the language's word for none, and nothing else.

    >>> says_none("“None”.", "en"), says_none("없음", "ko"), says_none("none but 12", "en")
    (True, True, False)
    """
    words = words_of(lang)
    return _folded(text) in {_folded(word) for word in (words.none, *words.none_also)}


def is_right(text: str, answer: Sequence[str], form: str, lang: Lang) -> bool:
    """Judge an answer.

    Args:
        text: what was answered.
        answer: the values that are right.
        form: numbers, names, order or none.
        lang: of the question.
    """
    match form:
        case "none":
            return says_none(text, lang)
        case "numbers":
            return numbers_in(text, lang) == set(answer)
        case "order":
            folded = unicodedata.normalize("NFKC", text)
            runs = _RUN.findall(folded)
            return (list(runs[0]) if len(runs) == 1 else _LETTER.findall(folded)) == list(answer)
        case _:
            return _are_names(text, answer, lang)


def _are_names(text: str, answer: Sequence[str], lang: Lang) -> bool:
    """Say whether every value stands in the answer and nothing else does."""
    rest = _folded(text)
    for value in sorted(map(_folded, answer), key=len, reverse=True):
        if value not in rest:
            return False
        rest = rest.replace(value, " ")
    return set(rest.split()) <= {_folded(word) for word in words_of(lang).small}
