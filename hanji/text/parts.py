"""A piece of text in parts: cut where no token reaches across, merged one by one, and kept.

The id that a merge makes is 256 and its rank, so an id tells its rank. Where every merge joins
what earlier ones made, all merges below a rank are done before any from there on. So a piece may
be cut wherever what stands across the cut stands inside no token below the rank (between words,
where that rank begins the superwords): the parts are merged below it on their own, and a cache
keeps each with its ids, for words come back. The ids of the parts are cut once more, wherever the
pair across the cut stands inside no token, and what is left, two or three ids, is merged on.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hanji.kernels import borrowed, njit
from hanji.text.merges import ALL, SHORT, merge, slot_of
from hanji.text.scan import kinds_of, next_end

__all__ = [
    "INSIDE",
    "SEAM_BITS",
    "SLACK",
    "encode",
    "find_part",
    "inner_pairs",
    "merge_part",
    "next_part",
    "part_row",
    "seams",
]

U8 = npt.NDArray[np.uint8]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
Int = int | np.int64
SEAM_BITS = 19  # of a bitmap, for some ten thousand pairs: one in fifty others is taken for one
SLACK = 4  # ids that are copied whether they are or not
_BORDER_BITS = 20
INSIDE = (1 << 16) + (1 << (_BORDER_BITS - 3))  # bytes of what `inner_pairs` marks
_KEPT = 48  # bytes of a part; longer ones hardly come back
_PACKED = 7  # bytes that a key holds
_HASHED = np.int64(1) << np.int64(62)


@njit(forceinline=True)
def _border(a: np.uint64, b: np.uint64, c: np.uint64, d: np.uint64) -> np.uint64:
    """Return the bit of a border between characters, two bytes before and two behind; 0: none."""
    key = a << np.uint64(24) | b << np.uint64(16) | c << np.uint64(8) | d
    h = (key + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    return h >> np.uint64(64 - _BORDER_BITS)


@njit(forceinline=True)
def _is_set(inside: U8, bit: np.uint64) -> np.uint8:
    byte = inside[np.uint64(1 << 16) + (bit >> np.uint64(3))]
    return np.uint8((byte >> np.uint8(bit & np.uint64(7))) & np.uint8(1))


@njit
def inner_pairs(arena: U8, offsets: I64, inside: U8) -> None:
    """Mark what stands inside tokens: byte pairs, and borders between long characters.

    Byte pairs of such characters are few and shared by most, so that they part little: a border
    is known by two bytes on each side, or by one where the token has no more.

    Args:
        arena: the bytes of tokens, with
        offsets: where each begins.
        inside: uint8[INSIDE]: 65,536 flags of pairs, and a bitmap of borders by their hash.
    """
    for t in range(len(offsets) - 1):
        start, end = offsets[t], offsets[t + 1]
        for i in range(start + 1, end):
            b, c = np.uint64(arena[i - 1]), np.uint64(arena[i])
            inside[b << np.uint64(8) | c] = 1
            if b >= 0x80 and c >= 0xC0:
                a = np.uint64(arena[i - 2]) if i - 2 >= start else np.uint64(0)
                d = np.uint64(arena[i + 1]) if i + 1 < end else np.uint64(0)
                bit = _border(a, b, c, d)
                inside[np.uint64(1 << 16) + (bit >> np.uint64(3))] |= np.uint8(1) << np.uint8(
                    bit & np.uint64(7)
                )


@njit(forceinline=True)
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


@njit(forceinline=True)
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
            kept += merge(ids[kept : kept + end - at], end - at, keys, values, ALL, made)
        else:
            kept += 1
        at = end
    return kept


@njit(forceinline=True)
def next_part(data: U8, at: Int, stop: Int, inside: U8) -> tuple[Int, Int]:
    """Return where the part that begins at `at` ends, and its key for the cache.

    A key of up to seven bytes holds them and their number; that of a longer part is a hash.
    """
    here, last = np.uint64(at), np.uint64(stop)  # an index without a sign is quicker
    byte = np.uint64(data[here])
    packed, before, none = byte, np.uint64(0), np.uint64(0)
    h = (np.uint64(0xCBF29CE484222325) ^ byte) * np.uint64(0x100000001B3)
    here += np.uint64(1)
    while here < last:
        following = np.uint64(data[here])
        if not inside[byte << np.uint64(8) | following]:
            break
        if following >= 0xC0 and byte >= 0x80:
            behind = np.uint64(data[here + np.uint64(1)])
            met = _is_set(inside, _border(before, byte, following, behind))
            met |= _is_set(inside, _border(none, byte, following, behind))
            met |= _is_set(inside, _border(before, byte, following, none))
            met |= _is_set(inside, _border(none, byte, following, none))
            if not met:
                break
        before, byte = byte, following
        packed = packed << np.uint64(8) | byte
        h = (h ^ byte) * np.uint64(0x100000001B3)
        here += np.uint64(1)
    end = np.int64(here)
    if end - at <= _PACKED:
        return end, np.int64(packed) | (end - at) << 56
    return end, np.int64((h ^ (h >> np.uint64(29))) >> np.uint64(2)) | _HASHED


@njit(forceinline=True)
def part_row(key: Int, kept: I64) -> Int:
    """Return the row of the cache where the search for a part begins."""
    return slot_of(key, len(kept) - 1)


@njit(forceinline=True)
def find_part(
    data: U8, at: Int, length: Int, key: Int, kept: I64, kept_bytes: U8, kept_ids: I32, out: I32,
    n: Int,
) -> Int:  # fmt: skip
    """Write the ids of a part that the cache has behind out[:n]; return the new n.

    For one that it has not, return -1 less the row where it belongs. What stands up to `SLACK`
    behind is not kept. `key` is that of `next_part`; a row of `kept` holds the key of a part, 0
    where free, and its length << 56 | ids << 48 | where its bytes and ids begin.
    """
    slot = part_row(key, kept)
    while kept[slot, 0]:
        if kept[slot, 0] == key:
            where = kept[slot, 1] & 0xFFFFFFFFFFFF
            same = length
            if key >= _HASHED:
                same = 0
                longest = min(length, kept[slot, 1] >> 56)
                while same < longest and kept_bytes[where + same] == data[at + same]:
                    same += 1
            if same == length and kept[slot, 1] >> 56 == length:
                n_ids: Int = (kept[slot, 1] >> 48) & 255
                for i in range(SLACK):  # most have no more: a count that is known needs no guess
                    out[n + i] = kept_ids[where + i]
                for i in range(SLACK, n_ids):
                    out[n + i] = kept_ids[where + i]
                return n + n_ids
        slot = (slot + 1) & (len(kept) - 1)
    return -1 - slot


@njit
def merge_part(
    data: U8, at: Int, length: Int, key: Int, slot: Int, keys: I64, values: I32, limit: Int,
    made: I64, base: I32, kept: I64, kept_bytes: U8, kept_ids: I32, state: I64, out: I32, n: Int,
) -> Int:  # fmt: skip
    """Write the ids of a part that the cache has not, merged below `limit`; return the new n.

    It is kept at the row `slot` while there is room; `state` holds [entries, bytes] of the cache.
    """
    for i in range(length):
        out[n + i] = base[data[at + i]]
    n_ids = merge(out[n : n + length], length, keys, values, limit, made)
    fits = state[0] < len(kept) * 0.6 and state[1] + length + SLACK <= len(kept_bytes)
    if length <= _KEPT and fits:
        where = state[1]
        for i in range(length):
            kept_bytes[where + i] = data[at + i]
        for i in range(n_ids):
            kept_ids[where + i] = out[n + i]
        kept[slot, 0] = key
        kept[slot, 1] = length << 56 | np.int64(n_ids) << 48 | where
        state[0] += 1
        state[1] += length
    return n + n_ids


@njit
def encode(
    data: U8, borders: I64, after: I64, table: U8, mode: Int, inside: U8, bits: U8, keys: I64,
    values: I32, limit: Int, names: I32, kept: I64, kept_bytes: U8, kept_ids: I32, state: I64,
    out: I32, ends: I64,
) -> None:  # fmt: skip
    """Encode stretches of text one after the other.

    Args:
        data: their bytes.
        borders: where each begins, and the last one ends.
        after: what stands behind each in the vocabulary's own numbers, or -1.
        table: `class_table`.
        mode: of the pattern.
        inside: what `inner_pairs` marks of tokens below `limit`.
        bits: the pairs of ids inside the others.
        keys: hash table of pairs, with
        values: what they make.
        limit: the id from which on merges are the second step.
        names: the vocabulary's number of each id.
        kept: the cache's rows, with
        kept_bytes: bytes,
        kept_ids: ids, and
        state: [entries, bytes] in use.
        out: gets the numbers, and has room for SLACK more.
        ends: gets where those of each stretch end, behind its first element.
    """
    kinds = np.empty(len(data), np.uint8)
    made = np.empty(SHORT, np.int64)
    base = np.arange(256).astype(np.int32)
    _encode(
        data, borders, after, table, mode, inside, bits, keys, values, limit, names, kept,
        kept_bytes, kept_ids, state, out, ends, kinds, made, base,
    )  # fmt: skip


@njit
def _encode(
    data: U8, borders: I64, after: I64, table: U8, mode: Int, inside: U8, bits: U8, keys: I64,
    values: I32, limit: Int, names: I32, kept: I64, kept_bytes: U8, kept_ids: I32, state: I64,
    out: I32, ends: I64, kinds: U8, made: I64, base: I32,
) -> None:  # fmt: skip
    data, borders, after, table, kinds = borrowed((data, borders, after, table, kinds))
    inside, bits, keys, values, names = borrowed((inside, bits, keys, values, names))
    kept, kept_bytes, kept_ids, state = borrowed((kept, kept_bytes, kept_ids, state))
    out, ends, made, base = borrowed((out, ends, made, base))
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
                cut, key = next_part(data, at, end, inside)
                known = find_part(data, at, cut - at, key, kept, kept_bytes, kept_ids, out, n)
                if known >= 0:
                    n = known
                else:
                    n = merge_part(
                        data, at, cut - at, key, -1 - known, keys, values, limit, made, base, kept,
                        kept_bytes, kept_ids, state, out, n,
                    )  # fmt: skip
                at = cut
            n = first + _merge_on(out[first:n], n - first, bits, keys, values, made)
        for i in range(begin, n):
            out[i] = names[out[i]]
        if after[stretch] >= 0:
            out[n] = after[stretch]
            n += 1
        ends[stretch + 1] = n
