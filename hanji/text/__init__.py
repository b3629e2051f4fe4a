"""Text that several products need: normal form, borders of sentences, numerals, particles."""

from __future__ import annotations

import unicodedata

__all__ = ["nfc"]


def nfc(text: str) -> str:
    """Return the text in Normalization Form C (never NFKC: x² stays x²).

    >>> nfc("e\u0301")
    'é'
    """
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)
