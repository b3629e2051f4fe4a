"""`hanji inspect --id` over ten million documents, the whole command, from the page cache.

python benchmarks/inspect_find.py [--rows 10000000]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from hanji.manifest import Commit
from hanji.report import Report
from hanji.schema import DOCUMENT
from hanji.shards import ShardSet

ROOT = Path(__file__).resolve().parent.parent
BATCH = 10_000


def make(directory: Path, rows: int) -> str:
    commit = Commit.begin(directory, stage="bench", kind="document/1", section={"rows": rows})
    shards, report = ShardSet(commit.work, DOCUMENT, max_bytes=1 << 28), Report()
    draws = np.random.default_rng(1)
    empty, last = pa.array([""] * BATCH), ""
    for _ in range(rows // BATCH):
        ids = [f"{a:016x}{b:016x}" for a, b in draws.integers(0, 2**63, (BATCH, 2)).tolist()]
        last = ids[-7]
        columns = [pa.array(ids), pa.array(["Thirty letters stand in here. "] * BATCH,
                   pa.large_string()), pa.array(["en"] * BATCH), empty, empty, empty,
                   pa.array(["{}"] * BATCH)]  # fmt: skip
        shards.write("en", pa.RecordBatch.from_arrays(columns, schema=DOCUMENT))
    report.read("bench", "en", rows)
    report.kept("bench", "en", rows)
    commit.finish(DOCUMENT, shards.close(), report)
    return last


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch) / "documents"
        wanted = make(directory, args.rows)
        seconds = []
        for _ in range(3):
            start = time.perf_counter()
            command = [sys.executable, "-m", "hanji", "inspect", str(directory), "--id", wanted]
            subprocess.run([*command, "--json"], check=True, capture_output=True, cwd=ROOT)
            seconds.append(time.perf_counter() - start)
    print(f"{args.rows:,} documents: found in {min(seconds):.2f} s (of {len(seconds)} runs)")
    if args.json:
        args.json.write_text(json.dumps({"rows": args.rows, "seconds": seconds}) + "\n")


if __name__ == "__main__":
    main()
