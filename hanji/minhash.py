"""MinHash (Broder 1997) over character shingles, straight from UTF-8 bytes.

A shingle is a window of characters of the folded text: blanks and punctuation fold to one blank,
ASCII letters to lower case. Windows are 12 characters, 5 in text that is mostly Korean, Japanese or
Chinese, where a character carries more. Each shingle is hashed once; the permutations are
multiply-shift hashes of that, and the signature keeps the least of each. The share of equal
values estimates the Jaccard similarity of the shingle sets with standard error
sqrt(J (1 - J) / permutations).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hanji.kernels import njit
from hanji.seeds import rng
from hanji.text.signs import BLANK, MARK, NEWLINE, decode, kind_of

__all__ = ["WINDOW", "WINDOW_CJK", "band_keys", "signatures"]

WINDOW = 12
WINDOW_CJK = 5

U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]


@njit
def _mix(value: np.uint64) -> np.uint64:
    """Mix 64 bits (the finaliser of splitmix64)."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@njit
def _fold(data: npt.NDArray[np.uint8], start: int, end: int, out: U32) -> int:
    """Write the folded characters of data[start:end] to `out`; return how many."""
    n, at = 0, start
    while at < end:
        point, size = decode(data, at)
        at += size
        kind = kind_of(point)
        if kind in (BLANK, MARK, NEWLINE):
            if n and out[n - 1] != 32:
                out[n] = 32
                n += 1
        else:
            out[n] = point | 32 if 65 <= point <= 90 else point
            n += 1
    return n - 1 if n and out[n - 1] == 32 else n


@njit
def _sign(chars: U32, n: int, window: int, multipliers: U64, adders: U64, out: U32) -> None:
    out[:] = np.uint32(0xFFFFFFFF)
    base = np.uint64(0x9E3779B97F4A7C15)
    power = np.uint64(1)
    for _ in range(window - 1):
        power *= base
    rolling = np.uint64(0)
    for i in range(n):
        if i >= window:
            rolling -= np.uint64(chars[i - window] + 1) * power
        rolling = rolling * base + np.uint64(chars[i] + 1)
        if i >= window - 1 or i == n - 1:
            value = _mix(rolling)
            for k in range(len(multipliers)):
                hashed = np.uint32((value * multipliers[k] + adders[k]) >> np.uint64(32))
                out[k] = min(out[k], hashed)


@njit
def _sign_all(
    data: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int64],
    window: int,
    window_cjk: int,
    multipliers: U64,
    adders: U64,
    out: U32,
) -> None:
    for i in range(len(offsets) - 1):
        start, end = offsets[i], offsets[i + 1]
        chars = np.empty(end - start + 1, np.uint32)
        n = _fold(data, start, end, chars)
        wide = 0
        for k in range(n):
            wide += chars[k] >= 0x1100
        size = window_cjk if 2 * wide > n else window
        _sign(chars, n, size, multipliers, adders, out[i])


def signatures(texts: pa.LargeStringArray, permutations: int = 112) -> U32:
    """Sign each text: uint32[n, permutations]; a text without letters has all ones.

    A text shorter than its window is one shingle, so only equal short texts are near-duplicates.
    """
    draws = rng("minhash", 1).integers(0, 1 << 63, size=(2, permutations), dtype=np.uint64)
    multipliers, adders = draws[0] * np.uint64(2) + np.uint64(1), draws[1]
    where = slice(texts.offset, texts.offset + len(texts) + 1)
    offsets = np.frombuffer(texts.buffers()[1], np.int64)[where]
    raw = texts.buffers()[2]
    data = np.frombuffer(raw, np.uint8) if raw is not None and raw.size else np.zeros(1, np.uint8)
    out = np.empty((len(texts), permutations), np.uint32)
    _sign_all(data, offsets, WINDOW, WINDOW_CJK, multipliers, adders, out)
    return out


@njit
def _bands(signatures: U32, bands: int, rows: int, out: U64) -> None:
    for i in range(len(signatures)):
        for band in range(bands):
            value = _mix(np.uint64(band + 1))
            for row in range(rows):
                value = _mix(value ^ np.uint64(signatures[i, band * rows + row]))
            out[i, band] = value


def band_keys(signed: U32, bands: int, rows: int) -> U64:
    """Hash each band of `rows` values to one key: uint64[n, bands], mixed with its number.

    Raises:
        ValueError: if the signature is shorter than bands x rows.
    """
    if bands * rows > signed.shape[1]:
        raise ValueError(f"{bands} bands of {rows} rows need {bands * rows} values")
    out = np.empty((len(signed), bands), np.uint64)
    _bands(signed, bands, rows, out)
    return out
