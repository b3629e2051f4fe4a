"""The windows of drawn documents as parallel arrays, and how they are grouped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from rehearsal.plan import Inventory
from rehearsal.section import Stage

__all__ = ["Items", "column", "groups", "windows"]

Int = npt.NDArray[np.int64]


class Items(msgspec.Struct, frozen=True):
    """Windows of drawn documents, as parallel arrays: int64[n] each."""

    component: Int  # number in the order of `names`
    index: Int  # into the component's inventory
    from_token: Int
    length: Int  # positions, the end-of-text token included
    names: tuple[str, ...]


def windows(
    stage: Stage, inventories: Mapping[str, Inventory], drawn: Sequence[tuple[str, Int]]
) -> Items:
    """Cut drawn documents, (component, indexes) each, into windows of the context."""
    names = tuple(inventories)
    room = stage.context - 1
    parts: list[tuple[Int, Int, Int, Int]] = []
    for component, indexes in drawn:
        n = inventories[component].n_tokens[indexes]
        pieces = -(-n // room)
        first = np.repeat(np.cumsum(pieces) - pieces, pieces)
        start = (np.arange(int(pieces.sum())) - first) * room
        length = np.minimum(room, np.repeat(n, pieces) - start) + 1
        number = np.full(len(start), names.index(component), np.int64)
        parts.append((number, np.repeat(indexes, pieces), start, length))
    empty = (np.empty(0, np.int64),) * 4
    number, index, start, length = (
        np.concatenate(arrays) for arrays in zip(empty, *parts, strict=True)
    )
    return Items(number, index, start, length, names)


def groups(stage: Stage, items: Items, inventories: Mapping[str, Inventory]) -> Int:
    """Number the group of each window: windows of one group share sequences."""
    if stage.group == "length":  # below a sixteenth, below a quarter, the rest of the context
        edges = [stage.context // 16, stage.context // 4]
        return np.searchsorted(edges, items.length, side="right").astype(np.int64)
    if stage.group == "none":
        return np.zeros(len(items.length), np.int64)
    langs = sorted({str(lang) for each in inventories.values() for lang in np.unique(each.lang)})
    lang = column(items, inventories, "lang").astype(str)
    return np.searchsorted(langs, lang).astype(np.int64)


def column(
    items: Items, inventories: Mapping[str, Inventory], name: str, at: Int | None = None
) -> npt.NDArray[np.object_]:
    """Gather a column of the inventories for the windows (or those at `at`)."""
    component = items.component if at is None else items.component[at]
    index = items.index if at is None else items.index[at]
    gathered = np.empty(len(index), object)
    for number, each in enumerate(items.names):
        mine = component == number
        gathered[mine] = getattr(inventories[each], name)[index[mine]]
    return gathered
