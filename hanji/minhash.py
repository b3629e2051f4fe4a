"""MinHash (Broder 1997) over word or character shingles, straight from UTF-8 bytes.

A shingle is a window of units of the text. Units are words (runs of letters and digits between
blanks and punctuation; in Japanese also of one script) or characters (blanks and punctuation fold
to one blank); ASCII letters are lower case. Windows are 5 words, 12 characters, or 5 characters in
text that is mostly Korean, Japanese or Chinese, where a character carries more.

A shingle is hashed once to 32 bits; the permutations are h -> a (h xor b) mod 2^32 with odd a, and
the signature keeps the least of each. One permutation walks all shingles of a document before the
next: the hashes stay in the first-level cache, and the loop is a plain minimum that the compiler
turns into vector instructions. The share of equal values estimates the Jaccard similarity of the
shingle sets with standard error sqrt(J (1 - J) / permutations).
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hanji.kernels import borrowed, mix, njit
from hanji.schema import utf8
from hanji.seeds import rng
from hanji.text.signs import BLANK, HAN, HIRAGANA, KATAKANA, MARK, NEWLINE, WORD, decode, kind_of

__all__ = [
    "WINDOW",
    "WINDOW_CJK",
    "WINDOW_WORDS",
    "Signed",
    "band_keys",
    "jaccard",
    "shingle_set",
    "shingle_sets",
    "sign",
    "signatures",
]

WINDOW = 12
WINDOW_CJK = 5
WINDOW_WORDS = 5  # FineWeb-2
LANES = 64  # four vectors of 16: what one turn of the loop of minima takes

Bytes = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]
Offsets = npt.NDArray[np.int64]
U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]


class Signed(NamedTuple):
    """Signatures uint32[n, permutations], and of each text how many shingles it has: int64[n].

    `short` flags texts of fewer shingles than a window has units: a signature says little there.
    """

    values: U32
    shingles: Offsets
    short: Flags


@cache
def _ascii() -> npt.NDArray[np.uint8]:
    """Fold the 128 ASCII characters: letters to lower case, blanks and marks to 0."""
    table = np.zeros(128, np.uint8)
    for point in range(128):
        if kind_of(point) == WORD:
            table[point] = ord(chr(point).lower())
    return table


@njit
def _characters(data: Bytes, start: int, end: int, ascii_: Bytes, out: U64) -> tuple[int, int]:
    """Write the folded characters of data[start:end] plus one; return how many, and the wide."""
    data, ascii_, out = borrowed((data, ascii_, out))
    n, wide, at, gap = 0, 0, start, True
    while at < end:
        first = data[at]
        if first < 0x80:
            point = int(ascii_[first])
            at += 1
        else:
            point, size = decode(data, at)
            at += size
            if not 0xAC00 <= point <= 0xD7A3 and kind_of(point) in (BLANK, MARK, NEWLINE):
                point = 0
        if point:
            out[n] = np.uint64(point + 1)
            n += 1
            if point >= 0x1100:
                wide += 1
            gap = False
        elif not gap:
            out[n] = np.uint64(33)
            gap = True
            n += 1
    return n - 1 if n and gap else n, wide


@njit
def _words(data: Bytes, start: int, end: int, ascii_: Bytes, out: U64) -> int:
    """Write the hash of each word of data[start:end]; return how many."""
    data, ascii_, out = borrowed((data, ascii_, out))
    prime, basis = np.uint64(1099511628211), np.uint64(14695981039346656037)
    n, at, value, last = 0, start, basis, 0  # the kind of the open word, or 0
    while at < end:
        first = data[at]
        if first < 0x80:
            at += 1
            folded = ascii_[first]
            if folded:
                if last > WORD:
                    out[n] = mix(value)
                    n += 1
                    value = basis
                value = (value ^ np.uint64(folded)) * prime
                last = WORD
            elif last:
                out[n] = mix(value)
                n += 1
                value, last = basis, 0
            continue
        point, size = decode(data, at)
        at += size
        kind = WORD if 0xAC00 <= point <= 0xD7A3 else kind_of(point)
        part = kind in (WORD, HIRAGANA, KATAKANA, HAN)
        if last and kind != last:
            out[n] = mix(value)
            n += 1
            value, last = basis, 0
        if part:
            value = (value ^ np.uint64(point)) * prime
            last = kind
    if last:
        out[n] = mix(value)
        n += 1
    return n


@njit
def _shingles(units: U64, n: int, window: int, out: U64) -> int:
    """Write the hash of each window of units; fewer units than a window are one shingle."""
    units, out = borrowed((units, out))
    base = np.uint64(0x9E3779B97F4A7C15)
    power = np.uint64(1)
    for _ in range(window):
        power *= base
    rolling = np.uint64(0)
    for i in range(min(n, window)):
        rolling = rolling * base + units[i]
    if n == 0:
        return 0
    out[0] = mix(rolling)
    for i in range(window, n):
        rolling = rolling * base + units[i] - units[i - window] * power
        out[i - window + 1] = mix(rolling)
    return max(n - window + 1, 1)


@njit
def _hashed(
    data: Bytes, start: int, end: int, words: bool, ascii_: Bytes, units: U64, out: U64
) -> tuple[int, int]:
    """Write the shingles of data[start:end]; return (how many, the window)."""
    if words:
        n = _words(data, start, end, ascii_, units)
        return _shingles(units, n, WINDOW_WORDS, out), WINDOW_WORDS
    n, wide = _characters(data, start, end, ascii_, units)
    window = WINDOW_CJK if 2 * wide > n else WINDOW
    return _shingles(units, n, window, out), window


@njit
def _least(hashes: U32, multipliers: U32, masks: U32, out: U32) -> None:
    """Lower out[k] to the least of multipliers[k] x (hash xor masks[k]) mod 2^32."""
    for k in range(len(multipliers)):
        a, b, least = multipliers[k], masks[k], out[k]
        for j in range(len(hashes)):
            value = np.uint32((hashes[j] ^ b) * a)
            least = min(value, least)
        out[k] = least


@njit
def _sign_all(
    data: Bytes,
    offsets: Offsets,
    words: Flags,
    ascii_: Bytes,
    multipliers: U32,
    masks: U32,
    out: U32,
    counts: Offsets,
    short: Flags,
) -> None:
    longest = 0
    for i in range(len(offsets) - 1):
        longest = max(longest, offsets[i + 1] - offsets[i])
    units, hashed = np.empty(longest + 1, np.uint64), np.empty(longest + 1, np.uint64)
    block = np.empty(4096, np.uint32)  # 16 KB: stays in the first-level cache
    for i in range(len(offsets) - 1):
        n, window = _hashed(data, offsets[i], offsets[i + 1], words[i], ascii_, units, hashed)
        counts[i], short[i] = n, n < window
        out[i, :] = np.uint32(0xFFFFFFFF)
        for start in range(0, n, len(block)):
            size = min(len(block), n - start)
            for j in range(size):
                block[j] = np.uint32(hashed[start + j])
            while size % LANES:  # a whole number of vectors: no slow rest
                block[size] = block[0]
                size += 1
            _least(block[:size], multipliers, masks, out[i])


@njit
def _set_of(data: Bytes, words: bool, ascii_: Bytes) -> U64:
    units, hashed = np.empty(len(data) + 1, np.uint64), np.empty(len(data) + 1, np.uint64)
    n, _ = _hashed(data, 0, len(data), words, ascii_, units, hashed)
    return np.unique(hashed[:n])


@njit
def jaccard(one: U64, two: U64) -> float:
    """Return the Jaccard similarity of two sorted sets; of two empty ones it is 0."""
    i, j, both = 0, 0, 0
    while i < len(one) and j < len(two):
        if one[i] == two[j]:
            both += 1
            i += 1
            j += 1
        elif one[i] < two[j]:
            i += 1
        else:
            j += 1
    return both / max(len(one) + len(two) - both, 1)


def sign(
    texts: pa.LargeStringArray, permutations: int = 112, words: Flags | bool = False
) -> Signed:
    """Sign each text.

    Args:
        texts: n texts, without nulls.
        permutations: values of a signature.
        words: shingles of words, of all texts or bool[n]; else of characters.
    """
    draws = rng("minhash", 2).integers(0, 1 << 32, size=(2, permutations), dtype=np.uint32)
    data, offsets = utf8(texts)
    n = len(texts)
    signed = Signed(
        np.empty((n, permutations), np.uint32), np.empty(n, np.int64), np.empty(n, np.bool_)
    )
    flags = np.array(np.broadcast_to(np.asarray(words, np.bool_), n))
    multipliers, masks = draws[0] | np.uint32(1), draws[1]
    _sign_all(data, offsets, flags, _ascii(), multipliers, masks, *signed)
    return signed


def signatures(
    texts: pa.LargeStringArray, permutations: int = 112, words: Flags | bool = False
) -> U32:
    """Sign each text: uint32[n, permutations]; a text without letters has all ones.

    A text shorter than its window is one shingle, so only equal short texts are near-duplicates.
    """
    return sign(texts, permutations, words).values


def shingle_set(data: Bytes, words: bool = False) -> U64:
    """Return the sorted set of shingle hashes (64 bits) of one text in UTF-8."""
    return _set_of(data, words, _ascii())


def shingle_sets(texts: pa.LargeStringArray, words: Flags | bool = False) -> list[U64]:
    """Return the sorted set of shingle hashes (64 bits) of each text, for exact comparison."""
    data, offsets = utf8(texts)
    flags = np.broadcast_to(np.asarray(words, np.bool_), len(texts))
    return [
        shingle_set(data[offsets[i] : offsets[i + 1]], bool(flags[i])) for i in range(len(texts))
    ]


@njit
def _bands(signatures: U32, bands: int, rows: int, out: U64) -> None:
    for i in range(len(signatures)):
        for band in range(bands):
            value = mix(np.uint64(band + 1))
            for row in range(rows):
                value = mix(value ^ np.uint64(signatures[i, band * rows + row]))
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
