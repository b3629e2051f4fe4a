"""Lists: addresses and words that are not wanted, licences that are.

A domain covers its subdomains, `domain/path` what stands below it. Words are found by one automaton
for each language (Aho and Corasick 1975), as whole words where a language has blanks; in Korean and
Japanese anywhere, since a particle or another word may follow at once. There a short word is found
inside longer ones too, so lists for them want words of several characters.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import ahocorasick

from hanji.errors import RecipeError
from hanji.schema import Lang
from hanji.seeds import stable_hex

__all__ = ["allowed", "blocked", "count_words", "digests", "lines_of"]

ANYWHERE = ("ko", "ja")


class _Automaton(Protocol):
    def iter(self, text: str) -> Sequence[tuple[int, int]]: ...


@cache
def lines_of(path: Path) -> tuple[str, ...]:
    """Read the entries of a list: one a line, `#` begins a comment, case is folded.

    Raises:
        RecipeError: if it cannot be read or holds nothing.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise RecipeError(f"curate.lists: {path} cannot be read ({reason})") from None
    found = (line.partition("#")[0].strip().casefold() for line in text.splitlines())
    entries = tuple(sorted({line for line in found if line}))
    if not entries:
        raise RecipeError(f"curate.lists: {path} holds no entry; write one a line")
    return entries


def digests(paths: Sequence[Path]) -> list[str]:
    """Name lists by their entries."""
    return [stable_hex("list", *lines_of(path)) for path in paths]


@cache
def _addresses(path: Path) -> frozenset[str]:
    return frozenset(line.removeprefix("www.").rstrip("/") for line in lines_of(path))


def blocked(url: str, path: Path) -> bool:
    """Say whether an address, one of its domains or a path above it is on the list."""
    parts = urlsplit(url.casefold() if "://" in url else f"//{url.casefold()}")
    host = (parts.hostname or "").removeprefix("www.")
    known = _addresses(path)
    labels = host.split(".")
    if any(".".join(labels[i:]) in known for i in range(len(labels))):
        return True
    steps = [step for step in parts.path.split("/") if step]
    return any("/".join([host, *steps[:n]]) in known for n in range(1, len(steps) + 1))


@cache
def _automaton(path: Path) -> _Automaton:
    made = ahocorasick.Automaton()
    for word in lines_of(path):
        made.add_word(word, len(word))
    made.make_automaton()
    return made  # type: ignore[no-any-return]


def count_words(text: str, lang: Lang, path: Path) -> int:
    """Count where words of the list stand."""
    folded = text.casefold()
    found = 0
    for end, size in _automaton(path).iter(folded):
        start = end - size + 1
        whole = not (folded[start - 1 : start].isalnum() or folded[end + 1 : end + 2].isalnum())
        found += lang in ANYWHERE or whole
    return found


def allowed(licence: str, patterns: Sequence[str], unlicensed: bool) -> bool:
    """Say whether a licence is one of the patterns, case aside; an empty one by `unlicensed`.

    >>> allowed("CC-BY-SA-4.0", ["cc-by-*"], False), allowed("", ["*"], False)
    (True, False)
    """
    if not licence.strip():
        return unlicensed
    name = licence.strip().casefold()
    return any(fnmatch.fnmatchcase(name, pattern.casefold()) for pattern in patterns)
