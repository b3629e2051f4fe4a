"""Members of composed documents: whole, in six languages, whatever the order of the shards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hanji.execution import Execution
from hanji.manifest import Commit, Dataset
from hanji.report import Report
from hanji.schema import DOCUMENT, LANGS, Document, document_id, to_batch
from hanji.shards import ShardSet
from hanji.tokens import Tokenizer
from longdoc.build import build
from longdoc.compose import Short, _alike, _sketch, compose
from longdoc.section import Build, Compose

Row = dict[str, Any]
SECTION = Build(
    buckets=(400, 800), window=1_600, compose=Compose(tokens=20_000, at_least_alike=0.01)
)


@pytest.fixture(scope="module")
def two_orders(
    samples: dict[str, list[str]],
    tokenizer_paths: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[dict[str, str], list[dict[str, Row]]]:
    """The sample corpus built twice, with its documents in opposite order and other parts."""
    made, texts = [], {}
    for step in (1, -1):
        root = tmp_path_factory.mktemp("members")
        commit = Commit.begin(root / "curate", stage="curate", kind="document/1", section={})
        shards, report = (
            ShardSet(commit.work, DOCUMENT, max_bytes=9_000, rows_per_batch=7),
            Report(),
        )
        for lang in LANGS[::step]:
            for i, text in list(enumerate(samples[lang]))[::step]:
                row = Document(id=document_id(lang, str(i)), text=text, lang=lang, source="sample")
                texts[row.id] = text
                shards.write(lang, to_batch([row]))
                report.read("sample", lang)
                report.kept("sample", lang)
        commit.finish(DOCUMENT, shards.close(), report, {"heldout_share": 0.1})
        build(SECTION, root / "curate", tokenizer_paths["byte"], root / "long", Execution())
        batches = Dataset.open(root / "long", "long/1").batches()
        made.append({row["id"]: row for batch in batches for row in batch.to_pylist()})
    return texts, made


def test_the_order_of_shards_does_not_matter(
    two_orders: tuple[dict[str, str], list[dict[str, Row]]],
) -> None:
    _, (first, second) = two_orders
    assert {row["lang"] for row in first.values() if row["origin"] == "composed"} == set(LANGS)
    assert first == second


def test_no_text_of_a_member_is_lost_and_its_span_holds_it(
    two_orders: tuple[dict[str, str], list[dict[str, Row]]], tokenizer_paths: dict[str, Path]
) -> None:
    texts, (rows, _) = two_orders
    tokenizer = Tokenizer.load(tokenizer_paths["byte"])
    used: list[str] = []
    for row in rows.values():
        if row["origin"] == "natural":
            assert row["members"] == []
            continue
        assert row["n_tokens"] == len(tokenizer.encode_one(row["text"]))
        assert SECTION.buckets[0] <= row["n_tokens"] < SECTION.window
        spans = json.loads(row["meta"])["member_spans"]
        for member, (start, end) in zip(row["members"], spans, strict=True):
            assert row["text"].startswith("## ", start)
            # Marks of a heading aside, every sign of the member stands in its span, in order.
            inside = "".join(row["text"][start:end].split()).lstrip("#")
            assert inside.endswith("".join(texts[member].split()).lstrip("#"))
        for i, first in enumerate(row["members"]):
            for second in row["members"][:i]:
                assert _alike(_sketch(texts[first]), _sketch(texts[second])) <= 0.5
        used += row["members"]
    assert len(used) == len(set(used))


def test_what_is_too_little_for_a_large_bucket_fills_a_small_one(
    samples: dict[str, list[str]], tokenizer_paths: dict[str, Path]
) -> None:
    tokenizer = Tokenizer.load(tokenizer_paths["byte"])
    for lang in LANGS:
        shorts = [
            Short(Document(id=document_id(lang, str(i)), text=text, lang=lang, source="s"), n, 1.0)
            for i, text in enumerate(samples[lang])
            if (n := int(tokenizer.counts([text])[0])) < 400
        ]
        missing = {"400-800": 500, "90000-180000": 10**6}
        settings = Compose(tokens=1, at_least_alike=0.0)
        buckets = [(400, 800), (90_000, 180_000)]
        made = list(compose(shorts, missing, buckets, settings, tokenizer, 1))
        assert [400 <= each.n_tokens < 800 for each in made] == [True] * len(made) != []
