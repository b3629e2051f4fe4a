"""Export a packed dataset: written aside, listed with checksums, put in place by its manifest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from hanji.execution import Execution
from hanji.manifest import Commit, Dataset, Manifest
from hanji.report import Report
from hanji.shards import Shard, ShardWriter, read_batches
from rehearsal.export import formats
from rehearsal.export.formats import Chunk

__all__ = ["export"]

MDS_BYTES = 1 << 31  # offsets within a shard are uint32


def export(directory: Path, form: str, out: Path, execution: Execution) -> Manifest:
    """Write the sequences of a packed dataset in another format.

    Args:
        directory: a dataset of kind packed/1.
        form: one of `rehearsal.export.section.Format`.
        out: the directory to write.
        execution: progress and replacement.

    Raises:
        RecipeError: if `directory` holds no packed sequences.
        OutputError: if `out` holds something else.
    """
    dataset = Dataset.open(directory, "packed/1")
    commit = Commit.begin(
        out,
        stage=f"export-{form}",
        kind="export/1",
        section={"to": form},
        inputs=[dataset.manifest],
        replace=execution.replace,
    )
    if commit.finished is not None:
        return commit.finished
    schema = pa.ipc.open_file(pa.memory_map(str(dataset.paths()[0]))).schema
    ids = schema.field("input_ids").type
    context, dtype = ids.list_size, str(ids.value_type)
    target = formats.exported_schema(dtype, context)
    shards: list[Shard] = []
    with execution.progress.phase(f"export {form}", len(dataset.paths()), "shards") as phase:
        for path in dataset.paths():
            shards += _WRITERS[form](path, commit.work, target, context, dtype)
            phase.advance(1)
    shards += _companions(form, shards, commit, target)
    report = Report()
    report.read(form, "all", dataset.rows)
    report.kept(form, "all", dataset.rows)
    facts = {"format": form, "context": context, "dtype": dtype, "sequences": dataset.rows,
             "tokens": dataset.rows * context}  # fmt: skip
    return commit.finish(target, shards, report, facts)


def _chunks(path: Path, context: int) -> Iterator[Chunk]:
    for batch in read_batches(path, ["input_ids", "cu_seqlens"]):
        flat = batch["input_ids"].flatten().to_numpy()
        yield flat.reshape(-1, context), batch["cu_seqlens"].to_pylist()


def _described(work: Path, name: str, rows: int) -> Shard:
    path = work / name
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Shard(path=name, rows=rows, bytes=path.stat().st_size, sha256=digest)


def _arrow(path: Path, work: Path, schema: pa.Schema, context: int, dtype: str) -> list[Shard]:
    del dtype
    writer = ShardWriter(
        work, f"data/{path.name}", schema, rows_per_batch=max(1, (1 << 20) // context)
    )
    for chunk in _chunks(path, context):
        writer.write(formats.batch(chunk, schema))
    return [writer.close()]


def _parquet(path: Path, work: Path, schema: pa.Schema, context: int, dtype: str) -> list[Shard]:
    del dtype
    name = f"data/{path.stem}.parquet"
    (work / "data").mkdir(exist_ok=True)
    rows = formats.write_parquet(work / name, _chunks(path, context), schema)
    return [_described(work, name, rows)]


def _hf(path: Path, work: Path, schema: pa.Schema, context: int, dtype: str) -> list[Shard]:
    del dtype
    rows = formats.write_hf(work / path.name, _chunks(path, context), schema)
    return [_described(work, path.name, rows)]


def _megatron(path: Path, work: Path, schema: pa.Schema, context: int, dtype: str) -> list[Shard]:
    del schema, dtype
    rows = formats.write_megatron(work / path.stem, _chunks(path, context))
    return [
        _described(work, f"{path.stem}.bin", rows),
        _described(work, f"{path.stem}.idx", 0),
    ]


def _mds(path: Path, work: Path, schema: pa.Schema, context: int, dtype: str) -> list[Shard]:
    del schema
    name = f"{path.stem}.mds"
    entry = formats.write_mds(work / name, _chunks(path, context), context, np.dtype(dtype).name)
    rows = entry["samples"]
    assert isinstance(rows, int)
    (work / f"{path.stem}.entry").write_text(json.dumps(entry, sort_keys=True))
    return [_described(work, name, rows)]


_WRITERS: dict[str, Callable[[Path, Path, pa.Schema, int, str], list[Shard]]] = {
    "arrow": _arrow,
    "parquet": _parquet,
    "hf": _hf,
    "megatron": _megatron,
    "mds": _mds,
}


def _companions(form: str, shards: list[Shard], commit: Commit, schema: pa.Schema) -> list[Shard]:
    """Write the files that a format wants beside its shards."""
    files: dict[str, bytes] = {}
    if form == "hf":
        files = formats.hf_state([s.path for s in shards], schema, commit.fingerprint)
    if form == "mds":
        entries = [
            json.loads((commit.work / shard.path).with_suffix(".entry").read_text())
            for shard in shards
        ]
        index = {"shards": entries, "version": formats.MDS_VERSION}
        files = {"index.json": json.dumps(index, sort_keys=True).encode()}
    for name, data in files.items():
        (commit.work / name).write_bytes(data)
    return [_described(commit.work, name, 0) for name in files]
