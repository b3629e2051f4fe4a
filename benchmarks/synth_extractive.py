"""Extractive samples over real documents: speed, and spans that equal the source.

python benchmarks/synth_extractive.py CURATED [--json PATH]

CURATED is a dataset of documents, such as `hanji curate --input 'DATA/docs/*' -o CURATED` makes.
The rate is of source text by CPU time of one process, generation and verification; a span counts as
true when the quoted words are the document's at those offsets.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from hanji.manifest import Dataset
from synth.generate import from_documents
from synth.section import Extractive, Markers
from synth.verify import verify


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("curated", type=Path)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    dataset, settings, markers = Dataset.open(given.curated), Extractive(), Markers()
    rows = []
    print(
        f"{'':4}{'documents':>10}{'MB':>8}{'samples':>9}{'passed':>8}{'spans':>8}{'true':>8}{'MB/s':>8}"
    )
    for lang in dataset.langs:
        documents = list(dataset.documents(lang))
        size = sum(len(document.text.encode()) for document in documents) / 1e6
        list(from_documents(documents[:20], settings, markers, 1))
        start = time.process_time()
        samples = list(from_documents(documents, settings, markers, 1))
        passed = sum(verify(sample, markers).passed for sample in samples)
        seconds = time.process_time() - start
        texts = {document.id: document.text for document in documents}
        spans = true = 0
        for sample in samples:
            at = texts[sample.source_id].find(sample.document)
            for span in sample.source_spans:
                quoted = texts[sample.source_id][at + span.start : at + span.end]
                spans += 1
                true += quoted in sample.thinking and bool(quoted)
        row = {
            "lang": lang, "documents": len(documents), "mb": size, "samples": len(samples),
            "passed": passed, "spans": spans, "true": true, "mb_per_s": size / seconds,
        }  # fmt: skip
        rows.append(row)
        print(f"{lang:4}{len(documents):10,}{size:8.1f}{len(samples):9,}{passed:8,}{spans:8,}{true:8,}"
              f"{size / seconds:8.1f}")  # fmt: skip
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
