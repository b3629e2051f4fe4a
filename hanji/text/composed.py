"""Characters that Normalization Form C leaves as they are, whatever stands beside them.

A text of such characters alone is in NFC (Unicode's annex 15, "detecting normalization forms"), and
nearly every text is one. So a kernel that reads the text anyway may ask a table.
"""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np
import numpy.typing as npt

__all__ = ["PLANE", "seconds", "steady"]

PLANE = 0x10000
_VOWELS_AND_ENDS = range(0x1160, 0x1200)  # Jamo that join what stands before them


@cache
def seconds() -> frozenset[str]:
    """Return the characters that compose with one before them, but for Jamo."""
    pairs = (unicodedata.decomposition(chr(point)).split() for point in range(PLANE))
    return frozenset(
        chr(int(pair[1], 16)) for pair in pairs if len(pair) == 2 and not pair[0].startswith("<")
    )


@cache
def steady() -> npt.NDArray[np.bool_]:
    """Say of each character of the first plane whether it is one: bool[65536]."""
    others = np.zeros(PLANE, np.bool_)
    others[[ord(char) for char in seconds()]] = True
    others[_VOWELS_AND_ENDS.start : _VOWELS_AND_ENDS.stop] = True
    others[0xD800:0xE000] = True  # halves of a pair
    for point in range(0x300, PLANE):
        if not others[point]:
            char = chr(point)
            others[point] = (
                unicodedata.combining(char) != 0 or unicodedata.normalize("NFC", char) != char
            )
    return ~others
