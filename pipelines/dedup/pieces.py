"""Pieces of a text, its lines or paragraphs, each with the hash of its matching form.

A paragraph is a run of lines between blank ones. The matching form is that of `keys` (NFKC, case
folded, blanks folded), so a line that differs by width, case or indent is the same line; its hash
has 64 bits and is salted, by the language say.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hanji.kernels import mix, njit
from pipelines.dedup.keys import EMOJI, MOST, fold, fold_table, matching_form

__all__ = ["Pieces", "pieces"]

U8 = npt.NDArray[np.uint8]
U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]


class Pieces(NamedTuple):
    """Where pieces start and end (bytes, without the last line's end), and their keys.

    `chars` counts the characters of the matching form.
    """

    start: Places
    end: Places
    key: U64
    chars: Places


@njit
def _hash(points: U32, n: int, salt: np.uint64) -> np.uint64:
    value = salt ^ np.uint64(0x9E3779B97F4A7C15)
    for i in range(n):
        value = (value ^ np.uint64(points[i])) * np.uint64(1099511628211)
        value ^= value >> np.uint64(29)
    return mix(value)


@njit
def _spans(data: U8, paragraphs: bool, start: Places, end: Places) -> int:
    """Write where the lines or paragraphs of `data` start and end; return how many."""
    n, at, is_open = 0, 0, False
    while at < len(data):
        stop, blank = at, True
        while stop < len(data) and data[stop] != 10:
            blank &= data[stop] == 32 or data[stop] == 9
            stop += 1
        if not blank:
            if not (paragraphs and is_open):
                start[n] = at
                n += 1
            end[n - 1] = stop
        is_open = not blank
        at = stop + 1
    return n


@njit
def _keys(
    data: U8, start: Places, end: Places, table: U32, low: int, high: int, salt: np.uint64,
    key: U64, chars: Places,
) -> None:  # fmt: skip
    folded = np.empty(3 * len(data) + 1, np.uint32)
    for i in range(len(start)):
        n = fold(data[start[i] : end[i]], table, low, high, folded)
        chars[i] = n
        if n >= 0:
            key[i] = _hash(folded, n, salt)


def pieces(data: U8, paragraphs: bool, salt: int) -> Pieces:
    """Cut UTF-8 into lines, or into paragraphs, blank ones left out."""
    most = int((data == 10).sum()) + 1
    start, end = np.empty(most, np.int64), np.empty(most, np.int64)
    n = _spans(data, paragraphs, start, end)
    start, end = start[:n], end[:n]
    key, chars = np.empty(n, np.uint64), np.empty(n, np.int64)
    salted = np.uint64(salt)
    assert MOST == 3
    _keys(data, start, end, fold_table(), EMOJI.start, EMOJI.stop, salted, key, chars)
    for i in np.flatnonzero(chars < 0):  # a character that may join its neighbour
        form = matching_form(data[start[i] : end[i]].tobytes().decode())
        points = np.frombuffer(form.encode("utf-32-le"), np.uint32)
        chars[i] = len(points)
        key[i] = _hash(points, len(points), salted)
    return Pieces(start, end, key, chars)
