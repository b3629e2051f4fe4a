"""Spots: the few places of a text where personal data can stand at all, found by one scan.

A pattern costs time at every character, a text holds few long numbers. The scan walks the UTF-8
bytes once and yields two kinds of spots: the surroundings of each "@", and runs of ASCII digits,
capitals and single separators that hold enough digits for the shortest number looked for. Every
candidate of `pipelines.pii.kinds` lies whole within one spot, so the patterns see only those.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hanji.kernels import njit

__all__ = ["Spot", "spots"]


class Spot(NamedTuple):
    """Bytes `start` to `end` of a text, and what stands there."""

    start: int
    end: int
    address: bool  # around an "@"; else a run of a number
    digits: int = 0
    dots: int = 0
    capitals: int = 0


Bytes = npt.NDArray[np.uint8]
Signs = npt.NDArray[np.bool_]
Spots = npt.NDArray[np.int64]

OUTSIDE, DIGIT, CAPITAL, SEPARATOR, BRACKET, PLUS = range(6)
LOCAL_BYTES = 64  # RFC 5321 4.5.3.1
DOMAIN_BYTES = 64 * 9 + 24
LEAST_DIGITS = 7  # of a Spanish NIE; every other number has more, but for IP and IBAN
IP_DIGITS, IP_DOTS = 4, 3
IBAN_SIGNS = 12  # two letters, two digits and at least two groups of four

_CLASS = np.zeros(256, np.uint8)
_CLASS[48:58] = DIGIT
_CLASS[65:91] = CAPITAL
_CLASS[[32, 45, 46, 47]] = SEPARATOR  # blank - . /
_CLASS[[40, 41]] = BRACKET
_CLASS[43] = PLUS
_LOCAL = np.zeros(256, np.bool_)  # signs of the local part of an address
_LOCAL[48:58] = _LOCAL[65:91] = _LOCAL[97:123] = True
_DOMAIN = _LOCAL.copy()
_LOCAL[[37, 43, 45, 46, 95]] = True  # % + - . _
_DOMAIN[[45, 46]] = True


@njit
def _scan(
    data: Bytes, start: int, end: int, classes: Bytes, local: Signs, domain: Signs, out: Spots
) -> int:
    """Write the fields of spots to `out`, as many as it holds; return how many there are."""
    n = 0
    begin = -1  # of the run of a number
    digits = dots = signs = 0
    iban = False
    previous = OUTSIDE
    at = start
    while at <= end:
        byte = data[at] if at < end else np.uint8(10)
        kind = classes[byte]
        # Two separators in a row, or a plus, end a number.
        ends = kind in (OUTSIDE, PLUS) or (kind == SEPARATOR and previous == SEPARATOR)
        if begin >= 0 and ends:
            ip = digits >= IP_DIGITS and dots >= IP_DOTS
            if digits >= LEAST_DIGITS or ip or (iban and signs >= IBAN_SIGNS):
                if n < len(out):
                    out[n, 0], out[n, 1], out[n, 2] = begin, at, 0
                    out[n, 3], out[n, 4], out[n, 5] = digits, dots, signs - digits
                n += 1
            begin = -1
        if kind != OUTSIDE and begin < 0:
            begin, digits, dots, signs, iban = at, 0, 0, 0, False
        if kind == DIGIT:
            digits += 1
            signs += 1
            if previous == DIGIT and at - 3 >= begin:
                iban |= classes[data[at - 2]] == CAPITAL and classes[data[at - 3]] == CAPITAL
        elif kind == CAPITAL:
            signs += 1
        elif byte == 46:
            dots += 1
        previous = kind
        if byte == 64 and at < end:
            left, right = at, at + 1
            while left > start and at - left <= LOCAL_BYTES and local[data[left - 1]]:
                left -= 1
            while right < end and right - at <= DOMAIN_BYTES and domain[data[right]]:
                right += 1
            if n < len(out):
                out[n, 0], out[n, 1], out[n, 2] = left, right, 1
            n += 1
        at += 1
    return n


def spots(data: bytes) -> list[Spot]:
    """Find the spots of a text, UTF-8, in the order of their ends."""
    bytes_ = np.frombuffer(data, np.uint8)
    out = np.zeros((64, 6), np.int64)
    n = _scan(bytes_, 0, len(data), _CLASS, _LOCAL, _DOMAIN, out)
    if n > len(out):
        out = np.zeros((n, 6), np.int64)
        _scan(bytes_, 0, len(data), _CLASS, _LOCAL, _DOMAIN, out)
    return [Spot(start, end, bool(at), *counts) for start, end, at, *counts in out[:n].tolist()]
