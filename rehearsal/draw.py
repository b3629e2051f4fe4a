"""Draw documents for a cell of the plan: exact to the token, the same for any order of shards.

Each epoch is an order of its own, by a hash of (seed, stage, epoch, id): no document is drawn again
before all of its cell were. The last documents are chosen to end nearest to the target.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hanji.seeds import stable_hash
from rehearsal.plan import Cell, Inventory, cell_documents
from rehearsal.section import Stage

__all__ = ["draw"]

Int = npt.NDArray[np.int64]
LAST = 400  # documents looked at to end near the target


def draw(stage: Stage, cell: Cell, inventory: Inventory, seed: int) -> Int:
    """Draw documents until the cell's target is met.

    Args:
        stage: the stage.
        cell: the cell with its target.
        inventory: the documents of its component.
        seed: of the recipe.

    Returns:
        int64[k], indexes into the inventory in the order of drawing; one stands as often as it is
        repeated. Their tokens, with an end-of-text token each, miss the target by less than the
        shortest document that is left.
    """
    chosen = cell_documents(stage, inventory, cell.lang, cell.bucket)
    sizes = np.minimum(inventory.n_tokens[chosen] + 1, np.iinfo(np.int64).max)
    drawn: list[Int] = []
    left, epoch = cell.target, 0
    while len(chosen) and left > 0 and epoch < np.ceil(cell.max_repeats):
        order = _epoch(stage.name, seed, epoch, inventory, chosen)
        ends = np.cumsum(sizes[order])
        n = int(np.searchsorted(ends, left, side="right"))
        drawn.append(order[:n])
        left -= int(ends[n - 1]) if n else 0
        if n < len(order):
            rest = order[n:]
            drawn.append(_fill(rest, sizes[rest], left))
            break
        epoch += 1
    picked = np.concatenate(drawn) if drawn else np.empty(0, np.int64)
    result: Int = chosen[picked]
    return result


def _epoch(stage: str, seed: int, epoch: int, inventory: Inventory, chosen: Int) -> Int:
    keys = np.array(
        [stable_hash("draw", seed, stage, epoch, str(inventory.ids[i])) for i in chosen], np.uint64
    )
    order: Int = np.lexsort([inventory.ids[chosen].astype(str), keys])
    return order


def _fill(rest: Int, sizes: Int, left: int) -> Int:
    """Choose of the rest the largest that fits into what is left, again and again."""
    picked: list[int] = []
    order = np.argsort(-sizes, kind="stable")
    for i in order:
        if len(picked) >= LAST:
            break
        if sizes[i] <= left:
            picked.append(int(rest[i]))
            left -= int(sizes[i])
    return np.array(picked, np.int64)
