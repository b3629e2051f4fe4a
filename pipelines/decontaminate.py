"""Decontaminate: drop documents that hold items of evaluation sets, or cut what they share.

A cut is widened to the borders of its sentences, so that no half of one stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from hanji.contamination.index import Hit, Index
from hanji.schema import Lang
from hanji.shards import read_batches
from hanji.text.sentences import sentences

__all__ = ["leaks", "widened", "without"]

Span = tuple[int, int]


def widened(text: str, lang: Lang, hits: Sequence[Hit]) -> list[Span]:
    """Return the spans of all sentences that a hit touches, joined where they meet."""
    spans: list[Span] = []
    touched = iter(sorted((hit.start, hit.end) for hit in hits))
    at = next(touched, None)
    for start, end in sentences(text, lang):
        while at is not None and at[1] <= start:
            at = next(touched, None)
        if at is None:
            break
        if at[0] < end:
            if spans and spans[-1][1] == start:
                spans[-1] = (spans[-1][0], end)
            else:
                spans.append((start, end))
    return spans


def without(text: str, spans: Sequence[Span]) -> str:
    """Return the text without the spans.

    >>> without("One. Two. Three.", [(5, 10)])
    'One. Three.'
    """
    parts, at = [], 0
    for start, end in spans:
        parts.append(text[at:start])
        at = end
    return "".join([*parts, text[at:]]).strip()


def leaks(paths: Iterable[Path], index: Index) -> dict[str, dict[str, object]]:
    """Count by benchmark: items, those that cannot be looked for, those found, documents.

    Args:
        paths: the units' files of shared runs.
        index: the evaluation sets.
    """
    items: dict[str, set[str]] = {name: set() for name in index.checked}
    documents: dict[str, dict[str, set[str]]] = {name: {} for name in index.checked}
    for path in paths:
        for batch in read_batches(path, ["id", "lang", "benchmark", "item"]):
            for row in batch.to_pylist():
                items[row["benchmark"]].add(row["item"])
                documents[row["benchmark"]].setdefault(row["lang"], set()).add(row["id"])
    return {
        name: {
            "items": checked.items,
            "too_short": checked.too_short,
            "template": checked.template,
            "items_found": len(items[name]),
            "documents": {lang: len(ids) for lang, ids in sorted(documents[name].items())},
        }
        for name, checked in sorted(index.checked.items())
    }
