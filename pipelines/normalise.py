"""Normal form: NFC, no control or zero-width characters, plain line ends.

Never NFKC and never a stripped mark: x² stays x², ガス is not カス, má is not mạ. Conjoining Jamo
are composed by NFC; compatibility Jamo (ㅋㅋ) and old Hangul stay as they are. Most texts are in
normal form already, which one scan of their bytes tells.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from hanji.kernels import borrowed, eight, low_zeros, njit, put_eight
from hanji.text import nfc
from hanji.text.composed import EMOJI, PLANE, steady
from hanji.text.signs import decode

__all__ = ["normalise"]

U8 = npt.NDArray[np.uint8]

STEADY, KEPT, REMOVED, LINE_END = range(4)  # a steady one stays, and composes with none
SLACK = 9
EMOJI_FROM, EMOJI_TO = EMOJI.start, EMOJI.stop
_HIGH_BITS = np.uint64(0x8080808080808080)
# added to bytes of ASCII, they make the high bit of all from 0x20 on, and that of 0x7F
_FROM_BLANK, _DELETE = np.uint64(0x6060606060606060), np.uint64(0x0101010101010101)


@cache
def _table() -> U8:
    """Say of each character of the first plane what becomes of it.

    Zero-width joiner and non-joiner stay: they shape emoji and several scripts.
    """
    table = np.where(steady(), STEADY, KEPT).astype(np.uint8)
    table[[*range(9), *range(14, 32), *range(0x7F, 0xA0), 0xAD]] = REMOVED
    table[[0x200B, 0x2060, 0xFEFF, 0xFFFE, 0xFFFF]] = REMOVED
    table[[10, 11, 12, 13, 0x85, 0x2028, 0x2029]] = LINE_END
    return table


@njit
def _plain(data: U8, table: U8, out: U8) -> tuple[int, bool]:
    """Write UTF-8 without what is no text, blanks at line ends, repeated blank lines.

    Returns:
        How many bytes were written to `out`, which has SLACK more than `data`; and whether they
        are surely in NFC.
    """
    data, table, out = borrowed((data, table, out))
    here, to = np.uint64(0), np.uint64(0)  # an index without a sign is quicker
    eight_, stop = np.uint64(8), np.uint64(len(data))
    sure = True
    while here <= stop:
        if here + eight_ <= stop:  # printable ASCII goes eight bytes at a time
            word = eight(data, here)
            put_eight(out, to, word)
            others = (word | ~(word + _FROM_BLANK) | (word + _DELETE)) & _HIGH_BITS
            n = low_zeros(others) >> np.uint64(3)
            here += n
            to += n
            if others == 0:
                continue
        what, size = LINE_END, 1  # behind the text stands a line end
        if here < stop:
            point, size = decode(data, here)
            what = KEPT if point >= PLANE else int(table[point])
            sure &= what != KEPT or EMOJI_FROM <= point < EMOJI_TO
            after = here + np.uint64(1)
            size += int(point == 13 and after < stop and data[after] == 10)
        if what == LINE_END:
            n_out = int(np.int64(to))
            while n_out and out[n_out - 1] in (9, 32):
                n_out -= 1
            if n_out and not (n_out > 1 and out[n_out - 1] == 10 and out[n_out - 2] == 10):
                out[n_out] = 10
                n_out += 1
            to = np.uint64(n_out)
        elif what != REMOVED:
            for k in range(np.uint64(size)):
                out[to + k] = data[here + k]
            to += np.uint64(size)
        here += np.uint64(size)
    n_out = int(np.int64(to))
    while n_out and out[n_out - 1] == 10:
        n_out -= 1
    return n_out, sure


def normalise(text: str, *, repair_mojibake: bool = False, fold_width: bool = False) -> str:
    r"""Return the text in normal form.

    >>> normalise("가\u200b 나\r\n\r\n\r\n\r\nE\u0301 x²\x00 ")
    '가 나\n\nÉ x²'
    """
    if repair_mojibake:
        import ftfy

        text = ftfy.fix_encoding(text)
    text, sure = _without(text)
    if fold_width:
        import ftfy.fixes

        text, sure = _without(ftfy.fixes.fix_character_width(text))
    return text if sure else nfc(text)


def _without(text: str) -> tuple[str, bool]:
    data = text.encode("utf-8", "surrogatepass")
    out = np.empty(len(data) + SLACK, np.uint8)
    n, sure = _plain(np.frombuffer(data, np.uint8), _table(), out)
    plain = out[:n].tobytes()
    return text if plain == data else plain.decode("utf-8", "surrogatepass"), sure
