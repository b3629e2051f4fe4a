"""Count the distinct pieces of a corpus, by language group, in one pass over streamed text.

Each distinct piece is kept once, as bytes in one arena, with an int64 count for each group. A
counter is fed by one thread; several counters are merged. Kernels stop where an array is full and
say where, so that arrays grow outside of them and nothing is sized by guess.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hanji.kernels import njit
from tokenizer.classes import class_table
from tokenizer.scan import next_end

__all__ = ["Counter"]

U8 = npt.NDArray[np.uint8]
I32 = npt.NDArray[np.int32]
Int = int | np.int64
I64 = npt.NDArray[np.int64]
U32 = npt.NDArray[np.uint32]

_PRIME = np.uint64(0x9E3779B97F4A7C15)
_FULL = 0.6  # share of the hash table that may be in use
_LONGEST = 1 << 20  # bytes; a longer piece is cut, for learning only, so that memory stays bounded


@njit(inline="always")
def hash_bytes(data: U8, start: Int, end: Int) -> np.uint64:
    """Hash a byte range to 64 bits (FNV-1a with a final mix)."""
    h = np.uint64(0xCBF29CE484222325)
    for i in range(start, end):
        h = (h ^ np.uint64(data[i])) * np.uint64(0x100000001B3)
    h ^= h >> np.uint64(32)
    h *= _PRIME
    return h ^ (h >> np.uint64(29))


@njit(inline="always")
def _same(one: U8, at: Int, other: U8, start: Int, length: Int) -> bool:
    for i in range(length):  # noqa: SIM110 (numba compiles no generator)
        if one[at + i] != other[start + i]:
            return False
    return True


@njit
def _find(
    data: U8, start: Int, end: Int, tags: U32, slots: I32, arena: U8, offsets: I64
) -> tuple[Int, Int]:
    """Return (slot, entry or -1) of a byte range."""
    h = hash_bytes(data, start, end)
    mask = len(slots) - 1
    slot = np.int64(h & np.uint64(mask))
    tag = np.uint32(h >> np.uint64(32))
    while slots[slot] >= 0:
        if tags[slot] == tag:
            entry = np.int64(slots[slot])
            at = offsets[entry]
            length = offsets[entry + 1] - at
            if length == end - start and _same(arena, at, data, start, length):
                return slot, entry
        slot = (slot + 1) & mask
    tags[slot] = tag
    return slot, -1


@njit
def _count(
    data: U8, borders: I64, groups: I64, times: I64, state: I64, table: U8, mode: Int,
    tags: U32, slots: I32, arena: U8, offsets: I64, counts: I64,
) -> Int:  # fmt: skip
    """Count pieces from state = [document, byte, entries]; return 1 where an array is full."""
    most = np.int64(len(slots) * _FULL)
    while state[0] < len(groups):
        stop = borders[state[0] + 1]
        group = groups[state[0]]
        at = max(state[1], borders[state[0]])
        while at < stop:
            near = min(stop, at + _LONGEST)
            end = next_end(data, at, near, table, mode)
            if near < stop and end > near - 8:  # where the border of a run may have been cut off
                end = near
                while data[end] & 0xC0 == 0x80:
                    end -= 1
            slot, entry = _find(data, at, end, tags, slots, arena, offsets)
            if entry < 0:
                entry = state[2]
                used = offsets[entry]
                if entry >= most or entry >= len(counts) or used + end - at > len(arena):
                    state[1] = at
                    return 1
                for i in range(end - at):
                    arena[used + i] = data[at + i]
                offsets[entry + 1] = used + end - at
                slots[slot] = entry
                state[2] += 1
            counts[entry, group] += times[state[0]]
            at = end
        state[0] += 1
    return 0


@njit
def _merge(
    other: U8, borders: I64, amounts: I64, state: I64,
    tags: U32, slots: I32, arena: U8, offsets: I64, counts: I64,
) -> Int:  # fmt: skip
    """Add another counter's entries, from state = [entry, -, entries]."""
    most = np.int64(len(slots) * _FULL)
    while state[0] < len(amounts):
        at, end = borders[state[0]], borders[state[0] + 1]
        slot, entry = _find(other, at, end, tags, slots, arena, offsets)
        if entry < 0:
            entry = state[2]
            used = offsets[entry]
            if entry >= most or entry >= len(counts) or used + end - at > len(arena):
                return 1
            for i in range(end - at):
                arena[used + i] = other[at + i]
            offsets[entry + 1] = used + end - at
            slots[slot] = entry
            state[2] += 1
        for group in range(amounts.shape[1]):
            counts[entry, group] += amounts[state[0], group]
        state[0] += 1
    return 0


@njit
def _place(n: Int, tags: U32, slots: I32, arena: U8, offsets: I64) -> None:
    mask = len(slots) - 1
    for entry in range(n):
        h = hash_bytes(arena, offsets[entry], offsets[entry + 1])
        slot = np.int64(h & np.uint64(mask))
        while slots[slot] >= 0:
            slot = (slot + 1) & mask
        slots[slot] = entry
        tags[slot] = np.uint32(h >> np.uint64(32))


class Counter:
    """Distinct pieces with a count for each of `groups` language groups."""

    def __init__(self, mode: int, groups: int = 1) -> None:
        self.mode, self.groups = mode, groups
        self.n = 0
        self._tags = np.empty(1 << 16, np.uint32)
        self._slots = np.full(1 << 16, -1, np.int32)
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
        data = np.frombuffer(b"".join(texts), np.uint8)
        borders = np.zeros(len(texts) + 1, np.int64)
        np.cumsum([len(text) for text in texts], out=borders[1:])
        amounts = np.ones(len(texts), np.int64) if times is None else np.array(times, np.int64)
        self._add(data, borders, np.array(groups, np.int64), amounts)

    def recut(self, mode: int) -> Counter:
        """Cut the pieces further by another mode; the groups are summed.

        A stage-1 piece lies inside one stage-2 piece, so the corpus is read once for both.
        """
        finer = Counter(mode)
        amounts = self.counts.sum(axis=1)
        finer._add(self._arena, self.offsets, np.zeros(self.n, np.int64), amounts)
        return finer

    def _add(self, data: U8, borders: I64, groups: I64, times: I64) -> None:
        state = np.array([0, 0, self.n], np.int64)
        table = class_table()
        while _count(data, borders, groups, times, state, table, self.mode, *self._arrays):
            self._grow(int(state[2]))
        self.n = int(state[2])

    def merge(self, other: Counter) -> None:
        """Add another counter's pieces; the other one is emptied."""
        state = np.array([0, 0, self.n], np.int64)
        while _merge(other.arena, other.offsets, other.counts, state, *self._arrays):
            self._grow(int(state[2]))
        self.n = int(state[2])
        Counter.__init__(other, other.mode, other.groups)

    @property
    def _arrays(self) -> tuple[U32, I32, U8, I64, I64]:
        return self._tags, self._slots, self._arena, self._offsets, self._counts

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
        if n >= len(self._slots) * _FULL * 0.9:
            size = len(self._slots) * 4
            self._tags = np.empty(size, np.uint32)
            self._slots = np.full(size, -1, np.int32)
            _place(n, self._tags, self._slots, self._arena, self._offsets)

    def free_table(self) -> None:
        """Give the hash table's memory back; the counter can count no more."""
        self._tags, self._slots = np.empty(0, np.uint32), np.empty(0, np.int32)
