"""Repetition of n-grams of words (Gopher, table A1), each n from the one before it.

Nearly every long n-gram of a text stands there once, and it can stand twice only if the shorter
ones within it do. So all 2-grams are counted, and of the longer ones those alone whose parts stand
more than once.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hanji.kernels import borrowed, njit, prefetch
from pipelines.profile.metrics import DUPLICATE_GRAMS, TOP_GRAMS

__all__ = ["SCRATCH", "Hashes", "Sizes", "repetition"]

Hashes = npt.NDArray[np.uint64]
Sizes = npt.NDArray[np.int32]
Places = npt.NDArray[np.int32]

_BASE = np.uint64(0x9E3779B97F4A7C15)
MET = np.uint64(0xFFFFFFFFFFFFFFFF)  # in a table, instead of the count of a gram
AHEAD = 16  # grams whose slots are on their way from memory
SCRATCH = 64  # a table for the fewest grams, and more
FIRST_TOP, LAST_TOP = TOP_GRAMS[0], TOP_GRAMS[-1]
FIRST_DUPLICATE, LAST_DUPLICATE = DUPLICATE_GRAMS[0], DUPLICATE_GRAMS[-1]


@njit
def _gram(hashes: Hashes, at: int, n: int) -> np.uint64:
    """Hash `n` words from `at` on; never 0."""
    value = np.uint64(n)
    for k in range(n):
        value = (value ^ hashes[at + k]) * _BASE
        value ^= value >> np.uint64(29)
    return value | np.uint64(1)


@njit
def _count(
    hashes: Hashes, n: int, places: Places, grams: Hashes, table: Hashes, often: Places
) -> None:
    """Count the n-grams at some places of a text.

    Args:
        hashes: of the words.
        n: words of a gram.
        places: where grams begin, ascending.
        grams: uint64, as long as `places`; it gets the slot of each gram.
        table: uint64[2^k], zeroed; it gets pairs of a gram's hash and its count.
        often: as long as `places`; it gets the count of each gram.
    """
    hashes, places, grams = borrowed((hashes, places, grams))
    table, often = borrowed((table, often))
    mask = np.uint64(len(table) // 2 - 1)
    for i in range(len(places)):
        grams[i] = _gram(hashes, places[i], n)
    for i in range(len(places)):
        if i + AHEAD < len(places):
            prefetch(table, int(_slot(grams[i + AHEAD], mask)))
        key = grams[i]
        here = _slot(key, mask)
        while (table[here] != 0) & (table[here] != key):
            here = (here + np.uint64(2)) & (mask * np.uint64(2))
        table[here] = key
        table[here + np.uint64(1)] += np.uint64(1)
        grams[i] = here
    for i in range(len(places)):
        if i + AHEAD < len(places):
            prefetch(table, int(grams[i + AHEAD]))
        often[i] = np.int32(table[grams[i] + np.uint64(1)])


@njit
def _slot(key: np.uint64, mask: np.uint64) -> np.uint64:
    return ((key >> np.uint64(20)) & mask) * np.uint64(2)


@njit
def _table(n_keys: int, scratch: Hashes) -> Hashes:
    """Return a zeroed table for `n_keys` grams, in the scratch."""
    slots = 16
    while slots < 2 * n_keys:
        slots *= 2
    table = scratch[: 2 * slots]
    table[:] = 0
    return table


@njit
def repetition(
    hashes: Hashes, sizes: Sizes, n_chars: float, scratch: Hashes, out: npt.NDArray[np.float64]
) -> None:
    """Fill `out` with the top and the duplicate n-grams' shares of the characters.

    Args:
        hashes: of the text's words, uint64[n].
        sizes: their characters, int32[n].
        n_chars: of the text.
        scratch: uint64[9 * n + SCRATCH] to work in.
        out: float64[9], in the order of the metrics.
    """
    out[:] = 0.0
    n_words = len(hashes)
    if n_words < FIRST_TOP or n_chars == 0:
        return
    grams, scratch = scratch[:n_words], scratch[n_words:]
    ends = np.empty(n_words + 1, np.int64)  # characters of words before each
    ends[0] = 0
    for i in range(n_words):
        ends[i + 1] = ends[i] + sizes[i]
    places = np.arange(n_words - FIRST_TOP + 1).astype(np.int32)
    often = np.empty(n_words, np.int32)
    for n in range(FIRST_TOP, min(LAST_TOP, n_words) + 1):
        _count(hashes, n, places, grams, _table(len(places), scratch), often)
        best, best_at = 1, -1
        for i in range(len(places)):
            if often[i] > best:
                best, best_at = often[i], places[i]
        if best_at < 0:
            return
        out[n - FIRST_TOP] = best * (ends[best_at + n] - ends[best_at]) / n_chars
        places = places[: _narrow(places, often)]
        if len(places) == 0:
            return
    # A 5-gram can stand twice only where the 4-grams within it do, and so on.
    for n in range(FIRST_DUPLICATE, min(LAST_DUPLICATE, n_words) + 1):
        table = _table(len(places), scratch)
        _count(hashes, n, places, grams, table, often)
        chars = behind = 0
        for i in range(len(places)):
            at = places[i]
            if at < behind or often[i] < 2:
                continue
            count = grams[i] + np.uint64(1)
            if table[count] == MET:
                chars += ends[at + n] - ends[at]
                behind = at + n
            table[count] = MET
        out[n - FIRST_DUPLICATE + len(TOP_GRAMS)] = chars / n_chars
        places = places[: _narrow(places, often)]
        if len(places) == 0:
            return


@njit
def _narrow(places: Places, often: Places) -> int:
    """Move the places whose gram and whose follower's both stand twice to the front; count them."""
    left = 0
    for i in range(len(places) - 1):
        twice = (often[i] >= 2) & (often[i + 1] >= 2) & (places[i + 1] == places[i] + 1)
        places[left] = places[i]
        left += twice
    return left
