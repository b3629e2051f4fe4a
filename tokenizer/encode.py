"""Encode pieces with merges: exactly what BPE gives, at the speed of a look-up.

A piece may be cut wherever what stands across the cut occurs inside no token: no token can reach
across, so the parts encode on their own, and a cache keeps each with its ids.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from hanji.kernels import borrowed, njit, prefetch
from hanji.text.alphabet import byte_order
from hanji.text.merges import ALL, SHORT, fill_ranks
from hanji.text.parts import (
    INSIDE,
    SLACK,
    find_part,
    inner_pairs,
    merge_part,
    next_part,
    part_row,
)

__all__ = ["Encoder"]

U8 = npt.NDArray[np.uint8]
I32 = npt.NDArray[np.int32]
Int = int | np.int64
I64 = npt.NDArray[np.int64]
BATCH = 64  # parts
PIECES_AHEAD = 8
THREADS = 2
CHUNK = 1 << 22  # bytes that a thread encodes at a time


@njit
def encode_pieces(
    data: U8, offsets: I64, order: I64, base: I32, keys: I64, values: I32, inside: U8, kept: I64,
    kept_bytes: U8, kept_ids: I32, state: I64, out: I32, separator: Int,
) -> Int:  # fmt: skip
    """Encode the pieces named by `order` one after the other, a separator behind each.

    The cache is that of `find_part`; what the parts of a batch will need of it is asked of memory
    before the first of them is looked up. Returns how many ids were written.
    """
    data, offsets, order, base = borrowed((data, offsets, order, base))
    keys, values, inside, kept = borrowed((keys, values, inside, kept))
    kept_bytes, kept_ids, state, out = borrowed((kept_bytes, kept_ids, state, out))
    made = np.empty(SHORT, np.int64)
    begins, ends = np.empty(BATCH, np.int64), np.empty(BATCH, np.int64)
    part_keys = np.zeros(BATCH, np.int64)
    n: Int = 0
    piece = -1
    at: Int = 0
    stop: Int = 0
    while piece < len(order):
        m = 0
        while m < BATCH:
            if at == stop:
                if piece >= 0:
                    begins[m] = ends[m] = at  # the piece's end
                    m += 1
                piece += 1
                if piece == len(order):
                    break
                at, stop = offsets[order[piece]], offsets[order[piece] + 1]
                if piece + PIECES_AHEAD < len(order):
                    prefetch(data, offsets[order[piece + PIECES_AHEAD]])
                if piece + 2 * PIECES_AHEAD < len(order):
                    prefetch(offsets, order[piece + 2 * PIECES_AHEAD])
                continue
            if at + 1 == stop or not inside[np.int64(data[at]) << 8 | np.int64(data[at + 1])]:
                begins[m], ends[m], part_keys[m] = at, at + 1, 0
                at += 1
                m += 1
                continue
            end, key = next_part(data, at, stop, inside)
            begins[m], ends[m], part_keys[m] = at, end, key
            prefetch(kept, int(part_row(key, kept)))
            at = end
            m += 1
        for i in range(m):
            row = part_row(part_keys[i], kept)
            if part_keys[i] and kept[row, 0] == part_keys[i]:
                prefetch(kept_bytes, kept[row, 1] & 0xFFFFFFFFFFFF)
                prefetch(kept_ids, kept[row, 1] & 0xFFFFFFFFFFFF)
        for i in range(m):
            length = ends[i] - begins[i]
            if length <= 1:
                out[n] = base[data[begins[i]]] if length else separator
                n += 1
                continue
            known = find_part(
                data, begins[i], length, part_keys[i], kept, kept_bytes, kept_ids, out, n
            )
            if known >= 0:
                n = known
            else:
                n = merge_part(
                    data, begins[i], length, part_keys[i], -1 - known, keys, values, ALL, made,
                    base, kept, kept_bytes, kept_ids, state, out, n,
                )  # fmt: skip
    return n


@njit
def spell(data: U8, offsets: I64, order: I64, base: I32, out: I32, separator: Int) -> Int:
    """Write the bytes of pieces as `encode_pieces` does where there are no merges."""
    data, offsets, order = borrowed((data, offsets, order))
    base, out = borrowed((base, out))
    n = np.uint64(0)  # an index without a sign is quicker
    for piece in range(len(order)):
        if piece + PIECES_AHEAD < len(order):
            prefetch(data, offsets[order[piece + PIECES_AHEAD]])
        if piece + 2 * PIECES_AHEAD < len(order):
            prefetch(offsets, order[piece + 2 * PIECES_AHEAD])
        for at in range(np.uint64(offsets[order[piece]]), np.uint64(offsets[order[piece] + 1])):
            out[n] = base[data[at]]
            n += np.uint64(1)
        out[n] = separator
        n += np.uint64(1)
    return np.int64(n)


class Encoder:
    """Encodes bytes with a list of merges; ids 0 to 255 are the bytes in `byte_order`."""

    def __init__(self, pairs: I32, tokens: tuple[U8, I64], cache: int = 1 << 20) -> None:
        size = 1 << max(10, int(2 * len(pairs)).bit_length())
        self.keys = np.full(size, -1, np.int64)
        self.values = np.zeros(size, np.int32)
        fill_ranks(pairs, self.keys, self.values)
        self.base = np.empty(256, np.int32)
        self.base[byte_order()] = np.arange(256)
        self.inside = np.zeros(INSIDE, np.uint8)
        inner_pairs(*tokens, self.inside)
        self._rows, self._plain = cache, not len(pairs)
        self._idle: list[_Cache] = []

    def encode(self, data: U8, offsets: I64, order: I64, separator: int) -> I32:
        """Encode the pieces `order` of an arena; a separator stands behind each.

        Two threads work where there is much; what they hold at a time is little.

        Returns:
            Flat ids, shape (n_ids + len(order),).
        """
        sizes = np.cumsum(offsets[order + 1] - offsets[order] + 1)
        most = int(sizes[-1]) if len(sizes) else 0
        out = np.empty(most, np.int32)  # memory that is not written to is not taken
        cuts = np.searchsorted(sizes, np.arange(CHUNK, most, CHUNK)).tolist()
        jobs = deque(order[a:b] for a, b in pairwise([0, *cuts, len(order)]))
        waiting: deque[Future[I32]] = deque()
        n = 0
        with ThreadPoolExecutor(THREADS) as threads:
            while jobs or waiting:
                while jobs and len(waiting) <= THREADS:
                    job = (data, offsets, jobs.popleft(), separator)
                    waiting.append(threads.submit(self._encode, *job))
                ids = waiting.popleft().result()
                out[n : n + len(ids)] = ids
                n += len(ids)
        return out[:n]

    def _encode(self, data: U8, offsets: I64, order: I64, separator: int) -> I32:
        most = int(np.sum(offsets[order + 1] - offsets[order] + 1))
        out = np.empty(most + SLACK, np.int32)
        if self._plain:
            return out[: spell(data, offsets, order, self.base, out, separator)]
        try:
            cache = self._idle.pop()
        except IndexError:
            cache = _Cache(self._rows)
        n = encode_pieces(
            data, offsets, order, self.base, self.keys, self.values, self.inside, cache.rows,
            cache.bytes, cache.ids, cache.state, out, separator,
        )  # fmt: skip
        self._idle.append(cache)
        return out[: int(n)].copy()


class _Cache:
    """Parts and their ids; memory that is not written to is not taken."""

    def __init__(self, rows: int) -> None:
        self.rows = np.zeros((rows, 2), np.int64)
        self.bytes = np.empty(8 * rows, np.uint8)
        self.ids = np.empty(8 * rows, np.int32)
        self.state = np.zeros(2, np.int64)
