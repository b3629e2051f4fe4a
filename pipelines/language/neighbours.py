"""Near neighbours that the detector takes for one of our languages, known by their small words.

Scots looks like English to a model of byte n-grams, Alemannic and Low German like German, Asturian
and Catalan like Spanish. Their function words differ: a text in which enough of them stand, none of
which the larger language has, is taken for the neighbour. The words are data of the language
(`neighbours` in `pipelines/langs/<lang>.json`).
"""

from __future__ import annotations

from functools import cache

from hanji.schema import Lang
from pipelines.langs import language

__all__ = ["has_neighbours", "neighbour"]

LEAST_WORDS = 2
LEAST_SHARE = 1 / 12  # of the words: more than names and quotations have


@cache
def _small_words(lang: Lang) -> dict[str, Lang]:
    return {word: near for near, words in language(lang).neighbours.items() for word in words}


@cache
def has_neighbours(lang: Lang) -> bool:
    """Say whether texts in a language are looked at for the small words of its neighbours."""
    return bool(_small_words(lang))


def neighbour(text: str, lang: Lang) -> Lang:
    """Return the neighbour of `lang` that a text is written in, or `lang` itself.

    >>> neighbour("Awbody haes the richt tae tak pairt in the govrenment o his kintra.", "en")
    'sco'
    >>> neighbour("Everybody has the right to take part in the government.", "en")
    'en'
    """
    known = _small_words(lang)
    if not known:
        return lang
    words = text.lower().split()
    if known.keys().isdisjoint(words):
        return lang
    found = [known[word] for word in words if word in known]
    if len(found) < max(LEAST_WORDS, LEAST_SHARE * len(words)):
        return lang
    return max(sorted(set(found)), key=found.count)
