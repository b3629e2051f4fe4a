"""Mask personal data by placeholders that say what stood there.

Patterns run in RE2, whose time is linear in the text whatever it holds: the usual e-mail pattern
takes 26 s on 40 KB of "a.a.a.a" in a backtracking engine (measured).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import msgspec
import re2

from hanji.errors import RecipeError, nearest

__all__ = ["KINDS", "Masked", "mask"]

_PATTERNS = {
    # RFC 5321 4.5.3.1: a local part has at most 64 octets, a domain 255; RFC 1035: a label 63.
    "email": r"\b[A-Za-z0-9._%+\-]{1,64}@(?:[A-Za-z0-9\-]{1,63}\.){1,8}[A-Za-z]{2,24}\b",
    "ip": r"\b(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\.){3}"
    r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\b",
}
_HINTS: dict[str, Callable[[str], bool]] = {
    "email": lambda text: "@" in text,
    "ip": lambda text: "." in text,
}
KINDS = tuple(_PATTERNS)
PLACEHOLDERS = {"email": "<EMAIL>", "ip": "<IP>"}


class Masked(msgspec.Struct, frozen=True):
    """A text with its personal data masked, and how often each kind was found."""

    text: str
    found: dict[str, int]


@cache
def _compiled(kind: str) -> object:
    return re2.compile(_PATTERNS[kind])


def mask(text: str, kinds: Sequence[str] = ("email",), action: str = "mask") -> Masked:
    """Mask, or remove, personal data.

    Raises:
        RecipeError: if a kind is not known.

    >>> mask("Write to kim.minji@example.com!")
    Masked(text='Write to <EMAIL>!', found={'email': 1})
    """
    found: dict[str, int] = {}
    for kind in kinds:
        if kind not in _PATTERNS:
            raise RecipeError(f"personal_data.kinds: unknown kind '{kind}'{nearest(kind, KINDS)}")
        if not _HINTS[kind](text):
            continue
        placeholder = PLACEHOLDERS[kind] if action == "mask" else ""
        text, n = _compiled(kind).subn(placeholder, text)  # type: ignore[attr-defined]
        if n:
            found[kind] = n
    return Masked(text, found)
