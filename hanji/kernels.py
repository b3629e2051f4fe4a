"""The one door to numba: `njit` that keeps types and always caches its machine code on disk.

A kernel is a plain typed function over numpy arrays. The compiled code is stored in
`__pycache__` beside the module, so only the first call after a change compiles.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, overload

import numba
import numpy as np

__all__ = ["mix", "njit"]

P = ParamSpec("P")
R = TypeVar("R")


@overload
def njit(function: Callable[P, R], /) -> Callable[P, R]: ...


@overload
def njit(
    *, nogil: bool = ..., inline: str = ..., fastmath: bool = ...
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def njit(
    function: Callable[P, R] | None = None,
    /,
    *,
    nogil: bool = True,
    inline: str = "never",
    fastmath: bool = False,
) -> Callable[P, R] | Callable[[Callable[P, R]], Callable[P, R]]:
    """Compile `function` with numba in nopython mode, releasing the GIL, cached on disk."""
    compile_ = numba.njit(cache=True, nogil=nogil, inline=inline, fastmath=fastmath)
    return compile_(function) if function is not None else compile_  # type: ignore[no-any-return]


@njit
def mix(value: np.uint64) -> np.uint64:
    """Mix 64 bits so that each depends on all (the finaliser of splitmix64, Steele et al. 2014)."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))
