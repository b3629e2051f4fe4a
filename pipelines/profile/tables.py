"""What the scan looks up: stop words, the phrases of rules, and what each byte is."""

from __future__ import annotations

import string
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = [
    "ALPHA",
    "FOLDED",
    "IN_LINE",
    "IN_TEXT",
    "LEAD",
    "PHRASE",
    "PLAIN",
    "POLICY",
    "PRIME",
    "SECOND",
    "SEED",
    "STOP_SLOTS",
    "spelled",
    "stop_table",
    "traits_of",
    "word_hash",
]

Bytes = npt.NDArray[np.uint8]
Hashes = npt.NDArray[np.uint64]
Traits = npt.NDArray[np.uint32]

LINE_PHRASES = ("javascript",)  # C4
TEXT_PHRASES = ("lorem ipsum",)  # C4
IN_LINE, IN_TEXT, POLICY = range(3)
STOP_SLOTS = 4096  # of a language's table of stop words, of which there are at most 64
# What the scan asks of a byte, in one number: does a phrase of a group begin with it, is it the
# second of such a phrase (a bit for each group), is it an ASCII letter or digit, a letter, the
# first of a character of more bytes, and what it is in lower case.
GROUPS = 8
PHRASE = (1 << GROUPS) - 1
SECOND, PLAIN, ALPHA, LEAD, FOLDED = GROUPS, 1 << 16, 1 << 17, 1 << 18, 24

SEED = np.uint64(14695981039346656037)  # FNV-1a
PRIME = np.uint64(1099511628211)


def word_hash(word: str) -> int:
    """Hash a word as the scan does: FNV-1a over code points, ASCII letters in lower case."""
    value = 14695981039346656037
    for char in word:
        point = ord(char)
        value = ((value ^ (point | 32 if 65 <= point <= 90 else point)) * 1099511628211) % (1 << 64)
    return value


def stop_table(words: Sequence[str]) -> tuple[Hashes, Bytes, np.uint64]:
    """Return hashes of the words, each alone in its slot, their numbers, and the shift for it.

    So one look says whether a word is there, without a branch that the processor would guess.
    """
    hashes = np.array([word_hash(word) for word in dict.fromkeys(words)], np.uint64)
    for shift in range(64):
        slots = (hashes >> np.uint64(shift)) & np.uint64(STOP_SLOTS - 1)
        if len(np.unique(slots)) == len(slots):
            break
    else:
        raise ValueError(f"no table of {STOP_SLOTS} slots parts {len(hashes)} stop words")
    table, numbers = np.zeros(STOP_SLOTS, np.uint64), np.zeros(STOP_SLOTS, np.uint8)
    table[slots], numbers[slots] = hashes, np.arange(len(hashes))
    return table, numbers, np.uint64(shift)


def spelled(policy: Sequence[str]) -> list[tuple[bytes, int]]:
    """Return the phrases that are looked for in a language, each with its kind."""
    found = [(phrase, IN_LINE) for phrase in LINE_PHRASES]
    found += [(phrase, IN_TEXT) for phrase in TEXT_PHRASES]
    found += [(phrase, POLICY) for phrase in policy]
    return [(phrase.encode(), kind) for phrase, kind in found]


def traits_of(phrases: Sequence[bytes]) -> Traits:
    """Return the traits of each byte, uint32[256], where these phrases are looked for."""
    traits = np.zeros(256, np.uint32)
    for byte in (string.digits + string.ascii_letters).encode():
        traits[byte] = PLAIN | ord(chr(byte).lower()) << FOLDED
        traits[byte] |= ALPHA if byte > ord("9") else 0
    traits[0xC2:] = LEAD
    for phrase in phrases:
        first, second = phrase[:2]
        group = 1 << first % GROUPS
        traits[[first, first - 32 if 97 <= first <= 122 else first]] |= group
        traits[[second, second - 32 if 97 <= second <= 122 else second]] |= group << SECOND
    return traits
