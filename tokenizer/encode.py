"""Encode pieces with merges: exactly what BPE gives, at the speed of a look-up.

A piece may be cut wherever the byte pair across the cut occurs inside no token: no token can
reach across, so the parts encode on their own, and a cache keeps each with its ids.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hanji.kernels import njit
from hanji.text.alphabet import byte_order
from hanji.text.merges import ALL, SHORT, encode_part, fill_ranks, inner_pairs

__all__ = ["Encoder"]

U8 = npt.NDArray[np.uint8]
I32 = npt.NDArray[np.int32]
Int = int | np.int64
I64 = npt.NDArray[np.int64]


@njit
def encode_pieces(
    data: U8, offsets: I64, order: I64, base: I32, keys: I64, values: I32, inside: U8, kept: I64,
    kept_at: I64, kept_bytes: U8, kept_ids: I32, state: I64, out: I32, separator: Int,
) -> Int:  # fmt: skip
    """Encode the pieces named by `order` one after the other, a separator behind each.

    The cache is that of `encode_part`. Returns how many ids were written.
    """
    made = np.empty(SHORT, np.int64)
    n: Int = 0
    for piece in order:
        at, stop = offsets[piece], offsets[piece + 1]
        while at < stop:
            end = at + 1
            while end < stop and inside[np.int64(data[end - 1]) << 8 | np.int64(data[end])]:
                end += 1
            if end - at == 1:
                out[n] = base[data[at]]
                n += 1
            else:
                n = encode_part(
                    data, at, end, keys, values, ALL, made, base, kept, kept_at, kept_bytes,
                    kept_ids, state, out, n,
                )  # fmt: skip
            at = end
        out[n] = separator
        n += 1
    return n


class Encoder:
    """Encodes bytes with a list of merges; ids 0 to 255 are the bytes in `byte_order`."""

    def __init__(self, pairs: I32, tokens: tuple[U8, I64], cache: int = 1 << 20) -> None:
        size = 1 << max(10, int(2 * len(pairs)).bit_length())
        self.keys = np.full(size, -1, np.int64)
        self.values = np.zeros(size, np.int32)
        fill_ranks(pairs, self.keys, self.values)
        self.base = np.empty(256, np.int32)
        self.base[byte_order()] = np.arange(256)
        self.inside = np.zeros(1 << 16, np.uint8)
        inner_pairs(*tokens, self.inside)
        self.kept = np.zeros(cache, np.int64)
        self.kept_at = np.empty(cache, np.int64)
        self.kept_bytes = np.empty(8 * cache, np.uint8)
        self.kept_ids = np.empty(8 * cache, np.int32)
        self.state = np.zeros(2, np.int64)

    def encode(self, data: U8, offsets: I64, order: I64, separator: int) -> I32:
        """Encode the pieces `order` of an arena; a separator stands behind each.

        Returns:
            Flat ids, shape (n_ids + len(order),).
        """
        most = int(np.sum(offsets[order + 1] - offsets[order])) + len(order)
        out = np.empty(most, np.int32)  # memory that is not written to is not taken
        n = encode_pieces(
            data, offsets, order, self.base, self.keys, self.values, self.inside, self.kept,
            self.kept_at, self.kept_bytes, self.kept_ids, self.state, out, separator,
        )  # fmt: skip
        return out[:n]
