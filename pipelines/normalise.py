"""Normal form: NFC, no control or zero-width characters, plain line ends.

Never NFKC and never a stripped mark: x² stays x², ガス is not カス, má is not mạ. Conjoining Jamo
are composed by NFC; compatibility Jamo (ㅋㅋ) and old Hangul stay as they are. Most texts are in
normal form already, which one scan of their bytes tells.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hanji.kernels import njit
from hanji.text import nfc

__all__ = ["normalise"]

U8 = npt.NDArray[np.uint8]

KEPT, REMOVED, LINE_END = range(3)
PLAIN = np.ones(256, np.bool_)  # bytes that stay whatever stands beside them
PLAIN[:32] = PLAIN[[0x7F, 0xC2, 0xE2, 0xEF]] = False
PLAIN[9] = True


@njit
def _what(data: U8, at: int) -> tuple[int, int]:
    """Say what becomes of the character at `at`, and how many bytes it has.

    Zero-width joiner and non-joiner stay: they shape emoji and several scripts.
    """
    byte = data[at]
    if byte < 0x80:
        if byte == 13:
            return LINE_END, 2 if at + 1 < len(data) and data[at + 1] == 10 else 1
        if byte in (10, 11, 12):
            return LINE_END, 1
        return REMOVED if (byte < 0x20 and byte != 9) or byte == 0x7F else KEPT, 1
    if byte < 0xE0:
        if byte == 0xC2 and data[at + 1] < 0xA0:  # C1 controls
            return LINE_END if data[at + 1] == 0x85 else REMOVED, 2
        return REMOVED if byte == 0xC2 and data[at + 1] == 0xAD else KEPT, 2
    if byte >= 0xF0:
        return KEPT, 4
    if byte == 0xE2:
        if data[at + 1] == 0x80 and data[at + 2] in (0xA8, 0xA9):  # U+2028, U+2029
            return LINE_END, 3
        space = data[at + 1] == 0x80 and data[at + 2] == 0x8B  # U+200B
        joiner = data[at + 1] == 0x81 and data[at + 2] == 0xA0  # U+2060
        return REMOVED if space or joiner else KEPT, 3
    mark = byte == 0xEF and data[at + 1] == 0xBB and data[at + 2] == 0xBF  # U+FEFF
    none = byte == 0xEF and data[at + 1] == 0xBF and data[at + 2] >= 0xBE  # U+FFFE, U+FFFF
    return REMOVED if mark or none else KEPT, 3


@njit
def _plain(data: U8, out: U8) -> int:
    """Write UTF-8 without what is no text, blanks at line ends, repeated blank lines.

    Returns:
        How many bytes were written to `out`, which has one more than `data`.
    """
    n, at = 0, 0
    while at <= len(data):
        here, to = np.uint64(at), np.uint64(n)  # an index without a sign is quicker
        while here < np.uint64(len(data)) and PLAIN[data[here]]:
            out[to] = data[here]
            to += np.uint64(1)
            here += np.uint64(1)
        at, n = int(np.int64(here)), int(np.int64(to))
        what, size = _what(data, at) if at < len(data) else (LINE_END, 1)
        if what == LINE_END:
            while n and out[n - 1] in (9, 32):
                n -= 1
            if n and not (n > 1 and out[n - 1] == 10 and out[n - 2] == 10):
                out[n] = 10
                n += 1
        elif what == KEPT:
            for k in range(size):
                out[n + k] = data[at + k]
            n += size
        at += size
    while n and out[n - 1] == 10:
        n -= 1
    return n


def normalise(text: str, *, repair_mojibake: bool = False, fold_width: bool = False) -> str:
    r"""Return the text in normal form.

    >>> normalise("가\u200b 나\r\n\r\n\r\n\r\nE\u0301 x²\x00 ")
    '가 나\n\nÉ x²'
    """
    if repair_mojibake:
        import ftfy

        text = ftfy.fix_encoding(text)
    text = _without(text)
    if fold_width:
        import ftfy.fixes

        text = _without(ftfy.fixes.fix_character_width(text))
    return nfc(text)


def _without(text: str) -> str:
    data = text.encode("utf-8", "surrogatepass")
    out = np.empty(len(data) + 1, np.uint8)
    plain = out[: _plain(np.frombuffer(data, np.uint8), out)].tobytes()
    return text if plain == data else plain.decode("utf-8", "surrogatepass")
