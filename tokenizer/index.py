"""The index of pairs: an exact scan of the flat array, and the arrays around the merge loop.

A scan first counts pairs in a sketch (hashed buckets, never too low), then exactly only those whose
bucket reaches the floor: at a gigabyte, a quarter of a million pairs instead of tens of millions.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hanji.kernels import borrowed, njit, prefetch
from tokenizer.heap import Heap, push
from tokenizer.merge import SEPARATOR, Pairs, Text, add_pair, find_pair, home, skip, weight_at

__all__ = ["Index", "Sketched", "choose_floor", "keep", "middle_of"]

I32 = npt.NDArray[np.int32]
Int = int | np.int64
I64 = npt.NDArray[np.int64]
U32 = npt.NDArray[np.uint32]
_CAP = np.int64((1 << 32) - 1)
BATCH = 64  # pairs whose table rows are on their way from memory at once


class Index(NamedTuple):
    """The pairs with their positions, the heap that orders them, and how much of both is in use."""

    pairs: Pairs
    heap: Heap
    n: int
    used: int  # positions in the pool


@njit
def _bucket(key: Int, mask: Int) -> Int:
    h = np.uint64(key) * np.uint64(0xD6E8FEB86659FD93)
    return np.int64((h >> np.uint64(30)) & np.uint64(mask))


@njit
def _next_pairs(flat: I32, place: I64, stop: Int, sketch: U32, keys: I64, starts: I32) -> int:
    """Write the next pairs and where they begin, as many as there is room for; return how many.

    `place` holds where to go on, the token before or -1, and where that begins. Their buckets of
    the sketch are on their way from memory.
    """
    at, last, last_at = place[0], place[1], place[2]
    n, mask = 0, len(sketch) - 1
    while at < stop and n < len(keys):
        token = np.int64(flat[at])
        if token == SEPARATOR:
            last = np.int64(-1)
            at += 1
            continue
        if last >= 0:
            key = last << 32 | token
            prefetch(sketch, int(_bucket(key, mask)))
            keys[n], starts[n] = key, last_at
            n += 1
        last, last_at = token, at
        at += skip(flat, at)
    place[0], place[1], place[2] = at, last, last_at
    return n


@njit
def _begin(start: Int) -> tuple[I64, I64, I32]:
    """Return the arrays that `_next_pairs` needs; those of a batch stay in a processor's cache."""
    place = np.array([start, -1, start])
    return place, np.empty(BATCH, np.int64), np.empty(BATCH, np.int32)


@njit
def _reach(keys: I64, starts: I32, n: int, sketch: U32, floor: Int) -> int:
    """Keep the pairs whose bucket reaches the floor; return how many are left."""
    mask = len(sketch) - 1
    kept = np.uint64(0)
    for i in range(np.uint64(n)):
        if sketch[_bucket(keys[i], mask)] >= floor:
            keys[kept], starts[kept] = keys[i], starts[i]
            kept += np.uint64(1)
    return int(np.int64(kept))


@njit
def _sketch(text: Text, sketch: U32) -> None:
    text, sketch = borrowed((text, sketch))
    mask = len(sketch) - 1
    place, keys, starts = _begin(0)
    n = 1
    while n:
        n = _next_pairs(text.flat, place, len(text.flat), sketch, keys, starts)
        for i in range(n):
            bucket = _bucket(keys[i], mask)
            sketch[bucket] = min(np.int64(sketch[bucket]) + weight_at(text, starts[i]), _CAP)


@njit
def middle_of(flat: I32) -> int:
    """Return where a piece begins, about half-way."""
    at = len(flat) // 2
    while at < len(flat) and flat[at] != SEPARATOR:
        at += 1
    return min(at + 1, len(flat))


@njit
def _count(
    text: Text, start: Int, stop: Int, sketch: U32, floor: Int, keys: I64, counts: I64, sizes: I32
) -> Int:
    """Count pairs exactly whose bucket reaches the floor; return how many, or -1: table full."""
    text, sketch = borrowed((text, sketch))
    keys, counts, sizes = borrowed((keys, counts, sizes))
    mask = len(keys) - 1
    place, batch, starts = _begin(start)
    n_pairs, n = 0, 1
    while n:
        n = _next_pairs(text.flat, place, stop, sketch, batch, starts)
        m = _reach(batch, starts, n, sketch, floor)
        for i in range(m):
            near = int(home(batch[i], mask))
            prefetch(keys, near)
            prefetch(counts, near)
            prefetch(sizes, near)
        for i in range(m):
            slot = add_pair(batch[i], keys)
            if sizes[slot] == 0:
                n_pairs += 1
                if 2 * n_pairs > len(keys):
                    return -1
            counts[slot] += weight_at(text, starts[i])
            sizes[slot] += 1
    return n_pairs


@njit
def _fill(
    text: Text, start: Int, stop: Int, pairs: Pairs, places: I64, sketch: U32, floor: Int
) -> None:
    """Write the positions of each pair from its place in the pool on; `places` moves on."""
    text, pairs, places, sketch = borrowed((text, pairs, places, sketch))
    mask = len(pairs.keys) - 1
    place, batch, starts = _begin(start)
    n = 1
    while n:
        n = _next_pairs(text.flat, place, stop, sketch, batch, starts)
        m = _reach(batch, starts, n, sketch, floor)
        for i in range(m):
            slot = int(home(batch[i], mask))
            prefetch(pairs.keys, slot)
            prefetch(places, slot)
        for i in range(m):
            batch[i] = find_pair(batch[i], pairs.keys)
            if batch[i] >= 0:
                prefetch(pairs.pool, places[batch[i]])
        for i in range(m):
            if batch[i] >= 0:
                pairs.pool[places[batch[i]]] = starts[i]
                places[batch[i]] += 1


@njit
def _add(keys: I64, counts: I64, sizes: I32, more: I64, more_counts: I64, more_sizes: I32) -> None:
    """Add one table to another that has room for it."""
    keys = borrowed(keys)
    for i in range(len(more)):
        if more[i] >= 0:
            slot = add_pair(more[i], keys)
            counts[slot] += more_counts[i]
            sizes[slot] += more_sizes[i]


@njit
def _keep(
    keys: I64, counts: I64, sizes: I32, firsts: I32, floor: Int, pairs: Pairs, heap: Heap,
    second: I64,
) -> None:  # fmt: skip
    """Move the pairs that reach the floor into a fresh table.

    `firsts` holds how many of the `sizes` stand in the first half of the text; `second` gets the
    places where those of the second half begin.
    """
    pairs, heap = borrowed((pairs, heap))
    total = 0
    n: Int = 0
    for i in range(len(keys)):
        if keys[i] >= 0 and counts[i] >= floor:
            slot = add_pair(keys[i], pairs.keys)
            pairs.counts[slot] = counts[i]
            pairs.sizes[slot] = sizes[i]
            pairs.starts[slot] = total
            second[slot] = total + firsts[i]
            total += sizes[i]
            n = push(heap, n, counts[i], keys[i])


@njit
def _histogram(sketch: U32) -> I64:
    """Count buckets by the first four bits of their value: [shift * 16 + bits]."""
    found = np.zeros(32 * 16, np.int64)
    for i in range(len(sketch)):
        value, shift = np.int64(sketch[i]), 0
        while value >= 16:
            value >>= 1
            shift += 1
        found[shift * 16 + value] += 1
    return found


def choose_floor(sketch: U32, wanted: int, at_least: int) -> int:
    """Choose a floor that about `wanted` buckets reach."""
    reached = np.cumsum(_histogram(sketch)[::-1])[::-1]  # how many have this value or more
    place = int(np.flatnonzero(reached >= wanted)[-1]) if reached[0] >= wanted else 0
    return max((place & 15) << (place >> 4), at_least)


class Sketched:
    """All pairs of a text counted in hashed buckets; an index of those that reach a floor."""

    def __init__(self, text: Text, n_tokens: int) -> None:
        self._text = text
        pairs = 4 * n_tokens * n_tokens
        bits = int(np.clip(min(len(text.flat), pairs).bit_length(), 16, 26))
        self.counts = np.zeros(1 << bits, np.uint32)  # an upper bound for each pair
        _sketch(text, self.counts)

    def build(self, floor: int, spare: int) -> Index:
        """Index every pair that occurs at least `floor` times, with room for `spare` to come."""
        text, sketch = self._text, self.counts
        size = 1 << max(16, int(np.count_nonzero(sketch >= floor) * 2).bit_length())
        middle, end = middle_of(text.flat), len(text.flat)
        with ThreadPoolExecutor(2) as threads:
            second_half = threads.submit(_counted, text, middle, end, sketch, floor, size)
            n, (keys, counts, sizes) = _counted(text, 0, middle, sketch, floor, size)
            more, others = second_half.result()
            if 2 * (n + more) > len(keys):
                table = _empty_table(2 * max(len(keys), len(others[0])))
                _add(*table, keys, counts, sizes)
                keys, counts, sizes = table
            firsts = sizes.copy()
            _add(keys, counts, sizes, *others)
            index, second = keep(keys, counts, sizes, firsts, floor, spare)
            del keys, counts, sizes, firsts, others
            pairs = index.pairs
            filled = threads.submit(_fill, text, middle, end, pairs, second, sketch, floor)
            _fill(text, 0, middle, pairs, pairs.starts.copy(), sketch, floor)
            filled.result()
        return index


def keep(
    keys: I64, counts: I64, sizes: I32, firsts: I32, floor: int, spare: int
) -> tuple[Index, I64]:
    """Make an index of the pairs that reach the floor, its pool still empty.

    Args:
        keys: pairs, -1 where there is none.
        counts: of each.
        sizes: how many positions each has.
        firsts: how many of them stand in the first half of the text.
        floor: lowest count.
        spare: room for pairs to come.

    Returns:
        The index, and where the positions of the second half begin, by row of its table.
    """
    good = (keys >= 0) & (counts >= floor)
    n, total = int(np.count_nonzero(good)), int(sizes[good].sum(dtype=np.int64))
    room = 1 << int(2 * (n + spare)).bit_length()
    pool_size = 2 * total + (1 << 20) + 2 * int(sizes.max(initial=0))
    pairs = Pairs(*_empty_table(room), np.zeros(room, np.int64), np.empty(pool_size, np.int32))
    heap = Heap(np.empty(n + spare, np.int64), np.empty(n + spare, np.int64))
    second = np.zeros(room, np.int64)
    _keep(keys, counts, sizes, firsts, floor, pairs, heap, second)
    return Index(pairs, heap, n, total), second


def _empty_table(size: int) -> tuple[I64, I64, I32]:
    return np.full(size, -1, np.int64), np.zeros(size, np.int64), np.zeros(size, np.int32)


def _counted(
    text: Text, start: int, stop: int, sketch: U32, floor: int, size: int
) -> tuple[int, tuple[I64, I64, I32]]:
    """Count the pairs of a part of the text; return their number and a table of them."""
    while True:
        table = _empty_table(size)
        n = int(_count(text, start, stop, sketch, floor, *table))
        if n >= 0:
            return n, table
        size *= 2
