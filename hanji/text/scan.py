"""The scanner: cut UTF-8 text into the pieces of a preset, without a regex engine.

First every byte gets a kind: the class of the character that begins there, or that it goes on with
one; a flag tells what may stand within a word, so that its end is found eight bytes at a time. Then
a function for each pattern runs over the kinds alone; each equals its regex in
`hanji.text.patterns` on every text (tests prove it). The input must be valid UTF-8.
"""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt

from hanji.kernels import eight, low_zeros, njit
from hanji.text.classes import BREAK, LOWER, class_table

__all__ = ["ends", "kinds_of", "next_end", "pieces"]

U8 = npt.NDArray[np.uint8]
Int = int | np.int64
I64 = npt.NDArray[np.int64]

# kinds beside the classes 0 to 8 of `hanji.text.classes`
_CLASS = np.uint8(15)  # the bits of a kind; above them the flag
_IN_WORD, _IN_WORDS = 1 << 7, np.uint64(0x8080808080808080)
_INSIDE_CLASS, _RETURN, _SLASH = 9, 10, 11
# sets of kinds, as bits; bytes inside a character go with its first one
_IN = 1 << _INSIDE_CLASS
_LETTERS, _MARKS, _NUMBERS, _SPACE, _BLANKS = 0b1110, 1 << 4, 1 << 5, 1 << 6, 0b11000000
_BREAKS = 1 << 8 | 1 << _RETURN
_WHITE = _BLANKS | _BREAKS
_SIGNS = 1 | _MARKS | 1 << _SLASH  # neither white space, letter nor number
_UPPER, _LOWER, _CASELESS = 0b11010, 0b11100, 0b11000
_WORD = _LETTERS | _MARKS | _IN
_INSIDE = _INSIDE_CLASS | _IN_WORD


@njit(forceinline=True)
def _flagged(kind: np.uint8) -> np.uint8:
    return np.uint8(kind | (_WORD >> np.int64(kind) & 1) << 7)


@njit
def kinds_of(data: U8, table: U8, start: Int, stop: Int, out: U8) -> None:
    """Write the kind of each byte of data[start:stop] to the same place in `out`."""
    at, end = np.uint64(start), np.uint64(stop)  # an index without a sign is quicker
    while at < end:
        b = np.uint64(data[at])
        if b < 0x80:
            out[at] = _RETURN if b == 13 else (_SLASH if b == 47 else _flagged(table[b]))
            at += np.uint64(1)
            continue
        size = np.uint64(2 + (b >= 0xE0) + (b >= 0xF0))
        point = b & (np.uint64(0x7F) >> size)  # the first byte's own bits
        for i in range(np.uint64(1), size):
            point = point << np.uint64(6) | (np.uint64(data[at + i]) & np.uint64(63))
            out[at + i] = _INSIDE
        out[at] = _flagged(table[point])
        at += size


@njit(forceinline=True)
def _is(kind: np.uint8, kinds: Int) -> bool:
    return bool((kinds >> np.int64(kind & _CLASS)) & 1)


@njit(forceinline=True)
def _over(kinds: U8, at: Int, stop: Int, wanted: Int) -> Int:
    """Skip characters whose kind is in the set `wanted`."""
    here, end = np.uint64(at), np.uint64(stop)  # an index without a sign is quicker
    while here < end and ((wanted | _IN) >> np.int64(kinds[here] & _CLASS)) & 1:
        here += np.uint64(1)
    return np.int64(here)


@njit(forceinline=True)
def _over_word(kinds: U8, at: Int, stop: Int) -> Int:
    """Skip letters and marks."""
    here, end = np.uint64(at), np.uint64(stop)
    while here + np.uint64(8) <= end:
        others = ~eight(kinds, here) & _IN_WORDS
        if others:
            return np.int64(here + (low_zeros(others) >> np.uint64(3)))
        here += np.uint64(8)
    while here < end and kinds[here] & _IN_WORD:
        here += np.uint64(1)
    return np.int64(here)


@njit(forceinline=True)
def _next(kinds: U8, at: Int, stop: Int) -> Int:
    """Return where the next character begins."""
    here, end = np.uint64(at + 1), np.uint64(stop)
    while here < end and kinds[here] == _INSIDE:
        here += np.uint64(1)
    return np.int64(here)


@njit(forceinline=True)
def _word(kinds: U8, at: Int, stop: Int, joined: bool) -> Int:
    r"""`[^\r\n\p{L}\p{N}]?\p{L}[\p{L}\p{M}]*`, joined by spaces or not; -1: no match."""
    if not _is(kinds[at], _LETTERS):
        if _is(kinds[at], _NUMBERS | _BREAKS):
            return -1
        at = _next(kinds, at, stop)
        if at >= stop or not _is(kinds[at], _LETTERS):
            return -1
    end = _over_word(kinds, at, stop)
    while joined and end + 1 < stop and _is(kinds[end], _SPACE) and _is(kinds[end + 1], _LETTERS):
        end = _over_word(kinds, end + 1, stop)
    return end


@njit(forceinline=True)
def _signs(kinds: U8, at: Int, stop: Int) -> Int:
    r"""` ?[^\s\p{L}\p{N}]+`; -1: no match."""
    if _is(kinds[at], _SPACE):
        at += 1
    if at >= stop or not _is(kinds[at], _SIGNS):
        return -1
    return _over(kinds, at, stop, _SIGNS)


@njit(forceinline=True)
def _numbers(kinds: U8, at: Int, stop: Int, most: Int) -> Int:
    n = 0
    while n < most and at < stop and _is(kinds[at], _NUMBERS):
        at = _next(kinds, at, stop)
        n += 1
    return at


@njit(forceinline=True)
def _blanks(kinds: U8, at: Int, stop: Int, wanted: Int) -> Int:
    r"""`B+(?!\S)|B+` for the blanks B in `wanted`: leave the last one to a following word."""
    end = _over(kinds, at, stop, wanted)
    if end == stop or _is(kinds[end], _WHITE):
        return end
    last = end - 1
    while kinds[last] == _INSIDE:
        last -= 1
    return end if last == at else last


@njit(forceinline=True)
def _kexaone(kinds: U8, at: Int, stop: Int) -> Int:
    if _is(kinds[at], _NUMBERS):
        return _next(kinds, at, stop)
    end = _signs(kinds, at, stop)
    if end >= 0:
        if end < stop and kinds[end] == _RETURN:
            end += 1
        if end < stop and kinds[end] == BREAK:
            end += 1
        return end
    end = _over(kinds, at, stop, _BLANKS)
    if end < stop and _is(kinds[end], _BREAKS):
        return _over(kinds, end, stop, _BREAKS)
    return _blanks(kinds, at, stop, _BLANKS)


@njit(forceinline=True)
def _line1(kinds: U8, at: Int, stop: Int) -> Int:
    if _is(kinds[at], _NUMBERS):
        return _numbers(kinds, at, stop, 3)
    end = _signs(kinds, at, stop)
    if end >= 0:
        return end
    if _is(kinds[at], _BREAKS):
        return _over(kinds, at, stop, _BREAKS)
    return _blanks(kinds, at, stop, _BLANKS)


@njit(forceinline=True)
def _line2(kinds: U8, at: Int, stop: Int) -> Int:
    if _is(kinds[at], _NUMBERS):
        return _numbers(kinds, at, stop, 3)
    if _is(kinds[at], _BREAKS):
        return _over(kinds, at, stop, _BREAKS)
    return _over(kinds, at, stop, _LETTERS | _SIGNS | _BLANKS)


@njit(forceinline=True)
def _cased(kinds: U8, at: Int, stop: Int) -> Int:
    """`[Lu Lt Lm Lo M]*[Ll Lm Lo M]+`; -1: no match. The last caseless one may be given back."""
    end: Int = at
    given: Int = -1
    while end < stop and _is(kinds[end], _UPPER):
        caseless = _is(kinds[end], _CASELESS)
        end = _next(kinds, end, stop)
        if caseless:
            given = end
    if end < stop and kinds[end] == LOWER | _IN_WORD:
        return _over(kinds, end, stop, _LOWER)
    return given


@njit(forceinline=True)
def _paper_word(kinds: U8, at: Int, stop: Int) -> Int:
    after = _next(kinds, at, stop)
    prefixed = not _is(kinds[at], _LETTERS | _NUMBERS | _BREAKS) and after < stop
    if prefixed:
        end = _cased(kinds, after, stop)
        if end >= 0:
            return end
    end = _cased(kinds, at, stop)
    if end >= 0:
        return end
    start = at
    if prefixed and _is(kinds[after], _UPPER):
        start = after
    elif not _is(kinds[at], _UPPER):
        return -1
    return _over(kinds, _over(kinds, start, stop, _UPPER), stop, _LOWER)


@njit(forceinline=True)
def _tail(kinds: U8, at: Int, stop: Int) -> Int:
    while at < stop and _is(kinds[at], _BREAKS | 1 << _SLASH):
        at += 1
    return at


@njit(forceinline=True)
def _paper1(kinds: U8, at: Int, stop: Int) -> Int:
    end = _paper_word(kinds, at, stop)
    if end >= 0:
        return end
    if _is(kinds[at], _NUMBERS):
        return _numbers(kinds, at, stop, 3)
    end = _signs(kinds, at, stop)
    if end >= 0:
        return _tail(kinds, end, stop)
    broken: Int = -1
    end = at
    while end < stop and _is(kinds[end], _WHITE | _IN):
        if _is(kinds[end], _BREAKS):
            broken = end + 1
        end += 1
    return broken if broken >= 0 else _blanks(kinds, at, stop, _WHITE)


@njit(forceinline=True)
def _paper_border(kinds: U8, at: Int, stop: Int) -> bool:
    """Say whether one of paper's stage-2 borders begins here."""
    if _is(kinds[at], _NUMBERS):
        return True
    if _is(kinds[at], _SPACE):
        at += 1
        if at >= stop or _is(kinds[at], _WHITE):
            return True
    after = _next(kinds, at, stop)
    return bool(_is(kinds[at], _SIGNS) and after < stop and _is(kinds[after], _SIGNS))


@njit(forceinline=True)
def _paper2(kinds: U8, at: Int, stop: Int) -> Int:
    if _is(kinds[at], _NUMBERS):
        return _numbers(kinds, at, stop, 3)
    if _paper_border(kinds, at, stop):
        end = _signs(kinds, at, stop)
        if end >= 0:
            return _tail(kinds, end, stop)
        return _blanks(kinds, at, stop, _SPACE)
    while at < stop and not _paper_border(kinds, at, stop):
        at = _next(kinds, at, stop)
    return at


@njit(forceinline=True)
def _no_word(kinds: U8, at: Int, stop: Int, mode: Int) -> Int:
    if mode <= 1:
        return _kexaone(kinds, at, stop)
    if mode == 2:
        return _line1(kinds, at, stop)
    if mode == 3:
        return _line2(kinds, at, stop)
    if mode == 4:
        return _paper1(kinds, at, stop)
    return _paper2(kinds, at, stop)


@njit(forceinline=True)
def next_end(kinds: U8, at: Int, stop: Int, mode: Int) -> Int:
    """Return where the piece that starts at byte `at` ends (at < stop)."""
    if mode <= 2:  # most pieces are words: small enough to stand inside of the caller's code
        end = _word(kinds, at, stop, mode == 1)
        if end >= 0:
            return end
    return _no_word(kinds, at, stop, mode)


@njit
def ends(data: U8, table: U8, mode: Int) -> I64:
    """Return where each piece of a text ends, in bytes."""
    kinds, out = np.empty(len(data), np.uint8), np.empty(len(data), np.int64)
    kinds_of(data, table, 0, len(data), kinds)
    n = 0
    at: Int = 0
    while at < len(data):
        at = next_end(kinds, at, len(data), mode)
        out[n] = at
        n += 1
    return out[:n].copy()


def pieces(text: str, mode: int) -> list[str]:
    """Cut a text by the mode of a pattern, for tests and small texts.

    >>> pieces("By the way, 42.", 1)
    ['By the way', ',', ' ', '4', '2', '.']
    """
    data = text.encode()
    found = ends(np.frombuffer(data, np.uint8), class_table(), mode)
    borders = [0, *found.tolist()]
    return [data[a:b].decode() for a, b in itertools.pairwise(borders)]
