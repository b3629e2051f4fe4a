"""Encode pieces with merges: exactly what BPE gives, at the speed of a look-up.

A piece may be cut wherever the byte pair across the cut occurs inside no token: no token can
reach across, so the parts encode on their own. The parts are short and repeat, and a cache keeps
each with its ids. Parts longer than `_SHORT` bytes are merged by a heap, in n log n.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hanji.kernels import njit
from tokenizer.count import hash_bytes

__all__ = ["Encoder", "byte_order"]

U8 = npt.NDArray[np.uint8]
I32 = npt.NDArray[np.int32]
Int = int | np.int64
I64 = npt.NDArray[np.int64]
_SHORT = 64
_CACHED = 24  # longer parts hardly repeat
_NONE = np.int64(1) << np.int64(62)


def byte_order() -> list[int]:
    """Return the 256 bytes in the order of their ids: by their character in GPT-2's alphabet.

    Printable bytes keep their code point, the others follow from U+0100 on.
    """
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    return printable + [b for b in range(256) if b not in set(printable)]


@njit
def _slot(key: Int, mask: Int) -> Int:
    h = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    return np.int64((h ^ (h >> np.uint64(32))) & np.uint64(mask))


@njit
def build_ranks(pairs: I32, keys: I64, values: I32) -> None:
    """Fill a hash table from pair to the id that it makes; an earlier merge wins."""
    mask = len(keys) - 1
    for i in range(len(pairs)):
        key = np.int64(pairs[i, 0]) << 32 | np.int64(pairs[i, 1])
        slot = _slot(key, mask)
        while keys[slot] >= 0 and keys[slot] != key:
            slot = (slot + 1) & mask
        if keys[slot] < 0:
            keys[slot] = key
            values[slot] = 256 + i


@njit
def _rank(a: Int, b: Int, keys: I64, values: I32) -> Int:
    key = np.int64(a) << 32 | np.int64(b)
    mask = len(keys) - 1
    slot = _slot(key, mask)
    while keys[slot] >= 0:
        if keys[slot] == key:
            return np.int64(values[slot])
        slot = (slot + 1) & mask
    return _NONE


@njit
def _encode_short(ids: I32, n: Int, keys: I64, values: I32, ranks: I64) -> Int:
    """Merge ids[:n] in place, lowest rank first, leftmost first; return how many remain."""
    for i in range(n - 1):
        ranks[i] = _rank(ids[i], ids[i + 1], keys, values)
    while n > 1:
        best, at = _NONE, -1
        for i in range(n - 1):
            if ranks[i] < best:
                best, at = ranks[i], i
        if at < 0:
            break
        ids[at] = best
        n -= 1
        for i in range(at + 1, n):
            ids[i] = ids[i + 1]
        for i in range(at + 1, n - 1):
            ranks[i] = ranks[i + 1]
        if at > 0:
            ranks[at - 1] = _rank(ids[at - 1], ids[at], keys, values)
        if at < n - 1:
            ranks[at] = _rank(ids[at], ids[at + 1], keys, values)
    return n


@njit
def _up(heap: I64, at: Int) -> None:
    while at > 0:
        parent = (at - 1) >> 1
        if heap[parent] <= heap[at]:
            break
        heap[parent], heap[at] = heap[at], heap[parent]
        at = parent


@njit
def _down(heap: I64, n: Int) -> None:
    at = 0
    while True:
        child = 2 * at + 1
        if child >= n:
            break
        if child + 1 < n and heap[child + 1] < heap[child]:
            child += 1
        if heap[at] <= heap[child]:
            break
        heap[child], heap[at] = heap[at], heap[child]
        at = child


@njit
def _encode_long(ids: I32, n: Int, keys: I64, values: I32) -> Int:
    """Merge ids[:n] in place by a heap of (rank, position); return how many remain."""
    left = np.arange(-1, n - 1).astype(np.int32)
    right = np.arange(1, n + 1).astype(np.int32)
    heap = np.empty(2 * n + 8, np.int64)
    size = 0
    for i in range(n - 1):
        rank = _rank(ids[i], ids[i + 1], keys, values)
        if rank < _NONE:
            heap[size] = rank << 32 | np.int64(i)
            _up(heap, size)
            size += 1
    while size:
        top = heap[0]
        size -= 1
        heap[0] = heap[size]
        _down(heap, size)
        at, rank = top & 0xFFFFFFFF, top >> 32
        if ids[at] < 0 or right[at] >= n:
            continue
        after = np.int64(right[at])
        if _rank(ids[at], ids[after], keys, values) != rank:
            continue
        ids[at] = rank
        ids[after] = -1
        right[at] = right[after]
        if right[at] < n:
            left[right[at]] = at
        if size + 2 > len(heap):
            heap = np.concatenate((heap, np.empty(len(heap), np.int64)))
        if left[at] >= 0:
            rank = _rank(ids[left[at]], ids[at], keys, values)
            if rank < _NONE:
                heap[size] = rank << 32 | np.int64(left[at])
                _up(heap, size)
                size += 1
        if right[at] < n:
            rank = _rank(ids[at], ids[right[at]], keys, values)
            if rank < _NONE:
                heap[size] = rank << 32 | at
                _up(heap, size)
                size += 1
    kept = 0
    for i in range(n):
        if ids[i] >= 0:
            ids[kept] = ids[i]
            kept += 1
    return kept


@njit
def inner_pairs(arena: U8, offsets: I64, inside: U8) -> None:
    """Mark every byte pair that occurs inside a token."""
    for t in range(len(offsets) - 1):
        for i in range(offsets[t], offsets[t + 1] - 1):
            inside[np.int64(arena[i]) << 8 | np.int64(arena[i + 1])] = 1


@njit
def encode_pieces(
    data: U8, offsets: I64, order: I64, state: I64, base: I32, keys: I64, values: I32,
    inside: U8, cache_keys: I64, cache_at: I64, cache_bytes: U8, cache_ids: I32, out: I32,
    separator: Int,
) -> None:  # fmt: skip
    """Encode the pieces named by `order` one after the other, a separator behind each.

    `state` holds [next piece, ids written, entries in the cache, ids in the cache], kept up to
    date; `cache_keys` the hash of each part, 0 where free; `cache_at` (length << 56 | ids << 48 |
    where its ids and bytes begin).
    """
    ranks = np.empty(_SHORT, np.int64)
    short = np.empty(_SHORT, np.int32)
    mask = len(cache_keys) - 1
    while state[0] < len(order):
        piece = order[state[0]]
        at, stop = offsets[piece], offsets[piece + 1]
        n = state[1]
        while at < stop:
            end = at + 1
            while end < stop and inside[np.int64(data[end - 1]) << 8 | np.int64(data[end])]:
                end += 1
            length = end - at
            if length == 1:
                out[n] = base[data[at]]
                n += 1
            elif length > _SHORT:
                for i in range(length):
                    out[n + i] = base[data[at + i]]
                n += _encode_long(out[n : n + length], length, keys, values)
            else:
                h = np.int64(hash_bytes(data, at, end) >> np.uint64(1)) | 1
                slot = h & mask
                hit = False
                if length <= _CACHED:
                    while cache_keys[slot]:
                        if cache_keys[slot] == h and (cache_at[slot] >> 56) == length:
                            where = cache_at[slot] & 0xFFFFFFFFFFFF
                            hit = True
                            for i in range(length):
                                if cache_bytes[where + i] != data[at + i]:
                                    hit = False
                                    break
                            if hit:
                                n_ids = (cache_at[slot] >> 48) & 255
                                for i in range(n_ids):
                                    out[n + i] = cache_ids[where + i]
                                n += n_ids
                                break
                        slot = (slot + 1) & mask
                if not hit:
                    for i in range(length):
                        short[i] = base[data[at + i]]
                    n_ids = _encode_short(short, length, keys, values, ranks)
                    for i in range(n_ids):
                        out[n + i] = short[i]
                    n += n_ids
                    room = state[3] + length <= len(cache_ids) and state[2] < mask * 0.6
                    if length <= _CACHED and room:
                        where = state[3]
                        for i in range(length):
                            cache_bytes[where + i] = data[at + i]
                        for i in range(n_ids):
                            cache_ids[where + i] = short[i]
                        cache_keys[slot] = h
                        cache_at[slot] = length << 56 | np.int64(n_ids) << 48 | where
                        state[2] += 1
                        state[3] += length
            at = end
        out[n] = separator
        state[1] = n + 1
        state[0] += 1


class Encoder:
    """Encodes bytes with a list of merges; ids 0 to 255 are the bytes in `byte_order`."""

    def __init__(self, pairs: I32, tokens: tuple[U8, I64], cache: int = 1 << 20) -> None:
        size = 1 << max(10, int(2 * len(pairs)).bit_length())
        self.keys = np.full(size, -1, np.int64)
        self.values = np.zeros(size, np.int32)
        build_ranks(pairs, self.keys, self.values)
        self.base = np.empty(256, np.int32)
        self.base[byte_order()] = np.arange(256)
        self.inside = np.zeros(1 << 16, np.uint8)
        inner_pairs(*tokens, self.inside)
        self.cache_keys = np.zeros(cache, np.int64)
        self.cache_at = np.zeros(cache, np.int64)
        self.cache_bytes = np.empty(8 * cache, np.uint8)
        self.cache_ids = np.empty(8 * cache, np.int32)
        self.state = np.zeros(4, np.int64)

    def encode(self, data: U8, offsets: I64, order: I64, separator: int) -> I32:
        """Encode the pieces `order` of an arena; a separator stands behind each.

        Returns:
            Flat ids, shape (n_ids + len(order),).
        """
        self.state[:2] = 0
        most = int(np.sum(offsets[order + 1] - offsets[order])) + len(order)
        out = np.empty(most, np.int32)  # memory that is not written to is not taken
        encode_pieces(
            data, offsets, order, self.state, self.base, self.keys, self.values, self.inside,
            self.cache_keys, self.cache_at, self.cache_bytes, self.cache_ids, out, separator,
        )  # fmt: skip
        return out[: self.state[1]]
