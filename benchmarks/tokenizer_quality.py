"""Bytes per token on held-out text, per language, against BPE of equal size.

    python benchmarks/tokenizer_quality.py --vocab 64000 --json out.json

Trains on the shared data and reads the held-out documents (4%) whole. `bpe` is ordinary BPE with
the preset's stage-1 pattern (the trainer's merges are those of `tokenizers`, see tests). "one
group" divides the superwords by count alone, "allotted" gives each language with spaces some of its
own, "ja 1.5" counts Japanese documents one and a half times, which gives back what a smaller stage
1 takes from Japanese, and "all en" and "all vi" give every superword to one language: the most that
any allotment can reach there. Each language has two columns: all its text, and its text without
technical documentation, which is full of code, signs and digits ("prose": novels, laws, reviews).

`--what recipe` is the recipe's own comparison: against the older kind, as K-EXAONE's report and
those of its forerunners describe it: byte-level BPE of 102,400 with GPT-2's pattern, NFKC, English
and Korean text only, Korean cut into morphemes by MeCab before training (pip install
python-mecab-ko). STEM is the text of the English and Korean courses and manuals on machine
learning without their code, code is the fenced code of all documentation. No timing here.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import sys
import tempfile
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

HELDOUT = 0.04
STEM = {"d2l-en", "hf-course", "tensorflow-docs"}
TECHNICAL = STEM | {"d2l-vi", "fastapi-docs", "react-docs-vi", "rust-book-ko", "tldr-pages"}
FENCED = re.compile(r"^```[^\n]*\n(.*?)^```", re.M | re.S)
OLD_SIZE = 102_400  # EXAONE 3.0 to 4.0
BORDER = "\ue000"  # of morphemes, in training text only
Texts = list[tuple[str, str]]  # (column, text)
Encode = Callable[[list[str]], list[list[int]]]


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


def by_language(dataset: Path) -> Texts:
    from tokenizer.corpus import Corpus

    found: Texts = []
    for document, held in Corpus.open([dataset]).documents():
        if held:
            found.append((document.lang, document.text))
            if document.source not in TECHNICAL:
                found.append((f"{document.lang} prose", document.text))
    return found


def by_domain(dataset: Path) -> Texts:
    """Cut the held-out text into the columns of the recipe's own comparison."""
    from tokenizer.corpus import Corpus

    found: Texts = []
    for document, held in Corpus.open([dataset]).documents():
        if not held:
            continue
        if document.source in TECHNICAL:
            found += [("code", code) for code in FENCED.findall(document.text)]
        text = FENCED.sub("", document.text)
        if document.lang not in ("en", "ko"):
            found.append(("multilingual", text))
        elif document.source in STEM:
            found.append(("STEM", text))
        elif document.source not in TECHNICAL:
            found.append((document.lang, text))
    return found


def train(dataset: Path, out: Path, options: dict[str, object]) -> Encode:
    from hanji.execution import Execution
    from tokenizer.baselines import open_codec
    from tokenizer.train import section_from
    from tokenizer.train import train as run

    run(section_from(options, out.name), [dataset], out, Execution(memory=16 << 30))
    return open_codec(str(out)).encode


def morphemes(text: str, cut: Callable[[str], list[str]]) -> str:
    """Mark the borders of morphemes inside the words of a text, line by line."""
    lines = []
    for line in text.split("\n"):
        parts, at = [], 0
        for morpheme in cut(line):
            start = line.find(morpheme, at)
            if start < 0:
                continue
            inside = start == at and at > 0
            parts.append((BORDER if inside else line[at:start]) + morpheme)
            at = start + len(morpheme)
        lines.append("".join(parts) + line[at:])
    return "\n".join(lines)


def old_kind(dataset: Path) -> Encode:
    """Train BPE of the older kind; MeCab takes part in training alone, as it did there."""
    from mecab import MeCab
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    from tokenizer.corpus import Corpus

    def texts() -> Iterator[str]:
        cut = MeCab().morphs
        for document, held in Corpus.open([dataset]).documents():
            if held or document.lang not in ("en", "ko"):
                continue
            text = unicodedata.normalize("NFKC", document.text)
            yield morphemes(text, cut) if document.lang == "ko" else text

    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(BORDER, "removed"), level]
    )
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=OLD_SIZE, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(texts(), trainer)
    tokenizer.pre_tokenizer = level
    return lambda found: [encoding.ids for encoding in tokenizer.encode_batch_fast(found)]


def figures(encode: Encode, texts: Texts) -> dict[str, float]:
    """Return bytes per token by column."""
    size, tokens = dict.fromkeys(sorted({k for k, _ in texts}), 0), dict.fromkeys(dict(texts), 0)
    for column, text in texts:
        size[column] += len(text.encode())
        tokens[column] += len(encode([text])[0])
    return {column: size[column] / tokens[column] for column in size}


ONE = {"other": 1}
SPACED = {"en": 2, "ko": 2, "vi": 6, "es": 1, "de": 1, "other": 0}


def runs() -> Iterator[tuple[str, str, dict[str, object]]]:
    """Yield (name, baseline, settings); a baseline has none."""
    for preset in ("kexaone", "line"):
        base = f"bpe, {preset}"
        yield base, "", {"preset": preset, "superword_share": 0.0}
        yield preset, base, {"preset": preset}
        yield f"{preset}, one group", base, {"preset": preset, "superword_allotment": ONE}
        yield f"{preset}, allotted", base, {"preset": preset, "superword_allotment": SPACED}
        if preset == "kexaone":
            yield f"{preset}, ja 1.5", base, {"preset": preset, "weights": {"ja": 1.5}}
            for lang in ("en", "vi"):
                allotment = {"superword_allotment": {lang: 1, "other": 0}}
                yield f"{preset}, all {lang}", base, {"preset": preset, **allotment}


def show(title: str, rows: dict[str, dict[str, float]], against: dict[str, str]) -> None:
    columns = list(next(iter(rows.values())))
    width = max(map(len, columns)) + 2
    print(f"\n{title}")
    print(f"{'':34}" + "".join(f"{column:>{width}}" for column in columns))
    for name, row in rows.items():
        print(f"{name:34}" + "".join(f"{row[column]:>{width}.3f}" for column in columns))
        base = rows.get(against.get(name, ""))
        if base is not None:
            gains = (100 * (row[column] / base[column] - 1) for column in columns)
            shown = "".join(f"{gain:>+{width - 1}.1f}%" for gain in gains)
            print(f"{'  against ' + against[name]:34}" + shown)
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
        if options.what != "recipe":
            texts = by_language(dataset)
            rows: dict[str, dict[str, float]] = {}
            against: dict[str, str] = {}
            for run, (label, base, settings) in enumerate(runs()):
                given = {"vocab_size": options.vocab, **sample, **settings}
                rows[label] = figures(train(dataset, work / str(run), given), texts)
                against[label] = base
            show(f"bytes per token at {options.vocab:,}", rows, against)
            result["bytes_per_token"], result["against"] = rows, against
        if options.what != "equal":
            texts = by_domain(dataset)
            rows = {"old": figures(old_kind(dataset), texts)}
            for preset in ("kexaone", "line"):
                for note, weights in (("", {}), (", ko 10, en 4", {"ko": 10, "en": 4})):
                    label = f"{preset}, 150K{note}"
                    given = {"vocab_size": 150_000, "preset": preset, "weights": weights, **sample}
                    rows[label] = figures(train(dataset, work / label, given), texts)
            show("the recipe's own comparison", rows, dict.fromkeys([*rows][1:], "old"))
            result["recipe"] = rows
    if options.json:
        options.json.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
