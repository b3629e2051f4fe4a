"""The first index of pairs: with few tokens every pair has a row of its own, and none is hashed.

Stage 1 begins with 256 tokens, and its first index is the largest: every pair of neighbouring bytes
of every piece. Two passes over the text, each by two threads, count the pairs and write down where
they stand; `tokenizer.index` takes four and a table that does not fit in a processor's cache.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from hanji.kernels import borrowed, njit
from tokenizer.index import Index, keep, middle_of
from tokenizer.merge import SEPARATOR, Text, find_pair, skip

__all__ = ["MOST_TOKENS", "Dense"]

I32 = npt.NDArray[np.int32]
Int = int | np.int64
I64 = npt.NDArray[np.int64]
U32 = npt.NDArray[np.uint32]
MOST_TOKENS = 512  # a row for each pair of them: 3 MB
_CAP = (1 << 32) - 1


@njit
def _first_step(text: Text, at: Int) -> Int:
    """Return the step of the weights in which a slot stands."""
    return np.int64(np.searchsorted(text.starts, at, side="right") - 1)


@njit
def _count(text: Text, start: Int, stop: Int, bits: Int, counts: I64, sizes: I32) -> None:
    """Count the pairs of a part of the text; a piece begins at `start`."""
    text, counts, sizes = borrowed((text, counts, sizes))
    at, step, last = np.int64(start), _first_step(text, start), np.int64(-1)
    while at < stop:
        token = np.int64(text.flat[at])
        if token == SEPARATOR:
            at, last = at + 1, np.int64(-1)
            continue
        if last >= 0:
            while text.starts[step + 1] <= at:
                step += 1
            row = np.uint64(last << bits | token)
            counts[row] += text.weights[step]
            sizes[row] += 1
        last = token
        at += skip(text.flat, at)


@njit
def _fill(text: Text, start: Int, stop: Int, bits: Int, places: I64, pool: I32) -> None:
    """Write where each pair stands from its place in the pool on, if it has one; it moves on."""
    text, places, pool = borrowed((text, places, pool))
    at, last, last_at = np.int64(start), np.int64(-1), np.int64(start)
    while at < stop:
        token = np.int64(text.flat[at])
        if token == SEPARATOR:
            at, last = at + 1, np.int64(-1)
            continue
        if last >= 0:
            row = np.uint64(last << bits | token)
            place = places[row]
            if place >= 0:
                pool[place] = last_at
                places[row] = place + 1
        last, last_at = token, at
        at += skip(text.flat, at)


@njit
def _of_rows(keys: I64, found: I64, starts: I64) -> I64:
    """Return the place of each pair of `keys` in the pool, -1 for those that are not found."""
    places = np.full(len(keys), -1, np.int64)
    for row in range(len(keys)):
        slot = find_pair(keys[row], found)
        if slot >= 0:
            places[row] = starts[slot]
    return places


class Dense:
    """All pairs of a text of few tokens, counted exactly; an index of those that reach a floor."""

    def __init__(self, text: Text, n_tokens: int) -> None:
        self._text, self._bits = text, (n_tokens - 1).bit_length()
        self._middle = middle_of(text.flat)
        with ThreadPoolExecutor(2) as threads:
            second = threads.submit(self._counted, self._middle, len(text.flat))
            self._first, self._second = self._counted(0, self._middle), second.result()
        counts = self._first[0] + self._second[0]
        self.counts: U32 = np.minimum(counts, _CAP).astype(np.uint32)

    def _counted(self, start: int, stop: int) -> tuple[I64, I32]:
        rows = 1 << 2 * self._bits
        counts, sizes = np.zeros(rows, np.int64), np.zeros(rows, np.int32)
        _count(self._text, start, stop, self._bits, counts, sizes)
        return counts, sizes

    def build(self, floor: int, spare: int) -> Index:
        """Index every pair that occurs at least `floor` times, with room for `spare` to come."""
        (counts, firsts), (more, others) = self._first, self._second
        sizes = firsts + others
        rows = np.arange(len(sizes))
        keys = (rows >> self._bits) << 32 | rows & ((1 << self._bits) - 1)
        keys = np.where(sizes > 0, keys, -1)
        index, second = keep(keys, counts + more, sizes, firsts, floor, spare)
        table, pool = index.pairs.keys, index.pairs.pool
        job = (self._text, self._middle, len(self._text.flat), self._bits)
        with ThreadPoolExecutor(1) as thread:
            filled = thread.submit(_fill, *job, _of_rows(keys, table, second), pool)
            places = _of_rows(keys, table, index.pairs.starts)
            _fill(self._text, 0, self._middle, self._bits, places, pool)
            filled.result()
        return index
