"""Ask with several workers: each takes slices of the documents and fills the same cache.

The pass of one process that follows finds the replies there, asks once more what met a fault, and
counts; so the set of samples is that of one worker.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import apache_beam as beam
import msgspec
import pyarrow as pa

from hanji.beam.run import run
from hanji.beam.ticker import Ticker
from hanji.beam.units import ForEach, Units
from hanji.execution import Execution
from hanji.manifest import Dataset
from hanji.schema import DOCUMENT, Lang
from hanji.shards import read_table
from synth.grounded.transform import Think
from synth.section import Grounded

__all__ = ["Slice", "ask_spread", "slices"]

DOCUMENTS = 64  # of a slice: as many requests as are in flight by default


class Slice(msgspec.Struct, frozen=True):
    """Rows of one shard."""

    path: str
    rows: tuple[int, ...]


def slices(dataset: Dataset, langs: Sequence[Lang], wanted: set[str]) -> list[Slice]:
    """Cut the wanted documents, by their ids, into slices of one shard each."""
    found: list[Slice] = []
    for lang in langs:
        for path in dataset.paths("data", lang):
            ids = read_table(path, ["id"])["id"].to_pylist()
            rows = [row for row, one in enumerate(ids) if one in wanted]
            found += [
                Slice(str(path), tuple(rows[start : start + DOCUMENTS]))
                for start in range(0, len(rows), DOCUMENTS)
            ]
    return found


def read(one: Slice, ticker: Ticker) -> Iterable[pa.RecordBatch]:
    """Read the documents of a slice."""
    table = read_table(one.path, DOCUMENT.names).take(pa.array(one.rows))
    yield from table.combine_chunks().to_batches()
    ticker.advance(len(one.rows))


def ask_spread(
    todo: Sequence[Slice],
    settings: Grounded,
    langs: Sequence[Lang],
    seed: int,
    replies: Path,
    base: Path,
    execution: Execution,
) -> None:
    """Fill the cache `replies`, a directory that the workers share.

    Args:
        todo: slices of documents.
        settings: of the family; its limits are shared out among the workers.
        langs: of the documents.
        seed: of every draw.
        replies: directory of the cache.
        base: what the recipe's paths are relative to.
        execution: where and how fast.

    Raises:
        HanjiError: as `ask`.
    """
    think = Think(
        settings,
        langs,
        seed,
        str(replies.resolve()),
        workers=execution.workers,
        batches=max(1, len(todo)),
        base=base,
    )

    def build(pipeline: beam.Pipeline) -> None:
        _ = pipeline | Units(todo) | ForEach(read, Slice, pa.RecordBatch) | think

    total = sum(len(one.rows) for one in todo)
    run(build, execution, name="ask", total=total, unit="documents")
