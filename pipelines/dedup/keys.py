"""Matching keys: 16 bytes that are equal for texts that are the same to a reader.

The matching form is NFKC, case folded, blanks folded to one. It is hashed and never stored; marks
are kept, so ガス and カス, má and mạ have different keys.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence

__all__ = ["exact_keys", "matching_form"]


def matching_form(text: str) -> str:
    r"""Return the form in which texts are compared.

    >>> matching_form("Ｈａｎｊｉ  \nPaper")
    'hanji paper'
    """
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def exact_keys(texts: Sequence[str]) -> list[bytes]:
    """Return the 16-byte key of each text."""
    return [
        hashlib.blake2b(matching_form(text).encode("utf-8", "replace"), digest_size=16).digest()
        for text in texts
    ]
