"""The merge loop: byte-pair encoding on one flat array, told from the shape of its data.

The text is one int32 array of token ids, a separator behind each piece. A token of n slots keeps
its id in its first slot; its second and its last slot hold -n, so that the neighbours are found
without links; a slot inside that once began a token is overwritten, or stale positions match.

Counts of a pair only fall after its birth, because each merge makes a new id. Hence
 - a heap may be lazy: it is ordered by (count descending, pair ascending), and an entry whose count
   has fallen is put back with the true one;
 - pairs below a floor are dropped at birth, and found again by an exact scan of the array at a
   lower floor when the heap runs dry (`tokenizer.index`).
A merge gathers the weights of its neighbours in dense arrays indexed by token, and so needs one
look-up in the pair table for each distinct neighbour, not for each occurrence.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hanji.kernels import borrowed, njit
from tokenizer.heap import Heap, pop, push, sink
from tokenizer.rules import allowed, bridges, find_token, place_token

__all__ = [
    "BLOCK_BITS", "DONE", "DRY", "FULL", "PAUSE", "SEPARATOR", "Charges", "Pairs", "Text", "Tokens",
    "add_pair", "find_pair", "home", "run", "skip", "weight_at",
]  # fmt: skip

U8 = npt.NDArray[np.uint8]
I32 = npt.NDArray[np.int32]
Int = int | np.int64
I64 = npt.NDArray[np.int64]

SEPARATOR = -(1 << 31)
DONE, DRY, FULL, PAUSE = range(4)
# places in `state`
N_TOKENS, TARGET, N_HEAP, N_POOL, N_TABLE, FLOOR, BUDGET, N_DROPPED = range(8)
LOAD = 0.6
BLOCK_BITS = 5
_AHEAD = 32


class Text(NamedTuple):
    """The flat array, in one region for each language group, frequent pieces first in each.

    So weights fall in steps, and a slot's weight is found from the step that its block begins in.
    """

    flat: I32
    ends: I64  # where each region ends
    starts: I64  # where each step begins, and one past the last slot
    weights: I64  # of each step
    blocks: I32  # the step in which each block of 32 slots begins


class Pairs(NamedTuple):
    """An open-addressing table from pair to count and to its list of positions in the pool."""

    keys: I64  # a << 32 | b; -1: free
    counts: I64
    sizes: I32
    starts: I64
    pool: I32


class Tokens(NamedTuple):
    """Bytes of every token, the merges, and a table that finds a token by its bytes."""

    arena: U8
    offsets: I64
    merges: I32  # row i makes id 256 + i
    counts: I64  # of each merge, when it was made
    slots: I32


class Charges(NamedTuple):
    """The quotas of the groups, what was charged to them, and the pairs dropped for a full one.

    The last quota, behind those of the groups, is that of joins: tokens that bridge no space.
    """

    quotas: I64
    taken: I64
    group: npt.NDArray[np.int8]  # of each merge
    dropped: I64  # a hash set; -1: free


@njit(forceinline=True)
def home(key: Int, mask: Int) -> Int:
    """Return the slot where the search for a pair begins."""
    h = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    return np.int64((h ^ (h >> np.uint64(32))) & np.uint64(mask))


@njit(forceinline=True)
def find_pair(key: Int, keys: I64) -> Int:
    """Return the slot of a pair, or -1."""
    mask = len(keys) - 1
    slot = home(key, mask)
    while keys[slot] >= 0:
        if keys[slot] == key:
            return slot
        slot = (slot + 1) & mask
    return -1


@njit(forceinline=True)
def add_pair(key: Int, keys: I64) -> Int:
    """Return the slot of a pair, taken if it was free."""
    mask = len(keys) - 1
    slot = home(key, mask)
    while keys[slot] >= 0 and keys[slot] != key:
        slot = (slot + 1) & mask
    keys[slot] = key
    return slot


@njit(forceinline=True)
def skip(flat: I32, at: Int) -> Int:
    """Return the slots of the token that begins at `at`."""
    n = flat[at + 1]
    return -n if n < 0 and n != SEPARATOR else 1


@njit(forceinline=True)
def _region(text: Text, at: Int) -> Int:
    group = 0
    while at >= text.ends[group]:
        group += 1
    return group


@njit(forceinline=True)
def weight_at(text: Text, at: Int) -> Int:
    """Return how often the piece around a slot occurs."""
    step = np.int64(text.blocks[np.int64(at) >> BLOCK_BITS])
    while text.starts[step + 1] <= at:
        step += 1
    return int(text.weights[step])


@njit
def _charge(text: Text, pairs: Pairs, slot: Int, a: Int, b: Int, by_group: I64) -> Int:
    """Return the group in which the pair occurs most; ties go to the first."""
    by_group[:] = 0
    start = pairs.starts[slot]
    for i in range(start, start + pairs.sizes[slot]):
        at = pairs.pool[i]
        if text.flat[at] == a and text.flat[at + skip(text.flat, at)] == b:
            by_group[_region(text, at)] += weight_at(text, at)
    return int(np.argmax(by_group))


@njit
def _replace(
    text: Text, pairs: Pairs, heap: Heap, state: I64, slot: Int, new: Int, near: I64, scratch: I32
) -> None:
    """Replace every occurrence of a pair by the token `new`, and bring the index up to date.

    `near` holds the weight of each neighbour, left and right, and its occurrences, then its place
    in the pool: shape (2, tokens, 2), all 0, as it is left.
    """
    flat, pool, floor = text.flat, pairs.pool, state[FLOOR]
    a, b = pairs.keys[slot] >> 32, pairs.keys[slot] & 0xFFFFFFFF
    n = pairs.sizes[slot]
    start = pairs.starts[slot]
    at_, left_, left_at, right_, lefts, rights = (
        scratch[0], scratch[1], scratch[2], scratch[3], scratch[4], scratch[5]
    )  # fmt: skip
    m = n_lefts = n_rights = 0
    twin: Int = 0  # weight of (new, new)
    twins = 0  # number of them
    x: Int
    y: Int
    touched = np.int64(0)
    for i in range(start, start + n):
        if (i - start) % _AHEAD == 0:  # wait for many cache misses at once, not one after the other
            for j in range(i, min(i + _AHEAD, start + n)):
                p = np.int64(pool[j])
                touched ^= np.int64(flat[p]) ^ np.int64(text.blocks[p >> BLOCK_BITS])
        p = np.int64(pool[i])
        if flat[p] != a:
            continue
        q = p + skip(flat, p)
        if flat[q] != b:
            continue
        r = q + skip(flat, q)
        weight = weight_at(text, p)
        x, y, x_at = np.int64(-1), np.int64(flat[r]), p - 1
        if p > 0 and flat[p - 1] != SEPARATOR:
            if flat[p - 1] < 0:
                x_at = p + flat[p - 1]
            x = np.int64(flat[x_at])
        flat[q] = -1
        flat[p] = new
        flat[p + 1] = p - r
        flat[r - 1] = p - r
        if x == new:  # the last merge counted (new, a) on its right; it is (new, new) now
            twin += weight
            twins += 1
            right_[m - 1] = -2
        elif x >= 0:
            if near[0, x, 1] == 0:
                lefts[n_lefts] = x
                n_lefts += 1
            near[0, x, 0] += weight
            near[0, x, 1] += 1
        if y >= 0:
            if near[1, y, 1] == 0:
                rights[n_rights] = y
                n_rights += 1
            near[1, y, 0] += weight
            near[1, y, 1] += 1
        at_[m], left_[m], left_at[m], right_[m] = p, x, x_at, max(y, -1)
        m += 1
    for side in range(2):
        for i in range(n_lefts if side == 0 else n_rights):
            z = np.int64(lefts[i] if side == 0 else rights[i])
            gain, size = near[side, z, 0], near[side, z, 1]
            old = find_pair(z << 32 | a if side == 0 else b << 32 | z, pairs.keys)
            if old >= 0:
                pairs.counts[old] -= gain
            if side == 1 and z == a:
                gain -= twin
                size -= twins
            near[side, z, 1] = -1
            if gain >= floor and size > 0:
                key = z << 32 | new if side == 0 else np.int64(new) << 32 | z
                near[side, z, 1] = state[N_POOL]
                _insert(pairs, heap, state, key, gain, size)
    twin_at = -1
    if twin >= floor and twins:
        twin_at = state[N_POOL]
        _insert(pairs, heap, state, np.int64(new) << 32 | new, twin, twins)
    for i in range(m):
        x, y = np.int64(left_[i]), np.int64(right_[i])
        if x == new:
            if twin_at >= 0:
                pool[twin_at] = left_at[i]
                twin_at += 1
        elif x >= 0 and near[0, x, 1] >= 0:
            pool[near[0, x, 1]] = left_at[i]
            near[0, x, 1] += 1
        if y >= 0 and near[1, y, 1] >= 0:
            pool[near[1, y, 1]] = at_[i]
            near[1, y, 1] += 1
    for i in range(n_lefts):
        near[0, lefts[i]] = 0
    for i in range(n_rights):
        near[1, rights[i]] = 0
    pairs.counts[slot] = 0
    at_[0] = touched
    pairs.sizes[slot] = 0


@njit(forceinline=True)
def _insert(pairs: Pairs, heap: Heap, state: I64, key: Int, count: Int, size: Int) -> None:
    slot = add_pair(key, pairs.keys)
    pairs.counts[slot] = count
    pairs.sizes[slot] = size
    pairs.starts[slot] = state[N_POOL]
    state[N_POOL] += size
    state[N_TABLE] += 1
    state[N_HEAP] = push(heap, state[N_HEAP], count, key)


@njit
def run(
    text: Text, pairs: Pairs, heap: Heap, tokens: Tokens, charges: Charges, rules: I64,
    table: U8, state: I64, near: I64, scratch: I32,
) -> Int:  # fmt: skip
    """Merge, and say why it stopped.

    The target is reached (DONE), no pair is left (DRY), an array is full (FULL), or the budget of
    merges is spent (PAUSE).

    `rules` are those of `tokenizer.rules`, all 0 for stage 1; `table` holds the class of each code
    point; `state` is described by the names above and kept up to date.
    """
    text, pairs, heap = borrowed((text, pairs, heap))
    tokens, charges, rules = borrowed((tokens, charges, rules))
    table, state, near, scratch = borrowed((table, state, near, scratch))
    by_group = np.zeros(len(text.ends), np.int64)
    while state[N_TOKENS] < state[TARGET]:
        if state[N_HEAP] == 0:
            return DRY
        if state[BUDGET] == 0:
            return PAUSE
        count, key = heap.counts[0], heap.keys[0]
        slot = find_pair(key, pairs.keys)
        now = pairs.counts[slot]
        if now != count:
            if now >= state[FLOOR]:
                heap.counts[0] = now
                sink(heap, state[N_HEAP])
            else:
                state[N_HEAP] = pop(heap, state[N_HEAP])
            continue
        a, b, new = key >> 32, key & 0xFFFFFFFF, state[N_TOKENS]
        most = 2 * min(np.int64(pairs.sizes[slot]), new) + 1
        end = tokens.offsets[new]
        length = tokens.offsets[a + 1] - tokens.offsets[a]
        length += tokens.offsets[b + 1] - tokens.offsets[b]
        if (
            state[N_TABLE] + most > LOAD * len(pairs.keys)
            or state[N_HEAP] + most > len(heap.keys)
            or state[N_POOL] + 2 * pairs.sizes[slot] > len(pairs.pool)
            or end + length > len(tokens.arena)
            or state[N_DROPPED] >= LOAD * len(charges.dropped)
        ):
            return FULL
        _join(tokens, a, b, end)
        group: Int = -1
        fits = find_token(tokens.arena, tokens.offsets, tokens.slots, end, end + length) < 0
        if fits and rules[0]:
            fits = allowed(tokens.arena, end, end + length, rules, table)
            if fits and bridges(tokens.arena, end, end + length):
                fits = find_pair(key, charges.dropped) < 0
                if fits:
                    group = _charge(text, pairs, slot, a, b, by_group)
                    fits = charges.taken[group] < charges.quotas[group]
                    if not fits:
                        add_pair(key, charges.dropped)
                        state[N_DROPPED] += 1
            elif fits:
                group = len(text.ends)
                fits = charges.taken[group] < charges.quotas[group]
        state[N_HEAP] = pop(heap, state[N_HEAP])
        if not fits:
            continue
        if group >= 0:
            charges.taken[group] += 1
        charges.group[new - 256] = group
        tokens.offsets[new + 1] = end + length
        tokens.merges[new - 256, 0] = a
        tokens.merges[new - 256, 1] = b
        tokens.counts[new - 256] = count
        place_token(tokens.arena, tokens.offsets, tokens.slots, new)
        _replace(text, pairs, heap, state, slot, new, near, scratch)
        state[N_TOKENS] += 1
        state[BUDGET] -= 1
    return DONE


@njit(forceinline=True)
def _join(tokens: Tokens, a: Int, b: Int, end: Int) -> None:
    for t in (a, b):
        for i in range(tokens.offsets[t], tokens.offsets[t + 1]):
            tokens.arena[end] = tokens.arena[i]
            end += 1
