"""Repetition of n-grams of words (Gopher, table A1), each n from the one before it.

Nearly every long n-gram of a text stands there once, and it can stand twice only if the shorter
ones within it do. So all 2-grams are counted, and of the longer ones those alone whose parts stand
more than once.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hanji.kernels import njit
from pipelines.profile.metrics import DUPLICATE_GRAMS, TOP_GRAMS

__all__ = ["Hashes", "Sizes", "repetition"]

Hashes = npt.NDArray[np.uint64]
Sizes = npt.NDArray[np.int32]

_BASE = np.uint64(0x9E3779B97F4A7C15)
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
def _count(hashes: Hashes, n: int, maybe: Sizes, slot: Sizes, keys: Hashes, counts: Sizes) -> None:
    """Count the n-grams at the positions where `maybe` is at least 2.

    `slot` gets the slot of each in `keys` and `counts`, zeroed tables of 2^k slots, or -1.
    """
    mask = np.uint64(len(keys) - 1)
    for at in range(len(hashes) - n + 1):
        slot[at] = -1
        if maybe[at] < 2:
            continue
        key = _gram(hashes, at, n)
        here = (key >> np.uint64(20)) & mask
        while keys[here] != 0 and keys[here] != key:
            here = (here + np.uint64(1)) & mask
        keys[here] = key
        counts[here] += 1
        slot[at] = here


@njit
def _slots(n_keys: int) -> int:
    slots = 16
    while slots < 2 * n_keys:
        slots *= 2
    return slots


@njit
def repetition(hashes: Hashes, sizes: Sizes, n_chars: float, out: npt.NDArray[np.float64]) -> None:
    """Fill `out` with the top and the duplicate n-grams' shares of the characters.

    Args:
        hashes: of the text's words, uint64[n].
        sizes: their characters, int32[n].
        n_chars: of the text.
        out: float64[9], in the order of the metrics.
    """
    out[:] = 0.0
    n_words = len(hashes)
    if n_words < FIRST_TOP or n_chars == 0:
        return
    ends = np.empty(n_words + 1, np.int64)  # characters of words before each
    ends[0] = 0
    for i in range(n_words):
        ends[i + 1] = ends[i] + sizes[i]
    # often[i]: how often the last gram counted from i on stands in the text
    often = np.full(n_words, 2, np.int32)
    slot = np.empty(n_words, np.int32)
    n_maybe = n_words
    for n in range(FIRST_TOP, min(LAST_TOP, n_words) + 1):
        slots = _slots(n_maybe)
        keys, counts = np.zeros(slots, np.uint64), np.zeros(slots, np.int32)
        _count(hashes, n, often, slot, keys, counts)
        best, best_at = 1, -1
        for at in range(n_words - n + 1):
            often[at] = counts[slot[at]] if slot[at] >= 0 else 0
            if often[at] > best:
                best, best_at = often[at], at
        if best_at < 0:
            return
        out[n - FIRST_TOP] = best * (ends[best_at + n] - ends[best_at]) / n_chars
        n_maybe = _narrow(often, n_words - n)
        if n_maybe == 0:
            return
    # A 5-gram can stand twice only where the 4-grams within it do, and so on.
    for n in range(FIRST_DUPLICATE, min(LAST_DUPLICATE, n_words) + 1):
        slots = _slots(n_maybe)
        keys, counts = np.zeros(slots, np.uint64), np.zeros(slots, np.int32)
        _count(hashes, n, often, slot, keys, counts)
        met = np.zeros(slots, np.bool_)
        chars, at = 0, 0
        while at < n_words - n + 1:
            here = slot[at]
            if here >= 0 and counts[here] > 1:
                if met[here]:
                    chars += ends[at + n] - ends[at]
                    at += n
                    continue
                met[here] = True
            at += 1
        out[n - FIRST_DUPLICATE + len(TOP_GRAMS)] = chars / n_chars
        for at in range(n_words - n + 1):
            often[at] = counts[slot[at]] if slot[at] >= 0 else 0
        n_maybe = _narrow(often, n_words - n)
        if n_maybe == 0:
            return


@njit
def _narrow(often: Sizes, n: int) -> int:
    """Keep the positions whose gram and whose follower's both stand twice; return how many."""
    left = 0
    for at in range(n):
        often[at] = min(often[at], often[at + 1])
        left += often[at] >= 2
    often[n:] = 0
    return left
