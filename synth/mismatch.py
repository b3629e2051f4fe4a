"""Mismatch control: a thought must be more like its own document than like others.

Likeness is the share of the thought's terms, weighted by how rare they are among the documents,
that stand in a document. Terms are words, or pairs of characters where words are not spaced
(Japanese) or carry particles (Korean). The area under the curve (AUC) says how well likeness tells
own from random documents: 1 is perfect, 0.5 is chance.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

import numpy as np

from hanji.schema import Lang
from hanji.seeds import rng

__all__ = ["Corpus", "auc", "terms"]

CONTROLS = 16  # other documents that a thought is compared with; measured on swapped thoughts
TWIN = 0.4  # share of terms in common from which on two documents are as good as one
KEPT = 2_000  # documents of a language that stand for the others
_WORD = re.compile(r"\w+")


def terms(text: str, lang: Lang) -> set[str]:
    """Return the terms of a text.

    >>> sorted(terms("The mill, the Mill!", "en"))
    ['mill', 'the']
    """
    words = _WORD.findall(text.lower())
    if lang in ("ko", "ja"):
        return {word[i : i + 2] for word in words for i in range(max(1, len(word) - 1))}
    return set(words)


class Corpus:
    """The documents of one language: how rare a term is, and others to compare with."""

    def __init__(self, lang: Lang, documents: Iterable[tuple[str, str]]) -> None:
        """Read (id, text) of each document."""
        self.lang = lang
        self._frequency: dict[str, int] = {}
        self._others: list[tuple[str, frozenset[str]]] = []
        self.count = 0
        for document_id, text in documents:
            found = frozenset(terms(text, lang))
            self.count += 1
            if len(self._others) < KEPT:
                self._others.append((document_id, found))
                for term in found:
                    self._frequency[term] = self._frequency.get(term, 0) + 1

    def weight(self, term: str) -> float:
        """Return the inverse document frequency of a term, smoothed."""
        return math.log((len(self._others) + 1) / (self._frequency.get(term, 0) + 0.5))

    def likeness(self, thought: Mapping[str, float], document: AbstractSet[str]) -> float:
        """Return the share of a thought's weighted terms that a document holds, 0 to 1."""
        total = sum(thought.values())
        shared = sum(weight for term, weight in thought.items() if term in document)
        return shared / total if total > 0 else 0.0

    def compare(self, thought: str, document_id: str, document: str) -> tuple[float, list[float]]:
        """Return a thought's likeness to its own document and to a few random others."""
        found = {term: self.weight(term) for term in terms(thought, self.lang)}
        source = terms(document, self.lang)
        order = rng("mismatch", document_id).permutation(len(self._others))[: 2 * CONTROLS]
        others = [
            other
            for name, other in (self._others[i] for i in order)
            if name != document_id and len(other & source) < TWIN * len(other | source)
        ]
        own = self.likeness(found, source)
        return own, [self.likeness(found, other) for other in others[:CONTROLS]]


def auc(own: Sequence[float], other: Sequence[float]) -> float:
    """Return the share of pairs in which the own document scores higher; ties count half.

    >>> auc([0.9, 0.8], [0.1, 0.8])
    0.875
    """
    if not own or not other:
        return math.nan
    low, high = np.sort(np.asarray(other)), np.asarray(own)
    below = np.searchsorted(low, high, "left")
    equal = np.searchsorted(low, high, "right") - below
    return float((below + equal / 2).sum() / (len(own) * len(other)))
