"""Meet: rows of all units are grouped by key, reduced by partition, and kept as one sorted table.

The table depends on the rows alone: not on the partitions, the workers or a second try.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import apache_beam as beam
import pyarrow as pa

from hanji.beam.batches import RecordBatchCoder
from hanji.beam.run import run
from hanji.beam.shuffle import Block, Grouped
from hanji.beam.ticker import Ticker
from hanji.beam.units import ForEach, Units
from hanji.execution import Execution
from hanji.manifest import write_atomically
from hanji.seeds import stable_hex
from hanji.shards import read_table
from pipelines.units import Unit

__all__ = ["keep", "kept_batches", "meet", "write_table"]


def meet(
    name: str,
    units: Sequence[Unit],
    emit: Callable[[Unit, Ticker], Iterable[Block]],
    reduce: Callable[[pa.Table], Iterable[pa.RecordBatch]],
    schema: pa.Schema,
    work: Path,
    execution: Execution,
) -> Path:
    """Run `emit` over the units and `reduce` over the partitions of their blocks.

    Returns:
        The table of all reduced rows, sorted by its columns in order; made once.
    """
    path = work / f"{name}.arrow"
    if path.exists():
        return path
    folder = work / name
    folder.mkdir(exist_ok=True)

    def build(pipeline: beam.Pipeline) -> None:
        _ = (
            pipeline
            | Units(units)
            | ForEach(emit, Unit, Block)
            | Grouped(reduce)
            | beam.Map(keep, str(folder)).with_output_types(bytes)
        )

    n_rows = sum(read_table(unit.keys, ["rank"]).num_rows for unit in units)
    run(build, execution, name=name, total=n_rows, unit="documents")
    table = pa.Table.from_batches(kept_batches(folder), schema=schema)
    write_table(path, table.sort_by([(field.name, "ascending") for field in schema]))
    return path


def keep(batch: pa.RecordBatch, folder: str) -> bytes:
    """Write a partition's rows; the name is of the content, so a second try changes nothing."""
    data = RecordBatchCoder().encode(batch)
    name = stable_hex(data)
    write_atomically(Path(folder) / name, data)
    return name.encode()


def kept_batches(folder: Path) -> list[pa.RecordBatch]:
    """Read what `keep` wrote."""
    coder = RecordBatchCoder()
    whole = sorted(path for path in folder.iterdir() if path.suffix != ".aside")
    return [coder.decode(path.read_bytes()) for path in whole]


def write_table(path: Path, table: pa.Table) -> None:
    """Write a table as one Arrow file, at once."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    write_atomically(path, sink.getvalue().to_pybytes())
