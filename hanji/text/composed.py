"""Characters that Normalization Form C leaves as they are, whatever stands beside them.

A text of such characters alone is in NFC (Unicode's annex 15, "detecting normalization forms"), and
nearly every text is one. So a kernel that reads the text anyway may ask a table.
"""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np
import numpy.typing as npt

from hanji.kernels import borrowed, eight, low_zeros, njit
from hanji.text.signs import decode

__all__ = ["EMOJI", "PLANE", "all_steady", "joining", "steady"]

PLANE = 0x10000
EMOJI = range(0x1F300, 0x1FB00)  # beyond the plane; they fold to themselves and join none
_FIRST, _BEHIND = EMOJI.start, EMOJI.stop
_VOWELS_AND_ENDS = range(0x1160, 0x1200)  # Jamo that join what stands before them


@cache
def joining() -> frozenset[str]:
    """Return the characters that compose with one before them, but for Jamo."""
    pairs = (unicodedata.decomposition(chr(point)).split() for point in range(PLANE))
    return frozenset(
        chr(int(pair[1], 16)) for pair in pairs if len(pair) == 2 and not pair[0].startswith("<")
    )


@cache
def steady() -> npt.NDArray[np.bool_]:
    """Say of each character of the first plane whether it is one: bool[65536]."""
    others = np.zeros(PLANE, np.bool_)
    others[[ord(char) for char in joining()]] = True
    others[_VOWELS_AND_ENDS.start : _VOWELS_AND_ENDS.stop] = True
    others[0xD800:0xE000] = True  # halves of a pair
    for point in range(0x300, PLANE):
        if not others[point]:
            char = chr(point)
            others[point] = (
                unicodedata.combining(char) != 0 or unicodedata.normalize("NFC", char) != char
            )
    return ~others


@njit
def _all_steady(data: npt.NDArray[np.uint8], table: npt.NDArray[np.bool_]) -> bool:
    data, table = borrowed((data, table))
    at, end = np.uint64(0), np.uint64(len(data))  # an index without a sign is quicker
    while at < end:
        if at + np.uint64(8) <= end:
            others = eight(data, at) & np.uint64(0x8080808080808080)
            at += low_zeros(others) >> np.uint64(3)  # over ASCII
            if others == 0:
                continue
        point, size = decode(data, at)
        if not (table[point] if point < PLANE else _FIRST <= point < _BEHIND):
            return False
        at += np.uint64(size)
    return True


def all_steady(data: bytes) -> bool:
    r"""Say whether UTF-8 holds steady characters and emoji alone, and so is in NFC.

    >>> all_steady("한지 und Büttenpapier".encode()), all_steady("e\u0301".encode())
    (True, False)
    """
    return bool(_all_steady(np.frombuffer(data, np.uint8), steady()))
