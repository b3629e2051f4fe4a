"""The kernels' own tools."""

from __future__ import annotations

import sys
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba.core.errors import TypingError

from hanji.kernels import borrowed, eight, low_zeros, njit, prefetch, put_eight


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


@njit
def read_eight(data: np.ndarray, at: int) -> np.uint64:
    return eight(data, at)


@njit
def copy_eight(data: np.ndarray, at: int, out: np.ndarray, to: int) -> None:
    put_eight(out, to, eight(data, at))


@given(st.binary(min_size=8, max_size=40), st.data())
def test_eight_bytes_are_read_and_written_at_any_place(data: bytes, draw: st.DataObject) -> None:
    at = draw.draw(st.integers(0, len(data) - 8))
    for array in (np.frombuffer(data, np.uint8), np.array(bytearray(data), np.uint8)):
        assert int(read_eight(array, at)) == int.from_bytes(data[at : at + 8], "little")
        out = np.zeros(10, np.uint8)
        copy_eight(array, at, out, 1)
        assert out.tobytes() == b"\0" + data[at : at + 8] + b"\0"


def test_eight_bytes_of_another_array_are_refused() -> None:
    with pytest.raises(TypingError, match="contiguous uint8"):
        read_eight(np.zeros(64, np.uint8)[::2], 0)
    with pytest.raises(TypingError, match="contiguous uint8"):
        read_eight(np.zeros(64, np.int8), 0)


@njit
def zeros_below(word: np.uint64) -> np.uint64:
    return low_zeros(word)


@given(st.integers(0, 2**64 - 1))
def test_zeros_below_the_lowest_bit(word: int) -> None:
    found = int(zeros_below(np.uint64(word)))
    assert found == (64 if word == 0 else (word & -word).bit_length() - 1)


class Pair(NamedTuple):
    one: np.ndarray
    two: np.ndarray


@njit
def _add(values: np.ndarray, i: int) -> float:
    return values[i] + len(values)


@njit
def total(values: np.ndarray, pair: Pair) -> float:
    values, pair = borrowed((values, pair))
    one = pair.one[1:]
    found = 0.0
    for i in range(len(one)):
        found += _add(values, i) + one[i] + pair.two[i, 0]
    return found


def test_what_is_borrowed_is_the_same_and_is_left_to_its_owner() -> None:
    values, pair = np.arange(4.0), Pair(np.arange(5.0), np.ones((4, 2)))
    before = [sys.getrefcount(array) for array in (values, *pair)]
    for _ in range(1000):
        assert total(values, pair) == 6 + 16 + 10 + 4
    assert [sys.getrefcount(array) for array in (values, *pair)] == before
