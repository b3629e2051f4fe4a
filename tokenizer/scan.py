"""The scanner: cut UTF-8 text into the pieces of a preset, without a regex engine.

One code-point class table and one function for each pattern; each equals its regex in
`tokenizer.presets` on every text (tests prove it). The input must be valid UTF-8.
"""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt

from hanji.kernels import njit
from tokenizer.classes import class_table

__all__ = ["ends", "next_end", "pieces"]

U8 = npt.NDArray[np.uint8]
Int = int | np.int64
I64 = npt.NDArray[np.int64]


@njit
def _width(byte: Int) -> Int:
    """Bytes of the character that starts with `byte`."""
    if byte < 0x80:
        return 1
    if byte < 0xE0:
        return 2
    return 3 if byte < 0xF0 else 4


@njit
def _class(data: U8, at: Int, table: U8) -> Int:
    b = np.int64(data[at])
    if b < 0x80:
        return np.int64(table[b])
    if b < 0xE0:
        return np.int64(table[(b & 31) << 6 | (np.int64(data[at + 1]) & 63)])
    if b < 0xF0:
        point = (b & 15) << 12 | (np.int64(data[at + 1]) & 63) << 6
        return np.int64(table[point | (np.int64(data[at + 2]) & 63)])
    point = (b & 7) << 18 | (np.int64(data[at + 1]) & 63) << 12
    point |= (np.int64(data[at + 2]) & 63) << 6 | (np.int64(data[at + 3]) & 63)
    return np.int64(table[point])


@njit
def _is_letter(kind: Int) -> bool:
    return bool(1 <= kind <= 3)


@njit
def _is_sign(kind: Int) -> bool:
    return kind in (0, 4)  # neither white space, letter nor number


@njit
def _over(data: U8, at: Int, stop: Int, table: U8, kinds: Int) -> Int:
    """Skip characters whose class is in the bit set `kinds`."""
    while at < stop:
        byte = np.int64(data[at])
        if byte < 0x80:
            if not (kinds >> np.int64(table[byte])) & 1:
                break
            at += 1
        else:
            if not (kinds >> _class(data, at, table)) & 1:
                break
            at += _width(byte)
    return at


@njit
def _word(data: U8, at: Int, stop: Int, table: U8, kind: Int, joined: bool) -> Int:
    r"""`[^\r\n\p{L}\p{N}]?\p{L}[\p{L}\p{M}]*`, joined by spaces or not; -1: no match."""
    start = at
    if not _is_letter(kind):
        start = at + _width(data[at])
        if kind in (5, 8) or start >= stop or not _is_letter(_class(data, start, table)):
            return -1
    end = _over(data, start, stop, table, 0b11110)
    while joined and end + 1 < stop and data[end] == 32:
        if not _is_letter(_class(data, end + 1, table)):
            break
        end = _over(data, end + 1, stop, table, 0b11110)
    return end


@njit
def _signs(data: U8, at: Int, stop: Int, table: U8, kind: Int) -> Int:
    r"""` ?[^\s\p{L}\p{N}]+`; -1: no match."""
    start = at
    if kind == 6:
        start = at + 1
        if start >= stop or not _is_sign(_class(data, start, table)):
            return -1
    elif not _is_sign(kind):
        return -1
    return _over(data, start, stop, table, 0b10001)


@njit
def _numbers(data: U8, at: Int, stop: Int, table: U8, most: Int) -> Int:
    n = 0
    while n < most and at < stop and _class(data, at, table) == 5:
        at += _width(data[at])
        n += 1
    return at


@njit
def _blanks(data: U8, at: Int, stop: Int, table: U8, kinds: Int) -> Int:
    r"""`B+(?!\S)|B+` for the blanks B in `kinds`: leave the last one to a following word."""
    end, last = at, at
    while end < stop and (kinds >> _class(data, end, table)) & 1:
        last = end
        end += _width(data[end])
    if end == stop or _class(data, end, table) >= 6 or last == at:
        return end
    return last


@njit
def _kexaone(data: U8, at: Int, stop: Int, table: U8, joined: bool) -> Int:
    kind = _class(data, at, table)
    end = _word(data, at, stop, table, kind, joined)
    if end >= 0:
        return end
    if kind == 5:
        return at + _width(data[at])
    end = _signs(data, at, stop, table, kind)
    if end >= 0:
        if end < stop and data[end] == 13:
            end += 1
        if end < stop and data[end] == 10:
            end += 1
        return end
    end = _over(data, at, stop, table, 0b11000000)
    if end < stop and _class(data, end, table) == 8:
        return _over(data, end, stop, table, 0b100000000)
    return _blanks(data, at, stop, table, 0b11000000)


@njit
def _line1(data: U8, at: Int, stop: Int, table: U8) -> Int:
    kind = _class(data, at, table)
    end = _word(data, at, stop, table, kind, False)
    if end >= 0:
        return end
    if kind == 5:
        return _numbers(data, at, stop, table, 3)
    end = _signs(data, at, stop, table, kind)
    if end >= 0:
        return end
    if kind == 8:
        return _over(data, at, stop, table, 0b100000000)
    return _blanks(data, at, stop, table, 0b11000000)


@njit
def _line2(data: U8, at: Int, stop: Int, table: U8) -> Int:
    kind = _class(data, at, table)
    if kind == 5:
        return _numbers(data, at, stop, table, 3)
    if kind == 8:
        return _over(data, at, stop, table, 0b100000000)
    return _over(data, at, stop, table, 0b011011111)


@njit
def _cased(data: U8, at: Int, stop: Int, table: U8) -> Int:
    """`[Lu Lt Lm Lo M]*[Ll Lm Lo M]+`; -1: no match. The last caseless one may be given back."""
    end: Int = at
    given: Int = -1
    while end < stop:
        kind = _class(data, end, table)
        if kind not in (1, 3, 4):
            break
        end += _width(data[end])
        if kind != 1:
            given = end
    if end < stop and _class(data, end, table) == 2:
        return _over(data, end, stop, table, 0b11100)
    return given


@njit
def _paper_word(data: U8, at: Int, stop: Int, table: U8, kind: Int) -> Int:
    after = at + _width(data[at])
    prefixed = kind in (0, 4, 6, 7) and after < stop
    if prefixed:
        end = _cased(data, after, stop, table)
        if end >= 0:
            return end
    end = _cased(data, at, stop, table)
    if end >= 0:
        return end
    if prefixed and _class(data, after, table) in (1, 3, 4):
        end = _over(data, after, stop, table, 0b11010)
        return _over(data, end, stop, table, 0b11100)
    if kind in (1, 3, 4):
        end = _over(data, at, stop, table, 0b11010)
        return _over(data, end, stop, table, 0b11100)
    return -1


@njit
def _tail(data: U8, at: Int, stop: Int) -> Int:
    while at < stop and (data[at] in (10, 13, 47)):
        at += 1
    return at


@njit
def _paper1(data: U8, at: Int, stop: Int, table: U8) -> Int:
    kind = _class(data, at, table)
    end = _paper_word(data, at, stop, table, kind)
    if end >= 0:
        return end
    if kind == 5:
        return _numbers(data, at, stop, table, 3)
    end = _signs(data, at, stop, table, kind)
    if end >= 0:
        return _tail(data, end, stop)
    broken: Int = -1
    end = at
    while end < stop:
        kind = _class(data, end, table)
        if kind < 6:
            break
        end += _width(data[end])
        if kind == 8:
            broken = end
    return broken if broken >= 0 else _blanks(data, at, stop, table, 0b111000000)


@njit
def _paper_border(data: U8, at: Int, stop: Int, table: U8, kind: Int) -> bool:
    """Say whether one of paper's stage-2 borders begins here."""
    if kind == 5:
        return True
    after = at + _width(data[at])
    if kind == 6:
        if after >= stop:
            return True
        kind = _class(data, after, table)
        if kind >= 6:
            return True
        after += _width(data[after])
    return bool(_is_sign(kind) and after < stop and _is_sign(_class(data, after, table)))


@njit
def _paper2(data: U8, at: Int, stop: Int, table: U8) -> Int:
    kind = _class(data, at, table)
    if kind == 5:
        return _numbers(data, at, stop, table, 3)
    if _paper_border(data, at, stop, table, kind):
        end = _signs(data, at, stop, table, kind)
        if end >= 0:
            return _tail(data, end, stop)
        return _blanks(data, at, stop, table, 0b1000000)
    while at < stop:
        kind = _class(data, at, table)
        if _paper_border(data, at, stop, table, kind):
            break
        at += _width(data[at])
    return at


@njit
def next_end(data: U8, at: Int, stop: Int, table: U8, mode: Int) -> Int:
    """Return where the piece that starts at byte `at` ends (at < stop)."""
    if mode <= 1:
        return _kexaone(data, at, stop, table, mode == 1)
    if mode == 2:
        return _line1(data, at, stop, table)
    if mode == 3:
        return _line2(data, at, stop, table)
    if mode == 4:
        return _paper1(data, at, stop, table)
    return _paper2(data, at, stop, table)


@njit
def ends(data: U8, table: U8, mode: Int) -> I64:
    """Return where each piece of a text ends, in bytes."""
    out = np.empty(len(data), np.int64)
    n = 0
    at: Int = 0
    while at < len(data):
        at = next_end(data, at, len(data), table, mode)
        out[n] = at
        n += 1
    return out[:n].copy()


def pieces(text: str, mode: int) -> list[str]:
    """Cut a text by a preset's mode, for tests and small texts.

    >>> from tokenizer.presets import preset
    >>> pieces("By the way, 42.", preset("kexaone").mode2)
    ['By the way', ',', ' ', '4', '2', '.']
    """
    data = text.encode()
    found = ends(np.frombuffer(data, np.uint8), class_table(), mode)
    borders = [0, *found.tolist()]
    return [data[a:b].decode() for a, b in itertools.pairwise(borders)]
