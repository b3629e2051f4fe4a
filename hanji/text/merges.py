"""Byte-pair merges over one piece of text, lowest rank first: what BPE says, in two steps.

The id that a merge makes is 256 and its rank, so an id tells its rank. Where every merge joins
what earlier ones made, all merges below a rank are done before any from there on. So a piece may
be cut wherever the byte pair across the cut stands inside no token below the rank (between words,
where that rank begins the superwords): the parts are merged below it on their own, and a cache
keeps each with its ids, for words come back. The ids of the parts are cut once more, wherever the
pair across the cut stands inside no token, and what is left, two or three ids, is merged on.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hanji.kernels import njit
from hanji.text.scan import kinds_of, next_end

__all__ = [
    "ALL",
    "SEAM_BITS",
    "SHORT",
    "encode",
    "encode_part",
    "fill_ranks",
    "inner_pairs",
    "seams",
]

U8 = npt.NDArray[np.uint8]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
Int = int | np.int64
_NONE = np.int64(1) << np.int64(62)
ALL = _NONE  # a limit above every id
SHORT = 64  # ids; longer sequences are merged by a heap
SEAM_BITS = 19  # of a bitmap, for some ten thousand pairs: one in fifty others is taken for one
_KEPT = 48  # bytes of a part; longer ones hardly come back


@njit
def _slot(key: Int, mask: Int) -> Int:
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
        slot = _slot(key, mask)
        while keys[slot] >= 0 and keys[slot] != key:
            slot = (slot + 1) & mask
        if keys[slot] < 0:
            keys[slot], values[slot] = key, 256 + i


@njit
def _made(a: Int, b: Int, keys: I64, values: I32, limit: Int) -> Int:
    """Return the id below `limit` that two make, or _NONE."""
    key = np.int64(a) << 32 | np.int64(b)
    mask = len(keys) - 1
    slot = _slot(key, mask)
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
def _merge(ids: I32, n: Int, keys: I64, values: I32, limit: Int, made: I64) -> Int:
    """Merge ids[:n] in place, lowest rank first, leftmost first; return how many remain."""
    if n <= SHORT:
        return _merge_short(ids, n, keys, values, limit, made)
    return _merge_long(ids, n, keys, values, limit)


@njit
def inner_pairs(arena: U8, offsets: I64, inside: U8) -> None:
    """Mark every byte pair that stands inside a token."""
    for t in range(len(offsets) - 1):
        for i in range(offsets[t], offsets[t + 1] - 1):
            inside[np.int64(arena[i]) << 8 | np.int64(arena[i + 1])] = 1


@njit
def _seam(a: Int, b: Int) -> np.uint64:
    key = np.uint64(a) << np.uint64(32) | np.uint64(b)
    return (key * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(64 - SEAM_BITS)


@njit
def seams(pairs: I32, limit: Int, bits: U8) -> None:
    """Mark the pairs of ids below `limit` that stand inside a token from there on."""
    first = np.arange(256 + len(pairs)).astype(np.int32)  # of the ids that a token is made of
    last = first.copy()
    for i in range(limit - 256, len(pairs)):
        a, b = pairs[i, 0], pairs[i, 1]
        first[256 + i], last[256 + i] = first[a], last[b]
        seam = _seam(last[a], first[b])
        bits[seam >> np.uint64(3)] |= np.uint8(1) << np.uint8(seam & np.uint64(7))


@njit(inline="always")
def _merge_on(ids: I32, n: Int, bits: U8, keys: I64, values: I32, made: I64) -> Int:
    """Merge the ids of a piece's parts in place; return how many remain."""
    kept: Int = 0
    at: Int = 0
    while at < n:
        end: Int = at + 1
        while end < n:
            seam = _seam(ids[end - 1], ids[end])
            if not bits[seam >> np.uint64(3)] >> np.uint8(seam & np.uint64(7)) & 1:
                break
            end += 1
        for i in range(at, end):
            ids[kept + i - at] = ids[i]
        if end - at > 1:
            kept += _merge(ids[kept : kept + end - at], end - at, keys, values, _NONE, made)
        else:
            kept += 1
        at = end
    return kept


@njit(inline="always")
def encode_part(
    data: U8, at: Int, end: Int, keys: I64, values: I32, limit: Int, made: I64, base: I32,
    kept: I64, kept_at: I64, kept_bytes: U8, kept_ids: I32, state: I64, out: I32, n: Int,
) -> Int:  # fmt: skip
    """Write the ids of data[at:end] behind out[:n], merged below `limit`; return the new n.

    `state` holds [entries, bytes] of the cache; `kept` the hash of each part, 0 where free;
    `kept_at` its length << 56 | ids << 48 | where its bytes and ids begin.
    """
    length = end - at
    h = np.uint64(0xCBF29CE484222325)
    for i in range(at, end):
        h = (h ^ np.uint64(data[i])) * np.uint64(0x100000001B3)
    key = np.int64((h ^ (h >> np.uint64(29))) >> np.uint64(1)) | 1
    mask = len(kept) - 1
    slot = key & mask
    while length <= _KEPT and kept[slot]:
        where = kept_at[slot] & 0xFFFFFFFFFFFF
        if kept[slot] == key and (kept_at[slot] >> 56) == length:
            same = 0
            while same < length and kept_bytes[where + same] == data[at + same]:
                same += 1
            if same == length:
                n_ids: Int = (kept_at[slot] >> 48) & 255
                for i in range(n_ids):
                    out[n + i] = kept_ids[where + i]
                return n + n_ids
        slot = (slot + 1) & mask
    for i in range(length):
        out[n + i] = base[data[at + i]]
    n_ids = _merge(out[n : n + length], length, keys, values, limit, made)
    if length <= _KEPT and state[0] < mask * 0.6 and state[1] + length <= len(kept_bytes):
        where = state[1]
        for i in range(length):
            kept_bytes[where + i] = data[at + i]
        for i in range(n_ids):
            kept_ids[where + i] = out[n + i]
        kept[slot], kept_at[slot] = key, length << 56 | np.int64(n_ids) << 48 | where
        state[0] += 1
        state[1] += length
    return n + n_ids


@njit
def encode(
    data: U8, borders: I64, after: I64, table: U8, mode: Int, inside: U8, bits: U8, keys: I64,
    values: I32, limit: Int, names: I32, kept: I64, kept_at: I64, kept_bytes: U8, kept_ids: I32,
    state: I64, out: I32, ends: I64,
) -> None:  # fmt: skip
    """Encode stretches of text one after the other.

    Args:
        data: their bytes.
        borders: where each begins, and the last one ends.
        after: what stands behind each in the vocabulary's own numbers, or -1.
        table: `class_table`.
        mode: of the pattern.
        inside: the byte pairs inside tokens below `limit`.
        bits: the pairs of ids inside the others.
        keys: hash table of pairs, with
        values: what they make.
        limit: the id from which on merges are the second step.
        names: the vocabulary's number of each id.
        kept: the cache's hashes, with
        kept_at: lengths and places,
        kept_bytes: bytes,
        kept_ids: ids, and
        state: [entries, bytes] in use.
        out: gets the numbers.
        ends: gets where those of each stretch end, behind its first element.
    """
    kinds = np.empty(len(data), np.uint8)
    made = np.empty(SHORT, np.int64)
    base = np.arange(256).astype(np.int32)
    n: Int = 0
    for stretch in range(len(after)):
        at, stop, begin = borders[stretch], borders[stretch + 1], n
        kinds_of(data, table, at, stop, kinds)
        while at < stop:
            end, first = next_end(kinds, at, stop, mode), n
            if end - at == 1:  # every digit: a call would cost more than the rest
                out[n] = base[data[at]]
                n, at = n + 1, end
                continue
            while at < end:
                cut = at + 1
                while cut < end and inside[np.int64(data[cut - 1]) << 8 | np.int64(data[cut])]:
                    cut += 1
                n = encode_part(
                    data, at, cut, keys, values, limit, made, base, kept, kept_at, kept_bytes,
                    kept_ids, state, out, n,
                )  # fmt: skip
                at = cut
            n = first + _merge_on(out[first:n], n - first, bits, keys, values, made)
        for i in range(begin, n):
            out[i] = names[out[i]]
        if after[stretch] >= 0:
            out[n] = after[stretch]
            n += 1
        ends[stretch + 1] = n
