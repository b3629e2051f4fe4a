"""MinHash signatures, 14 bands of 8 rows, word 5-grams: ours against the peers, by language.

python benchmarks/minhash.py [--data DIR] [--peers PYTHON] [--megabytes 8] [--json PATH]

Documents are pieces of 2,000 characters of the shared text. Everyone reads text, one core each, the
peers in an interpreter of their own and fewer documents. datasketch and rensa take shingles, so the
words are found by a regular expression that finds ours, and joined; datatrove comes with its own
tokenizer of the language. Rows marked "ready" are the peers' signatures alone, of shingles made
before the clock starts, while ours still reads text. CPU time, the best of three. The error is the
root mean square of (estimate - exact Jaccard) over pairs of shared documents and edited copies, as
a multiple of the theory's sqrt(J (1 - J) / 112).
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import zstandard

from hanji.minhash import jaccard, shingle_sets, sign
from hanji.schema import LANGS
from hanji.text.signs import HAN, HIRAGANA, KATAKANA, WORD, kind_of

ROOT = Path(__file__).resolve().parent.parent
PIECE = 2_000  # characters
PEER_DOCUMENTS = 60
PERMUTATIONS = 112


def pieces(data: Path, lang: str, n_bytes: int) -> list[str]:
    """Return pieces of the shared documents of a language, about `n_bytes` of them."""
    found: list[str] = []
    size = 0
    with zstandard.open(data / "docs" / f"{lang}.jsonl.zst", "rt", encoding="utf-8") as rows:
        for line in rows:
            text = json.loads(line)["text"]
            for start in range(0, len(text) - PIECE + 1, PIECE):
                found.append(text[start : start + PIECE])
                size += len(found[-1].encode())
            if size >= n_bytes:
                break
    return found


def pattern() -> str:
    """Return a regular expression that finds the words of the signature."""
    kinds = [kind_of(point) for point in range(0x10000)]
    classes = []
    for kind in (WORD, HIRAGANA, KATAKANA, HAN):
        starts = [
            p for p in range(0x10000) if kinds[p] == kind and (p == 0 or kinds[p - 1] != kind)
        ]
        ends = [p for p in range(1, 0x10001) if kinds[p - 1] == kind and (*kinds, -1)[p] != kind]
        ranges = [f"\\u{start:04x}-\\u{end - 1:04x}" for start, end in zip(starts, ends)]
        classes.append(f"[{''.join(ranges)}]+")
    return "|".join(classes)


def ours(texts: pa.Array) -> float:
    """Return the seconds of CPU to sign the texts."""
    sign(texts.slice(0, 2), PERMUTATIONS, True)
    times = []
    for _ in range(3):
        start = time.process_time()
        sign(texts, PERMUTATIONS, True)
        times.append(time.process_time() - start)
    return min(times)


def error(texts: list[str]) -> float:
    """Return the error of the estimate over edited copies, as a multiple of the theory's."""
    draw = random.Random(1)
    edited = []
    for text in texts:
        rate = draw.choice([0.005, 0.02, 0.05])
        chars = [draw.choice("aeiou ") if draw.random() < rate / 5 else c for c in text]
        edited.append("".join(chars))
    left, right = pa.array(texts, pa.large_string()), pa.array(edited, pa.large_string())
    pairs = zip(shingle_sets(left, True), shingle_sets(right, True))
    exact = np.array([jaccard(one, two) for one, two in pairs])
    equal = sign(left, PERMUTATIONS, True).values == sign(right, PERMUTATIONS, True).values
    squares = (equal.mean(axis=1) - exact) ** 2
    return float(np.sqrt(squares.mean() / (exact * (1 - exact) / PERMUTATIONS).mean()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--peers", help="an interpreter that has datatrove, datasketch and rensa")
    parser.add_argument("--megabytes", type=float, default=8)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    if not given.peers:
        print("the peers are left out: --peers names no interpreter")
    result: dict[str, dict[str, float]] = {}
    for lang in LANGS:
        texts = pieces(given.data, lang, int(given.megabytes * 1e6))
        size = sum(len(text.encode()) for text in texts)
        row = {"hanji": size / ours(pa.array(texts, pa.large_string())) / 1e6}
        row["error"] = error(texts[:2_000])
        if given.peers:
            row |= peers(given.peers, lang, texts[:: max(1, len(texts) // PEER_DOCUMENTS)])
        result[lang] = row
        print(f"{lang}: hanji {row['hanji']:.0f} MB/s, error {row['error']:.3f} of the theory's")
        for name in [key for key in row if key not in ("hanji", "error")]:
            print(f"    {name} {row[name]:.3f} MB/s: {row['hanji'] / row[name]:.1f} times")
    if given.json:
        given.json.write_text(json.dumps(result, indent=1) + "\n")


def peers(python: str, lang: str, texts: list[str]) -> dict[str, float]:
    """Return MB/s of text of each peer that is there."""
    with tempfile.TemporaryDirectory(prefix="hanji-minhash-") as folder:
        path = Path(folder) / "in.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in [pattern(), *texts]))
        script = str(ROOT / "benchmarks" / "peer_minhash.py")
        done = subprocess.run(
            [python, script, str(path), lang], check=True, capture_output=True, text=True
        )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    main()
