"""A run's root with small datasets of every component, and a tokenizer made on the spot."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
import tokenizers
from tokenizers import decoders, models, pre_tokenizers, trainers

from hanji.manifest import Commit
from hanji.report import Report
from hanji.schema import DOCUMENT, document_id, make_schema
from hanji.seeds import rng
from hanji.shards import ShardSet

WORDS = {
    "en": "the paper maker dries every sheet in the sun and counts them at night".split(),
    "ko": "종이 장인은 모든 종이를 햇볕에 말리고 밤마다 그것을 세어 둔다".split(),
    "ja": "紙漉き は 毎日 紙 を 干し て 夜 に 数える".split(),
}
WITH_QUALITY = make_schema("document/1", [pa.field("quality", pa.float32())], DOCUMENT)


def dataset(directory: Path, kind: str, counts: dict[str, int], sizes: tuple[int, int]) -> None:
    """Write a dataset of `kind` with random texts of `sizes` words."""
    schema = make_schema(kind, list(WITH_QUALITY))
    commit = Commit.begin(directory, stage=kind, kind=kind, section={"counts": counts})
    shards, report = ShardSet(commit.work, schema, rows_per_batch=7), Report()
    for lang, n in counts.items():
        for i in range(n):
            draws = rng("fixture", kind, lang, i)
            words = [
                WORDS[lang][k]
                for k in draws.integers(0, len(WORDS[lang]), int(draws.integers(*sizes)))
            ]
            row = {
                "id": document_id(kind + lang, str(i)),
                "text": " ".join(words),
                "lang": lang,
                "source": f"{kind.partition('/')[0]}-{i % 2}",
                "license": "",
                "url": "",
                "meta": "{}",
                "quality": float(draws.random()),
            }
            report.read("fixture", lang)
            report.kept("fixture", lang)
            shards.write(lang, pa.RecordBatch.from_pylist([row], schema=schema))
    commit.finish(schema, shards.close(), report, {"heldout_share": 0.05})


@pytest.fixture(scope="session")
def run_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of a run with curate, reasoning, longdoc and tokenizer."""
    root = tmp_path_factory.mktemp("run")
    langs = {"en": 120, "ko": 120, "ja": 120}
    dataset(root / "curate", "document/1", langs, (5, 120))
    dataset(root / "reasoning", "thought/1", langs, (20, 60))
    dataset(root / "longdoc", "long/1", dict.fromkeys(langs, 60), (200, 700))
    inner = tokenizers.Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    inner.train_from_iterator([" ".join(words) for words in WORDS.values()] * 9, trainer)
    (root / "tokenizer").mkdir()
    inner.save(str(root / "tokenizer" / "tokenizer.json"))
    return root
