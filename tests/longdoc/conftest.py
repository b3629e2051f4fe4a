"""A curated dataset from the repository's sample corpus, and three tokenizers of different kinds."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import tokenizers
from tokenizers import Regex, decoders, models, pre_tokenizers, trainers

from hanji.manifest import Commit
from hanji.report import Report
from hanji.schema import DOCUMENT, LANGS, Document, document_id, to_batch
from hanji.shards import ShardSet
from longdoc.templates import TEMPLATES

ROOT = Path(__file__).resolve().parents[2]
Curate = Callable[[Path, dict[str, list[str]], float], Path]
Train = Callable[[str, list[str], Path], Path]


def sample_texts(lang: str) -> Iterator[str]:
    """The sample corpus of a language: short documents, then long ones.

    It has near-duplicates, planted for curation to find; of these only the first is given.
    """
    seen: set[str] = set()
    for folder in ("docs", "long"):
        for line in (ROOT / "recipes/demo" / folder / f"{lang}.jsonl").open(encoding="utf-8"):
            text = json.loads(line).get("text")
            if not isinstance(text, str):
                continue
            sentences = {part for part in re.split(r"[.。\n]", text) if len(part) > 15}
            if not sentences & seen:
                yield text
            seen |= sentences


def write_dataset(directory: Path, texts: dict[str, list[str]], heldout_share: float) -> Path:
    """Write texts as a curated dataset."""
    commit = Commit.begin(directory, stage="curate", kind="document/1", section={"n": len(texts)})
    shards, report = ShardSet(commit.work, DOCUMENT), Report()
    for lang, listed in texts.items():
        for i, text in enumerate(listed):
            key = document_id(f"sample-{lang}", str(i))
            shards.write(lang, to_batch([Document(id=key, text=text, lang=lang, source="sample")]))
            report.read("sample", lang)
            report.kept("sample", lang)
    commit.finish(DOCUMENT, shards.close(), report, {"heldout_share": heldout_share})
    return directory


@pytest.fixture(scope="session")
def samples() -> dict[str, list[str]]:
    """The sample corpus in six languages."""
    return {lang: list(sample_texts(lang)) for lang in LANGS}


@pytest.fixture(scope="session")
def curated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample corpus in six languages, most of it held out."""
    texts = {lang: list(sample_texts(lang)) for lang in LANGS}
    return write_dataset(tmp_path_factory.mktemp("curated") / "curate", texts, 0.9)


def _byte_bpe(texts: list[str]) -> tokenizers.Tokenizer:
    inner = tokenizers.Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=3000,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    inner.train_from_iterator(texts, trainer)
    return inner


def _superword_bpe(texts: list[str]) -> tokenizers.Tokenizer:
    """Tokens may hold several words: only line ends part the text."""
    inner = tokenizers.Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"[^\n]{1,60}|\n+"), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=3000,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    inner.train_from_iterator(texts, trainer)
    return inner


def _unigram(texts: list[str]) -> tokenizers.Tokenizer:
    inner = tokenizers.Tokenizer(models.Unigram())
    inner.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never")
    inner.decoder = decoders.Metaspace(prepend_scheme="never")
    letters = sorted({char for text in texts for char in text} | set(map(chr, range(33, 127))))
    trainer = trainers.UnigramTrainer(
        vocab_size=6000,
        special_tokens=["<unk>", "</s>"],
        unk_token="<unk>",
        initial_alphabet=letters,
        show_progress=False,
    )
    inner.train_from_iterator(texts, trainer)
    return inner


KINDS_OF_TOKENIZER = {"byte": _byte_bpe, "superword": _superword_bpe, "unigram": _unigram}


def save_tokenizer(name: str, texts: list[str], directory: Path) -> Path:
    """Train a tokenizer of a kind on texts and on the words of the probes."""
    texts = list(texts)
    for lang in LANGS:
        template = TEMPLATES[lang]
        texts += [template.head, template.needle, template.question]
        texts += [*template.first, *template.second]
        texts += [(ROOT / f"longdoc/words/{lang}.json").read_text(encoding="utf-8")]
    path = directory / name / "tokenizer.json"
    path.parent.mkdir()
    KINDS_OF_TOKENIZER[name](texts).save(str(path))
    return path


@pytest.fixture(scope="session")
def curate() -> Curate:
    """Write texts by language as a curated dataset: `curate(directory, texts, heldout_share)`."""
    return write_dataset


@pytest.fixture(scope="session")
def train() -> Train:
    """Train a small tokenizer: `train(name, texts, directory)`."""
    return save_tokenizer


@pytest.fixture(scope="session")
def tokenizer_paths(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Three tokenizers that give back what they encode, as `tokenizer.json` files."""
    samples = [text for lang in LANGS for text in sample_texts(lang)]
    return {
        name: save_tokenizer(name, samples, tmp_path_factory.mktemp("tokenizer"))
        for name in KINDS_OF_TOKENIZER
    }
