"""Bytes per token on held-out text, per language, against BPE of equal size.

    python benchmarks/tokenizer_quality.py --vocab 64000 --json out.json

Trains on the shared data (4% of the documents are held out) and reads at most 60 KB of each
held-out document. `bpe` is ordinary BPE with the preset's stage-1 pattern (the trainer's merges are
those of `tokenizers`, see tests). "allotted" gives each language with spaces superwords of its own;
"ja 1.5" counts Japanese documents one and a half times, which gives back what a smaller stage 1
takes from Japanese. `--what recipe` is the recipe's own comparison: BPE of 100K, NFKC, English and
Korean text only, against ours at 150K. "code" is technical documentation with code in it.
No timing here.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import tempfile
import unicodedata
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

HELDOUT = 0.04
PER_DOCUMENT = 60_000  # characters that are read of one held-out document
CODE = {"tensorflow-docs", "fastapi-docs", "hf-course", "d2l-en", "d2l-vi", "rust-book-ko"}
DOMAINS = {"code": CODE, "tldr": {"tldr-pages"}}
Texts = list[tuple[str, str, str]]


def curate(data: Path, out: Path) -> Path:
    """Write the shared data as a dataset, so that the split is the one that users get."""
    import zstandard

    from hanji.manifest import Commit
    from hanji.report import Report
    from hanji.schema import DOCUMENT, Document, document_id, to_batch
    from hanji.shards import ShardSet

    commit = Commit.begin(out, stage="curate", kind="document/1", section={})
    shards, report = ShardSet(commit.work, DOCUMENT), Report()
    for path in sorted((data / "docs").iterdir()) + sorted((data / "long").iterdir()):
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
        else:
            content = zstandard.ZstdDecompressor().stream_reader(content).read()
        for line in content.splitlines():
            row = json.loads(line)
            key = document_id(row["source"], row["id"])
            text = unicodedata.normalize("NFC", row["text"])
            document = Document(id=key, text=text, lang=row["lang"], source=row["source"])
            shards.write(document.lang, to_batch([document]))
            report.read(document.source, document.lang)
            report.kept(document.source, document.lang)
    commit.finish(DOCUMENT, shards.close(), report, {"heldout_share": HELDOUT})
    return out


def heldout(dataset: Path) -> Texts:
    from tokenizer.corpus import Corpus

    found: Texts = []
    for document, held in Corpus.open([dataset]).documents():
        if held:
            domain = next((k for k, v in DOMAINS.items() if document.source in v), "other")
            found.append((document.lang, domain, document.text[:PER_DOCUMENT]))
    return found


def train(dataset: Path, out: Path, options: dict[str, object]) -> Path:
    from hanji.execution import Execution
    from tokenizer.train import section_from
    from tokenizer.train import train as run

    run(section_from(options, out.name), [dataset], out, Execution(memory=16 << 30))
    return out


def old_kind(dataset: Path, vocab: int, out: Path) -> Path:
    """Train BPE of the older kind: NFKC, English and Korean only."""
    from tokenizer.corpus import Corpus

    out.mkdir()
    with (out / "text.jsonl").open("w", encoding="utf-8") as lines:
        for document, held in Corpus.open([dataset]).documents():
            if not held and document.lang in ("en", "ko"):
                text = unicodedata.normalize("NFKC", document.text)
                record = {"id": document.id, "lang": document.lang, "text": text}
                lines.write(json.dumps(record, ensure_ascii=False) + "\n")
    options: dict[str, object] = {"vocab_size": vocab, "superword_share": 0.0}
    return train(out / "text.jsonl", out / "t", options)


def figures(path: Path, texts: Texts) -> dict[str, float]:
    """Return bytes per token by language and domain."""
    from tokenizer.baselines import open_codec
    from tokenizer.evaluate import judge

    verdict = judge(open_codec(str(path)), texts)
    found = {lang: m.bytes_per_token for lang, m in sorted(verdict.by_lang.items())}
    return found | {domain: verdict.by_domain[domain].bytes_per_token for domain in ("code",)}


ALLOTTED = {"en": 2, "ko": 3, "vi": 4, "es": 1, "de": 1, "other": 0}


def runs() -> Iterator[tuple[str, str, dict[str, object]]]:
    """Yield (name, baseline, settings); a baseline has none."""
    for preset in ("kexaone", "line"):
        base = f"bpe, {preset}"
        japanese: dict[str, object] = {"weights": {"ja": 1.5}} if preset == "kexaone" else {}
        yield base, "", {"preset": preset, "superword_share": 0.0}
        yield preset, base, {"preset": preset}
        if japanese:
            yield f"{preset}, ja 1.5", base, {"preset": preset, **japanese}
        settings = {"preset": preset, "superword_allotment": ALLOTTED, **japanese}
        yield f"{preset}, allotted" + ", ja 1.5" * bool(japanese), base, settings


def show(title: str, rows: dict[str, dict[str, float]], against: dict[str, str]) -> None:
    columns = list(next(iter(rows.values())))
    print(f"\n{title}")
    print(f"{'':34}" + "".join(f"{column:>10}" for column in columns))
    for name, row in rows.items():
        print(f"{name:34}" + "".join(f"{row[column]:>10.3f}" for column in columns))
        base = rows.get(against.get(name, ""))
        if base is not None:
            gains = (100 * (row[column] / base[column] - 1) for column in columns)
            print(f"{'  against ' + against[name]:34}" + "".join(f"{g:>+9.1f}%" for g in gains))
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--vocab", type=int, default=64_000)
    parser.add_argument("--max-mb", type=int, help="learn from a sample, evenly by language")
    parser.add_argument("--what", choices=["equal", "recipe", "all"], default="equal")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if not (options.data / "docs").is_dir():
        raise SystemExit(f"{options.data}: holds no docs/; give --data")
    sample = {} if options.max_mb is None else {"max_bytes": options.max_mb * 1_000_000}
    result: dict[str, object] = {"vocab": options.vocab, "heldout_share": HELDOUT}
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        dataset = curate(options.data, work / "curate")
        texts = heldout(dataset)
        if options.what != "recipe":
            rows: dict[str, dict[str, float]] = {}
            against: dict[str, str] = {}
            for run, (label, base, settings) in enumerate(runs()):
                given = {"vocab_size": options.vocab, **sample, **settings}
                out = train(dataset, work / str(run), given)
                rows[label], against[label] = figures(out, texts), base
            show(f"bytes per token at {options.vocab:,}", rows, against)
            result["bytes_per_token"], result["against"] = rows, against
        if options.what != "equal":
            rows = {"old, 100K": figures(old_kind(dataset, 100_000, work / "old"), texts)}
            for preset in ("kexaone", "line"):
                given = {"vocab_size": 150_000, "preset": preset, **sample}
                rows[f"{preset}, 150K"] = figures(train(dataset, work / preset, given), texts)
            show("the recipe's own comparison", rows, dict.fromkeys([*rows][1:], "old, 100K"))
            result["recipe"] = rows
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
