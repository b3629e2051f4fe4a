r"""Cut UTF-8 text into the pieces of Hanji's own tokenizers, without a regex engine.

The pattern is that of the preset `kexaone`: runs of letters with their marks (joined by single
spaces where superwords may stand), single digits, runs of signs with one line break, line breaks,
blanks. First every byte gets a kind: the class of the character that begins there, or that it goes
on with one. The class of a code point is the one that the regex engine of `tokenizers` sees
(`classes.json`; a test compares the two).
"""

from __future__ import annotations

import functools
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hanji.kernels import njit

__all__ = ["PATTERNS", "class_table", "kinds_of", "piece_end"]

U8 = npt.NDArray[np.uint8]
Int = int | np.int64

_WORD = r"[^\r\n\p{L}\p{N}]?\p{L}[\p{L}\p{M}]*+"
_REST = r"|\p{N}| ?[^\s\p{L}\p{N}]++\r?\n?|[^\S\r\n]*+[\r\n]++|[^\S\r\n]+(?!\S)|[^\S\r\n]+"
# The patterns that are known here, and whether letters go on behind a space.
PATTERNS = {_WORD + _REST: False, _WORD + r"(?: \p{L}[\p{L}\p{M}]*+)*+" + _REST: True}

# Classes 0 to 8: other, Lu Lt, Ll, Lm Lo, mark, number, space, blank, line break.
_BREAK, _INSIDE, _RETURN = 8, 9, 10
# Sets of kinds, as bits; bytes inside a character go with its first one.
_IN = 1 << _INSIDE
_LETTERS, _MARKS, _NUMBERS, _SPACE, _BLANKS = 0b1110, 1 << 4, 1 << 5, 1 << 6, 0b11000000
_BREAKS = 1 << _BREAK | 1 << _RETURN
_SIGNS = 1 | _MARKS  # neither white space, letter nor number


@functools.cache
def class_table() -> U8:
    """Return the class of each code point, shape (0x110000,)."""
    runs = json.loads(Path(__file__).with_name("classes.json").read_text())
    starts = np.array([start for start, _ in runs] + [0x110000])
    table = np.repeat(np.array([kind for _, kind in runs], dtype=np.uint8), np.diff(starts))
    table.setflags(write=False)
    return table


@njit
def kinds_of(data: U8, table: U8, start: Int, stop: Int, out: U8) -> None:
    """Write the kind of each byte of data[start:stop] to the same place in `out`."""
    at = start
    while at < stop:
        b = np.int64(data[at])
        if b < 0x80:
            out[at] = _RETURN if b == 13 else table[b]
            at += 1
        elif b < 0xE0:
            out[at] = table[(b & 31) << 6 | (np.int64(data[at + 1]) & 63)]
            out[at + 1] = _INSIDE
            at += 2
        else:
            point = (np.int64(data[at + 1]) & 63) << 6 | (np.int64(data[at + 2]) & 63)
            out[at + 1] = out[at + 2] = _INSIDE
            if b < 0xF0:
                out[at] = table[(b & 15) << 12 | point]
                at += 3
            else:
                point = (b & 7) << 18 | point << 6 | (np.int64(data[at + 3]) & 63)
                out[at] = table[point]
                out[at + 3] = _INSIDE
                at += 4


@njit
def _is(kind: Int, kinds: Int) -> bool:
    return bool((kinds >> np.int64(kind)) & 1)


@njit
def _over(kinds: U8, at: Int, stop: Int, wanted: Int) -> Int:
    """Skip characters whose kind is in the set `wanted`."""
    while at < stop and ((wanted | _IN) >> np.int64(kinds[at])) & 1:
        at += 1
    return at


@njit
def _next(kinds: U8, at: Int, stop: Int) -> Int:
    """Return where the next character begins."""
    at += 1
    while at < stop and kinds[at] == _INSIDE:
        at += 1
    return at


@njit
def _word(kinds: U8, at: Int, stop: Int, joined: bool) -> Int:
    """Return where a run of letters ends; -1: none begins here."""
    if not _is(kinds[at], _LETTERS):
        if _is(kinds[at], _NUMBERS | _BREAKS):
            return -1
        at = _next(kinds, at, stop)
        if at >= stop or not _is(kinds[at], _LETTERS):
            return -1
    end = _over(kinds, at, stop, _LETTERS | _MARKS)
    while joined and end + 1 < stop and _is(kinds[end], _SPACE) and _is(kinds[end + 1], _LETTERS):
        end = _over(kinds, end + 1, stop, _LETTERS | _MARKS)
    return end


@njit
def _signs(kinds: U8, at: Int, stop: Int) -> Int:
    """Return where a run of signs ends, with one line break; -1: none begins here."""
    if _is(kinds[at], _SPACE):
        at += 1
    if at >= stop or not _is(kinds[at], _SIGNS):
        return -1
    end = _over(kinds, at, stop, _SIGNS)
    if end < stop and kinds[end] == _RETURN:
        end += 1
    if end < stop and kinds[end] == _BREAK:
        end += 1
    return end


@njit
def _blanks(kinds: U8, at: Int, stop: Int) -> Int:
    """Return where a run of blanks ends: before its last one, where something follows it."""
    end = _over(kinds, at, stop, _BLANKS)
    if end == stop or _is(kinds[end], _BREAKS):
        return end
    last = end - 1
    while kinds[last] == _INSIDE:
        last -= 1
    return end if last == at else last


@njit
def piece_end(kinds: U8, at: Int, stop: Int, joined: bool) -> Int:
    """Return where the piece that starts at byte `at` ends (at < stop).

    Args:
        kinds: of each byte.
        at: where the piece starts.
        stop: the end of the text.
        joined: whether letters go on behind a space.
    """
    end = _word(kinds, at, stop, joined)
    if end >= 0:
        return end
    if _is(kinds[at], _NUMBERS):
        return _next(kinds, at, stop)
    end = _signs(kinds, at, stop)
    if end >= 0:
        return end
    end = _over(kinds, at, stop, _BLANKS)
    if end < stop and _is(kinds[end], _BREAKS):
        return _over(kinds, end, stop, _BREAKS)
    return _blanks(kinds, at, stop)
