"""Count the distinct pieces of a corpus, by language group, in one pass over streamed text.

Each distinct piece is kept once, as bytes in one arena, with an int64 count for each group. One
thread may cut and hash pieces while another looks them up. Kernels stop where an array is full and
say where, so that arrays grow outside of them and nothing is sized by guess.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hanji.kernels import borrowed, eight, njit
from hanji.text.classes import class_table
from hanji.text.scan import kinds_of, next_end

__all__ = ["Counter"]

U8 = npt.NDArray[np.uint8]
Int = int | np.int64
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]

_PRIME = np.uint64(0x9E3779B97F4A7C15)
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
_HASH = np.uint64(0xFFFFFFFFFFFF0000)
_ENTRY_BITS = np.uint64(31)  # a row's second word: where the bytes begin, and the entry
_ENTRY = np.uint64((1 << 31) - 1)
_BATCH = 32  # pieces
_FULL = 0.6  # share of the hash table that may be in use
_CUT = 1 << 18  # pieces that are cut at a time
_SLICE = 1 << 22  # bytes whose kinds are held at once
_LONGEST = 1 << 20  # bytes; a longer piece is cut, for learning only, so that memory stays bounded


@njit(forceinline=True)
def _up_to_eight(data: U8, start: Int, n: Int) -> np.uint64:
    """Return `n` bytes, 1 to 8, as one number."""
    if start + 8 <= len(data):
        return eight(data, start) & _ALL >> np.uint64(64 - 8 * n)
    word = np.uint64(0)
    for i in range(n):
        word |= np.uint64(data[start + i]) << np.uint64(8 * i)
    return word


@njit(forceinline=True)
def hash_bytes(data: U8, start: Int, end: Int) -> np.uint64:
    """Hash a byte range to 64 bits, eight bytes at a time."""
    h = np.uint64(end - start) * _PRIME
    for at in range(start, end, 8):
        h = (h ^ _up_to_eight(data, at, min(end - at, 8))) * _PRIME
        h ^= h >> np.uint64(32)
    h *= _PRIME
    return h ^ (h >> np.uint64(29))


@njit
def _same_at_the_end(one: U8, at: Int, other: U8, start: Int, length: Int) -> bool:
    for i in range(length):  # noqa: SIM110 (numba compiles no generator)
        if one[at + i] != other[start + i]:
            return False
    return True


@njit
def _same(one: U8, at: Int, other: U8, start: Int, length: Int) -> bool:
    if at + length + 8 > len(one) or start + length + 8 > len(other):
        return _same_at_the_end(one, at, other, start, length)
    differ = np.uint64(0)
    i: Int = 0
    while i + 8 < length:
        differ |= eight(one, at + i) ^ eight(other, start + i)
        i += 8
    last = eight(one, at + i) ^ eight(other, start + i)
    return bool((differ | last << np.uint64(64 - 8 * (length - i))) == 0)


@njit
def _mark(h: np.uint64, length: Int) -> np.uint64:
    """Return the first word of a row: 48 bits of the hash, and the length up to 65535."""
    return (h & _HASH) | np.uint64(min(length, 0xFFFF))


@njit
def _home(h: np.uint64, rows: U64) -> Int:
    return np.int64((h >> np.uint64(16)) & np.uint64(len(rows) - 1))


@njit
def _find(
    data: U8, start: Int, end: Int, h: np.uint64, rows: U64, arena: U8, offsets: I64
) -> tuple[Int, Int]:
    """Return (row, entry or -1) of a byte range that has the hash `h`."""
    length = end - start
    mark = _mark(h, length)
    row = _home(h, rows)
    while rows[row, 0]:
        if rows[row, 0] == mark:
            entry = np.int64(rows[row, 1] & _ENTRY)
            at = np.int64(rows[row, 1] >> _ENTRY_BITS)
            long = length >= 0xFFFF and offsets[entry + 1] - at != length
            if not long and _same(arena, at, data, start, length):
                return row, entry
        row = (row + 1) & (len(rows) - 1)
    return row, np.int64(-1)


@njit
def _add(
    data: U8, start: Int, end: Int, h: np.uint64, row: Int, entry: Int,
    rows: U64, arena: U8, offsets: I64, counts: I64,
) -> bool:  # fmt: skip
    """Add an entry at a free row; False: an array is full."""
    used = offsets[entry]
    length = end - start
    if entry >= len(rows) * _FULL or entry >= len(counts) or used + length > len(arena):
        return False
    for i in range(length):
        arena[used + i] = data[start + i]
    offsets[entry + 1] = used + length
    rows[row, 0] = _mark(h, length)
    rows[row, 1] = np.uint64(used) << _ENTRY_BITS | np.uint64(entry)
    return True


@njit(forceinline=True)
def _piece_end(data: U8, kinds: U8, at: Int, stop: Int, mode: Int) -> Int:
    near = min(stop, at + _LONGEST)
    end = next_end(kinds, at, near, mode)
    if near < stop and end > near - 8:  # where the border of a run may have been cut off
        end = near
        while data[end] & 0xC0 == 0x80:
            end -= 1
    return end


class Cut(NamedTuple):
    """Some pieces in a row: piece i is data[begins[i]:begins[i + 1]] and of document owners[i]."""

    data: U8
    begins: I32
    hashes: U64
    owners: I32
    groups: I64  # of each document
    times: I64  # how often each document counts


@njit
def _cut(
    data: U8, kinds: U8, borders: I64, state: I64, mode: Int, begins: I32, hashes: U64, owners: I32
) -> Int:
    """Cut pieces from state = [document, byte] on while there is room; return how many."""
    data, kinds, borders = borrowed((data, kinds, borders))
    begins, hashes, owners, state = borrowed((begins, hashes, owners, state))
    n = 0
    at = state[1]
    while state[0] < len(borders) - 1:
        stop = borders[state[0] + 1]
        while at < stop:
            if n == len(hashes):
                state[1] = at
                return n
            end = _piece_end(data, kinds, at, stop, mode)
            begins[n], begins[n + 1] = at, end
            hashes[n], owners[n] = hash_bytes(data, at, end), state[0]
            at = end
            n += 1
        state[0] += 1
    state[1] = at
    return n


@njit
def _look_up(
    data: U8, begins: I32, hashes: U64, owners: I32, groups: I64, times: I64, state: I64,
    rows: U64, arena: U8, offsets: I64, counts: I64,
) -> Int:  # fmt: skip
    """Count pieces from state = [piece, entries, -]; return 1 where an array is full.

    Memory that the look-ups of a batch will need is touched ahead, so that the processor waits for
    many cache misses at once and not for one after the other.
    """
    data, begins, hashes, owners = borrowed((data, begins, hashes, owners))
    groups, times, state = borrowed((groups, times, state))
    rows, arena, offsets, counts = borrowed((rows, arena, offsets, counts))
    touched: Int = 0
    while state[0] < len(hashes):
        first, last = state[0], min(state[0] + _BATCH, len(hashes))
        for i in range(first, last):
            touched ^= np.int64(rows[_home(hashes[i], rows), 0])
        for i in range(first, last):
            word = rows[_home(hashes[i], rows), 1]
            touched ^= np.int64(arena[np.int64(word >> _ENTRY_BITS)])
            touched ^= counts[np.int64(word & _ENTRY), groups[owners[i]]]
        for i in range(first, last):
            start, end = np.int64(begins[i]), np.int64(begins[i + 1])
            row, entry = _find(data, start, end, hashes[i], rows, arena, offsets)
            if entry < 0:
                entry = state[1]
                if not _add(data, start, end, hashes[i], row, entry, rows, arena, offsets, counts):
                    return 1
                state[1] += 1
            counts[entry, groups[owners[i]]] += times[owners[i]]
            state[0] += 1
    state[2] = touched
    return 0


@njit
def _rehash(old: U64, rows: U64) -> None:
    """Move rows into a larger table; the hash's bits that are needed stand in the row."""
    for i in range(len(old)):
        if old[i, 0]:
            row = _home(old[i, 0], rows)
            while rows[row, 0]:
                row = (row + 1) & (len(rows) - 1)
            rows[row, 0] = old[i, 0]
            rows[row, 1] = old[i, 1]


def _cuts(data: U8, borders: I64, groups: I64, times: I64, mode: int) -> Iterator[Cut]:
    """Cut documents, which stand one after the other in `data`."""
    table, first = class_table(), 0
    while first < len(groups):
        start = borders[first]
        last = max(int(np.searchsorted(borders, start + _SLICE, "right")) - 1, first + 1)
        part, inner = data[start : borders[last]], borders[first : last + 1] - start
        kinds = np.empty(len(part), np.uint8)
        kinds_of(part, table, 0, len(part), kinds)
        state = np.zeros(2, np.int64)
        while state[0] < last - first:
            begins, owners = np.empty(_CUT + 1, np.int32), np.empty(_CUT, np.int32)
            hashes = np.empty(_CUT, np.uint64)
            n = int(_cut(part, kinds, inner, state, mode, begins, hashes, owners))
            yield Cut(
                part, begins[: n + 1], hashes[:n], owners[:n], groups[first:last], times[first:last]
            )
        first = last


class Counter:
    """Distinct pieces with a count for each of `groups` language groups."""

    def __init__(self, mode: int, groups: int = 1) -> None:
        self.mode, self.groups = mode, groups
        self.n = 0
        self._rows = np.zeros((1 << 16, 2), np.uint64)
        self._arena = np.empty(1 << 20, np.uint8)
        self._offsets = np.zeros((1 << 14) + 1, np.int64)
        self._counts = np.zeros((1 << 14, groups), np.int64)

    @property
    def arena(self) -> U8:
        """The bytes of all pieces, one after the other."""
        return self._arena[: self._offsets[self.n]]

    @property
    def offsets(self) -> I64:
        """Where each piece begins in the arena, and where the last one ends; shape (n + 1,)."""
        return self._offsets[: self.n + 1]

    @property
    def counts(self) -> I64:
        """Occurrences by piece and group, shape (n, groups)."""
        return self._counts[: self.n]

    @property
    def nbytes(self) -> int:
        """Bytes of memory in use."""
        return sum(array.nbytes for array in self._arrays)

    def add(
        self, texts: Sequence[bytes], groups: Sequence[int], times: Sequence[int] | None = None
    ) -> None:
        """Count the pieces of texts (valid UTF-8), each of one group, each `times` over."""
        for found in self.cut(texts, groups, times):
            self.look_up(found)

    def cut(
        self, texts: Sequence[bytes], groups: Sequence[int], times: Sequence[int] | None = None
    ) -> Iterator[Cut]:
        """Yield the pieces of texts, many thousands at a time, for `look_up`."""
        data = np.frombuffer(b"".join(texts), np.uint8)
        borders = np.zeros(len(texts) + 1, np.int64)
        np.cumsum([len(text) for text in texts], out=borders[1:])
        amounts = np.ones(len(texts), np.int64) if times is None else np.array(times, np.int64)
        return _cuts(data, borders, np.array(groups, np.int64), amounts, self.mode)

    def look_up(self, found: Cut) -> None:
        """Count pieces that were cut; one thread at a time."""
        state = np.array([0, self.n, 0], np.int64)
        while _look_up(*found, state, *self._arrays):
            self._grow(int(state[1]))
        self.n = int(state[1])

    def recut(self, mode: int) -> Counter:
        """Cut the pieces further by another mode; the groups are summed.

        A stage-1 piece lies inside one stage-2 piece, so the corpus is read once for both.
        """
        finer = Counter(mode)
        amounts, none = self.counts.sum(axis=1), np.zeros(self.n, np.int64)
        cuts = _cuts(self._arena, self.offsets, none, amounts, mode)
        with ThreadPoolExecutor(1) as cutter:
            ahead = cutter.submit(next, cuts, None)
            while (found := ahead.result()) is not None:
                ahead = cutter.submit(next, cuts, None)
                finer.look_up(found)
        return finer

    @property
    def _arrays(self) -> tuple[U64, U8, I64, I64]:
        return self._rows, self._arena, self._offsets, self._counts

    def _grow(self, n: int) -> None:
        """Make room, above all for whichever array is nearly full."""
        used = int(self._offsets[n])
        if used > len(self._arena) * 0.7 or n <= len(self._counts) * 0.7:
            more = np.empty(len(self._arena) * 3 // 2 + (1 << 20), np.uint8)
            more[:used] = self._arena[:used]
            self._arena = more
        if n > len(self._counts) * 0.7:
            size = len(self._counts) * 3 // 2
            counts = np.zeros((size, self.groups), np.int64)
            counts[:n] = self._counts[:n]
            offsets = np.zeros(size + 1, np.int64)
            offsets[: n + 1] = self._offsets[: n + 1]
            self._counts, self._offsets = counts, offsets
        if n >= len(self._rows) * _FULL * 0.9:
            rows = np.zeros((len(self._rows) * 2, 2), np.uint64)
            _rehash(self._rows, rows)
            self._rows = rows

    def free_table(self) -> None:
        """Give the hash table's memory back; the counter can count no more."""
        self._rows = np.zeros((0, 2), np.uint64)
