"""Byte-pair merges over a sequence of ids in place: lowest rank first, leftmost first.

The id that a merge makes is 256 and its rank, so an id tells its rank.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hanji.kernels import njit

__all__ = ["ALL", "SHORT", "fill_ranks", "merge", "slot_of"]

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
Int = int | np.int64
_NONE = np.int64(1) << np.int64(62)
ALL = _NONE  # a limit above every id
SHORT = 64  # ids; longer sequences are merged by a heap


@njit(forceinline=True)
def slot_of(key: Int, mask: Int) -> Int:
    """Return where in a table of mask + 1 slots the search for a key begins."""
    h = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    return np.int64((h ^ (h >> np.uint64(32))) & np.uint64(mask))


@njit
def fill_ranks(pairs: I32, keys: I64, values: I32) -> None:
    """Fill a hash table from a pair of ids to the id that it makes; an earlier merge wins.

    Free keys are -1.
    """
    mask = len(keys) - 1
    for i in range(len(pairs)):
        key = np.int64(pairs[i, 0]) << 32 | np.int64(pairs[i, 1])
        slot = slot_of(key, mask)
        while keys[slot] >= 0 and keys[slot] != key:
            slot = (slot + 1) & mask
        if keys[slot] < 0:
            keys[slot], values[slot] = key, 256 + i


@njit(forceinline=True)
def _made(a: Int, b: Int, keys: I64, values: I32, limit: Int) -> Int:
    """Return the id below `limit` that two make, or _NONE."""
    key = np.int64(a) << 32 | np.int64(b)
    mask = len(keys) - 1
    slot = slot_of(key, mask)
    while keys[slot] >= 0:
        if keys[slot] == key:
            found = np.int64(values[slot])
            return found if found < limit else _NONE
        slot = (slot + 1) & mask
    return _NONE


@njit
def _merge_short(ids: I32, n: Int, keys: I64, values: I32, limit: Int, made: I64) -> Int:
    for i in range(n - 1):
        made[i] = _made(ids[i], ids[i + 1], keys, values, limit)
    while n > 1:
        best, at = _NONE, -1
        for i in range(n - 1):
            if made[i] < best:
                best, at = made[i], i
        if at < 0:
            break
        ids[at] = best
        n -= 1
        for i in range(at + 1, n):
            ids[i] = ids[i + 1]
        for i in range(at + 1, n - 1):
            made[i] = made[i + 1]
        if at > 0:
            made[at - 1] = _made(ids[at - 1], ids[at], keys, values, limit)
        if at < n - 1:
            made[at] = _made(ids[at], ids[at + 1], keys, values, limit)
    return n


@njit
def _push(heap: I64, size: Int, value: Int) -> Int:
    at = size
    while at > 0:
        parent = (at - 1) >> 1
        if heap[parent] <= value:
            break
        heap[at] = heap[parent]
        at = parent
    heap[at] = value
    return size + 1


@njit
def _pop(heap: I64, size: Int) -> Int:
    """Take the least value out; the caller has read it from heap[0]."""
    size -= 1
    value, at = heap[size], 0
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if value <= heap[child]:
            break
        heap[at] = heap[child]
        at = child
    heap[at] = value
    return size


@njit
def _merge_long(ids: I32, n: Int, keys: I64, values: I32, limit: Int) -> Int:
    left = np.arange(-1, n - 1).astype(np.int32)
    right = np.arange(1, n + 1).astype(np.int32)
    heap = np.empty(3 * n, np.int64)  # n - 1 at first, and two for each merge but one taken out
    size: Int = 0
    for i in range(n - 1):
        made = _made(ids[i], ids[i + 1], keys, values, limit)
        if made < _NONE:
            size = _push(heap, size, made << 32 | np.int64(i))
    while size:
        at, made = heap[0] & 0xFFFFFFFF, heap[0] >> 32
        size = _pop(heap, size)
        if ids[at] < 0 or right[at] >= n:
            continue
        after = np.int64(right[at])
        if _made(ids[at], ids[after], keys, values, limit) != made:
            continue
        ids[at] = made
        ids[after] = -1
        right[at] = right[after]
        if right[at] < n:
            left[right[at]] = at
            made = _made(ids[at], ids[right[at]], keys, values, limit)
            if made < _NONE:
                size = _push(heap, size, made << 32 | at)
        if left[at] >= 0:
            made = _made(ids[left[at]], ids[at], keys, values, limit)
            if made < _NONE:
                size = _push(heap, size, made << 32 | np.int64(left[at]))
    kept = 0
    for i in range(n):
        if ids[i] >= 0:
            ids[kept] = ids[i]
            kept += 1
    return kept


@njit
def merge(ids: I32, n: Int, keys: I64, values: I32, limit: Int, made: I64) -> Int:
    """Merge ids[:n] in place, lowest rank first, leftmost first; return how many remain."""
    if n <= SHORT:
        return _merge_short(ids, n, keys, values, limit, made)
    return _merge_long(ids, n, keys, values, limit)
