"""datatrove's four stages of near-deduplication, one process; run by benchmarks/near_dedup.py.

PYTHON peer_near_dedup.py INPUT_DIR WORK_DIR

Prints the seconds of CPU as JSON.
"""

# mypy: ignore-errors
from __future__ import annotations

import json
import resource
import sys
import time

import datatrove.executor.local
from datatrove.executor.local import LocalPipelineExecutor
from datatrove.pipeline.dedup import (
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
    MinhashDedupSignature,
)
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers.jsonl import JsonlWriter


def spent():
    usages = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def main() -> None:
    folder, work = sys.argv[1:3]
    config = MinhashConfig(n_grams=5, num_buckets=14, hashes_per_bucket=8)
    steps = [
        [JsonlReader(folder), MinhashDedupSignature(f"{work}/sig", config, language="eng")],
        [MinhashDedupBuckets(f"{work}/sig", f"{work}/buckets", config=config)],
        [MinhashDedupCluster(f"{work}/buckets", f"{work}/remove", config=config)],
        [JsonlReader(folder), MinhashDedupFilter(f"{work}/remove"), JsonlWriter(f"{work}/out")],
    ]
    # A step that has loaded its tokenizer cannot be copied; one task needs no copies.
    datatrove.executor.local.deepcopy = lambda steps: steps
    steps[0][1].get_shingles("The tokenizer loads its model before the clock starts.")
    before, start = spent(), time.perf_counter()
    for number, pipeline in enumerate(steps):
        tasks = 14 if number == 1 else 1
        LocalPipelineExecutor(
            pipeline, tasks=tasks, workers=1, logging_dir=f"{work}/log{number}"
        ).run()
    print(json.dumps({"cpu": spent() - before, "wall": time.perf_counter() - start}))


if __name__ == "__main__":
    main()
