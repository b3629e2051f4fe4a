"""Signs of UTF-8 text in kernels: a character is decoded from bytes and classed coarsely."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hanji.kernels import njit

__all__ = ["BLANK", "HAN", "HIRAGANA", "KATAKANA", "MARK", "NEWLINE", "OTHER", "WORD", "decode",
           "kind_of"]  # fmt: skip

Bytes = npt.NDArray[np.uint8]

BLANK, WORD, MARK, HIRAGANA, KATAKANA, HAN, OTHER, NEWLINE = range(8)


@njit(forceinline=True)
def decode(data: Bytes, at: int | np.uint64) -> tuple[int, int]:
    """Return (code point, bytes) of the character at `at` of valid UTF-8."""
    here = np.uint64(at)  # an index without a sign is quicker
    first = int(data[here])
    if first < 0x80:
        return first, 1
    second = int(data[here + np.uint64(1)]) & 0x3F
    if first < 0xE0:
        return (first & 0x1F) << 6 | second, 2
    low = second << 6 | (int(data[here + np.uint64(2)]) & 0x3F)
    if first < 0xF0:
        return (first & 0x0F) << 12 | low, 3
    return (first & 0x07) << 18 | low << 6 | (int(data[here + np.uint64(3)]) & 0x3F), 4


@njit(forceinline=True)
def kind_of(point: int) -> int:
    """Classify a code point coarsely; letters that are in no list count as word characters."""
    if point < 0x80:
        if point == 10:
            return NEWLINE
        if point <= 32:
            return BLANK
        if 48 <= point <= 57 or 65 <= point <= 90 or 97 <= point <= 122 or point in (39, 95):
            return WORD
        return MARK
    if point < 0xC0:
        return WORD if point in (0xAA, 0xB5, 0xBA) else BLANK if point == 0xA0 else MARK
    if point < 0x2000:
        return MARK if point in (0xD7, 0xF7) else WORD
    if 0xAC00 <= point <= 0xD7FF:
        return WORD  # Hangul
    if 0x2000 <= point <= 0x206F or 0x2190 <= point <= 0x2BFF or 0x3000 <= point <= 0x303F:
        if point <= 0x200A or point in (0x202F, 0x205F, 0x3000):
            return BLANK
        return HAN if point in (0x3005, 0x3007) else MARK
    if 0x3040 <= point <= 0x309F:
        return HIRAGANA
    if 0x30A0 <= point <= 0x30FF or 0xFF66 <= point <= 0xFF9F:
        return KATAKANA
    if 0x3400 <= point <= 0x4DBF or 0x4E00 <= point <= 0x9FFF or 0xF900 <= point <= 0xFAFF:
        return HAN
    if 0xFF00 <= point <= 0xFF65:
        letter = 0xFF10 <= point <= 0xFF19 or 0xFF21 <= point <= 0xFF3A or 0xFF41 <= point <= 0xFF5A
        return WORD if letter else MARK
    return MARK if 0x20A0 <= point <= 0x20CF or 0xFE30 <= point <= 0xFE4F else WORD
