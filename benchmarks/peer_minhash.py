"""MinHash signatures in datatrove, datasketch and rensa; run by benchmarks/minhash.py.

PYTHON peer_minhash.py FILE LANGUAGE

FILE has a JSON string a line: a regular expression that finds words, then the texts. Prints MB/s of
text by CPU time as JSON.
"""

# mypy: ignore-errors
from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path

import numpy as np
from peer_codes import CODES

WINDOW = 5


def main() -> None:
    path, lang = sys.argv[1:3]
    pattern, *texts = (json.loads(line) for line in Path(path).read_text().splitlines())
    size = sum(len(text.encode()) for text in texts)
    words = re.compile(pattern)

    def shingled(text):
        found = words.findall(text.lower())
        return [" ".join(found[i : i + WINDOW]) for i in range(len(found) - WINDOW + 1)]

    shingles = [shingled(text) for text in texts]
    encoded = [[shingle.encode() for shingle in each] for each in shingles]
    result = {}

    def measure(name, sign, inputs):
        sign(inputs[0])
        times = []
        for _ in range(3):
            start = time.process_time()
            for each in inputs:
                sign(each)
            times.append(time.process_time() - start)
        result[name] = size / min(times) / 1e6

    try:
        from datasketch import MinHash

        def sketch(each):
            made = MinHash(num_perm=112)
            made.update_batch(each)
            return made.hashvalues

        def one_by_one(each):
            made = MinHash(num_perm=112)
            for shingle in each:
                made.update(shingle)
            return made.hashvalues

        def encode(text):
            return [shingle.encode() for shingle in shingled(text)]

        measure("datasketch, ready", sketch, encoded)
        measure("datasketch, in batches", lambda text: sketch(encode(text)), texts)
        measure("datasketch, as in its README", lambda text: one_by_one(encode(text)), texts)
    except ImportError:
        print("datasketch is not there", file=sys.stderr)
    try:
        from rensa import RMinHash

        def rensa(each):
            made = RMinHash(num_perm=112, seed=1)
            made.update(each)
            return made.digest()

        measure("rensa, ready", rensa, shingles)
        measure("rensa", lambda text: rensa(shingled(text)), texts)
    except ImportError:
        print("rensa is not there", file=sys.stderr)
    try:
        from datatrove.pipeline.dedup import MinhashDedupSignature
        from datatrove.pipeline.dedup.minhash import MinhashConfig

        config = MinhashConfig(n_grams=WINDOW, num_buckets=14, hashes_per_bucket=8)
        step = MinhashDedupSignature(str(Path(path).parent / "out"), config, language=CODES[lang])

        def handed(each):
            hashes = np.fromiter([step._hash_func(s) for s in each], dtype=np.uint64)
            return step.get_signature(hashes.reshape((-1, 1)))

        measure("datatrove, ready", handed, shingles)

        def whole(text):
            return step.get_signature(step.get_shingles(text))

        measure("datatrove", whole, texts)
    except ImportError:
        print("datatrove is not there", file=sys.stderr)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
