"""Borders of sentences and paragraphs as character spans that cover the whole text.

A sentence ends at a stop with the closing quotes behind it and a blank or line break behind those;
a Japanese or Chinese stop needs no blank. Abbreviations, initials and numbers ("Dr. Kim", "3. Mai")
do not end one. No dictionary is used: the aim is borders that are safe to cut at, not linguistics.
"""

from __future__ import annotations

import re

from hanji.schema import Lang

__all__ = ["paragraphs", "sentences"]

Span = tuple[int, int]

_PARAGRAPH = re.compile(r"\n[ \t]*\n\s*")
_END = re.compile(
    r"""[.!?…]+["'”’»)\]]{0,3}(?:[ \t]+|\n)|[。！？｡]+[」』）"”’]{0,3}[ \t　]*\n?|\n+"""
)
_ABBREVIATIONS: dict[Lang, frozenset[str]] = {
    "en": frozenset("mr mrs ms dr prof st vs etc eg ie no vol fig inc ltd co jr sr approx".split()),
    "de": frozenset("dr prof nr bzw usw ca abs art bd str hr fr evtl ggf inkl vgl sog".split()),
    "es": frozenset("sr sra srta dr dra prof ud uds núm pág art etc aprox av".split()),
    "vi": frozenset("tp ths ts gs pgs ks vv tr đc".split()),
}
_LAST_WORD = re.compile(r"([^\W_]+)\.$")


def paragraphs(text: str) -> list[Span]:
    r"""Return the spans of paragraphs, each with the blank lines behind it.

    >>> paragraphs("가\n\n나\n다")
    [(0, 3), (3, 6)]
    """
    return _cover(text, [match.end() for match in _PARAGRAPH.finditer(text)])


def sentences(text: str, lang: Lang = "en") -> list[Span]:
    """Return the spans of sentences; joined they are the whole text.

    >>> text = "Dr. Kim came. He left."
    >>> [text[start:end] for start, end in sentences(text)]
    ['Dr. Kim came. ', 'He left.']
    """
    known = _ABBREVIATIONS.get(lang, frozenset())
    ends = []
    for match in _END.finditer(text):
        if text[match.start()] == "." and not _is_stop(text, match, lang, known):
            continue
        ends.append(match.end())
    return _cover(text, ends)


def _is_stop(text: str, match: re.Match[str], lang: Lang, known: frozenset[str]) -> bool:
    """Say whether a full stop ends a sentence."""
    if "\n" in match.group() or match.end() == len(text):
        return True
    before = _LAST_WORD.search(text, max(0, match.start() - 20), match.start() + 1)
    if before is None:
        return True
    word = before.group(1)
    if word.lower() in known or (len(word) == 1 and word.isalpha() and word.isupper()):
        return False
    if word.isdigit() and lang == "de":
        return len(word) > 2  # "3. Mai" goes on, "im Jahr 1990. Danach" does not
    return not text[match.end()].islower()


def _cover(text: str, ends: list[int]) -> list[Span]:
    spans, start = [], 0
    for end in [*ends, len(text)]:
        if end > start and text[start:end].strip():
            spans.append((start, end))
            start = end
    if start < len(text) and spans:
        spans[-1] = (spans[-1][0], len(text))
    elif start < len(text):
        spans = [(0, len(text))]
    return spans
