"""A binary heap of pairs, the best one first: count descending, then pair ascending."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hanji.kernels import njit

__all__ = ["Heap", "pop", "push", "sink"]

Int = int | np.int64
I64 = npt.NDArray[np.int64]


class Heap(NamedTuple):
    """A binary heap; the best pair stands first."""

    counts: I64
    keys: I64


@njit(forceinline=True)
def _before(heap: Heap, i: Int, j: Int) -> bool:
    if heap.counts[i] != heap.counts[j]:
        return bool(heap.counts[i] > heap.counts[j])
    return bool(heap.keys[i] < heap.keys[j])


@njit(forceinline=True)
def _swap(heap: Heap, i: Int, j: Int) -> None:
    heap.counts[i], heap.counts[j] = heap.counts[j], heap.counts[i]
    heap.keys[i], heap.keys[j] = heap.keys[j], heap.keys[i]


@njit(forceinline=True)
def push(heap: Heap, n: Int, count: Int, key: Int) -> Int:
    """Add an entry to a heap of n; return its new size."""
    heap.counts[n] = count
    heap.keys[n] = key
    at = n
    while at > 0 and _before(heap, at, (at - 1) >> 1):
        _swap(heap, at, (at - 1) >> 1)
        at = (at - 1) >> 1
    return n + 1


@njit(forceinline=True)
def sink(heap: Heap, n: Int) -> None:
    """Put the first entry of a heap of n where it belongs."""
    at = 0
    while True:
        child = 2 * at + 1
        if child >= n:
            break
        if child + 1 < n and _before(heap, child + 1, child):
            child += 1
        if not _before(heap, child, at):
            break
        _swap(heap, child, at)
        at = child


@njit(forceinline=True)
def pop(heap: Heap, n: Int) -> Int:
    """Take the best entry out of a heap of n; return its new size."""
    _swap(heap, 0, n - 1)
    sink(heap, n - 1)
    return n - 1
