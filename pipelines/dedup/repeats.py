"""Repeats: which lines, paragraphs and runs of words stand in several documents of a language.

Hashes of the kept documents' pieces meet by partition; texts never do. What comes back is three
sorted tables on disk: `repeated` (pieces in enough documents, with the first that has each),
`anchors` and `again` (windows of words that stood before: document and first word).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hanji.beam.shuffle import Block, split
from hanji.beam.ticker import Ticker
from hanji.execution import Execution
from hanji.seeds import stable_hash
from hanji.shards import read_table
from pipelines.compare import Decisions
from pipelines.dedup.meet import meet
from pipelines.dedup.pieces import pieces
from pipelines.dedup.runs import anchors, windows, words
from pipelines.dedup.texts import Texts, document_number
from pipelines.section import Duplicates, Repeated
from pipelines.units import Unit

__all__ = ["KINDS", "Again", "again", "kept_texts", "repeated", "salt_of"]

U8 = npt.NDArray[np.uint8]
U64 = npt.NDArray[np.uint64]
KINDS = ("lines", "paragraphs")
ROWS_AT_ONCE = 1 << 20  # of a block

REPEATED = pa.schema([("key", pa.uint64()), ("first", pa.uint64())])
ANCHORS = pa.schema([("key", pa.uint64())])
AGAIN = pa.schema([("document", pa.uint64()), ("word", pa.uint32())])


def salt_of(lang: str, kind: str) -> int:
    """Keep languages and kinds apart."""
    return int(stable_hash("repeats", lang, kind)) & 0xFFFFFFFFFFFFFFFF


def kept_texts(unit: Unit, decisions: Decisions) -> Iterator[tuple[int, int, U8, str]]:
    """Yield (row, document, UTF-8, language) of the kept documents of a unit."""
    n = read_table(unit.clean, ["lang"]).num_rows
    texts = Texts({unit.number: str(unit.clean)})
    documents = document_number(unit.number, np.arange(n))
    for row in np.flatnonzero(decisions.kept(unit.number, 0, n)).tolist():
        data, lang = texts.of(int(documents[row]))
        yield row, int(documents[row]), data, lang


class _Blocks:
    """Gather rows of equal columns; give them out as blocks of many rows."""

    def __init__(self, names: Sequence[str], n_partitions: int) -> None:
        self._names, self._n_partitions = names, n_partitions
        self._rows: list[tuple[npt.NDArray[np.generic], ...]] = []
        self._n = 0

    def add(self, *columns: npt.NDArray[np.generic]) -> Iterator[Block]:
        self._rows.append(columns)
        self._n += len(columns[0])
        if self._n >= ROWS_AT_ONCE:
            yield from self.rest()

    def rest(self) -> Iterator[Block]:
        if self._n:
            columns = [np.concatenate(parts) for parts in zip(*self._rows)]
            batch = pa.RecordBatch.from_pydict(dict(zip(self._names, columns)))
            yield from split(batch, batch["key"].to_numpy(), self._n_partitions)
        self._rows, self._n = [], 0


class _EmitPieces(msgspec.Struct, frozen=True):
    settings: Duplicates
    kind: str
    decisions: str

    def __call__(self, unit: Unit, ticker: Ticker) -> Iterable[Block]:
        """Emit (key, document) of each piece that is long enough, once a document."""
        repeated = getattr(self.settings, self.kind)
        blocks = _Blocks(("key", "document"), self.settings.partitions)
        for _, document, data, lang in kept_texts(unit, Decisions.load(Path(self.decisions))):
            found = pieces(data, self.kind == "paragraphs", salt_of(lang, self.kind))
            keys = np.unique(found.key[found.chars >= repeated.min_chars])
            yield from blocks.add(keys, np.full(len(keys), document, np.uint64))
            ticker.advance(1)
        yield from blocks.rest()


class _Often(msgspec.Struct, frozen=True):
    at_least: int

    def __call__(self, rows: pa.Table) -> Iterable[pa.RecordBatch]:
        """Keep the keys of enough documents, each with its first document."""
        order = np.lexsort([rows["document"].to_numpy(), rows["key"].to_numpy()])
        key, document = rows["key"].to_numpy()[order], rows["document"].to_numpy()[order]
        keys, first, counts = np.unique(key, return_index=True, return_counts=True)
        often = counts >= self.at_least
        columns = [pa.array(keys[often]), pa.array(document[first[often]])]
        yield pa.RecordBatch.from_arrays(columns, schema=REPEATED)


def repeated(
    kind: str,
    units: Sequence[Unit],
    decisions: Decisions,
    settings: Duplicates,
    work: Path,
    execution: Execution,
) -> Path:
    """Find the lines or paragraphs that stand in enough documents: table (key, first)."""
    own: Repeated = getattr(settings, kind)
    emit = _EmitPieces(settings, kind, str(decisions.path))
    often = _Often(own.at_least_documents)
    return meet(f"repeated-{kind}", units, emit, often, REPEATED, work, execution)


class _EmitAnchors(msgspec.Struct, frozen=True):
    at_least: int
    partitions: int
    decisions: str

    def __call__(self, unit: Unit, ticker: Ticker) -> Iterable[Block]:
        """Emit (key, count) of the anchors of the unit."""
        found: list[U64] = []
        for _, _, data, lang in kept_texts(unit, Decisions.load(Path(self.decisions))):
            found.append(anchors(words(data)[0], self.at_least, salt_of(lang, "words"))[1])
            ticker.advance(1)
        if found:
            keys, counts = np.unique(np.concatenate(found), return_counts=True)
            batch = pa.RecordBatch.from_pydict({"key": keys, "count": counts.astype(np.uint32)})
            yield from split(batch, keys, self.partitions)


def _twice(rows: pa.Table) -> Iterable[pa.RecordBatch]:
    """Keep the anchors that stand in two places."""
    keys, where = np.unique(rows["key"].to_numpy(), return_inverse=True)
    counts = np.bincount(where, rows["count"].to_numpy(), len(keys))
    yield pa.RecordBatch.from_arrays([pa.array(keys[counts >= 2])], schema=ANCHORS)


class _EmitWindows(msgspec.Struct, frozen=True):
    at_least: int
    partitions: int
    decisions: str
    anchors: str

    def __call__(self, unit: Unit, ticker: Ticker) -> Iterable[Block]:
        """Emit (key, document, word) of the windows around an anchor that stands twice."""
        twice = read_table(self.anchors)["key"].to_numpy()
        blocks = _Blocks(("key", "document", "word"), self.partitions)
        for _, document, data, lang in kept_texts(unit, Decisions.load(Path(self.decisions))):
            salt = salt_of(lang, "words")
            keys = words(data)[0]
            places, hashes = anchors(keys, self.at_least, salt)
            at = np.minimum(np.searchsorted(twice, hashes), max(len(twice) - 1, 0))
            places = places[twice[at] == hashes] if len(twice) else places[:0]
            if len(places):
                first, key = windows(keys, places, self.at_least, salt)
                numbers = np.full(len(key), document, np.uint64)
                yield from blocks.add(key, numbers, first.astype(np.uint32))
            ticker.advance(1)
        yield from blocks.rest()


def _but_the_first(rows: pa.Table) -> Iterable[pa.RecordBatch]:
    """Keep the places of each window but its first."""
    names = ("word", "document", "key")
    order = np.lexsort([rows[name].to_numpy() for name in names])
    word, document, key = (rows[name].to_numpy()[order] for name in names)
    later = np.zeros(len(key), np.bool_)
    later[1:] = key[1:] == key[:-1]
    yield pa.RecordBatch.from_arrays(
        [pa.array(document[later]), pa.array(word[later])], schema=AGAIN
    )


def again(
    units: Sequence[Unit],
    decisions: Decisions,
    settings: Duplicates,
    work: Path,
    execution: Execution,
) -> Path:
    """Find the windows of words that stood before: table (document, first word)."""
    assert settings.substrings is not None
    own = (settings.substrings.at_least, settings.partitions, str(decisions.path))
    path = meet("anchors", units, _EmitAnchors(*own), _twice, ANCHORS, work, execution)
    emit = _EmitWindows(*own, str(path))
    return meet("again", units, emit, _but_the_first, AGAIN, work, execution)


class Again:
    """The windows that stood before, by document."""

    def __init__(self, path: Path) -> None:
        table = read_table(path)
        self._document, self._word = table["document"].to_numpy(), table["word"].to_numpy()

    def of(self, document: int) -> npt.NDArray[np.int64]:
        """Return the first words of the windows of a document."""
        ends = np.array([document, document + 1], np.uint64)
        low, high = np.searchsorted(self._document, ends)
        return np.asarray(self._word[low:high], np.int64)
