"""Draw documents for a cell of the plan: exact to the token, the same for any order of shards.

Each epoch is an order of its own, by a hash of (seed, stage, epoch, id): no document is drawn again
before all of its cell were. With a weight for quality it is the order of weighted sampling without
replacement (Efraimidis and Spirakis 2006). The last documents are chosen to end near the target.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hanji.kernels import njit
from hanji.seeds import stable_hash
from rehearsal.plan import Cell, Inventory, caps, cell_documents
from rehearsal.section import Stage

__all__ = ["draw"]

Int = npt.NDArray[np.int64]
NEAR = 5e-4  # of the target: a larger miss is worth an exact search; asked is 1e-3
POOL = 48  # documents that the exact search chooses from


def draw(stage: Stage, cell: Cell, inventory: Inventory, seed: int) -> Int:
    """Draw documents until the cell's target is met.

    Args:
        stage: the stage.
        cell: the cell with its target.
        inventory: the documents of its component.
        seed: of the recipe.

    Returns:
        int64[k], indexes into the inventory in the order of drawing; one stands as often as it is
        repeated. Their tokens, with an end-of-text token each, never pass the target.
    """
    chosen = cell_documents(stage, inventory, cell.lang, cell.bucket)
    sizes = np.minimum(inventory.n_tokens[chosen] + 1, np.iinfo(np.int64).max)
    drawn: list[Int] = []
    left, epoch = cell.target, 0
    most = np.ceil(caps(stage, inventory, chosen))
    while len(chosen) and left > 0 and epoch < most.max():
        order = _epoch(stage, seed, epoch, inventory, chosen)
        order = order[most[order] > epoch]
        ends = np.cumsum(sizes[order])
        n = int(np.searchsorted(ends, left, side="right"))
        drawn.append(order[:n])
        left -= int(ends[n - 1]) if n else 0
        if n < len(order):
            drawn[-1], more = _last(order, sizes, n, left, NEAR * cell.target)
            drawn.append(more)
            break
        epoch += 1
    picked = np.concatenate(drawn) if drawn else np.empty(0, np.int64)
    result: Int = chosen[picked]
    return result


def _epoch(stage: Stage, seed: int, epoch: int, inventory: Inventory, chosen: Int) -> Int:
    ids = inventory.ids[chosen].astype(np.bytes_)
    words = np.ascontiguousarray(ids).view(np.uint8).reshape(len(ids), -1)
    keys = _keys(words, np.uint64(stable_hash("draw", seed, stage.name, epoch)))
    if not stage.quality_weight:
        order: Int = np.lexsort([ids, keys])
        return order
    weights = np.maximum(inventory.quality[chosen], 1e-6).astype(np.float64) ** stage.quality_weight
    waits = -np.log((keys.astype(np.float64) + 1) / 2.0**64) / weights
    weighted: Int = np.lexsort([ids, waits])
    return weighted


@njit
def _keys(rows: npt.NDArray[np.uint8], seed: np.uint64) -> npt.NDArray[np.uint64]:
    """Hash each row of bytes with a seed: splitmix64 (Steele and others 2014), word by word."""
    keys = np.empty(len(rows), np.uint64)
    for i in range(len(rows)):
        n = rows.shape[1]
        while n and not rows[i, n - 1]:  # the padding of a shorter id does not count
            n -= 1
        key, word = seed, np.uint64(0)
        for j in range(n):
            word = (word << np.uint64(8)) | np.uint64(rows[i, j])
            if j % 8 == 7 or j == n - 1:
                key = (key ^ word) + np.uint64(0x9E3779B97F4A7C15)
                key = (key ^ (key >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
                key = (key ^ (key >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
                key ^= key >> np.uint64(31)
                word = np.uint64(0)
        keys[i] = key
    return keys


def _last(order: Int, sizes: Int, n: int, left: int, near: float) -> tuple[Int, Int]:
    """End an epoch near the target: first greedily, then by an exact search over a small pool.

    Args:
        order: the epoch's order; its first `n` documents fit.
        sizes: tokens by document.
        n: how many fit.
        left: tokens that are left behind them.
        near: a miss of so many tokens is good enough.

    Returns:
        (the first documents, those that follow them).
    """
    picked: list[int] = []
    missing = left
    rest = order[n:]
    for i in rest[np.argsort(-sizes[rest], kind="stable")]:
        if sizes[i] <= missing:
            picked.append(int(i))
            missing -= int(sizes[i])
    if missing <= near:
        return order[:n], np.array(picked, np.int64)
    back = min(n, POOL // 2)  # the last documents go back to the pool
    pool = order[n - back : n - back + POOL]
    chosen = _subset(sizes[pool], left + int(sizes[order[n - back : n]].sum()))
    return order[: n - back], pool[chosen]


def _subset(sizes: Int, target: int) -> Int:
    """Choose the items whose sum comes nearest to `target` from below: exact subset sum.

    Bit k of `reached[i]` says that some of the first i items sum to k.

    >>> _subset(np.array([5, 7, 9, 4]), 13).tolist()
    [2, 3]
    """
    mask = (1 << (target + 1)) - 1
    reached = [1]
    for size in sizes.tolist():
        reached.append((reached[-1] | (reached[-1] << size)) & mask)
    total = reached[-1].bit_length() - 1
    chosen = []
    for i in range(len(sizes) - 1, -1, -1):
        if not reached[i] >> total & 1:
            chosen.append(i)
            total -= int(sizes[i])
    return np.array(sorted(chosen), np.int64)
