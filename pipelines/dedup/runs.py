"""Runs of words that stand in two places, found by hashes of windows instead of a suffix array.

A run of L or more equal words is a chain of equal windows of L words, so cutting every window that
stood before gives what a suffix array with a least match of L gives (Lee et al. 2022), without
holding the text of a language in memory. Few windows are looked at: winnowing (Schleimer et al.
2003) picks anchors, hashes of k = L/2 words, such that two equal windows share one; only windows
around an anchor that stands in two places are hashed. Words are those of `hanji.minhash`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hanji.kernels import mix, njit
from hanji.text.signs import HAN, HIRAGANA, KATAKANA, WORD, decode, kind_of

__all__ = ["Words", "anchors", "windows", "words"]

U8 = npt.NDArray[np.uint8]
U64 = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]
Words = tuple[U64, Places, Places]  # hash, first byte, byte behind the last


@njit
def _words(data: U8, key: U64, start: Places, end: Places) -> int:
    n, at, last = 0, 0, 0
    value = np.uint64(0)
    while at < len(data):
        point, size = decode(data, at)
        kind = kind_of(point)
        if last and kind != last:
            key[n], end[n] = mix(value), at
            n += 1
            last = 0
        if kind in (WORD, HIRAGANA, KATAKANA, HAN):
            if not last:
                value, start[n] = np.uint64(14695981039346656037), at
            folded = point | 32 if 65 <= point <= 90 else point
            value = (value ^ np.uint64(folded)) * np.uint64(1099511628211)
            last = kind
        at += size
    if last:
        key[n], end[n] = mix(value), len(data)
        n += 1
    return n


def words(data: U8) -> Words:
    """Find the words of UTF-8: their hashes and where they start and end, in bytes."""
    most = len(data) + 1
    key, start, end = np.empty(most, np.uint64), np.empty(most, np.int64), np.empty(most, np.int64)
    n = _words(data, key, start, end)
    return key[:n].copy(), start[:n].copy(), end[:n].copy()


@njit
def _grams(keys: U64, length: int, salt: np.uint64) -> U64:
    """Hash each window of `length` keys: uint64[n - length + 1]."""
    n = len(keys) - length + 1
    if n <= 0:
        return np.empty(0, np.uint64)
    out = np.empty(n, np.uint64)
    base, power, rolling = np.uint64(0x9E3779B97F4A7C15), np.uint64(1), np.uint64(0)
    for i in range(length):
        power *= base
        rolling = rolling * base + keys[i]
    out[0] = mix(rolling ^ salt)
    for i in range(length, len(keys)):
        rolling = rolling * base + keys[i] - keys[i - length] * power
        out[i - length + 1] = mix(rolling ^ salt)
    return out


@njit
def _winnow(grams: U64, span: int) -> Places:
    """Pick the last least gram of every `span` neighbours: their places, ascending."""
    picked = np.empty(len(grams), np.int64)
    n, least = 0, -1
    for right in range(span - 1, len(grams)):
        left = right - span + 1
        if least < left:
            least = left
            for i in range(left + 1, right + 1):
                if grams[i] <= grams[least]:
                    least = i
        elif grams[right] <= grams[least]:
            least = right
        if n == 0 or picked[n - 1] != least:
            picked[n] = least
            n += 1
    return picked[:n]


def anchors(keys: U64, length: int, salt: int) -> tuple[Places, U64]:
    """Pick the anchors of a text: places (first word) and hashes of `length // 2` words.

    Two equal runs of `length` words have an anchor at the same place of the run.
    """
    k = length // 2
    grams = _grams(keys, k, np.uint64(salt))
    places = _winnow(grams, length - k + 1)
    return places, grams[places]


@njit
def _around(places: Places, n_windows: int, reach: int) -> npt.NDArray[np.bool_]:
    flags = np.zeros(n_windows, np.bool_)
    for place in places:
        for at in range(max(0, place - reach), min(place + 1, n_windows)):
            flags[at] = True
    return flags


def windows(keys: U64, places: Places, length: int, salt: int) -> tuple[Places, U64]:
    """Hash the windows of `length` words that hold one of the anchors: (first word, hash)."""
    grams = _grams(keys, length, np.uint64(salt))
    first = np.flatnonzero(_around(places, len(grams), length - length // 2))
    return first, grams[first]
