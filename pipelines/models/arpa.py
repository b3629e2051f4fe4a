"""An n-gram model from an ARPA file, and the probability of lines under it.

N-grams are the nodes of a tree, each found by (node of its prefix, last word) in one hash table, so
nothing is left to the hash. A word's probability is that of the longest n-gram which ends in it and
is in the file, times the back-off weights of the contexts that were too long (Katz 1987).
"""

from __future__ import annotations

import gzip
import math
import re
import zlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hanji.errors import RecipeError
from hanji.kernels import njit

__all__ = ["Arpa", "split"]

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
Int = int | np.int64
UNKNOWN, BEGIN, END = "<unk>", "<s>", "</s>"
NO_UNKNOWN = -100.0  # log10 of an unknown word where the file has no <unk>, as in KenLM
MOST = 1 << 30  # n-grams that a file may announce
_ROOT = 0


@njit
def _slot(keys: I64, key: Int) -> Int:
    """Return the slot of a key, or the free one where it belongs."""
    mask = len(keys) - 1
    h = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    slot = np.int64((h ^ (h >> np.uint64(32))) & np.uint64(mask))
    while keys[slot] >= 0 and keys[slot] != key:
        slot = (slot + 1) & mask
    return slot


@njit
def _add(
    grams: I32, values: F64, keys: I64, nodes: I32, chances: F64, backoffs: F64, n: Int
) -> Int:
    """Add n-grams, shape (n, order); a missing prefix becomes a node without probability.

    Returns the number of nodes, or -1 where the table is full.
    """
    for row in range(len(grams)):
        node: Int = _ROOT
        for word in grams[row]:
            key = np.int64(node) << 32 | np.int64(word)
            slot = _slot(keys, key)
            if keys[slot] < 0:
                if n == len(chances):
                    return -1
                keys[slot], nodes[slot] = key, n
                n += 1
            node = np.int64(nodes[slot])
        chances[node], backoffs[node] = values[row, 0], values[row, 1]
    return n


@njit
def _log_sums(
    words: I32, ends: I64, order: Int, begin: Int, keys: I64, nodes: I32, chances: F64,
    backoffs: F64, out: F64,
) -> None:  # fmt: skip
    """Sum the log10 probabilities of each line; every line ends in </s>."""
    contexts = np.empty(order, np.int64)  # the node of the last k words, or -1
    at: Int = 0
    for line in range(len(ends)):
        contexts[:] = -1
        contexts[0] = _ROOT
        if order > 1:
            contexts[1] = nodes[_slot(keys, begin)]
        total = 0.0
        while at < ends[line]:
            word = np.int64(words[at])
            known = False
            for k in range(order - 1, -1, -1):
                context = contexts[k]
                if context < 0:
                    if k + 1 < order:
                        contexts[k + 1] = -1
                    continue
                key = context << 32 | word
                slot = _slot(keys, key)
                node = np.int64(nodes[slot]) if keys[slot] == key else -1
                if not known:
                    if node >= 0 and not math.isnan(chances[node]):
                        total += chances[node]
                        known = True
                    else:
                        total += backoffs[context]
                if k + 1 < order:
                    contexts[k + 1] = node
            at += 1
        out[line] = total


class Arpa:
    """A model in memory: about 60 bytes an n-gram."""

    def __init__(self, path: Path, where: str) -> None:
        """Read a plain or gzipped file.

        Raises:
            RecipeError: if it is no ARPA file, or is cut off.
        """
        self._where = where
        try:
            with path.open("rb") as file:
                packed = path.suffix == ".gz"
                lines = _lines(gzip.GzipFile(fileobj=file) if packed else file)
                self._read(lines)
                for _ in lines:  # to the end, where gzip has its checksum
                    pass
        except (EOFError, gzip.BadGzipFile, zlib.error):
            raise self._cut_off() from None

    def _cut_off(self) -> RecipeError:
        return RecipeError(f"{self._where} is damaged or cut off; copy it again")

    def _read(self, lines: Iterator[str]) -> None:
        sizes = self._sizes(lines)
        self.order = len(sizes)
        self._words: dict[str, int] = {}
        orders = [self._grams(lines, order, size) for order, size in enumerate(sizes, 1)]
        if next(lines, "") != "\\end\\":
            raise self._cut_off()
        room = sum(sizes) + 3  # the root, and an <unk> that the file may lack
        while not self._filled(orders, room):
            room *= 2  # a prefix that is no n-gram itself takes a node, too

    def _filled(self, orders: Sequence[tuple[I32, F64]], room: int) -> bool:
        """Build the tree; False: there are more nodes than there is room for."""
        self._keys = np.full(1 << (2 * room).bit_length(), -1, np.int64)
        self._nodes = np.zeros(len(self._keys), np.int32)
        self._chances, self._backoffs = np.full(room, np.nan), np.zeros(room)
        n = 1
        for words, values in orders:
            n = int(_add(words, values, self._keys, self._nodes, self._chances, self._backoffs, n))
            if n < 0:
                return False
        return True

    def _sizes(self, lines: Iterator[str]) -> list[int]:
        """Read how many n-grams there are of each order."""
        if next(lines, "") != "\\data\\":
            raise RecipeError(f"{self._where} is no ARPA file, which begins with \\data\\")
        sizes: list[int] = []
        for line in lines:
            match = re.fullmatch(r"ngram (\d+) *= *(\d+)", line)
            if match is None or int(match[1]) != len(sizes) + 1:
                if line == "\\1-grams:" and sizes and sum(sizes) <= MOST:
                    return sizes
                raise RecipeError(f"{self._where}: '{line[:40]}' is no count of n-grams")
            sizes.append(int(match[2]))
        raise self._cut_off()

    def _grams(self, lines: Iterator[str], order: int, size: int) -> tuple[I32, F64]:
        """Read the n-grams of an order: their words, shape (n, order), and what stands by them."""
        if order > 1 and next(lines, "") != f"\\{order}-grams:":
            raise self._cut_off()
        numbers, values = array("i"), array("d")
        for _ in range(size):
            line = next(lines, "")
            chance, *words = split(line) or [""]
            backoff = words.pop() if len(words) == order + 1 else "0"
            try:
                values.extend((float(chance), float(backoff)))
                if order == 1:
                    self._words.setdefault(words[0], len(self._words))
                numbers.extend([self._words[word] for word in words])
            except (ValueError, LookupError):
                words = []
            if len(words) != order:
                if not line or line.startswith("\\"):
                    raise self._cut_off()
                raise RecipeError(f"{self._where}: '{line[:40]}' is no {order}-gram of its words")
        if order == 1:
            self._add_unknown(numbers, values)
        return (
            np.array(numbers, np.int32).reshape(-1, order),
            np.array(values, np.float64).reshape(-1, 2),
        )

    def _add_unknown(self, numbers: array[int], values: array[float]) -> None:
        for needed in (BEGIN, END):
            if needed not in self._words:
                raise RecipeError(f"{self._where} has no {needed}; give a model of whole lines")
        if UNKNOWN not in self._words:
            self._words[UNKNOWN] = len(self._words)
            numbers.append(self._words[UNKNOWN])
            values.extend((NO_UNKNOWN, 0.0))

    def log_sums(self, lines: Sequence[Sequence[str]]) -> list[float]:
        """Return log10 of the probability of each line, given as words, and of its end."""
        unknown, end = self._words[UNKNOWN], self._words[END]
        number = self._words.get
        ids: list[int] = []
        ends = []
        for words in lines:
            ids += [number(word, unknown) for word in words]
            ids.append(end)
            ends.append(len(ids))
        out = np.empty(len(ends))
        _log_sums(
            np.array(ids, np.int32), np.array(ends, np.int64), self.order, self._words[BEGIN],
            self._keys, self._nodes, self._chances, self._backoffs, out,
        )  # fmt: skip
        return [float(value) for value in out]


def split(text: str) -> list[str]:
    r"""Split at ASCII's blanks alone, as KenLM does: others stand inside words.

    >>> split("one\u00a0word two")
    ['one\xa0word', 'two']
    """
    return [word.decode() for word in text.encode("utf-8", "replace").split()]


def _lines(file: Iterable[bytes]) -> Iterator[str]:
    """Yield the lines that say something."""
    for line in file:
        if text := line.strip():
            yield text.decode("utf-8", "replace")
