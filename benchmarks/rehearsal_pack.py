"""Packing against TRL's best-fit packing on the same documents, token movement included.

python benchmarks/rehearsal_pack.py --trl /path/to/python   an environment that has `trl`
python benchmarks/rehearsal_pack.py                         without the comparison

Each side runs in a process of its own, on one core, over documents of log-normal lengths at most as
long as the context. Ours are one token shorter and get an end-of-text token, so both move as much.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

SPREAD = 1.2  # of log-normal lengths; with the mean below it is 1,432 tokens a document
MEAN = 1_432


def lengths_of(documents: int, context: int) -> np.ndarray:
    draws = np.random.default_rng(1).lognormal(np.log(MEAN) - SPREAD**2 / 2, SPREAD, documents)
    return np.clip(draws, 2, context).astype(np.int64)


def ours(documents: int, context: int) -> dict[str, float]:
    from rehearsal.move import fill
    from rehearsal.pack import pack

    lengths = lengths_of(documents, context)
    offsets = np.concatenate([[0], np.cumsum(lengths - 1)])
    values = (np.arange(offsets[-1]) % 60_000).astype(np.uint32)
    small = pack(lengths[:100], context)  # the kernels' cache is warm before the clock runs
    fill(small, values, offsets[:101], context, 0)
    wall, cpu = time.perf_counter(), time.process_time()
    packing = pack(lengths, context)
    packed = time.perf_counter() - wall
    sequences = fill(packing, values, offsets, context, 0)
    return {
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "lengths alone": packed,
        "sequences": len(sequences),
        "tokens": int(lengths.sum()),
    }


def trl(documents: int, context: int) -> dict[str, float]:
    import datasets
    import pyarrow as pa
    from trl.data_utils import pack_dataset

    datasets.disable_progress_bars()
    lengths = lengths_of(documents, context)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    values = pa.array((np.arange(offsets[-1]) % 60_000).astype(np.int32))
    # int64 offsets: more tokens than fit below 2**31 would overflow the small ones.
    column = pa.LargeListArray.from_arrays(pa.array(offsets), values)
    table = pa.Table.from_batches(
        [pa.RecordBatch.from_arrays([column.slice(i, 1000)], ["input_ids"])
         for i in range(0, documents, 1000)]
    )  # fmt: skip
    dataset = datasets.Dataset(table)
    wall, cpu = time.perf_counter(), time.process_time()
    packed = pack_dataset(dataset, context, "bfd")
    return {
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "sequences": len(packed),
        "tokens": int(lengths.sum()),
    }


def measure(python: str, side: str, documents: int, context: int) -> dict[str, float]:
    args = [python, __file__, "--side", side, "--documents", str(documents), "--context",
            str(context)]  # fmt: skip
    done = subprocess.run(["taskset", "-c", "0", *args], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=500_000)
    parser.add_argument("--context", type=int, default=32_768)
    parser.add_argument("--trl", help="a python that has trl")
    parser.add_argument("--side", choices=["ours", "trl"])
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    if args.side:
        found = {"ours": ours, "trl": trl}[args.side](args.documents, args.context)
        found["peak MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(found))
        return
    rows = {"ours": measure(sys.executable, "ours", args.documents, args.context)}
    if args.trl:
        rows["trl"] = measure(args.trl, "trl", args.documents, args.context)
    million = measure(sys.executable, "ours", 1_000_000, 1_024)
    print(f"{args.documents:,} documents, {rows['ours']['tokens']:,} tokens, {args.context:,} each")
    print(f"{'':8}{'wall s':>10}{'CPU s':>10}{'sequences':>12}{'peak MB':>10}")
    for name, row in rows.items():
        print(f"{name:8}{row['wall']:10.2f}{row['cpu']:10.2f}{row['sequences']:12,.0f}"
              f"{row['peak MB']:10,.0f}")  # fmt: skip
    if args.trl:
        print(f"ratio   {rows['trl']['wall'] / rows['ours']['wall']:10.1f}"
              f"{rows['trl']['cpu'] / rows['ours']['cpu']:10.1f}")  # fmt: skip
    print(f"1,000,000 lengths alone: {million['lengths alone']:.2f} s")
    if args.json:
        args.json.write_text(json.dumps({"rows": rows, "million": million}, indent=2) + "\n")


if __name__ == "__main__":
    main()
