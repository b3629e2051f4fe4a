"""The index of pairs: an exact scan of the flat array, and the arrays around the merge loop.

A scan first counts pairs in a sketch (hashed buckets, never too low), then exactly only those whose
bucket reaches the floor: at a gigabyte, a quarter of a million pairs instead of tens of millions.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hanji.kernels import njit
from tokenizer.merge import SEPARATOR, Heap, Pairs, Text, add_pair, find_pair, push, weight_at

__all__ = ["build", "choose_floor", "sketch_pairs"]

I32 = npt.NDArray[np.int32]
Int = int | np.int64
I64 = npt.NDArray[np.int64]
U32 = npt.NDArray[np.uint32]
_CAP = np.int64((1 << 32) - 1)


@njit
def _bucket(key: Int, mask: Int) -> Int:
    h = np.uint64(key) * np.uint64(0xD6E8FEB86659FD93)
    return np.int64((h >> np.uint64(30)) & np.uint64(mask))


@njit
def _sketch(text: Text, sketch: U32) -> None:
    flat, mask = text.flat, len(sketch) - 1
    at, last, last_at = 0, np.int64(-1), 0
    while at < len(flat):
        token = np.int64(flat[at])
        if token == SEPARATOR:
            last = np.int64(-1)
            at += 1
            continue
        if last >= 0:
            bucket = _bucket(last << 32 | token, mask)
            sketch[bucket] = min(np.int64(sketch[bucket]) + weight_at(text, last_at), _CAP)
        last, last_at = token, at
        n = flat[at + 1]
        at += -n if n < 0 and n != SEPARATOR else 1


@njit
def _count(text: Text, sketch: U32, floor: Int, keys: I64, counts: I64, sizes: I32) -> Int:
    """Count pairs exactly whose bucket reaches the floor; return how many, or -1: table full."""
    flat, mask = text.flat, len(sketch) - 1
    at, last, last_at, n_pairs = 0, np.int64(-1), 0, 0
    while at < len(flat):
        token = np.int64(flat[at])
        if token == SEPARATOR:
            last = np.int64(-1)
            at += 1
            continue
        if last >= 0:
            key = last << 32 | token
            if sketch[_bucket(key, mask)] >= floor:
                slot = add_pair(key, keys)
                if sizes[slot] == 0:
                    n_pairs += 1
                    if 2 * n_pairs > len(keys):
                        return -1
                counts[slot] += weight_at(text, last_at)
                sizes[slot] += 1
        last, last_at = token, at
        n = flat[at + 1]
        at += -n if n < 0 and n != SEPARATOR else 1
    return n_pairs


@njit
def _fill(text: Text, pairs: Pairs, sketch: U32, floor: Int) -> None:
    """Write the positions of each pair; `starts` moves on and is set back by the caller."""
    flat, mask = text.flat, len(sketch) - 1
    at, last, last_at = 0, np.int64(-1), 0
    while at < len(flat):
        token = np.int64(flat[at])
        if token == SEPARATOR:
            last = np.int64(-1)
            at += 1
            continue
        if last >= 0:
            key = last << 32 | token
            if sketch[_bucket(key, mask)] >= floor:
                slot = find_pair(key, pairs.keys)
                if slot >= 0:
                    pairs.pool[pairs.starts[slot]] = last_at
                    pairs.starts[slot] += 1
        last, last_at = token, at
        n = flat[at + 1]
        at += -n if n < 0 and n != SEPARATOR else 1


@njit
def _keep(
    old: I64, old_counts: I64, old_sizes: I32, floor: Int, pairs: Pairs, heap: Heap
) -> tuple[Int, Int]:
    """Move the pairs that reach the floor into a fresh table; return (pairs, positions)."""
    total = 0
    n: Int = 0
    for i in range(len(old)):
        if old[i] >= 0 and old_counts[i] >= floor:
            slot = add_pair(old[i], pairs.keys)
            pairs.counts[slot] = old_counts[i]
            pairs.sizes[slot] = old_sizes[i]
            pairs.starts[slot] = total
            total += old_sizes[i]
            n = push(heap, n, old_counts[i], old[i])
    return n, total


def sketch_pairs(text: Text, n_tokens: int) -> U32:
    """Count all pairs in hashed buckets: an upper bound for each."""
    pairs = 4 * n_tokens * n_tokens
    bits = int(np.clip(min(len(text.flat), pairs).bit_length(), 16, 26))
    sketch = np.zeros(1 << bits, np.uint32)
    _sketch(text, sketch)
    return sketch


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


def build(text: Text, sketch: U32, floor: int, spare: int) -> tuple[Pairs, Heap, int, int]:
    """Index every pair that occurs at least `floor` times.

    Args:
        text: the flat array.
        sketch: of this very array.
        floor: lowest count.
        spare: room for pairs to come.

    Returns:
        (pairs, heap, number of pairs, positions in the pool).
    """
    size = 1 << max(16, int(np.count_nonzero(sketch >= floor) * 2).bit_length())
    while True:
        keys = np.full(size, -1, np.int64)
        counts, sizes = np.zeros(size, np.int64), np.zeros(size, np.int32)
        n = _count(text, sketch, floor, keys, counts, sizes)
        if n >= 0:
            break
        size *= 2
    good = (keys >= 0) & (counts >= floor)
    n, total = int(np.count_nonzero(good)), int(sizes[good].sum(dtype=np.int64))
    room = 1 << int(2 * (n + spare)).bit_length()
    pool_size = 2 * total + (1 << 20) + 2 * int(sizes.max(initial=0))
    pairs = Pairs(
        np.full(room, -1, np.int64), np.zeros(room, np.int64), np.zeros(room, np.int32),
        np.zeros(room, np.int64), np.empty(pool_size, np.int32),
    )  # fmt: skip
    heap = Heap(np.empty(n + spare, np.int64), np.empty(n + spare, np.int64))
    _keep(keys, counts, sizes, floor, pairs, heap)
    del keys, counts, sizes, good
    _fill(text, pairs, sketch, floor)
    np.subtract(pairs.starts, pairs.sizes, out=pairs.starts)
    return pairs, heap, n, total
