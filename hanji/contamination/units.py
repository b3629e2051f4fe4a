"""Units of matching: words, or characters, of the folded text, and hashes of runs of them."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hanji.kernels import mix, njit
from hanji.text.signs import HAN, HIRAGANA, KATAKANA, WORD, decode, kind_of

__all__ = ["U64", "Units", "is_wide", "run_hash", "scan", "units_of"]

U8 = npt.NDArray[np.uint8]
U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]
I64 = npt.NDArray[np.int64]

PLANE = 0x10000
_BASE = np.uint64(0x9E3779B97F4A7C15)


class Units(NamedTuple):
    """`n` units of a text: hashes of its beginnings, and where in its UTF-8 each unit stands."""

    prefix: U64  # [n + 1]
    starts: I64  # [n]
    ends: I64  # [n]

    @property
    def n(self) -> int:
        """Number of units."""
        return len(self.starts)


@cache
def _table() -> U32:
    """What each character folds to: compatible form and lower case, where that is one character."""
    table = np.arange(PLANE, dtype=np.uint32)
    for point in range(0x80, PLANE):
        folded = unicodedata.normalize("NFKC", chr(point)).casefold()
        if len(folded) == 1:
            table[point] = ord(folded)
    table[65:91] += 32
    return table


@njit
def _units(data: U8, by_chars: bool, table: U32, prefix: U64, starts: I64, ends: I64) -> int:
    """Fill the arrays; letters are folded, blanks and marks are no units."""
    n, at, begun = 0, 0, False
    word = np.uint64(14695981039346656037)
    prefix[0] = 1
    while at <= len(data):
        point, size = decode(data, at) if at < len(data) else (10, 1)
        kind = kind_of(point)
        letter = kind in (WORD, HIRAGANA, KATAKANA, HAN)
        if begun and not letter:
            prefix[n + 1] = prefix[n] * _BASE + mix(word)
            ends[n] = at
            n += 1
            begun = False
        if letter:
            folded = np.uint64(table[point] if point < PLANE else point)
            if by_chars:
                prefix[n + 1] = prefix[n] * _BASE + mix(folded + np.uint64(1))
                starts[n], ends[n] = at, at + size
                n += 1
            else:
                if not begun:
                    starts[n], begun = at, True
                    word = np.uint64(14695981039346656037)
                word = (word ^ folded) * np.uint64(1099511628211)
        at += size
    return n


def units_of(data: bytes, by_chars: bool) -> Units:
    """Cut UTF-8 into units."""
    prefix = np.empty(len(data) + 2, np.uint64)
    starts, ends = np.empty(len(data) + 1, np.int64), np.empty(len(data) + 1, np.int64)
    n = _units(np.frombuffer(data, np.uint8), by_chars, _table(), prefix, starts, ends)
    return Units(prefix[: n + 1], starts[:n], ends[:n])


@njit
def _is_wide(data: U8) -> float:
    letters = wide = 0
    at = 0
    while at < len(data):
        point, size = decode(data, at)
        at += size
        kind = kind_of(point)
        if kind in (WORD, HIRAGANA, KATAKANA, HAN):
            letters += 1
            wide += kind != WORD or 0x1100 <= point <= 0x11FF or 0xAC00 <= point <= 0xD7A3
    return wide / max(letters, 1)


def is_wide(data: bytes) -> float:
    """Return the share of Hangul, Kana and Han among the letters of UTF-8."""
    return float(_is_wide(np.frombuffer(data, np.uint8)))


@njit(forceinline=True)
def run_hash(prefix: U64, at: int, n: int, power: np.uint64) -> np.uint64:
    """Hash units `at` to `at + n`; `power` is the base to the power n."""
    return mix(prefix[at + n] - prefix[at] * power)


@njit
def _power(n: int) -> np.uint64:
    value = np.uint64(1)
    for _ in range(n):
        value *= _BASE
    return value


@njit
def scan(prefix: U64, n: int, bits: U8, keys: U64, where: I64, out: U64) -> int:
    """Look all runs of `n` units up.

    Args:
        prefix: of the text's units.
        n: units of a run.
        bits: a filter of 2^k bits of the keys.
        keys: hashes, ascending.
        where: gets the first unit of each run that is a key.
        out: gets its hash.

    Returns:
        How many there are; no more than `where` holds are written.
    """
    power = _power(n)
    mask = np.uint64(8 * len(bits) - 1)
    found = 0
    for at in range(len(prefix) - n):
        value = run_hash(prefix, at, n, power)
        bit = value & mask
        if bits[bit >> np.uint64(3)] >> (bit & np.uint64(7)) & np.uint8(1):
            slot = np.searchsorted(keys, value)
            if slot < len(keys) and keys[slot] == value:
                if found < len(where):
                    where[found], out[found] = at, value
                found += 1
    return found


@njit
def _all(prefix: U64, n: int, out: U64) -> None:
    power = _power(n)
    for at in range(len(out)):
        out[at] = run_hash(prefix, at, n, power)


def runs(units: Units, n: int) -> U64:
    """Hash all runs of `n` units, n at least 1."""
    out = np.empty(max(units.n - n + 1, 0), np.uint64)
    _all(units.prefix, n, out)
    return out
