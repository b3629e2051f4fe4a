"""The one door to numba: `njit` that keeps types and always caches its machine code on disk.

A kernel is a plain typed function over numpy arrays. The compiled code is stored in
`__pycache__` beside the module, so only the first call after a change compiles.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, overload

import numba
import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.errors import TypingError
from numba.core.types.containers import BaseTuple
from numba.extending import intrinsic

__all__ = ["borrowed", "eight", "low_zeros", "mix", "njit", "prefetch", "put_eight"]

P = ParamSpec("P")
R = TypeVar("R")
A = TypeVar("A")


def _import_numba_alone() -> None:
    """Import numba's linear algebra without scipy's, which costs a fifth of a second.

    No kernel here uses it, and a kernel elsewhere that does asks for scipy again when it is
    compiled. Where other threads run, one of them may be importing it just now.
    """
    if "scipy.linalg" in sys.modules or threading.active_count() > 1:
        return
    sys.modules["scipy.linalg"] = None  # type: ignore[assignment]
    try:
        importlib.import_module("numba.np.linalg")
    finally:
        del sys.modules["scipy.linalg"]


_import_numba_alone()


@overload
def njit(function: Callable[P, R], /) -> Callable[P, R]: ...


@overload
def njit(*, forceinline: bool = ...) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def njit(
    function: Callable[P, R] | None = None,
    /,
    *,
    forceinline: bool = False,
) -> Callable[P, R] | Callable[[Callable[P, R]], Callable[P, R]]:
    """Compile `function` with numba in nopython mode, releasing the GIL, cached on disk.

    With `forceinline` it becomes a part of each kernel that calls it: for what inner loops ask.
    """
    compile_ = numba.njit(cache=True, nogil=True, forceinline=forceinline)
    return compile_(function) if function is not None else compile_  # type: ignore[no-any-return]


@njit(forceinline=True)
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


def _unheld(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    if isinstance(kind, BaseTuple):
        parts = cgutils.unpack_tuple(builder, value)
        parts = [_unheld(context, builder, k, v) for k, v in zip(kind, parts, strict=True)]
        return context.make_tuple(builder, kind, parts)
    view = context.make_array(kind)(context, builder, value)
    view.meminfo = cgutils.get_null_value(view.meminfo.type)
    view.parent = cgutils.get_null_value(view.parent.type)
    return view._getvalue()


def _borrowed(_context: Any, held: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _unheld(context, builder, held, args[0])

    return held(held), generate


# borrowed(arrays) are the same arrays, one or a tuple, whose references nobody counts. Numba counts
# them by atomic acts, 20 cycles or more each, wherever a function with arrays calls another that is
# not inlined. Only for a kernel's own arguments, which its caller holds; never return them.
borrowed: Callable[[A], A] = intrinsic(_borrowed)


def _place_of_eight(context: Any, builder: Any, kinds: Any, args: Any) -> Any:
    array, index = kinds[:2]
    if array.dtype != types.uint8 or array.ndim != 1 or array.layout != "C":
        raise TypingError(f"eight bytes are those of a contiguous uint8 array, not of {array}")
    held = context.make_array(array)(context, builder, args[0])
    where = builder.gep(held.data, [context.cast(builder, args[1], index, types.intp)])
    return builder.bitcast(where, ir.IntType(64).as_pointer())


def _in_order(builder: Any, word: Any) -> Any:
    return word if sys.byteorder == "little" else builder.bswap(word)


def _eight(_context: Any, array: Any, index: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        word = builder.load(_place_of_eight(context, builder, (array, index), args))
        word.align = 1
        return _in_order(builder, word)

    return types.uint64(array, index), generate


# eight(array, at) is array[at : at + 8] of a uint8 array as one number, the first byte the lowest.
# Unchecked: at + 8 <= len(array) is the caller's promise. For kernels only.
eight: Callable[[npt.NDArray[np.uint8], Any], np.uint64] = intrinsic(_eight)


def _put_eight(_context: Any, array: Any, index: Any, word: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = _place_of_eight(context, builder, (array, index), args)
        value = context.cast(builder, args[2], word, types.uint64)
        builder.store(_in_order(builder, value), place).align = 1
        return context.get_dummy_value()

    return types.void(array, index, word), generate


# put_eight(array, at, word) writes what `eight` would read; unchecked, too. For kernels only.
put_eight: Callable[[npt.NDArray[np.uint8], Any, np.uint64], None] = intrinsic(_put_eight)


def _low_zeros(_context: Any, word: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        value = context.cast(builder, args[0], word, types.uint64)
        return builder.cttz(value, ir.IntType(1)(0))

    return types.uint64(word), generate


# low_zeros(word) is the number of zeros below the lowest bit that is set, 64 for none. For kernels.
low_zeros: Callable[[np.uint64], np.uint64] = intrinsic(_low_zeros)
