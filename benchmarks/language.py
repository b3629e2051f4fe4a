"""Language identification on labelled text: six languages and their neighbours, short and long.

python benchmarks/language.py [--data DIR] [--peers PYTHON] [--rows 25402] [--json PATH]

A guess counts as right when it names the label, one of our six, or anything else for a neighbour.
Short texts are the words and word pairs, all of them in the six; so that nobody wins by taking
everything for one of them, the first two words of the neighbours' sentences are looked at too. Of
the speed of ours the best of five passes counts: a corpus is long, and other work only adds time.
Other detectors run in the interpreter `--peers`, which has them installed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from pathlib import Path

import zstandard

from hanji.schema import LANGS
from hanji.seeds import stable_hash
from pipelines.language import detect

ROOT = Path(__file__).resolve().parent.parent
SHORT = ("single-words", "word-pairs")
GROUPS = ("short", "long", "neighbours' two words")


def read(data: Path, n: int) -> list[tuple[str, str, str]]:
    """Return (group, language or "other", text) of `n` rows, and the cut texts."""
    with zstandard.open(data / "lid" / "labelled.jsonl.zst", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    rows.sort(key=lambda row: stable_hash("lid", row["text"]))
    found = []
    for row in rows[:n]:
        group = "short" if row["kind"] in SHORT else "long"
        found.append((group, six(row["lang"]), row["text"]))
        if row["kind"] == "sentences" and six(row["lang"]) == "other" and " " in row["text"]:
            found.append((GROUPS[2], "other", " ".join(row["text"].split()[:2])))
    return found


def six(lang: str) -> str:
    return lang if lang in LANGS else "other"


def documents(data: Path) -> float:
    """Return the MB/s of our detector over documents, as curation sees them."""
    texts = []
    for lang in LANGS:
        with zstandard.open(data / "docs" / f"{lang}.jsonl.zst", "rt", encoding="utf-8") as file:
            texts += [json.loads(line)["text"] for line in file]
    return sum(len(text.encode()) for text in texts) / 1e6 / min(seconds(texts) for _ in range(3))


def seconds(texts: list[str]) -> float:
    start = time.process_time()
    detect(texts)
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--peers", help="an interpreter that has the other detectors")
    parser.add_argument("--rows", type=int, default=25_402)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    rows = read(given.data, given.rows)
    texts = [text for _, _, text in rows]
    size = sum(len(text.encode()) for text in texts) / 1e6
    guesses = [guess.lang for guess in detect(texts)]
    found = {"hanji fast": {"guesses": guesses, "seconds": min(seconds(texts) for _ in range(5))}}
    if given.peers:
        script = str(ROOT / "benchmarks" / "peer_language.py")
        done = subprocess.run(
            [given.peers, script],
            check=False,
            input=json.dumps(texts),
            capture_output=True,
            text=True,
        )
        print(done.stderr[-2000:], end="")
        found |= json.loads(done.stdout)
    print(f"{len(rows):,} texts, {size:.1f} MB; share right")
    head = [*GROUPS, *(f"long {lang}" for lang in (*LANGS, "other"))]
    print(f"{'':14}" + "".join(f"{name:>24}" for name in GROUPS)
          + "".join(f"{name:>11}" for name in head[3:]) + f"{'MB/s':>8}")  # fmt: skip
    result: dict[str, dict[str, float]] = {}
    for name, one in found.items():
        shares = {}
        for key in head:
            group, _, lang = key.partition(" ") if key not in GROUPS else (key, "", "")
            right = [
                six(guess) == truth
                for guess, (where, truth, _) in zip(one["guesses"], rows)
                if where == group and lang in ("", truth)
            ]
            shares[key] = sum(right) / max(len(right), 1)
        shares["MB/s"] = size / one["seconds"]
        result[name] = shares
        print(f"{name:14}" + "".join(f"{shares[k]:24.4f}" for k in GROUPS)
              + "".join(f"{shares[k]:11.4f}" for k in head[3:])
              + f"{shares['MB/s']:8.2f}")  # fmt: skip
    rate = documents(given.data)
    print(f"hanji fast over documents: {rate:.0f} MB/s")
    if given.json:
        given.json.write_text(json.dumps({"shares": result, "documents": rate}, indent=1) + "\n")


if __name__ == "__main__":
    main()
