"""Matching keys: 16 bytes that are equal for texts that are the same to a reader.

The matching form is NFKC, case folded, blanks folded to one. It is hashed and never stored; marks
are kept, so ガス and カス, má and mạ have different keys. Nearly every character folds by itself,
so a kernel folds it by a table; a text with a character that may join its neighbour (a combining
mark, a Jamo behind another that it makes a syllable with) goes through the standard library.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from hanji.kernels import njit
from hanji.text.signs import decode

__all__ = ["EMOJI", "MOST", "exact_keys", "fold", "fold_table", "matching_form"]

U8 = npt.NDArray[np.uint8]
U32 = npt.NDArray[np.uint32]

MOST = 3  # characters that one folds to by the table; ellipses and fractions have three
PLANE = 0x10000
JOINS = np.uint32(0xFFFFFFFF)  # in the table: it may join its neighbour
EMOJI = range(0x1F300, 0x1FB00)  # fold to themselves; others above the plane take the slow way


def matching_form(text: str) -> str:
    r"""Return the form in which texts are compared.

    >>> matching_form("Ｈａｎｊｉ  \nPaper")
    'hanji paper'
    """
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


@cache
def fold_table() -> U32:
    """Make the table, uint32[65536, MOST]: what each character folds to, blanks to a space."""
    seconds = set()
    for point in range(PLANE):
        parts = unicodedata.decomposition(chr(point)).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            seconds.add(chr(int(parts[1], 16)))
    table = np.zeros((PLANE, MOST), np.uint32)
    for point in range(PLANE):
        char = unicodedata.normalize("NFKC", chr(point))
        joins = any(unicodedata.combining(c) or c in seconds for c in char)
        joins |= len(char) > 1 and any("ᄀ" <= c <= "ᇿ" for c in char)
        folded = char.casefold()
        if joins or len(folded) > MOST or 0xD800 <= point < 0xE000:
            table[point, 0] = JOINS
            continue
        for i, c in enumerate(folded):
            table[point, i] = 32 if c.isspace() else ord(c)
    return table


@njit
def _join(one: int, two: int) -> bool:
    """Say whether a Jamo joins what stands before it (Unicode 3.12, Hangul composition)."""
    if 0x1161 <= two <= 0x1175:
        return 0x1100 <= one <= 0x1112
    return 0x11A8 <= two <= 0x11C2 and 0xAC00 <= one <= 0xD7A3 and (one - 0xAC00) % 28 == 0


@njit
def fold(data: U8, table: U32, low: int, high: int, out: U32) -> int:
    """Write the matching form of UTF-8 to `out`; return its length, or -1 where it may join."""
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


def exact_keys(texts: Sequence[str]) -> list[bytes]:
    """Return the 16-byte key of each text."""
    out = np.empty(MOST * max(map(len, texts), default=0) + 1, np.uint32)
    return [_key(text, out) for text in texts]


def _key(text: str, out: U32) -> bytes:
    """Hash the matching form as UTF-16, or as UTF-32 where UTF-16 would have pairs."""
    data = np.frombuffer(text.encode("utf-8", "replace"), np.uint8)
    n = fold(data, fold_table(), EMOJI.start, EMOJI.stop, out)
    if n < 0:
        form = np.frombuffer(matching_form(text).encode("utf-32-le", "replace"), np.uint32)
    else:
        form = out[:n]
    wide = bool(len(form)) and int(form.max()) >= PLANE
    hashed = hashlib.sha256(b"32" if wide else b"16")
    hashed.update(form.data if wide else form.astype(np.uint16).data)
    return hashed.digest()[:16]
