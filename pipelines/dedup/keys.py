"""Matching keys: 16 bytes that are equal for texts that are the same to a reader.

The matching form is NFKC, case folded, blanks folded to one. It is hashed and never stored; marks
are kept, so ガス and カス, má and mạ have different keys. Nearly every character folds by itself,
so a kernel folds it by a table; a text with a character that may join its neighbour (a combining
mark, a Jamo behind another that it makes a syllable with) goes through the standard library.
"""

from __future__ import annotations

import hashlib
import unicodedata
from functools import cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hanji.kernels import borrowed, njit
from hanji.schema import utf8
from hanji.text.composed import EMOJI, PLANE, joining
from hanji.text.signs import decode

__all__ = ["EMOJI", "MOST", "exact_keys", "fold", "fold_table", "matching_form"]

U8 = npt.NDArray[np.uint8]
U16 = npt.NDArray[np.uint16]
U32 = npt.NDArray[np.uint32]

MOST = 3  # characters that one folds to by the table; ellipses and fractions have three
JOINS = np.uint32(0xFFFFFFFF)  # in the table: it may join its neighbour, or does not fit


def matching_form(text: str) -> str:
    r"""Return the form in which texts are compared.

    >>> matching_form("Ｈａｎｊｉ  \nPaper")
    'hanji paper'
    """
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


@cache
def fold_table() -> U32:
    """Make the table, uint32[65536, MOST]: what each character folds to, blanks to a space."""
    text = "\n".join(chr(point) if point != 10 else " " for point in range(PLANE))
    chars = unicodedata.normalize("NFKC", text).split("\n")
    table = np.zeros((PLANE, MOST), np.uint32)
    table[:, 0] = np.arange(PLANE)
    for point, (char, same) in enumerate(zip(chars, text.casefold().split("\n"))):
        own = chr(point)
        if char == own == same and not (unicodedata.combining(own) or own.isspace()):
            continue  # most: the loop below is for the others
        table[point] = _folded(char)
    table[[ord(char) for char in joining()], 0] = JOINS
    table[0xD800:0xE000, 0] = JOINS
    return table


def _folded(char: str) -> list[int]:
    """Return what a character folds to, given its NFKC."""
    joins = any(unicodedata.combining(c) or c in joining() for c in char)
    joins |= len(char) > 1 and any("ᄀ" <= c <= "ᇿ" for c in char)
    folded = char.casefold()
    if joins or len(folded) > MOST or any(ord(c) >= PLANE for c in folded):
        return [int(JOINS)] + [0] * (MOST - 1)
    points = [32 if c.isspace() else ord(c) for c in folded]
    return points + [0] * (MOST - len(points))


@njit
def _join(one: int, two: int) -> bool:
    """Say whether a Jamo joins what stands before it (Unicode 3.12, Hangul composition)."""
    if 0x1161 <= two <= 0x1175:
        return 0x1100 <= one <= 0x1112
    return 0x11A8 <= two <= 0x11C2 and 0xAC00 <= one <= 0xD7A3 and (one - 0xAC00) % 28 == 0


@njit
def fold(data: U8, table: U32, low: int, high: int, out: U16 | U32) -> int:
    """Write the matching form of UTF-8 to `out`; return its length, or -1 where it may join.

    Of the characters above the plane those from `low` to `high` fold to themselves; others give -1.
    """
    data, table, out = borrowed((data, table, out))
    n, at = 0, 0
    while at < len(data):
        here, to = np.uint64(at), np.uint64(n)  # an index without a sign is quicker
        while here < np.uint64(len(data)) and data[here] < 0x80 and table[data[here], 0] > 32:
            out[to] = table[data[here], 0]  # ASCII folds to one sign
            here += np.uint64(1)
            to += np.uint64(1)
        at, n = int(np.int64(here)), int(np.int64(to))
        if at == len(data):
            break
        if data[at] < 0x80:
            point = int(data[at])
            at += 1
        else:
            point, size = decode(data, at)
            at += size
        if point >= PLANE:
            if not low <= point < high:
                return -1
            out[n] = point
            n += 1
            continue
        first = table[point, 0]
        if first == JOINS:
            return -1
        if first == 32:
            if n and out[n - 1] != 32:
                out[n] = 32
                n += 1
            # What folds to a blank and a mark joins, so nothing follows a blank.
        elif first:
            if 0x1100 <= first <= 0x11FF and n and _join(out[n - 1], first):
                return -1
            out[n] = first
            n += 1
            for i in range(1, MOST):
                if table[point, i] == 0:
                    break
                if table[point, i] != 32 or out[n - 1] != 32:
                    out[n] = table[point, i]
                    n += 1
        elif point == 0:
            out[n] = 0
            n += 1
    return n - 1 if n and out[n - 1] == 32 else n


def exact_keys(texts: pa.LargeStringArray) -> list[bytes]:
    """Return the 16-byte key of each text."""
    data, offsets = utf8(texts)
    out = np.empty(MOST * int(np.diff(offsets).max(initial=0)) + 1, np.uint16)
    return [_key(data[a:b], out) for a, b in pairwise(offsets.tolist())]


def _key(data: U8, out: U16) -> bytes:
    """Hash the matching form as UTF-16, or as UTF-32 where UTF-16 would have pairs."""
    form: U16 | U32 = out
    n = fold(data, fold_table(), PLANE, PLANE, form)
    if n < 0:
        form = np.empty(MOST * len(data) + 1, np.uint32)
        n = fold(data, fold_table(), EMOJI.start, EMOJI.stop, form)
    if n < 0:
        text = matching_form(data.tobytes().decode())
        form = np.frombuffer(text.encode("utf-32-le"), np.uint32)
        n = len(form)
        if not n or int(form.max()) < PLANE:
            form = form.astype(np.uint16)
    hashed = hashlib.sha256(b"16" if form.itemsize == 2 else b"32")
    hashed.update(form[:n].data)
    return hashed.digest()[:16]
