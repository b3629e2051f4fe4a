"""Composed documents: related members, whole, no two alike; and the dependency score."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanji.execution import Execution
from hanji.manifest import Commit, Dataset
from hanji.report import Report
from hanji.schema import DOCUMENT, Document, document_id, to_batch
from hanji.shards import ShardSet
from hanji.tokens import Tokenizer
from longdoc.build import build
from longdoc.compose import SLACK, Short, _alike, _sketch, assemble, compose, heading
from longdoc.dependency import EVERYWHERE, SEGMENTS, dependency, recurrence
from longdoc.section import Build, Compose

SEEDS = {
    "en": ["the mill grinds barley slowly", "a ferry crosses the wide river", "violins need rosin"],
    "ko": ["물레방아는 보리를 천천히 빻는다", "나룻배가 넓은 강을 건넌다", "바이올린에는 송진이 필요하다"],
    "ja": ["水車小屋は大麦をゆっくり挽く", "渡し船が広い川を渡る", "バイオリンには松脂が要る"],
    "vi": ["cối xay nghiền lúa mạch", "chuyến phà qua con sông rộng", "vĩ cầm cần nhựa thông"],
}  # fmt: skip


def shorts(lang: str, n: int = 60, copies: int = 0) -> list[Short]:
    """Documents of three topics, with some near-copies at the end."""
    made = []
    for i in range(n):
        draws = random.Random(f"{lang}-{i}")
        topic = SEEDS[lang][i % 3]
        joint = "" if lang == "ja" else " "
        words = topic.split() if joint else [topic[k : k + 3] for k in range(0, len(topic), 3)]
        body = ". ".join(
            joint.join([*draws.sample(words, len(words)), str(draws.randint(10, 99_999))])
            for _ in range(12)
        )
        made.append((f"Title {i}\n\n{body}. {topic}.", i))
    made += [(text + " Again.", n + i) for i, (text, _) in enumerate(made[:copies])]
    return [
        Short(Document(id=document_id(lang, str(i)), text=text, lang=lang, source="s"), 60, 0.5)
        for text, i in made
    ]


@pytest.fixture(scope="module")
def tokenizer(demo: Path) -> Tokenizer:
    return Tokenizer.load(demo / "tokenizer")


def counted(listed: list[Short], tokenizer: Tokenizer) -> list[Short]:
    return [
        Short(s.document, int(tokenizer.counts([s.document.text])[0]), s.quality) for s in listed
    ]


BUCKETS = [(1_024, 2_048), (2_048, 4_096)]
WANTED = {"1024-2048": 3_000, "2048-4096": 2_500}


@pytest.mark.parametrize("lang", SEEDS)
def test_composed_documents_fill_their_buckets_with_whole_members(
    lang: str, tokenizer: Tokenizer
) -> None:
    listed = counted(shorts(lang, 90), tokenizer)
    texts = {s.document.id: s.document.text for s in listed}
    settings = Compose(tokens=1, near_duplicate=0.95)
    made = list(compose(listed, WANTED, BUCKETS, settings, tokenizer, 1))
    assert {
        bucket for m in made for bucket in BUCKETS if bucket[0] <= m.n_tokens < bucket[1]
    } == set(BUCKETS)
    used = [member for m in made for member in m.members]
    assert len(used) == len(set(used))
    for each in made:
        assert each.n_tokens == len(tokenizer.encode_one(each.document.text))
        assert any(low <= each.n_tokens < high for low, high in BUCKETS)
        for member in each.members:
            body = texts[member].partition("\n")[2].strip()
            assert body in each.document.text


def test_members_speak_of_the_same(tokenizer: Tokenizer) -> None:
    listed = counted(shorts("en", 90), tokenizer)
    topics = {s.document.id: i % 3 for i, s in enumerate(listed)}
    made = list(compose(listed, WANTED, BUCKETS, Compose(tokens=1), tokenizer, 1))
    assert made
    for each in made:
        found = [topics[member] for member in each.members]
        assert max(found.count(topic) for topic in range(3)) / len(found) > 0.9


def test_near_duplicates_never_stand_in_one(tokenizer: Tokenizer) -> None:
    listed = counted(shorts("en", 45, copies=45), tokenizer)
    texts = {s.document.id: s.document.text for s in listed}
    settings = Compose(tokens=1, near_duplicate=0.5)
    made = list(compose(listed, WANTED, BUCKETS, settings, tokenizer, 1))
    assert made
    for each in made:
        for i, first in enumerate(each.members):
            for second in each.members[:i]:
                assert _alike(_sketch(texts[first]), _sketch(texts[second])) <= 0.5


def test_the_order_of_the_input_does_not_matter(tokenizer: Tokenizer) -> None:
    listed = counted(shorts("ko", 90), tokenizer)
    mixed = random.Random(1).sample(listed, len(listed))
    first, second = (
        [m.document.id for m in compose(each, WANTED, BUCKETS, Compose(tokens=1), tokenizer, 1)]
        for each in (listed, mixed)
    )
    assert first == second


def test_headings_lose_nothing() -> None:
    for text in ("One line only", "Title\n\nBody.", "A sentence.\nAnother.", "# Head\nBody", "\nx"):
        document = Document(id="", text=text, lang="de", source="s")
        title, rest = heading(document, 3)
        whole, spans = assemble([document, document])
        assert whole[slice(*spans[0])] + "\n\n" + whole[slice(*spans[1])] + "\n" == whole
        for word in text.replace("#", " ").split():
            assert word in whole
        assert title
        assert rest in text
    assert SLACK < 1


def curated(directory: Path, langs: dict[str, list[tuple[str, str]]], heldout: float = 0.0) -> Path:
    commit = Commit.begin(directory, stage="curate", kind="document/1", section={})
    shards, report = ShardSet(commit.work, DOCUMENT), Report()
    for lang, listed in langs.items():
        for i, (text, topic) in enumerate(listed):
            meta = json.dumps({"topic": topic}) if topic else "{}"
            row = Document(
                id=document_id(lang, str(i)), text=text, lang=lang, source="s", meta=meta
            )
            shards.write(lang, to_batch([row]))
            report.read("s", lang)
            report.kept("s", lang)
    commit.finish(DOCUMENT, shards.close(), report, {"heldout_share": heldout})
    return directory


def test_a_build_composes_where_natural_documents_are_short(demo: Path, tmp_path: Path) -> None:
    texts = {lang: [(s.document.text, "") for s in shorts(lang, 90)] for lang in ("en", "ko")}
    source = curated(tmp_path / "curate", texts, heldout=0.1)
    section = Build(buckets=(1_024, 2_048), window=4_096, compose=Compose(tokens=2_000))
    manifest = build(section, source, demo / "tokenizer", tmp_path / "long", Execution())
    manifest.report.check()
    rows = [r for b in Dataset.open(tmp_path / "long").batches() for r in b.to_pylist()]
    assert {row["origin"] for row in rows} == {"composed"}
    assert {row["lang"] for row in rows} == {"en", "ko"}
    heldout = Dataset.open(source).is_heldout
    members = [member for row in rows for member in row["members"]]
    assert not any(heldout(member) for member in members)
    total = manifest.report.total()
    assert total.dropped["composed"] == {"member": len(members)}
    assert total.made == len(rows)
    assert manifest.facts["origins"] == {
        lang: {"composed": sum(r["lang"] == lang for r in rows)} for lang in ("en", "ko")
    }
    for row in rows:
        assert row["bucket"] in ("1024-2048", "2048-")
    # What could not be filled is said: four languages have no document at all.
    missing = manifest.facts["missing"]
    assert isinstance(missing, dict)
    assert missing["vi"] == {"1024-2048": 2_000, "2048-": 2_000}


def test_parallel_topics_stand_in_one_document_when_asked(demo: Path, tmp_path: Path) -> None:
    texts = {
        # A word of its own in each, so that no two are wholly alike.
        lang: [
            (f"{s.document.text} own{chr(97 + i)}word", f"topic-{i}")
            for i, s in enumerate(shorts(lang, 26))
        ]
        for lang in ("en", "ja")
    }
    source = curated(tmp_path / "curate", texts)
    compose_ = Compose(tokens=1, at_least_alike=2, cross_lingual=True)
    section = Build(buckets=(1_024,), window=4_096, compose=compose_)
    build(section, source, demo / "tokenizer", tmp_path / "long", Execution())
    rows = [r for b in Dataset.open(tmp_path / "long").batches() for r in b.to_pylist()]
    assert rows
    langs = {d.id: d.lang for d in Dataset.open(source).documents()}
    for row in rows:
        found = [langs[member] for member in row["members"]]
        assert set(found) == {"en", "ja"}
        assert abs(found.count("en") - found.count("ja")) <= 1


def slow_recurrence(numbers: list[int]) -> tuple[float, float, float]:
    """The same by looking at every term on its own."""
    seen = expected = recurring = 0.0
    n = len(numbers)
    for term in set(numbers):
        places = [i for i, number in enumerate(numbers) if number == term]
        if len(places) < 2 or len({i * SEGMENTS // n for i in places}) > EVERYWHERE * SEGMENTS:
            continue
        expected += 1 - 2 * 0.5 ** len(places)
        if any(2 * i < n for i in places) and any(2 * i >= n for i in places):
            seen += 1
            recurring += len(places)
    return seen, expected, recurring


@given(st.lists(st.integers(0, 12), max_size=120))
def test_recurrence_equals_the_slow_count(drawn: list[int]) -> None:
    numbers = np.unique(np.array(drawn, np.int64), return_inverse=True)[1].astype(np.int64)
    assert recurrence(numbers) == pytest.approx(slow_recurrence(numbers.tolist()))


def test_lists_and_joined_pages_score_below_what_hangs_together() -> None:
    draws = random.Random(5)
    names = [f"name{chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(300)]
    story = " ".join(draws.choice(names) for _ in range(4_000))
    pages = " ".join(
        " ".join(draws.choice(names[i * 30 : i * 30 + 30]) for _ in range(400)) for i in range(10)
    )
    items = " ".join(
        f"item{chr(97 + i % 26)}{i // 26 % 26 * 'x'}{i // 676 * 'y'}" for i in range(900)
    )
    log = " ".join(f"error in module alpha at line {i}" for i in range(700))
    assert dependency(story) > 0.9
    assert dependency(pages) < 0.3
    assert dependency(items) < 0.1
    assert dependency(log) < 0.1
    assert dependency("too short") == 0.0


def test_low_scores_are_dropped_when_asked(demo: Path, tmp_path: Path) -> None:
    log = "\n".join(f"error in module alpha at line {i}" for i in range(700))
    draws = random.Random(5)
    names = [f"name{chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(120)]
    story = ". ".join(" ".join(draws.choice(names) for _ in range(9)) for _ in range(300))
    source = curated(tmp_path / "curate", {"en": [(log, ""), (story, "")]})
    section = Build(buckets=(1_024,), window=200_000, min_dependency=0.5)
    manifest = build(section, source, demo / "tokenizer", tmp_path / "long", Execution())
    assert manifest.report.total().dropped == {"dependency": {"low_dependency": 1}}
    assert manifest.rows == 1


def test_books_score_above_pages_that_were_joined(shared_data: Path) -> None:
    import io

    import zstandard

    def texts(path: Path) -> list[str]:
        stream = zstandard.ZstdDecompressor().stream_reader(path.open("rb"))
        return [json.loads(line)["text"] for line in io.TextIOWrapper(stream, encoding="utf-8")]

    for lang, least in (("en", 0.9), ("ja", 0.9), ("ko", 0.75)):
        size = 20_000
        books = [t[:size] for t in texts(shared_data / "long" / f"{lang}.jsonl.zst")]
        pages = "\n\n".join(
            t[:4_000]
            for t in random.Random(1).sample(texts(shared_data / "docs" / f"{lang}.jsonl.zst"), 120)
        )
        joined = [pages[i : i + size] for i in range(0, len(pages) - size, size)]
        high, low = [dependency(t) for t in books], [dependency(t) for t in joined]
        assert np.mean([a > b for a in high for b in low]) > least, lang
