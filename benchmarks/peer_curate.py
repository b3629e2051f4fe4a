"""The steps of curation in datatrove, one language, one process; run by benchmarks/curate.py.

PYTHON peer_curate.py INPUT_DIR LANGUAGE WORK_DIR

Prints the seconds of CPU as JSON. Its language filter needs a model that has to be downloaded, so
it is left out, in its favour. Its limits drop nearly all Korean documents here, and a stage that
finds no document ends in an error; so its near-duplicate stages read the input.
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
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)
from datatrove.pipeline.formatters import PIIFormatter
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers.jsonl import JsonlWriter
from peer_codes import CODES


def main() -> None:
    folder, lang, work = sys.argv[1:4]
    code = CODES[lang]
    config = MinhashConfig(n_grams=5, num_buckets=14, hashes_per_bucket=8)
    kept = f"{work}/{lang}/kept"
    steps = [
        [
            JsonlReader(folder),
            GopherRepetitionFilter(language=code),
            GopherQualityFilter(language=code),
            C4QualityFilter(language=code, filter_no_terminal_punct=False),
            FineWebQualityFilter(language=code),
            PIIFormatter(),
            JsonlWriter(kept),
        ],
        [JsonlReader(folder), MinhashDedupSignature(f"{work}/{lang}/sig", config, language=code)],
        [MinhashDedupBuckets(f"{work}/{lang}/sig", f"{work}/{lang}/buckets", config=config)],
        [MinhashDedupCluster(f"{work}/{lang}/buckets", f"{work}/{lang}/remove", config=config)],
        [
            JsonlReader(folder),
            MinhashDedupFilter(f"{work}/{lang}/remove"),
            JsonlWriter(f"{work}/{lang}/out"),
        ],
    ]
    # A step that has loaded its tokenizer cannot be copied; one task needs no copies.
    datatrove.executor.local.deepcopy = lambda steps: steps
    for document in JsonlReader(folder, limit=1)():  # tokenizers load their models
        GopherQualityFilter(language=code).filter(document)
        C4QualityFilter(language=code).filter(document)
    before = resource.getrusage(resource.RUSAGE_SELF)
    start = time.perf_counter()
    for number, pipeline in enumerate(steps):
        tasks = 14 if number == 2 else 1
        LocalPipelineExecutor(
            pipeline, tasks=tasks, workers=1, logging_dir=f"{work}/{lang}/log{number}"
        ).run()
    after = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    cpu += children.ru_utime + children.ru_stime
    print(json.dumps({"cpu": cpu, "wall": time.perf_counter() - start}))


if __name__ == "__main__":
    main()
