"""Training speed and memory: stage 1 and both stages, against `tokenizers` and `sentencepiece`.

    python benchmarks/tokenizer_train.py --mb 100 --vocab 64000 --json out.json

Every trainer runs in a fresh process on the same documents (NFC, shuffled) and is measured as a
whole: start, reading, training, writing. Kernels are compiled before. CPU seconds are those of
all threads; other work on the machine distorts wall time more than CPU time. Stage 1 must give
the very merges of `tokenizers`, and the exported file must cut every document as the trainer does.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
LANGS = ("en", "ko", "es", "de", "ja", "vi")


def documents(data: Path) -> list[tuple[str, str]]:
    """Read (language, text in NFC) of the shared data, in a fixed random order."""
    import zstandard

    from hanji.text import nfc

    found = []
    for path in sorted((data / "docs").iterdir()) + sorted((data / "long").iterdir()):
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
        else:
            content = zstandard.ZstdDecompressor().stream_reader(content).read()
        for line in content.splitlines():
            record = json.loads(line)
            found.append((record["lang"], nfc(record["text"])))
    random.Random(1).shuffle(found)
    return found


def varied(texts: list[tuple[str, str]], copy: int) -> Iterator[tuple[str, str]]:
    """Yield the texts with one word in five replaced by another of the same document."""
    draw = random.Random(copy)
    for lang, text in texts:
        words = text.split(" ")
        n = len(words)
        for at in draw.choices(range(n), k=n // 5):
            words[at] = words[int(draw.random() * n)]
        yield lang, " ".join(words)


def prepare(data: Path, mb: int, out: Path) -> int:
    """Write `mb` MB of documents as JSONL and as lines; ids are such that none is held out."""
    from hanji.schema import document_id
    from hanji.seeds import is_heldout

    texts, size, key, copy = documents(data), 0, 0, 0
    with (out / "text.jsonl").open("w") as lines, (out / "text.txt").open("w") as plain:
        while True:
            for lang, text in texts if copy == 0 else varied(texts, copy):
                if size >= mb * 1_000_000:
                    return size
                while is_heldout(document_id("bench", str(key))):
                    key += 1
                taken = text[: mb * 1_000_000 - size]
                record = {"id": key, "lang": lang, "source": "bench", "text": taken}
                lines.write(json.dumps(record, ensure_ascii=False) + "\n")
                plain.write(taken.strip("\n") + "\n")
                size, key = size + len(taken.encode()), key + 1
            copy += 1


def texts_of(work: Path) -> Iterator[str]:
    with (work / "text.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)["text"]


def run_ours(work: Path, name: str, vocab: int, preset: str, share: float) -> None:
    from hanji.execution import Execution
    from tokenizer.train import section_from, train

    options = {
        "vocab_size": vocab, "preset": preset, "superword_share": share, "reserved_tokens": 0,
        "special_tokens": (), "min_count": 1,
    }  # fmt: skip
    section = section_from(options, "benchmark")
    train(section, [work / "text.jsonl"], work / name, Execution(replace=True, memory=16 << 30))


def run_tokenizers(work: Path, name: str, vocab: int, pattern: str) -> None:
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(pattern), "isolated"), level]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=vocab,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts_of(work), trainer)
    (work / name).mkdir()
    tokenizer.save(str(work / name / "tokenizer.json"))


def run_sentencepiece(work: Path, name: str, vocab: int) -> None:
    import sentencepiece

    sentencepiece.SentencePieceTrainer.train(
        input=str(work / "text.txt"), model_prefix=str(work / name), vocab_size=vocab,
        model_type="bpe", byte_fallback=True, character_coverage=0.9999, num_threads=2,
        normalization_rule_name="identity", remove_extra_whitespaces=False,
        max_sentence_length=1 << 30, minloglevel=2,
    )  # fmt: skip


def child(job: str, work: Path, vocab: int) -> None:
    from tokenizer.presets import PRESETS

    match job:
        case "warm":
            from hanji.progress import SILENT
            from tokenizer.warm import compile_kernels

            compile_kernels(SILENT)
        case "hanji, stage 1":
            run_ours(work, job, vocab, "kexaone", 0.0)
        case "tokenizers BpeTrainer":
            run_tokenizers(work, job, vocab, PRESETS["kexaone"].stage1)
        case "sentencepiece BPE":
            run_sentencepiece(work, job, vocab)
        case "hanji, both stages":
            run_ours(work, job, vocab, "line", 0.2)
        case "tokenizers, spaces not split":
            run_tokenizers(work, job, vocab, PRESETS["line"].stage2)
        case _:
            raise SystemExit(f"unknown job {job}")


def measure(job: str, work: Path, vocab: int) -> dict[str, object]:
    """Run one job in a fresh process."""
    command = [sys.executable, __file__, "--child", job, "--work", str(work), "--vocab", str(vocab)]
    start = time.perf_counter()
    process = os.posix_spawn(sys.executable, command, os.environ)
    _, status, used = os.wait4(process, 0)
    seconds = time.perf_counter() - start
    if status:
        raise SystemExit(f"{job}: ended with status {os.waitstatus_to_exitcode(status)}")
    return {
        "trainer": job,
        "vocab": vocab,
        "wall_s": round(seconds, 2),
        "cpu_s": round(used.ru_utime + used.ru_stime, 2),
        "peak_mb": round(used.ru_maxrss / 1024),
    }


def merges(work: Path, name: str) -> list[object]:
    model = json.loads((work / name / "tokenizer.json").read_text("utf-8"))["model"]
    return [tuple(pair) for pair in model["merges"]]


def parity(work: Path, name: str, preset: str) -> dict[str, object]:
    """Encode all documents with the exported file and with the trainer's own encoder."""
    import numpy as np

    from hanji.text.classes import class_table
    from hanji.text.scan import ends
    from hanji.tokens import Tokenizer
    from tokenizer.extend import Base
    from tokenizer.presets import PRESETS

    exported = Tokenizer.load(work / name)
    vocabulary, _ = Base(work / name).keep(np.zeros(0, np.int64), 1.0)
    encoder = vocabulary.encoder()
    different = tokens = size = 0
    for text in texts_of(work):
        data = np.frombuffer(text.encode(), np.uint8)
        borders = np.concatenate(([0], ends(data, class_table(), PRESETS[preset].mode2)))
        ours = encoder.encode(data, borders, np.arange(len(borders) - 1), -1)
        ours, theirs = ours[ours >= 0], exported.encode_one(text)
        same = len(ours) == len(theirs) and bool((ours == theirs).all())
        different += 0 if same else 1
        tokens, size = tokens + len(ours), size + len(data)
    return {"mb": round(size / 1e6, 1), "tokens": tokens, "documents_that_differ": different}


def show(title: str, rows: list[dict[str, object]]) -> None:
    print(f"\n{title}")
    print(f"{'':32}{'wall s':>9}{'CPU s':>9}{'peak MB':>9}{'wall x':>8}{'CPU x':>8}{'memory':>8}")
    first = rows[0]
    for row in rows:
        wall, cpu, peak = (
            float(str(row[key])) / float(str(first[key])) for key in ("wall_s", "cpu_s", "peak_mb")
        )
        print(
            f"{row['trainer']:32}{row['wall_s']:>9}{row['cpu_s']:>9}{row['peak_mb']:>9}"
            f"{wall:>8.1f}{cpu:>8.1f}{1 / peak:>8.2f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--mb", type=int, default=20)
    parser.add_argument("--vocab", type=int, default=32_000)
    parser.add_argument("--only", choices=["stage1", "both", "ours"])
    parser.add_argument("--parity", action="store_true", help="compare the exported file's cuts")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child, options.work, options.vocab)
        return
    if not (options.data / "docs").is_dir():
        raise SystemExit(f"{options.data}: holds no docs/; give --data")
    result: dict[str, object] = {"mb": options.mb, "vocab": options.vocab, "cores": os.cpu_count()}
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        size = prepare(options.data, options.mb, work)
        print(f"{size / 1e6:.1f} MB of text, vocabulary {options.vocab:,}, {os.cpu_count()} cores")
        measure("warm", work, options.vocab)
        if options.only != "both":
            jobs = ["hanji, stage 1", "tokenizers BpeTrainer", "sentencepiece BPE"]
            rows = [
                measure(job, work, options.vocab)
                for job in jobs[: 1 if options.only == "ours" else 3]
            ]
            if len(rows) > 1:
                assert merges(work, jobs[0]) == merges(work, jobs[1]), "merges differ"
                print(f"{options.vocab - 256:,} merges are identical to those of tokenizers")
            show("stage 1", rows)
            result["stage_1"] = rows
        if options.only != "stage1":
            jobs = ["hanji, both stages", "tokenizers, spaces not split"]
            rows = [
                measure(job, work, options.vocab)
                for job in jobs[: 1 if options.only == "ours" else 2]
            ]
            show("both stages (preset line)", rows)
            result["both_stages"] = rows
            if options.parity:
                result["parity"] = parity(work, jobs[0], "line")
                print(f"exported file against the trainer: {result['parity']}")
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
