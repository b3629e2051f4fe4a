"""What a superword may be: the rules of stage 2 over the bytes of a candidate token.

Rules are an int64 vector, so that kernels read it: [on, most words, most digits, and a flag for
each of: line breaks, trailing space, whole UTF-8, colon border].
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hanji.kernels import njit
from tokenizer.count import hash_bytes

__all__ = ["NO_RULES", "allowed", "bridges", "find_token", "place_token", "rules_vector"]

U8 = npt.NDArray[np.uint8]
I32 = npt.NDArray[np.int32]
Int = int | np.int64
I64 = npt.NDArray[np.int64]

NO_RULES: I64 = np.zeros(7, np.int64)


def rules_vector(
    *,
    max_words: int = 4,
    max_digits: int = 1,
    no_line_breaks: bool = True,
    no_trailing_space: bool = True,
    whole_utf8: bool = True,
    colon_border: bool = True,
) -> I64:
    """Return the rules of stage 2 as the kernels read them."""
    flags = (no_line_breaks, no_trailing_space, whole_utf8, colon_border)
    return np.array([1, max_words, max_digits, *map(int, flags)], np.int64)


@njit
def _whole(arena: U8, start: Int, end: Int) -> bool:
    """Say whether a byte range is valid UTF-8 from border to border (its inside is trusted)."""
    at = start
    while at < end:
        byte = arena[at]
        if byte < 0x80:
            width = 1
        elif byte < 0xC0:
            return False
        elif byte < 0xE0:
            width = 2
        else:
            width = 3 if byte < 0xF0 else 4
        for i in range(at + 1, min(at + width, end)):
            if arena[i] & 0xC0 != 0x80:
                return False
        at += width
    return at == end


@njit
def _longest_number(arena: U8, start: Int, end: Int, table: U8) -> Int:
    """Return the length of the longest run of digits, in characters."""
    longest = n = 0
    at = start
    while at < end:
        byte = np.int64(arena[at])
        width, point = 1, byte
        if byte >= 0xC0:
            width = 2 if byte < 0xE0 else (3 if byte < 0xF0 else 4)
            point = byte & (0x7F >> width)
            for i in range(at + 1, min(at + width, end)):
                point = point << 6 | (np.int64(arena[i]) & 63)
        n = n + 1 if point < len(table) and table[point] == 5 else 0
        longest = max(longest, n)
        at += width
    return longest


@njit
def bridges(arena: U8, start: Int, end: Int) -> bool:
    """Say whether a space stands in the token with more than white space on both sides."""
    while start < end and arena[start] <= 32:
        start += 1
    while end > start and arena[end - 1] <= 32:
        end -= 1
    return bool(np.any(arena[start:end] == 32))


@njit
def allowed(arena: U8, start: Int, end: Int, rules: I64, table: U8) -> bool:
    """Say whether a byte range may become a token in stage 2."""
    if rules[4] and arena[end - 1] == 32:
        return False
    words = 0
    for i in range(start, end):
        byte = arena[i]
        if rules[3] and byte in (10, 13):
            return False
        if rules[6] and byte == 58 and i + 1 < end and arena[i + 1] == 32:
            return False
        if byte != 32 and (i == start or arena[i - 1] == 32):
            words += 1
    if words > rules[1]:
        return False
    if rules[5] and not _whole(arena, start, end):
        return False
    return bool(_longest_number(arena, start, end, table) <= rules[2])


@njit
def find_token(arena: U8, offsets: I64, slots: I32, start: Int, end: Int) -> Int:
    """Return the token that has the bytes arena[start:end], or -1."""
    mask = len(slots) - 1
    slot = np.int64(hash_bytes(arena, start, end) & np.uint64(mask))
    while slots[slot] >= 0:
        token = np.int64(slots[slot])
        at = offsets[token]
        if offsets[token + 1] - at == end - start:
            i = 0
            while i < end - start and arena[at + i] == arena[start + i]:
                i += 1
            if i == end - start:
                return token
        slot = (slot + 1) & mask
    return -1


@njit
def place_token(arena: U8, offsets: I64, slots: I32, token: Int) -> None:
    """Put a token into the table that finds tokens by their bytes."""
    mask = len(slots) - 1
    slot = np.int64(hash_bytes(arena, offsets[token], offsets[token + 1]) & np.uint64(mask))
    while slots[slot] >= 0:
        slot = (slot + 1) & mask
    slots[slot] = token
