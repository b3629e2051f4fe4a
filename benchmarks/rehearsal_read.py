"""Reading and verifying packed shards from the page cache.

python benchmarks/rehearsal_read.py [--gb 2]

Makes packed shards of random ids in a scratch directory, reads them through `Reader` on one core,
each sequence copied once as a training job would, and checks them by `hanji.verify`.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from hanji.manifest import Commit
from hanji.report import Report
from hanji.shards import ShardWriter, part_name
from hanji.verify import verify
from rehearsal.mix import DOCS, packed_schema
from rehearsal.reader import Reader

CONTEXT = 32_768
SHARD = 256  # sequences


def make(directory: Path, sequences: int) -> None:
    schema = packed_schema(np.uint32, CONTEXT)
    commit = Commit.begin(directory, stage="bench", kind="packed/1", section={"n": sequences})
    report, shards = Report(), []
    draws = np.random.default_rng(1)
    n_shards = -(-sequences // SHARD)
    for number in range(n_shards):
        shard = ShardWriter(commit.work, f"data/{part_name(number, n_shards)}", schema,
                            rows_per_batch=32)  # fmt: skip
        for _ in range(SHARD // 32):
            flat = draws.integers(0, 150_000, 32 * CONTEXT, np.uint32)
            ids = pa.FixedSizeListArray.from_arrays(
                pa.array(flat), type=schema.field("input_ids").type
            )
            shard.write(
                pa.RecordBatch.from_arrays(
                    [ids, pa.array([[0, CONTEXT]] * 32, pa.list_(pa.int32())),
                     pa.array([0] * 32, pa.int32()), pa.array([[]] * 32, pa.list_(DOCS))],
                    schema=schema,
                )
            )  # fmt: skip
        shards.append(shard.close())
    report.made("bench", "en", sequences)
    report.kept("bench", "en", sequences)
    commit.finish(schema, shards, report)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gb", type=float, default=2)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    sequences = max(1, int(args.gb * 1e9) // (4 * CONTEXT * SHARD)) * SHARD
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch) / "packed"
        make(directory, sequences)
        size = sequences * CONTEXT * 4 / 1e9
        room = np.empty(CONTEXT, np.uint32)
        for _ in Reader(directory, seed=1):  # into the page cache
            pass
        wall, cpu = time.perf_counter(), time.process_time()
        for sequence in Reader(directory, seed=1):
            np.copyto(room, sequence.input_ids)
        read_wall, read_cpu = time.perf_counter() - wall, time.process_time() - cpu
        wall, cpu = time.perf_counter(), time.process_time()
        result = verify(directory)
        verify_wall, verify_cpu = time.perf_counter() - wall, time.process_time() - cpu
        assert not result.faults
    rows = {
        "read": {"GB/s wall": size / read_wall, "GB/s CPU": size / read_cpu},
        "verify": {
            "GB/s wall": result.bytes / 1e9 / verify_wall,
            "GB/s CPU": result.bytes / 1e9 / verify_cpu,
        },
    }
    print(f"{size:.2f} GB of ids in {sequences:,} sequences, {os.cpu_count()} cores")
    for name, row in rows.items():
        print(f"{name:8}" + "".join(f"{value:8.2f} {unit}" for unit, value in row.items()))
    if args.json:
        args.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
