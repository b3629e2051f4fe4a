"""Measure the build of long documents: batches against one at a time, composing, the score.

Real documents are written as a curated dataset, none held out. Counting is timed three ways in one
process: a call a document, as the first version of the build did; a call a document where bytes
allow a long document at all; and in batches of about four million characters. Then the whole build
is timed with and without composed documents, and the dependency score is judged by AUC: pieces of
books against pieces of the same length that were joined from the heads of shuffled short documents.

    python benchmarks/longdoc_build.py --json build.json
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import tokenizers
import zstandard
from tokenizers import decoders, models, pre_tokenizers, trainers

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from hanji.execution import Execution  # noqa: E402
from hanji.manifest import Commit, Manifest  # noqa: E402
from hanji.report import Report  # noqa: E402
from hanji.schema import DOCUMENT, LANGS, Document, to_batch  # noqa: E402
from hanji.seeds import shuffled  # noqa: E402
from hanji.shards import ShardSet  # noqa: E402
from hanji.tokens import Tokenizer  # noqa: E402
from longdoc.build import GROUP_CHARS, build  # noqa: E402
from longdoc.dependency import dependency  # noqa: E402
from longdoc.section import Build, Compose  # noqa: E402

LEAST = 8_192
PIECE = {"ko": 30_000, "ja": 30_000}  # characters; 60,000 elsewhere
Row = dict[str, str | int | float]


def rows_of(path: Path) -> Iterator[dict[str, str]]:
    with path.open("rb") as file:
        stream = zstandard.ZstdDecompressor().stream_reader(file)
        for line in io.TextIOWrapper(stream, "utf-8"):
            yield json.loads(line)


def documents_of(data: Path, lang: str, n: int) -> list[Document]:
    """Read short documents and, one to forty of them, long ones."""
    found = []
    for folder, most in (("docs", n), ("long", max(n // 40, 2))):
        for _, row in zip(range(most), rows_of(data / folder / f"{lang}.jsonl.zst")):
            meta = json.dumps({"topic": row.get("topic"), "title": row.get("title")})
            found.append(
                Document(id=row["id"], text=row["text"], lang=lang, source=row["source"],
                         license=row["license"], url=row["url"], meta=meta)
            )  # fmt: skip
    return found


def curated(documents: list[Document], directory: Path) -> Path:
    commit = Commit.begin(
        directory, stage="curate", kind="document/1", section={"n": len(documents)}, replace=True
    )
    shards, report = ShardSet(commit.work, DOCUMENT), Report()
    for document in documents:
        shards.write(document.lang, to_batch([document]))
        report.read(document.source, document.lang)
        report.kept(document.source, document.lang)
    commit.finish(DOCUMENT, shards.close(), report, {"heldout_share": 0.0})
    return directory


def trained(texts: list[str], directory: Path) -> Path:
    """Train a byte-level BPE of 32,000 tokens."""
    inner = tokenizers.Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=32_000,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    inner.train_from_iterator([text[:50_000] for text in texts], trainer)
    directory.mkdir(parents=True, exist_ok=True)
    inner.save(str(directory / "tokenizer.json"))
    return directory


def timed(name: str, n_bytes: int, run: Callable[[], object]) -> Row:
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"what": name, "wall_s": wall, "cpu_s": cpu, "mb_per_s": n_bytes / 1e6 / wall}


def in_batches(texts: list[str], tokenizer: Tokenizer) -> None:
    waiting: list[str] = []
    n_chars = 0
    for text in texts:
        waiting.append(text)
        n_chars += len(text)
        if n_chars >= GROUP_CHARS:
            tokenizer.counts(waiting)
            waiting, n_chars = [], 0
    tokenizer.counts(waiting)


def whole(
    name: str, compose: Compose | None, n_bytes: int, source: Path, tokenizer: Path, out: Path
) -> Row:
    """Time a whole build."""
    shutil.rmtree(out, ignore_errors=True)
    section = Build(buckets=(LEAST, 16_384, 32_768), window=262_143, compose=compose)
    row = timed(name, n_bytes, lambda: build(section, source, tokenizer, out, Execution()))
    origins = Manifest.load(out).facts["origins"]
    for origin in ("natural", "composed"):
        row[origin] = sum(counts.get(origin, 0) for counts in origins.values())
    return row


def speed(args: argparse.Namespace) -> list[Row]:
    """Time counting three ways, then the whole build."""
    documents = [d for lang in args.langs for d in documents_of(args.data, lang, args.n)]
    texts = [document.text for document in documents]
    path = args.tokenizer or trained(shuffled(texts, "bench")[:3_000], args.work / "tokenizer")
    tokenizer = Tokenizer.load(path)
    n_bytes = sum(len(text.encode()) for text in texts)
    able = [text for text in texts if len(text.encode()) >= LEAST]
    source = curated(documents, args.work / "curate")
    rows: list[Row] = [
        timed("count, a call each", n_bytes, lambda: [tokenizer.counts([t]) for t in texts]),
        timed("count, those long enough", n_bytes, lambda: [tokenizer.counts([t]) for t in able]),
        timed("count, those, in batches", n_bytes, lambda: in_batches(able, tokenizer)),
    ]
    for name, compose in (("build", None), ("build and compose", Compose(tokens=args.tokens))):
        rows.append(whole(name, compose, n_bytes, source, path, args.work / "long"))
    for row in rows:
        row["documents"], row["bytes"] = len(texts), n_bytes
    return rows


def judged(data: Path, lang: str) -> Row:
    """Judge the score: books against joined heads of short documents, of the same length."""
    size = PIECE.get(lang, 60_000)
    books = [row["text"] for row in rows_of(data / "long" / f"{lang}.jsonl.zst")]
    high = [t[i : i + size] for t in books for i in (0, len(t) // 2) if len(t) - i >= size]
    low, joined = [], ""
    for row in shuffled(list(rows_of(data / "docs" / f"{lang}.jsonl.zst")), "auc", lang):
        joined += row["text"][:6_000] + "\n\n"
        if len(joined) >= size:
            low.append(joined[:size])
            joined = ""
    start = time.process_time()
    first, second = (np.array([dependency(text) for text in texts]) for texts in (high, low))
    seconds = time.process_time() - start
    wins = (first[:, None] > second) + 0.5 * (first[:, None] == second)
    return {
        "lang": lang, "books": len(high), "joined": len(low), "auc": float(wins.mean()),
        "books_median": float(np.median(first)), "joined_median": float(np.median(second)),
        "mb_per_s": sum(len(text.encode()) for text in high + low) / 1e6 / seconds,
    }  # fmt: skip


def main() -> None:
    """Print tables and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--langs", type=lambda text: text.split(","), default=list(LANGS))
    parser.add_argument("-n", type=int, default=300, help="short documents of each language")
    parser.add_argument("--tokens", type=int, default=200_000, help="of each bucket, composed")
    parser.add_argument("--tokenizer", type=Path, help="default: a BPE trained on the spot")
    parser.add_argument("--work", type=Path, default=Path("longdoc-bench"))
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    dependency("warm up the kernel " * 99)
    rows = speed(args)
    print(f"{rows[0]['documents']:,} documents, {int(rows[0]['bytes']) / 1e6:,.0f} MB")
    print(f"{'':26} {'wall s':>8} {'CPU s':>8} {'MB/s':>7} {'natural':>8} {'composed':>8}")
    for row in rows:
        numbers = " ".join(f"{row.get(name, ''):>8}" for name in ("natural", "composed"))
        times = f"{row['wall_s']:8.2f} {row['cpu_s']:8.2f} {row['mb_per_s']:7.1f}"
        print(f"{row['what']:26} {times} {numbers}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory, the texts of the benchmark included: {peak:,.0f} MB\n")
    scores = [judged(args.data, lang) for lang in args.langs]
    print("dependency  books  joined  median of books, of joined    AUC   MB/s")
    for row in scores:
        print(
            f"{row['lang']:10} {row['books']:6} {row['joined']:7} {row['books_median']:17.2f} "
            f"{row['joined_median']:10.2f} {row['auc']:6.3f} {row['mb_per_s']:6.1f}"
        )
    if args.json:
        report = {"speed": rows, "dependency": scores, "peak_mb": peak}
        args.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
