"""How much the second half of a document needs its first: recurring terms against chance.

In a story or a manual the names and matters of the beginning come back later; in a list, a log, or
pages that were only joined, each part has its own. Of every term that occurs c times, c from 2 on,
chance would put some in both halves with probability 1 - 2 * (1/2) ** c. The score is how often
that is so, over how often chance would have it, times how much of the text such terms make up.
Terms that stand nearly everywhere (function words, the frame of a log line) say nothing and are
left out. Ours; after the idea of burstiness (Church and Gale 1995): topical words come in clumps.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hanji.kernels import njit
from longdoc.terms import terms_of

__all__ = ["dependency", "recurrence"]

SEGMENTS = 16  # of the text
EVERYWHERE = 0.75  # a term in a larger share of the segments is left out
LEAST_TERMS = 64  # a shorter text has no score to speak of
FULL = 0.10  # share of the terms that recur in a text which hangs together; measured on books

Terms = npt.NDArray[np.uint32]


def dependency(text: str) -> float:
    """Return the score of a text: 0 where nothing of the first half comes back, 1 at most."""
    terms = terms_of(text)
    if len(terms) < LEAST_TERMS:
        return 0.0
    _, numbers = np.unique(terms, return_inverse=True)
    seen, expected, recurring = recurrence(numbers.astype(np.int64))
    if expected <= 0:
        return 0.0
    coverage = recurring / len(terms)
    return float(min(1.0, seen / expected) * min(1.0, coverage / FULL))


@njit
def recurrence(numbers: npt.NDArray[np.int64]) -> tuple[float, float, float]:
    """Count terms in both halves, as many as chance would have, and their occurrences.

    Args:
        numbers: int64[n], the number of the term at each place, from 0 on.

    Returns:
        (terms that stand in both halves, expected, occurrences of terms that recur).
    """
    n = len(numbers)
    n_terms = numbers.max() + 1 if n else 0
    count = np.zeros(n_terms, np.int64)
    halves = np.zeros(n_terms, np.int64)  # bit 1: first, bit 2: second
    segments = np.zeros(n_terms, np.int64)  # a bit each
    for i in range(n):
        term = numbers[i]
        count[term] += 1
        halves[term] |= 1 if 2 * i < n else 2
        segments[term] |= 1 << (i * SEGMENTS // n)
    seen, expected, recurring = 0.0, 0.0, 0.0
    for term in range(n_terms):
        c = count[term]
        if c < 2:
            continue
        spread = 0
        bits = segments[term]
        while bits:
            spread += bits & 1
            bits >>= 1
        if spread > EVERYWHERE * SEGMENTS:
            continue
        expected += 1.0 - 2.0 * 0.5**c
        if halves[term] == 3:
            seen += 1.0
            recurring += c
    return seen, expected, recurring
