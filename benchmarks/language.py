"""Language identification on labelled text: six languages and their neighbours, short and long.

python benchmarks/language.py [--rows 6000]

A guess counts as right when it names the label, one of our six, or anything else for a neighbour.
Engines that are not installed are left out.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import time
from collections.abc import Callable
from pathlib import Path

import zstandard

from hanji.schema import LANGS
from pipelines.language import detect

ROOT = Path(__file__).resolve().parent.parent
SHORT = ("single-words", "word-pairs")
Engine = Callable[[list[str]], list[str]]


def py3langid(texts: list[str]) -> list[str]:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    return [model.classify(text)[0] for text in texts]


def lingua(texts: list[str]) -> list[str]:
    from lingua import LanguageDetectorBuilder

    model = LanguageDetectorBuilder.from_all_languages().build()
    found = [model.detect_language_of(text) for text in texts]
    return [lang.iso_code_639_1.name.lower() if lang is not None else "und" for lang in found]


def cld2(texts: list[str]) -> list[str]:
    import pycld2

    plain = ["".join(c for c in text if c.isprintable()) for text in texts]  # it refuses others
    return [pycld2.detect(text.encode(), bestEffort=True)[2][0][1] for text in plain]


ENGINES: dict[str, Engine] = {
    "hanji fast": lambda texts: [guess.lang for guess in detect(texts)],
    "hanji langdetect": lambda texts: [guess.lang for guess in detect(texts, "langdetect")],
    "py3langid": py3langid,
    "lingua": lingua,
    "cld2": cld2,
}


def rows_of(data: Path, n: int) -> list[dict[str, str]]:
    with (data / "lid" / "labelled.jsonl.zst").open("rb") as file:
        stream = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), "utf-8")
        rows = [json.loads(line) for line in stream]
    random.Random(1).shuffle(rows)
    return rows[:n]


def six(lang: str) -> str:
    return lang if lang in LANGS else "other"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--rows", type=int, default=6_000)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    rows = rows_of(args.data, args.rows)
    texts = [row["text"] for row in rows]
    size = sum(len(text.encode()) for text in texts) / 1e6
    found: dict[str, dict[str, float]] = {}
    for name, engine in ENGINES.items():
        try:
            engine(texts[:5])
        except ImportError:
            continue
        start = time.process_time()
        guesses = engine(texts)
        seconds = time.process_time() - start
        scores: dict[str, list[bool]] = {}
        for row, guess in zip(rows, guesses):
            right = six(guess) == six(row["lang"])
            group = "short" if row["kind"] in SHORT else "long"
            for key in (f"{group} all", f"{group} {six(row['lang'])}"):
                scores.setdefault(key, []).append(right)
        found[name] = {key: sum(s) / len(s) for key, s in sorted(scores.items())}
        found[name]["MB/s"] = size / seconds
    names = sorted({key for scores in found.values() for key in scores} - {"MB/s"})
    print(f"{len(rows):,} texts, {size:.1f} MB; share right")
    print(f"{'':18}" + "".join(f"{key.replace('short ', 's.').replace('long ', 'l.'):>9}"
                              for key in names) + f"{'MB/s':>9}")  # fmt: skip
    for name, scores in found.items():
        print(f"{name:18}" + "".join(f"{scores.get(key, 0):9.3f}" for key in names)
              + f"{scores['MB/s']:9.2f}")  # fmt: skip
    if args.json:
        args.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
