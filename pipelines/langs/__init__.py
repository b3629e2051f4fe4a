"""Languages as data: stop words and limits, one file each. A seventh language is one file more."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import msgspec

from hanji.schema import LANGS, Lang

__all__ = ["Language", "language", "languages"]


class Language(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the quality rules know of a language.

    `limits` hold with `segmenter` alone. `sources` says for each where it is from.
    """

    segmenter: str
    stop_words: tuple[str, ...]
    policy: tuple[str, ...]  # phrases of cookie banners and terms of use, lower case
    limits: dict[str, float]
    sources: dict[str, str]
    neighbours: dict[Lang, tuple[str, ...]] = {}  # small words that only a near neighbour has


@cache
def language(lang: Lang) -> Language:
    """Return the data of a language; one without a file has the limits of English."""
    path = files("pipelines.langs").joinpath(f"{lang}.json")
    if not path.is_file():
        english = language("en")
        limits = {**english.limits, "stop_words": 0.0}
        return Language(english.segmenter, (), (), limits, english.sources)
    return msgspec.json.decode(path.read_bytes(), type=Language)


def languages() -> dict[Lang, Language]:
    """Return the data of the languages of the recipe."""
    return {lang: language(lang) for lang in LANGS}
