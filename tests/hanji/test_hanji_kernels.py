"""The kernels' own tools."""

from __future__ import annotations

import numpy as np

from hanji.kernels import njit, prefetch


@njit
def sum_of(values: np.ndarray, far: int) -> int:
    total = 0
    for i in range(len(values)):
        prefetch(values, i + far)
        total += values[i]
    return total


def test_what_is_fetched_ahead_changes_nothing_inside_or_outside_the_array() -> None:
    values = np.arange(1000)
    strided = np.arange(4000, dtype=np.uint8)[::4]
    for far in (0, 16, 10**12, -(10**12)):
        assert sum_of(values, far) == 499_500
        assert sum_of(strided, far) == int(strided.sum())
