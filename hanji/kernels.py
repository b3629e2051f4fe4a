"""The one door to numba: `njit` that keeps types and always caches its machine code on disk.

A kernel is a plain typed function over numpy arrays. The compiled code is stored in
`__pycache__` beside the module, so only the first call after a change compiles.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, overload

import numba
import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

__all__ = ["mix", "njit", "prefetch"]

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


def _prefetch(_context: Any, array: Any, index: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        held = context.make_array(array)(context, builder, args[0])
        place = context.cast(builder, args[1], index, types.intp)
        first = [context.get_constant(types.intp, 0)] * (array.ndim - 1)
        where = cgutils.get_item_pointer(context, builder, array, held, [place, *first])
        where = builder.bitcast(where, cgutils.voidptr_t)
        flag = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, flag, flag, flag])
        fetch = builder.module.declare_intrinsic("llvm.prefetch", [cgutils.voidptr_t], kind)
        builder.call(fetch, [where, flag(0), flag(3), flag(1)])  # to read, keep, data
        return context.get_dummy_value()

    return types.void(array, index), generate


# prefetch(array, index) asks memory for the line of 64 bytes that `array[index]` begins in, and
# goes on without waiting; an index outside the array does no harm. For kernels only.
prefetch: Callable[[npt.NDArray[Any], int], None] = intrinsic(_prefetch)
