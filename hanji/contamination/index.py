"""An index of evaluation sets, and the scan of a text for their runs.

Every run of a window's length of every item is a key, so two items' common runs are found wherever
they stand, and neighbouring hits join to the longest run that text and item share. A short item has
to stand whole. A run that stands in many items of a set is its template, not its content.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from hanji.contamination.sets import Item, items_of, window
from hanji.contamination.settings import EvaluationSet
from hanji.contamination.units import U64, Units, is_wide, runs, scan, units_of

__all__ = ["Hit", "Index", "load"]

TEMPLATE = 10  # items of a set that may share a run before it is taken for its template
BITS_PER_KEY = 24
I64 = npt.NDArray[np.int64]


class Hit(msgspec.Struct, frozen=True):
    """Characters `start` to `end` of a text that stand in an item too.

    `overlap` is the share of the item's words (characters) that stand in the text.
    """

    benchmark: str
    item: str
    start: int
    end: int
    overlap: float


class Checked(msgspec.Struct):
    """What of a set can be looked for."""

    items: int = 0
    too_short: int = 0  # items with fewer than 8 words or 20 characters
    template: int = 0  # items of which every run is a template


class _Table:
    """Keys of one kind of unit and length, each with its items."""

    def __init__(self, n: int, rows: list[tuple[int, int, int]]) -> None:
        rows.sort()
        self.n = n  # units of a run
        self.keys: U64 = np.array([row[0] for row in rows], np.uint64)
        self.item: I64 = np.array([row[1] for row in rows], np.int64)
        self.at: I64 = np.array([row[2] for row in rows], np.int64)
        size = 64
        while size < BITS_PER_KEY * len(rows):
            size *= 2
        bit = self.keys & np.uint64(size - 1)
        self.bits = np.zeros(size // 8, np.uint8)
        flags = np.uint8(1) << (bit & np.uint64(7)).astype(np.uint8)
        np.bitwise_or.at(self.bits, (bit >> np.uint64(3)).astype(np.int64), flags)

    def find(self, units: Units) -> list[tuple[int, int, int]]:
        """Return (unit of the text, item, unit of the item) for each run that is a key."""
        if units.n < self.n or not len(self.keys):
            return []
        room = 256
        while True:
            where, value = np.empty(room, np.int64), np.empty(room, np.uint64)
            n = scan(units.prefix, self.n, self.bits, self.keys, where, value)
            if n <= room:
                break
            room = n
        found = []
        first = np.searchsorted(self.keys, value[:n], "left").tolist()
        last = np.searchsorted(self.keys, value[:n], "right").tolist()
        for at, low, high in zip(where[:n].tolist(), first, last):
            found += [(at, int(self.item[k]), int(self.at[k])) for k in range(low, high)]
        return found


class Index:
    """Runs of all items of some sets."""

    def __init__(self, sets: Sequence[tuple[str, Sequence[Item]]]) -> None:
        self.checked: dict[str, Checked] = {}
        self._items: list[tuple[str, Item]] = []
        long: dict[bool, list[tuple[int, int, int]]] = {False: [], True: []}
        short: dict[bool, list[tuple[int, int, int]]] = {False: [], True: []}
        for name, items in sets:
            checked = self.checked.setdefault(name, Checked())
            spread: dict[int, int] = {}
            for item in items:
                for key in set(item.keys):
                    spread[key] = spread.get(key, 0) + 1
            for item in items:
                checked.items += 1
                number = len(self._items)
                self._items.append((name, item))
                if not item.keys:
                    checked.too_short += 1
                elif item.whole:
                    short[item.by_chars].append((item.keys[0], number, 0))
                else:
                    kept = [
                        (key, number, at)
                        for at, key in enumerate(item.keys)
                        if spread[key] <= TEMPLATE
                    ]
                    checked.template += not kept
                    long[item.by_chars] += kept
        self._long = {kind: _Table(window(kind)[0], rows) for kind, rows in long.items()}
        self._short = {kind: _Table(window(kind)[1], rows) for kind, rows in short.items()}

    def hits(self, text: str) -> list[Hit]:
        """Return the runs that the text shares with items, in the order of the text."""
        data = text.encode("utf-8", "replace")
        found: list[Hit] = []
        for by_chars in (False, True):
            if not len(self._long[by_chars].keys) and not len(self._short[by_chars].keys):
                continue
            if by_chars and is_wide(data) == 0:
                continue
            units = units_of(data, by_chars)
            spans = self._long_spans(units, by_chars) + self._short_spans(units, by_chars)
            for number, first, last, overlap in spans:
                start = len(data[: units.starts[first]].decode())
                end = start + len(data[units.starts[first] : units.ends[last]].decode())
                name, item = self._items[number]
                found.append(Hit(name, item.id, start, end, overlap))
        return sorted(found, key=lambda hit: (hit.start, -hit.end, hit.benchmark, hit.item))

    def _long_spans(self, units: Units, by_chars: bool) -> list[tuple[int, int, int, float]]:
        """Join neighbouring runs: (item, first unit, last unit, share of the item)."""
        table = self._long[by_chars]
        by_item: dict[int, list[tuple[int, int]]] = {}
        for at, number, place in table.find(units):
            by_item.setdefault(number, []).append((at, place))
        spans = []
        for number, pairs in by_item.items():
            covered = np.zeros(self._items[number][1].n_units, np.bool_)
            for _, place in pairs:
                covered[place : place + table.n] = True
            overlap = round(float(covered.mean()), 4)
            first = last = -1
            for at, _ in sorted(pairs):
                if last >= 0 and at <= last + 1:
                    last = max(last, at + table.n - 1)
                    continue
                if last >= 0:
                    spans.append((number, first, last, overlap))
                first, last = at, at + table.n - 1
            spans.append((number, first, last, overlap))
        return spans

    def _short_spans(self, units: Units, by_chars: bool) -> list[tuple[int, int, int, float]]:
        spans = []
        for at, number, _ in self._short[by_chars].find(units):
            item = self._items[number][1]
            if at + item.n_units <= units.n:
                part = Units(
                    units.prefix[at : at + item.n_units + 1],
                    units.starts[at : at + item.n_units],
                    units.ends[at : at + item.n_units],
                )
                if runs(part, item.n_units)[0] == item.whole:
                    spans.append((number, at, at + item.n_units - 1, 1.0))
        return spans


@cache
def load(sets: tuple[EvaluationSet, ...], base: Path = Path()) -> Index:
    """Read the sets and index them; a process does it once.

    Raises:
        RecipeError: if a set does not exist, or two have one name.
        InputError: if a file is damaged or lacks a key.
    """
    return Index([(one.name, items_of(one, base)) for one in sets])
