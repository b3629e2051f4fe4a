"""The quality profile with all decisions, against datatrove's filters, one core each.

python benchmarks/quality.py [--data DIR] [--peers PYTHON] [--kilobytes 300] [--json PATH]

Ours profiles all shared documents of a language and decides by all families of rules; the best of
three. datatrove (0.10.1, in an interpreter of its own) runs its Gopher repetition, Gopher quality
and C4 filters, and for the whole FineWeb's, with the language's own words, over the first documents
up to `--kilobytes`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from pathlib import Path

import pyarrow as pa
import zstandard

from hanji.schema import LANGS
from pipelines.langs import languages
from pipelines.profile import profile
from pipelines.quality import decide

ROOT = Path(__file__).resolve().parent.parent
FAMILIES = ("gopher", "repetition", "c4", "fineweb")


def texts_of(data: Path, lang: str) -> list[str]:
    with zstandard.open(data / "docs" / f"{lang}.jsonl.zst", "rt", encoding="utf-8") as file:
        return [json.loads(line)["text"] for line in file]


def ours(texts: list[str], lang: str) -> float:
    """Return the best CPU seconds of three."""
    stop_words = {name: data.stop_words for name, data in languages().items()}
    policy = {name: data.policy for name, data in languages().items()}
    column = pa.array(texts, pa.large_string())
    langs = [lang] * len(texts)
    profile(column.slice(0, 1), langs[:1], stop_words, policy)
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        decide(profile(column, langs, stop_words, policy), langs, FAMILIES)
        best = min(best, time.process_time() - start)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument(
        "--peers", help="an interpreter that has datatrove[processing,multilingual]"
    )
    parser.add_argument("--kilobytes", type=int, default=300)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    print(
        f"{'':4}{'hanji MB/s':>12}{'three filters':>15}{'times':>8}{'with FineWeb':>14}{'times':>8}"
    )
    rows = {}
    for lang in LANGS:
        texts = texts_of(given.data, lang)
        rate = sum(len(text.encode()) for text in texts) / ours(texts, lang) / 1e6
        row = {"hanji": rate}
        line = f"{lang:4}{rate:12.1f}"
        if given.peers:
            head: list[str] = []
            size = 0
            for text in texts:
                head.append(text)
                size += len(text.encode())
                if size >= given.kilobytes * 1000:
                    break
            script = str(ROOT / "benchmarks" / "peer_quality.py")
            done = subprocess.run(
                [given.peers, script, lang],
                input=json.dumps(head),
                capture_output=True,
                text=True,
                check=True,
            )
            seconds = json.loads(done.stdout.splitlines()[-1])
            three = size / sum(s for n, s in seconds.items() if "FineWeb" not in n) / 1e6
            four = size / sum(seconds.values()) / 1e6
            row |= {"three": three, "four": four, "ratio": rate / three, "ratio_four": rate / four}
            line += f"{three:15.3f}{rate / three:8.0f}{four:14.3f}{rate / four:8.0f}"
        rows[lang] = row
        print(line)
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
