"""The report page: its numbers are the manifests', hostile text is shown and never run."""

from __future__ import annotations

import base64
import json
import re
import shutil
import zlib
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from hanji.errors import RecipeError
from hanji.manifest import Commit, Dataset, Manifest
from hanji.page.gather import find
from hanji.page.parts.common import visible
from hanji.page.parts.overview import flow_edges
from hanji.page.parts.tokens import embedded
from hanji.page.write import html, write
from hanji.report import Report
from hanji.schema import DOCUMENT, Document, to_batch
from hanji.shards import ShardSet

HOSTILE = (
    "<script>alert('run')</script><img src=x onerror=alert(1)>\x00\x1b[31m\u202eevil "
    + "x" * (1 << 20)
)


class Page(HTMLParser):
    """Collects tags, ids and the text of table rows."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

        self.inside = tag in ("td", "th")

    def handle_endtag(self, tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.rows[-1][-1] += data


def parsed(text: str) -> Page:
    page = Page()
    page.feed(text)
    return page


@pytest.fixture(scope="module")
def page_of_demo(demo: Path) -> str:
    return html([demo])


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A dataset whose one document, source and reason try to break out of the page."""
    directory = tmp_path / "hostile"
    commit = Commit.begin(directory, stage="curate", kind="document/1", section={})
    source = "<b onclick='x'>&\"source"
    document = Document(id="0" * 32, text=HOSTILE, lang="en", source=source)
    shards, report = ShardSet(commit.work, DOCUMENT), Report()
    shards.write("en", to_batch([document]))
    report.read(source, "en", 2)
    report.kept(source, "en")
    report.drop(source, "en", "quality", "<i>reason</i>")
    commit.finish(DOCUMENT, shards.close(), report, {"note": "</pre><script>bad()</script>"})
    return directory


def test_the_overview_says_what_the_manifests_say(demo: Path, page_of_demo: str) -> None:
    rows = {row[0]: row for row in parsed(page_of_demo).rows if len(row) == 9}
    for part in find([demo]):
        total = part.dataset.manifest.report.total()
        dropped = sum(sum(reasons.values()) for reasons in total.dropped.values())
        numbers = [total.read, total.made, total.kept, dropped, sum(total.failed.values())]
        assert rows[part.name][2:7] == [f"{n:,}" for n in numbers]


def test_the_flow_agrees_with_the_reports(demo: Path) -> None:
    parts = find([demo])
    _, edges = flow_edges(parts)
    total = Manifest.load(demo / "curate").report.total()
    into = {name: sum(n for (_, right), n in edges.items() if right == name)
            for name in ("curated", "dropped", "failed")}  # fmt: skip
    assert sum(into.values()) == total.read
    assert into["curated"] == total.kept
    for stage in ("short", "long"):
        made = Manifest.load(demo / "rehearsal" / stage).report.total().made
        assert sum(n for (_, right), n in edges.items() if right == f"rehearsal/{stage}") == made


def test_every_reason_stands_on_the_page(demo: Path, page_of_demo: str) -> None:
    rows = parsed(page_of_demo).rows
    for source, lang, tally in Manifest.load(demo / "curate").report.items():
        for step, reasons in tally.dropped.items():
            for reason, n in reasons.items():
                assert [source, lang, step, reason, f"{n:,}"] in rows


def test_nothing_on_the_page_asks_for_anything_outside(page_of_demo: str) -> None:
    for tag, attributes in parsed(page_of_demo).tags:
        for name in ("src", "href", "action", "data", "srcset", "poster"):
            target = attributes.get(name) or ""
            assert target.startswith(("#", "data:")) or not target, (tag, target)
    assert not re.search(r"url\((?!data:)|@import|fetch\(|XMLHttpRequest", page_of_demo)
    assert len(page_of_demo.encode()) < 5_000_000


def test_every_picture_has_its_numbers_and_a_name(page_of_demo: str) -> None:
    tags = parsed(page_of_demo).tags
    pictures = [attributes for tag, attributes in tags if tag == "svg"]
    assert len(pictures) > 20
    assert all(p["role"] == "img" and p["aria-label"] for p in pictures)
    assert page_of_demo.count("The numbers</summary>") == len(pictures)
    anchors = {a["href"] for tag, a in tags if tag == "a" and a.get("href", "").startswith("#")}
    ids = [a["id"] for _, a in tags if a.get("id")]
    assert len(ids) == len(set(ids))
    assert {anchor[1:] for anchor in anchors} <= set(ids)


def test_hostile_text_is_shown_and_never_part_of_the_page(hostile: Path) -> None:
    text = html([hostile])
    page = parsed(text)
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert not [a for _, a in page.tags if any(name.startswith("on") for name in a)]
    assert "&lt;script&gt;alert(" in text
    assert "⟨U+202E⟩" in text
    assert "\u202e" not in text
    assert "\x00" not in text
    assert len(text) < 300_000  # a document of 1 MB is cut


def test_characters_that_hide_or_turn_text_are_shown() -> None:
    assert visible("a\u2066b\u200bc\ufeff\x7f") == "a⟨U+2066⟩b⟨U+200B⟩c⟨U+FEFF⟩⟨U+007F⟩"
    assert visible("한국어\n日本語\tTiếng") == "한국어\n日本語\tTiếng"


def test_the_page_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    sizes = []
    for n in (10, 3_000):
        directory = tmp_path / str(n)
        commit = Commit.begin(directory, stage="curate", kind="document/1", section={"n": n})
        shards, report = ShardSet(commit.work, DOCUMENT), Report()
        documents = [
            Document(id=f"{i:032x}", text=f"Document {i:05d}. " * 40, lang="en", source="s")
            for i in range(n)
        ]
        shards.write("en", to_batch(documents))
        report.read("s", "en", n)
        report.kept("s", "en", n)
        commit.finish(DOCUMENT, shards.close(), report)
        sizes.append(len(html([directory])))
    assert abs(sizes[1] - sizes[0]) < 200


def test_a_score_beside_the_probes_becomes_a_heat_map(demo: Path, tmp_path: Path, hanji) -> None:
    run = tmp_path / "run"
    shutil.copytree(demo / "probes", run / "probes")
    rows = [r for b in Dataset.open(run / "probes").batches() for r in b.to_pylist()]
    answers = tmp_path / "answers.jsonl"
    answers.write_text(
        "".join(
            json.dumps({"id": r["id"], "answer": "0" if r["lang"] == "ko" else
                        ", ".join(json.loads(r["answer"]))}) + "\n" for r in rows
        )
    )  # fmt: skip
    score = run / "probes-score.json"
    done = hanji("longdoc", "score", run / "probes", answers, "-o", score)
    assert done.code == 1, done.err
    text = html([run])
    assert "The light is <strong>RED</strong>" in text
    assert "Share right by length (tokens) and depth (%)" in text
    score.write_text("{}")
    with pytest.raises(RecipeError, match="is no score of hanji"):
        html([run])


def test_the_tokenizer_in_the_page_is_the_tokenizer(demo: Path) -> None:
    packed = embedded(demo / "tokenizer" / "tokenizer.json")
    assert packed is not None
    data = msgspec.json.decode(zlib.decompress(base64.b64decode(packed)))
    whole = json.loads((demo / "tokenizer" / "tokenizer.json").read_text("utf-8"))
    assert data["vocab"] == whole["model"]["vocab"]
    assert len(data["merges"]) == len(whole["model"]["merges"])
    assert "*+" not in data["pattern"]
    assert "++" not in data["pattern"]


def test_an_unfinished_run_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "run" / "curate" / ".work-0123").mkdir(parents=True)
    with pytest.raises(RecipeError, match="holds"):
        html([tmp_path / "run"])
    with pytest.raises(RecipeError, match="unfinished"):
        html([tmp_path / "run" / "curate"])


def test_the_page_is_the_same_every_time(demo: Path, tmp_path: Path) -> None:
    first = write([demo], tmp_path / "a.html").read_bytes()
    assert write([demo], tmp_path / "b.html").read_bytes() == first


def test_baselines_beside_the_tokenizer_are_shown(demo: Path, tmp_path: Path, hanji) -> None:
    run = tmp_path / "run"
    shutil.copytree(demo / "tokenizer", run / "tokenizer")
    done = hanji("tokenizer", "eval", run / "tokenizer", "--input", demo / "curate",
                 "--baseline", "train:tokenizers", "--json")  # fmt: skip
    (run / "tokenizer-eval.json").write_text(done.out)
    text = html([run])
    assert "Against baselines" in text
    judged = json.loads(done.out)["tokenizers"]
    rows = parsed(text).rows
    for each in judged:
        rate = f"{each['by_lang']['ko']['bytes_per_token']:.2f}"
        assert any(row[0] == Path(each["name"]).name and rate in row for row in rows)
    (run / "tokenizer-eval.json").write_text("[]")
    with pytest.raises(RecipeError, match="is no output of hanji tokenizer eval"):
        html([run])


def test_a_mix_shows_what_was_drawn(demo: Path, page_of_demo: str) -> None:
    samples = Manifest.load(demo / "rehearsal" / "long").facts["samples"]
    assert isinstance(samples, list)
    assert {row["component"] for row in samples} == {"rehearsal", "reasoning", "long"}
    texts = {d.id: d.text for d in Dataset.open(demo / "curate").documents()}
    for row in samples:
        if row["component"] == "rehearsal":
            assert texts[row["id"]].startswith(row["text"].rstrip("\ufffd"))
            assert row["id"] in page_of_demo
