"""GPT-2's byte-level alphabet: a character for each byte, so that any token can be written down.

Printable bytes stand for themselves, the others follow from U+0100 on. Hanji's own tokenizers
number the bytes in the order of these characters.
"""

from __future__ import annotations

import functools

__all__ = ["alphabet", "byte_order"]

_PRINTABLE = (*range(33, 127), *range(161, 173), *range(174, 256))


def byte_order() -> list[int]:
    """Return the 256 bytes in the order of their characters."""
    return [*_PRINTABLE, *(b for b in range(256) if b not in set(_PRINTABLE))]


@functools.cache
def alphabet() -> dict[int, str]:
    """Map each byte to its character.

    >>> alphabet()[ord("w")], alphabet()[ord(" ")]
    ('w', 'Ġ')
    """
    order, n = byte_order(), len(_PRINTABLE)
    shown = {byte: chr(byte) for byte in order[:n]}
    return shown | {byte: chr(256 + i) for i, byte in enumerate(order[n:])}
