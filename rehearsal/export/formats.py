"""The formats of training jobs, each a writer of one shard's worth of sequences.

A writer gets `ids`, uint16 or uint32 of shape [n, context], and the borders of the documents. Every
format is written from its published description and read back in the tests by its own reader.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from hanji.schema import make_schema

__all__ = ["Chunk", "exported_schema", "write_hf", "write_mds", "write_megatron", "write_parquet"]

Ids = npt.NDArray[np.unsignedinteger]
Chunk = tuple[Ids, Sequence[Sequence[int]]]
MEGATRON_MAGIC = b"MMIDIDX\x00\x00"
MEGATRON_CODES = {"uint16": 8, "int32": 4}  # Megatron-LM, indexed_dataset.DType
MDS_VERSION = 2


def exported_schema(dtype: str, context: int) -> pa.Schema:
    """Return the schema of exported sequences: ids and borders, without provenance."""
    ids = pa.list_(pa.field("item", pa.type_for_alias(dtype), nullable=False), context)
    return make_schema(
        "export/1", [pa.field("input_ids", ids), pa.field("cu_seqlens", pa.list_(pa.int32()))]
    )


def batch(chunk: Chunk, schema: pa.Schema) -> pa.RecordBatch:
    """Return a chunk as a record batch of `schema`."""
    ids, borders = chunk
    lists = pa.FixedSizeListArray.from_arrays(
        pa.array(ids.reshape(-1)), type=schema.field("input_ids").type
    )
    ends = pa.array(borders, pa.list_(pa.int32()))
    return pa.RecordBatch.from_arrays([lists, ends], schema=schema)


def write_parquet(path: Path, chunks: Iterator[Chunk], schema: pa.Schema) -> int:
    """Write one Parquet file; return its rows."""
    rows = 0
    with pq.ParquetWriter(path, schema, compression="zstd", write_statistics=False) as writer:
        for chunk in chunks:
            writer.write_batch(batch(chunk, schema))
            rows += len(chunk[0])
    return rows


def write_hf(path: Path, chunks: Iterator[Chunk], schema: pa.Schema) -> int:
    """Write one Arrow stream, as `datasets.load_from_disk` wants it; return its rows."""
    rows = 0
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, schema) as writer:
        for chunk in chunks:
            writer.write_batch(batch(chunk, schema))
            rows += len(chunk[0])
    return rows


def hf_state(files: Sequence[str], schema: pa.Schema, fingerprint: str) -> dict[str, bytes]:
    """Return `state.json` and `dataset_info.json` for a `save_to_disk` layout."""
    from datasets import Features

    features = Features.from_arrow_schema(schema.remove_metadata()).to_dict()
    state: dict[str, object] = {
        "_data_files": [{"filename": name} for name in files],
        "_fingerprint": fingerprint[:16],
        "_format_columns": None,
        "_format_kwargs": {},
        "_format_type": None,
        "_output_all_columns": False,
        "_split": "train",
    }
    info = {"citation": "", "description": "", "features": features, "homepage": "", "license": ""}
    return {
        "state.json": json.dumps(state, indent=2, sort_keys=True).encode(),
        "dataset_info.json": json.dumps(info, indent=2, sort_keys=True).encode(),
    }


def write_megatron(prefix: Path, chunks: Iterator[Chunk]) -> int:
    """Write `prefix.bin` and `prefix.idx`: one Megatron sequence and document a packed sequence.

    Ids of more than 16 bits are written as int32: Megatron has no uint32.
    """
    lengths: list[int] = []
    code, size = MEGATRON_CODES["uint16"], 2
    with prefix.with_suffix(".bin").open("wb") as file:
        for ids, _ in chunks:
            if ids.dtype != np.uint16:
                code, size = MEGATRON_CODES["int32"], 4
            file.write(np.ascontiguousarray(ids, np.uint16 if size == 2 else np.int32).tobytes())
            lengths += [ids.shape[1]] * len(ids)
    sizes = np.array(lengths, np.int32)
    pointers = np.concatenate([[0], np.cumsum(sizes.astype(np.int64))[:-1]]) * size
    documents = np.arange(len(sizes) + 1, dtype=np.int64)
    with prefix.with_suffix(".idx").open("wb") as file:
        file.write(MEGATRON_MAGIC + struct.pack("<QBQQ", 1, code, len(sizes), len(documents)))
        file.write(sizes.tobytes())
        file.write(pointers.astype(np.int64)[: len(sizes)].tobytes())
        file.write(documents.tobytes())
    return len(sizes)


def write_mds(path: Path, chunks: Iterator[Chunk], context: int, dtype: str) -> dict[str, object]:
    """Write one MDS shard and return its entry of `index.json`.

    A shard is: the number of samples (uint32), their offsets (uint32, one more), the settings as
    JSON, the samples; a sample of fixed-size columns is the bytes of its columns.
    """
    samples: list[bytes] = []
    for ids, _ in chunks:
        samples += [np.ascontiguousarray(row).tobytes() for row in ids]
    config: dict[str, object] = {
        "column_encodings": [f"ndarray:{dtype}:{context}"],
        "column_names": ["input_ids"],
        "column_sizes": [context * np.dtype(dtype).itemsize],
        "compression": None,
        "format": "mds",
        "hashes": [],
        "size_limit": None,
        "version": MDS_VERSION,
    }
    settings = json.dumps(config, sort_keys=True).encode()
    offsets = np.concatenate([[0], np.cumsum([len(sample) for sample in samples])])
    offsets = offsets + 4 + 4 * len(offsets) + len(settings)
    with path.open("wb") as file:
        file.write(np.uint32(len(samples)).tobytes() + offsets.astype(np.uint32).tobytes())
        file.write(settings)
        file.writelines(samples)
    raw = {"basename": path.name, "bytes": path.stat().st_size, "hashes": {}}
    return {**config, "raw_data": raw, "samples": len(samples), "zip_data": None}
