"""Spots: the few places of a text where personal data can stand at all, found by one scan.

A pattern costs time at every character, a text holds few long numbers. The scan stops at each "@"
and each digit and yields two kinds of spots: the surroundings of an "@", and runs of ASCII digits,
capitals and single separators that hold enough digits for the shortest number looked for. Every
candidate of `pipelines.pii.kinds` lies whole within one spot, so the patterns see only those.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hanji.kernels import borrowed, eight, low_zeros, njit

__all__ = ["Spot", "spots"]


class Spot(NamedTuple):
    """Bytes `start` to `end` of a text, and what stands there."""

    start: int
    end: int
    address: bool  # around an "@"; else a run of a number
    digits: int = 0
    dots: int = 0
    capitals: int = 0
    run: int = 0  # most digits in a row
    coded: bool = False  # two capitals and two digits in a row stand there, as an IBAN begins


Bytes = npt.NDArray[np.uint8]
Signs = npt.NDArray[np.bool_]
Spots = npt.NDArray[np.int64]

OUTSIDE, DIGIT, CAPITAL, SEPARATOR, BRACKET, PLUS = range(6)
LOCAL_BYTES = 64  # RFC 5321 4.5.3.1
DOMAIN_BYTES = 64 * 9 + 24
LEAST_DIGITS = 7  # of a Spanish NIE; every other number has more, but for IP and IBAN
IP_DIGITS, IP_DOTS = 4, 3
FIELDS = len(Spot._fields)
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
_HIGH_BITS, _LOW_BITS = np.uint64(0x8080808080808080), np.uint64(0x7F7F7F7F7F7F7F7F)
_FROM_ZERO, _FROM_COLON = np.uint64(0x5050505050505050), np.uint64(0x4646464646464646)
_AT_SIGNS = np.uint64(0x4040404040404040)


@njit
def _begin(data: Bytes, first: int, at: int, classes: Bytes) -> int:
    """Return where the run that holds `at` begins, from `first` on."""
    while at > first:
        kind = classes[data[at - 1]]
        if kind == OUTSIDE or (kind == SEPARATOR and classes[data[at]] == SEPARATOR):
            break
        at -= 1
        if kind == PLUS:
            break
    return at


@njit
def _number(data: Bytes, begin: int, end: int, classes: Bytes, spot: Spots) -> bool:
    """Write the fields of the run that begins here; say whether a number may be in it.

    Two separators in a row, or a plus, end a run.
    """
    digits = dots = signs = run = longest = 0
    coded = False
    previous = OUTSIDE
    at = begin
    while at < end:
        kind = classes[data[at]]
        if at > begin and (kind in (OUTSIDE, PLUS) or kind == previous == SEPARATOR):
            break
        if kind == DIGIT:
            if run and at - 3 >= begin:
                coded |= classes[data[at - 2]] == CAPITAL and classes[data[at - 3]] == CAPITAL
            run += 1
            longest = max(longest, run)
            digits += 1
            signs += 1
        else:
            run = 0
            signs += kind == CAPITAL
            dots += data[at] == 46
        previous = kind
        at += 1
    spot[0], spot[1], spot[2], spot[3], spot[4] = begin, at, 0, digits, dots
    spot[5], spot[6], spot[7] = signs - digits, longest, coded
    ip = digits >= IP_DIGITS and dots >= IP_DOTS
    return digits >= LEAST_DIGITS or ip or (coded and signs >= IBAN_SIGNS)


@njit
def _next_stop(data: Bytes, at: int) -> int:
    """Return where the next digit or "@" stands, from `at` on, or the end."""
    here, end = np.uint64(at), np.uint64(len(data))  # an index without a sign is quicker
    while here + np.uint64(8) <= end:
        word = eight(data, here)
        low = word & _LOW_BITS  # in each byte 0x30 and more, then 0x3A and more, reach the high bit
        digits = (low + _FROM_ZERO) & ~(low + _FROM_COLON)
        other = (low ^ _AT_SIGNS) + _LOW_BITS  # but of "@" the low bits are left as they are
        found = (digits | ~other) & ~word & _HIGH_BITS
        if found:
            return int(np.int64(here + (low_zeros(found) >> np.uint64(3))))
        here += np.uint64(8)
    while here < end and not (48 <= data[here] <= 57 or data[here] == 64):
        here += np.uint64(1)
    return int(np.int64(here))


@njit
def _scan(data: Bytes, classes: Bytes, local: Signs, domain: Signs, out: Spots) -> int:
    """Write the fields of spots to `out`, as many as it holds; return how many there are."""
    data, classes, local = borrowed((data, classes, local))
    domain, out = borrowed((domain, out))
    n = at = behind = 0
    spot = np.zeros(FIELDS, np.int64)
    while True:
        at = _next_stop(data, at)
        if at == len(data):
            break
        if data[at] == 64:
            left, right, dots = at, at + 1, 0
            while left > 0 and at - left <= LOCAL_BYTES and local[data[left - 1]]:
                left -= 1
            while right < len(data) and right - at <= DOMAIN_BYTES and domain[data[right]]:
                dots += data[right] == 46
                right += 1
            found = left < at and dots > 0
            spot[:] = 0
            spot[0], spot[1], spot[2] = left, right, 1
            at += 1
        else:
            found = _number(data, _begin(data, behind, at, classes), len(data), classes, spot)
            at = behind = spot[1]
        if found:
            if n < len(out):
                out[n] = spot
            n += 1
    return n


def spots(data: bytes) -> list[Spot]:
    """Find the spots of a text, UTF-8, in the order of their ends."""
    bytes_ = np.frombuffer(data, np.uint8)
    out = np.empty((64, FIELDS), np.int64)
    n = _scan(bytes_, _CLASS, _LOCAL, _DOMAIN, out)
    if n > len(out):
        out = np.empty((n, FIELDS), np.int64)
        _scan(bytes_, _CLASS, _LOCAL, _DOMAIN, out)
    return [
        Spot(start, end, bool(at), digits, dots, capitals, run, bool(coded))
        for start, end, at, digits, dots, capitals, run, coded in out[:n].tolist()
    ]
