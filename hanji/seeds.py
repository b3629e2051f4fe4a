"""Randomness without state: every draw is a pure function of names and a seed.

A draw does not depend on how many draws came before it, so results do not depend on sharding,
on the order of documents or on the number of workers. Hashes are blake2b over length-prefixed
parts: ("ab", "c") and ("a", "bc") differ.

    if uniform("rehearsal", seed, doc.id) < share: ...
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

__all__ = [
    "is_heldout",
    "pick",
    "rng",
    "shuffled",
    "stable_hash",
    "stable_hex",
    "uniform",
]

Part = str | bytes | int | float
T = TypeVar("T")


def _digest(parts: tuple[Part, ...], size: int) -> bytes:
    state = hashlib.blake2b(digest_size=size)
    for part in parts:
        match part:
            case str():
                tag, data = b"s", part.encode("utf-8", "surrogatepass")
            case bytes():
                tag, data = b"b", part
            case int():  # bool too: True hashes as 1
                tag, data = b"i", str(int(part)).encode()
            case float():
                tag, data = b"f", struct.pack("<d", part)
        state.update(tag + len(data).to_bytes(8, "little") + data)
    return state.digest()


def stable_hash(*parts: Part) -> int:
    """Hash `parts` to an unsigned 64-bit integer, the same on every machine and version."""
    return int.from_bytes(_digest(parts, 8), "little")


def stable_hex(*parts: Part) -> str:
    """Hash `parts` to 32 hexadecimal characters (128 bits)."""
    return _digest(parts, 16).hex()


def uniform(*parts: Part) -> float:
    """Draw a number in [0, 1) that belongs to `parts`; 53 bits of it are used."""
    return (stable_hash(*parts) >> 11) / (1 << 53)


def pick(options: Sequence[T], *parts: Part) -> T:
    """Draw one of `options` by `parts`.

    Raises:
        IndexError: if there are no options.
    """
    return options[int(uniform(*parts) * len(options))]


def rng(*parts: Part) -> np.random.Generator:
    """Open a counter-based generator (Philox) keyed by `parts`, for draws in bulk."""
    return np.random.Generator(np.random.Philox(key=stable_hash(*parts)))


def shuffled(items: Sequence[T], *parts: Part) -> list[T]:
    """Return `items` in the order that belongs to `parts`.

    >>> shuffled("abc", "x", 1) == shuffled("abc", "x", 1)
    True
    """
    return [items[i] for i in rng(*parts).permutation(len(items))]


def is_heldout(doc_id: str, share: float = 0.02) -> bool:
    """Say whether a document belongs to the held-out split of its corpus.

    Tokenizer evaluation and probe haystacks read held-out documents only; whatever becomes
    training data skips them. The answer depends on the id alone.
    """
    return uniform("held-out", doc_id) < share
