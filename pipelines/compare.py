"""Compare: keys of all documents meet by partition, and every document gets a decision.

Rows of `(key, document)` are grouped by partition number; in a partition each run of equal keys
gives star edges from its lowest rank. The edges of all partitions are joined by one exact
union-find, so the clusters do not depend on partitions or order; the document of the lowest rank
(highest quality, then id) is kept. Texts stay on disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import apache_beam as beam
import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hanji.beam.run import run
from hanji.beam.shuffle import Block, Grouped, split
from hanji.beam.ticker import Ticker
from hanji.beam.units import ForEach, Units
from hanji.execution import Execution
from hanji.shards import read_batches, read_table
from pipelines.dedup.clusters import clusters
from pipelines.dedup.meet import keep, kept_batches, write_table
from pipelines.dedup.near import Alike, stars
from pipelines.dedup.texts import document_number
from pipelines.dedup.urls import url_keys
from pipelines.section import Duplicates, Near
from pipelines.units import Unit

__all__ = ["REASONS", "Decisions", "compare"]

# The strongest kind that ties a document to its cluster is the lowest.
KEPT, SAME_ID, SAME_TEXT, SAME_URL, NEAR, EMPTIED = range(6)
REASONS = {
    SAME_ID: "duplicate_id",
    SAME_TEXT: "exact_duplicate",
    SAME_URL: "duplicate_url",
    NEAR: "near_duplicate",
    EMPTIED: "only_repeated_text",
}

EDGES = pa.schema([("document", pa.uint64()), ("leader", pa.uint64()), ("kind", pa.uint8())])

U64 = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]


class Decisions:
    """For every document in a cluster of two or more: what becomes of it, and its winner.

    Arrays of one length, sorted by document: `document`, `code`, `winner`, `size` (of the
    cluster). A document that is not listed is kept and alone.
    """

    def __init__(self, table: pa.Table, path: Path) -> None:
        self.path = path
        self._document: U64 = table["document"].to_numpy()
        self._code = table["code"].to_numpy()
        self._winner: U64 = table["winner"].to_numpy()
        self._size = table["size"].to_numpy()

    @classmethod
    def load(cls, path: Path) -> Decisions:
        """Read decisions, memory-mapped."""
        return cls(read_table(path), path)

    def _slice(self, unit: int, start: int, end: int) -> tuple[slice, npt.NDArray[np.int64]]:
        low, high = document_number(unit, np.array([start, end]))
        where = slice(*np.searchsorted(self._document, [low, high]))
        return where, (self._document[where] - low).astype(np.int64)

    def _spread(self, unit: int, start: int, end: int, code: int) -> Flags:
        where, rows = self._slice(unit, start, end)
        flags = np.zeros(end - start, dtype=np.bool_)
        flags[rows[self._code[where] == code]] = True
        return flags

    def kept(self, unit: int, start: int, end: int) -> Flags:
        """Flag the kept documents among rows start to end of a unit: bool[end - start]."""
        where, rows = self._slice(unit, start, end)
        flags = np.ones(end - start, dtype=np.bool_)
        flags[rows[self._code[where] != KEPT]] = False
        return flags

    def lost(self, unit: int, start: int, end: int, code: int) -> Flags:
        """Flag the documents dropped with `code`: bool[end - start]."""
        return self._spread(unit, start, end, code)

    def sizes(self, unit: int, start: int, end: int) -> npt.NDArray[np.int32]:
        """Return the cluster size of each document: int32[end - start], 1 where it is alone."""
        where, rows = self._slice(unit, start, end)
        sizes = np.ones(end - start, dtype=np.int32)
        sizes[rows] = self._size[where]
        return sizes

    def winners(self, unit: int, start: int, end: int) -> U64:
        """Return the kept document of each document's cluster: uint64[end - start]."""
        where, rows = self._slice(unit, start, end)
        winners = document_number(unit, np.arange(start, end))
        winners[rows] = self._winner[where]
        return winners

    def cluster_sizes(self) -> dict[str, int]:
        """Count clusters by size, sizes of 2 and more."""
        sizes, counts = np.unique(self._size[self._code == KEPT], return_counts=True)
        return {str(int(size)): int(n) for size, n in zip(sizes, counts)}


class Emit(msgspec.Struct, frozen=True):
    """Emit a unit's keys as blocks by partition: key, document, of whole keys check, rank, kind."""

    settings: Duplicates

    def __call__(self, unit: Unit, ticker: Ticker) -> Iterable[Block]:
        """Read the unit's keys and split them."""
        start = 0
        urls = read_table(unit.clean, ["url"])["url"] if self.settings.url else None
        for batch in read_batches(unit.keys):
            documents = document_number(unit.number, np.arange(start, start + batch.num_rows))
            start += batch.num_rows
            for kind, keys, checks, rows in self._keys(batch, start - batch.num_rows, urls):
                columns: dict[str, npt.NDArray[np.generic]] = {
                    "key": keys,
                    "document": documents[rows],
                }
                if kind != NEAR:
                    ranks = batch["rank"].to_numpy()[rows]
                    kinds = np.full(len(keys), kind, np.uint8)
                    columns |= {"check": checks, "rank": ranks, "kind": kinds}
                block = pa.RecordBatch.from_pydict(columns)
                # Bands are most of the rows: a partition of their own needs two columns alone.
                first = self.settings.partitions if kind == NEAR else 0
                for number, rows_of_it in split(block, keys, self.settings.partitions):
                    yield first + number, rows_of_it
            ticker.advance(batch.num_rows)

    def _keys(
        self, batch: pa.RecordBatch, start: int, urls: pa.ChunkedArray | None
    ) -> Iterable[tuple[int, U64, U64, Rows]]:
        """Yield (kind, key, check, rows): equal keys with unequal checks are a hash's collision."""
        everything = np.arange(batch.num_rows)
        yield SAME_ID, *_halves(batch["id_key"]), everything
        if self.settings.exact:
            yield SAME_TEXT, *_halves(batch["exact_key"]), everything
        if urls is not None:
            keys, checks, rows = url_keys(urls.slice(start, batch.num_rows).to_pylist())
            yield SAME_URL, keys, checks, rows
        if self.settings.near is not None:
            bands = batch["bands"]
            keys, lengths = bands.flatten().to_numpy(), np.diff(bands.offsets.to_numpy())
            yield NEAR, keys, np.zeros_like(keys), np.repeat(everything, lengths)


def _halves(column: pa.FixedSizeBinaryArray) -> tuple[U64, U64]:
    """Split a column of 16-byte keys into two of integers."""
    both = np.frombuffer(column.buffers()[1], np.uint64).reshape(-1, 2)
    both = both[column.offset : column.offset + len(column)]
    return both[:, 0].copy(), both[:, 1].copy()


class Edges(msgspec.Struct, frozen=True):
    """Reduce a partition to edges (document, leader, kind)."""

    keys: tuple[str, ...]  # the units' key files, by unit number
    clean: tuple[str, ...]  # and their clean shards
    near: Near | None

    def __call__(self, rows: pa.Table) -> Iterable[pa.RecordBatch]:
        """Sort by key and document, find the runs, join each to its leaders."""
        if "check" not in rows.column_names:
            yield self._near(rows["key"].to_numpy(), rows["document"].to_numpy())
            return
        names = ("document", "rank", "check", "key", "kind")
        order = np.lexsort([rows[name].to_numpy() for name in names])
        document, _, check, key, kind = (rows[name].to_numpy()[order] for name in names)
        first = _firsts(kind, key, check)
        leader = document[np.flatnonzero(first)[np.cumsum(first) - 1]]
        yield _edges(document[~first], leader[~first], kind[~first])

    def _near(self, key: U64, document: U64) -> pa.RecordBatch:
        order = np.lexsort([document, key])
        document, key = document[order], key[order]
        shared = np.zeros(len(key), dtype=np.bool_)  # nearly all stand alone
        shared[1:] = key[1:] == key[:-1]
        shared[:-1] |= shared[1:]
        document, key = document[shared], key[shared]
        run = np.cumsum(_firsts(key)) - 1
        assert self.near is not None
        left, right = stars(document, run, Alike(self.keys, self.clean, self.near))
        return _edges(left, right, np.full(len(left), NEAR, np.uint8))


def _edges(left: U64, right: U64, kind: npt.NDArray[np.uint8]) -> pa.RecordBatch:
    columns = {"document": left, "leader": right, "kind": kind}
    return pa.RecordBatch.from_pydict(columns)


def _firsts(*columns: npt.NDArray[np.generic]) -> Flags:
    """Flag the first row of each run of equal rows, given sorted columns."""
    first = np.zeros(len(columns[0]), dtype=np.bool_)
    first[:1] = True
    for column in columns:
        first[1:] |= column[1:] != column[:-1]
    return first


def compare(
    units: Sequence[Unit], settings: Duplicates, work: Path, execution: Execution
) -> Decisions:
    """Decide about every document of the clean units.

    Args:
        units: clean units with their key files.
        settings: which kinds of duplicates are dropped.
        work: scratch directory; the decisions are kept there.
        execution: where and how fast.
    """
    path = work / "decisions.arrow"
    if path.exists():
        return Decisions.load(path)
    edges = Edges(
        tuple(str(unit.keys) for unit in units),
        tuple(str(unit.clean) for unit in units),
        settings.near,
    )
    folder = work / "edges"

    def build(pipeline: beam.Pipeline) -> None:
        _ = (
            pipeline
            | Units(units)
            | ForEach(Emit(settings), Unit, Block)
            | Grouped(edges)
            | beam.Map(keep, str(folder)).with_output_types(bytes)
        )

    folder.mkdir(exist_ok=True)
    n_rows = sum(read_table(unit.keys, ["rank"]).num_rows for unit in units)
    run(build, execution, name="compare", total=n_rows, unit="documents")
    table = _decide(pa.Table.from_batches(kept_batches(folder), schema=EDGES), units)
    write_table(path, table)
    return Decisions.load(path)


def _decide(edges: pa.Table, units: Sequence[Unit]) -> pa.Table:
    """Join edges to clusters; the lowest (rank, document) of each is kept."""
    left, right = edges["document"].to_numpy(), edges["leader"].to_numpy()
    documents, ends = np.unique(np.concatenate([left, right]), return_inverse=True)
    n = len(documents)
    n_clusters, cluster = clusters(ends[: len(left)], ends[len(left) :], n)
    rank = _ranks(documents, units)
    order = np.lexsort([documents, rank, cluster])
    first = np.searchsorted(cluster[order], np.arange(n_clusters))
    winner = documents[order[first]][cluster] if n else documents
    # The strongest kind that ties a document to its cluster gives the reason.
    code = np.full(n, NEAR, dtype=np.uint8)
    np.minimum.at(code, ends[: len(left)], edges["kind"].to_numpy())
    code[documents == winner] = KEPT
    size = np.bincount(cluster, minlength=n_clusters).astype(np.int32)[cluster]
    return pa.table({"document": documents, "code": code, "winner": winner, "size": size})


def _ranks(documents: U64, units: Sequence[Unit]) -> U64:
    ranks = np.empty(len(documents), dtype=np.uint64)
    numbers = (documents >> np.uint64(32)).astype(np.int64)
    rows = (documents & np.uint64(0xFFFFFFFF)).astype(np.int64)
    for number in np.unique(numbers):
        mine = np.flatnonzero(numbers == number)
        column = read_table(units[number].keys, ["rank"])["rank"].to_numpy()
        ranks[mine] = column[rows[mine]]
    return ranks
