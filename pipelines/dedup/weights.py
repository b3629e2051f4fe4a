"""Weights by cluster size, FineWeb-2's rehydration, from the run's own rates of removal.

FineWeb-2 (Penedo et al. 2025) saw that documents of middling cluster sizes pass the quality filters
more often than others, and repeats them more. Here the quality rules come before duplicates, so
the documents that they removed leave the keys of their bands; a removed document that shares a band
with a cluster counts in its size, unverified. Per language and size, rates are smoothed over five
neighbouring sizes, and a size removed less often than the language as a whole weighs

    1 + (MOST - 1) (global rate - rate) / (global rate - least rate),

any other 1. A difference that chance explains (three standard errors) counts as none; without this
the best of equal sizes would weigh most. It is a hint for the mixture: nothing is repeated here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hanji.beam.shuffle import Block, split
from hanji.beam.ticker import Ticker
from hanji.execution import Execution
from hanji.manifest import write_atomically
from hanji.shards import read_batches, read_table
from pipelines.compare import Decisions
from pipelines.dedup.clusters import clusters
from pipelines.dedup.meet import meet, write_table
from pipelines.dedup.texts import document_number
from pipelines.section import Duplicates
from pipelines.units import Unit

__all__ = ["LOST", "Rates", "lost_path", "rates", "weigh", "weights_by_size", "weights_of"]

MOST = 10.0  # FineWeb-2's greatest repetition
LEAST_DOCUMENTS = 100  # of five neighbouring sizes, below which a rate says nothing
SURE = 3.0  # standard errors below the global rate, else a size weighs 1
REMOVED = np.uint64(1 << 63)  # marks the number of a removed document

U64 = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.float64]

LOST = pa.schema([("lang", pa.string()), ("bands", pa.list_(pa.uint64()))])
EDGES = pa.schema([("node", pa.uint64()), ("other", pa.uint64())])


class Rates(msgspec.Struct, frozen=True):
    """Of a language: the share removed, and of each cluster size the rate and the weight."""

    removed: float
    sizes: dict[str, tuple[float, float]]


def lost_path(unit: Unit) -> Path:
    """Return where the bands of a unit's removed documents are, if it has any."""
    return unit.clean.with_name(f"{unit.number:06d}.lost.arrow")


class _Emit(msgspec.Struct, frozen=True):
    partitions: int
    decisions: str

    def __call__(self, unit: Unit, ticker: Ticker) -> Iterable[Block]:
        """Emit (key, node): the winner of a clean document's cluster, or a removed document."""
        decisions = Decisions.load(Path(self.decisions))
        start = 0
        for batch in read_batches(unit.keys, ["bands"]):
            nodes = decisions.winners(unit.number, start, start + batch.num_rows)
            start += batch.num_rows
            yield from self._blocks(batch["bands"], nodes)
            ticker.advance(batch.num_rows)
        start = 0
        for batch in read_batches(lost_path(unit)) if lost_path(unit).exists() else ():
            rows = np.arange(start, start + batch.num_rows)
            start += batch.num_rows
            yield from self._blocks(batch["bands"], document_number(unit.number, rows) | REMOVED)

    def _blocks(self, bands: pa.ListArray, nodes: U64) -> Iterable[Block]:
        keys = bands.flatten().to_numpy()
        columns = {"key": keys, "node": np.repeat(nodes, np.diff(bands.offsets.to_numpy()))}
        yield from split(pa.RecordBatch.from_pydict(columns), keys, self.partitions)


def _with_removed(rows: pa.Table) -> Iterable[pa.RecordBatch]:
    """Join the nodes of each band that a removed document has to the first of them."""
    order = np.lexsort([rows["node"].to_numpy(), rows["key"].to_numpy()])
    key, node = rows["key"].to_numpy()[order], rows["node"].to_numpy()[order]
    _, first, run = np.unique(key, return_index=True, return_inverse=True)
    last = np.append(first[1:], len(key)) - 1
    # The mark is the highest bit, so a removed document is the last of its run.
    good = (node[last] >= REMOVED)[run] & (node != node[first][run])
    pairs = np.unique(np.stack([node[good], node[first][run][good]]), axis=1)
    yield pa.RecordBatch.from_arrays([pa.array(pairs[0]), pa.array(pairs[1])], schema=EDGES)


def weights_by_size(removed: Numbers, documents: Numbers) -> tuple[Numbers, Numbers]:
    """Return (smoothed rate, weight) of each cluster size.

    Args:
        removed: of each size, in ascending order, the documents that quality rules removed.
        documents: and all its documents.
    """
    five = np.ones(5)
    near = np.convolve(documents, five, "full")[2:-2]
    rate = np.convolve(removed, five, "full")[2:-2] / np.maximum(near, 1)
    whole = removed.sum() / max(documents.sum(), 1)
    error = np.sqrt(whole * (1 - whole) / np.maximum(near, 1))
    lower = (whole - rate > SURE * error) & (near >= LEAST_DOCUMENTS)
    weight = np.ones(len(rate))
    if lower.any():
        spread = whole - rate[lower].min()
        weight[lower] = np.minimum(1 + (MOST - 1) * (whole - rate[lower]) / spread, MOST)
    return rate, weight


def weigh(
    units: Sequence[Unit],
    decisions: Decisions,
    settings: Duplicates,
    work: Path,
    execution: Execution,
) -> None:
    """Write the weights of the kept documents, and the rates by language and size.

    Nothing is done where the recipe does not ask for weights.
    """
    if not settings.reweight or (work / "weights.json").exists():
        return
    emit = _Emit(settings.partitions, str(decisions.path))
    path = meet("removed", units, emit, _with_removed, EDGES, work, execution)
    numbers, langs, sizes = _nodes(units, decisions)
    total = _totals(numbers, sizes, read_table(path))
    is_removed = numbers >= REMOVED
    weight = np.ones(len(numbers), np.float32)
    account: dict[str, Rates] = {}
    for lang in sorted(set(langs.tolist())):
        mine = np.flatnonzero(langs == lang)
        distinct, where = np.unique(total[mine], return_inverse=True)
        documents = np.bincount(where, sizes[mine], len(distinct)).astype(np.float64)
        lost = sizes[mine] * is_removed[mine]
        removed = np.bincount(where, lost, len(distinct)).astype(np.float64)
        rate, by_size = weights_by_size(removed, documents)
        weight[mine] = by_size[where]
        rows = zip(distinct.tolist(), rate.round(4).tolist(), by_size.round(4).tolist())
        account[lang] = Rates(
            removed=round(float(removed.sum() / documents.sum()), 4),
            sizes={str(size): (share, weight_) for size, share, weight_ in rows},
        )
    kept = np.flatnonzero(~is_removed)
    kept = kept[np.argsort(numbers[kept])]
    write_table(
        work / "weights.arrow", pa.table({"document": numbers[kept], "weight": weight[kept]})
    )
    write_atomically(work / "weights.json", msgspec.json.encode(account))


def rates(work: Path) -> dict[str, Rates]:
    """Read the rates by language; empty if none were computed."""
    path = work / "weights.json"
    return msgspec.json.decode(path.read_bytes(), type=dict[str, Rates]) if path.exists() else {}


def _nodes(
    units: Sequence[Unit], decisions: Decisions
) -> tuple[U64, npt.NDArray[np.object_], npt.NDArray[np.int64]]:
    """List winners and removed documents: number, language, clean documents (or one)."""
    numbers: list[U64] = [np.empty(0, np.uint64)]
    sizes: list[npt.NDArray[np.int64]] = [np.empty(0, np.int64)]
    langs: list[str] = []
    for unit in units:
        column = read_table(unit.clean, ["lang"])["lang"].to_pylist()
        rows = np.arange(len(column))
        documents = document_number(unit.number, rows)
        winner = decisions.winners(unit.number, 0, len(rows)) == documents
        numbers.append(documents[winner])
        sizes.append(decisions.sizes(unit.number, 0, len(rows))[winner].astype(np.int64))
        langs.extend(column[row] for row in np.flatnonzero(winner))
        if lost_path(unit).exists():
            lost = read_table(lost_path(unit), ["lang"])["lang"].to_pylist()
            numbers.append(document_number(unit.number, np.arange(len(lost))) | REMOVED)
            sizes.append(np.ones(len(lost), np.int64))
            langs.extend(lost)
    return np.concatenate(numbers), np.array(langs, object), np.concatenate(sizes)


def _totals(numbers: U64, sizes: npt.NDArray[np.int64], edges: pa.Table) -> npt.NDArray[np.int64]:
    """Return the documents of each node's component, removed ones included."""
    order = np.argsort(numbers)
    ends = [order[np.searchsorted(numbers[order], edges[name].to_numpy())] for name in EDGES.names]
    n = len(numbers)
    n_components, component = clusters(ends[0], ends[1], n)
    totals = np.bincount(component, sizes, n_components).astype(np.int64)
    return np.asarray(totals[component], np.int64)


def weights_of(work: Path, unit: int, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Return the weights of kept documents of a unit: float32[n], 1 where none were computed."""
    path = work / "weights.arrow"
    if not path.exists():
        return np.ones(len(rows), np.float32)
    table = read_table(path)
    at = np.searchsorted(table["document"].to_numpy(), document_number(unit, rows))
    return np.asarray(table["weight"].to_numpy()[at], np.float32)
