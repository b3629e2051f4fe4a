"""Repeated lines, paragraphs and runs of words: found as a slow reference finds them, and cut."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanji.execution import Execution
from hanji.manifest import Dataset, Manifest
from pipelines.curate import curate
from pipelines.dedup.cut import without
from pipelines.dedup.keys import matching_form
from pipelines.dedup.pieces import pieces
from pipelines.dedup.runs import anchors, windows, words
from pipelines.read.source import Source
from pipelines.section import Curate, Duplicates, Language, Repeated, Substrings

BOILERPLATE = {
    "en": "All rights are reserved by the paper makers of the valley.",
    "ko": "이 글의 모든 권리는 골짜기의 종이 장인들에게 있습니다.",
    "es": "Todos los derechos pertenecen a los papeleros del valle.",
    "de": "Alle Rechte liegen bei den Papiermachern aus dem Tal.",
    "ja": "この文章のすべての権利は谷の紙漉き職人にあります。",
    "vi": "Mọi quyền thuộc về những người thợ làm giấy trong thung lũng.",
}
OWN = {
    "en": "The {a} of the {b} sheet was dried in the sun before the evening came.",
    "ko": "{b}번째 종이의 {a} 작업은 저녁이 되기 전에 햇볕 아래에서 모두 끝났다.",
    "es": "La hoja {b} del taller {a} se secó al sol antes de que llegara la tarde.",
    "de": "Das Blatt {b} aus der Werkstatt {a} wurde vor dem Abend in der Sonne getrocknet.",
    "ja": "{b}枚目の紙の{a}という作業は、夕方になる前に日なたですっかり終わりました。",
    "vi": "Tờ giấy số {b} của xưởng {a} đã được phơi khô dưới nắng trước khi chiều xuống.",
}
LOOSE = Curate(
    quality=None,
    personal_data=None,
    language=Language(at_least=dict.fromkeys(OWN, 0.0)),
    duplicates=Duplicates(near=None),
)


def utf8(text: str) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    return np.frombuffer(text.encode(), np.uint8)


lines = st.lists(
    st.sampled_from(
        ["", " ", "Paper", "ＰＡＰＥＲ", " paper", "ガス", "カス", "ma\u0301", "má", "한지"]
    ),
    max_size=12,
)


@given(lines, st.booleans())
def test_pieces_equal_a_slow_reference(rows: list[str], paragraphs: bool) -> None:
    data = utf8("\n".join(rows))
    found = pieces(data, paragraphs, 7)
    expected: list[str] = []
    is_open = False
    for row in rows:
        if row.strip():
            if paragraphs and is_open:
                expected[-1] += "\n" + row
            else:
                expected.append(row)
        is_open = bool(row.strip())
    spans = zip(found.start, found.end)
    assert [data[a:b].tobytes().decode() for a, b in spans] == expected
    forms = [matching_form(piece) for piece in expected]
    assert found.chars.tolist() == [len(form) for form in forms]
    keys = dict(zip(found.key.tolist(), forms))
    assert len(keys) == len(set(forms))
    assert [keys[key] for key in found.key.tolist()] == forms
    assert not set(found.key) & set(pieces(data, paragraphs, 8).key)


def places_before(documents: list[list[str]], length: int) -> set[tuple[int, int]]:
    """Find each window of words that stood before, slowly."""
    seen: set[tuple[str, ...]] = set()
    later = set()
    for number, document in enumerate(documents):
        for at in range(len(document) - length + 1):
            window = tuple(document[at : at + length])
            if window in seen:
                later.add((number, at))
            seen.add(window)
    return later


@given(
    st.lists(st.lists(st.sampled_from("abc"), max_size=60), min_size=1, max_size=4),
    st.integers(10, 20),
)
def test_windows_equal_a_slow_reference(documents: list[list[str]], length: int) -> None:
    keys = [words(utf8(" ".join(document)))[0] for document in documents]
    picked = [anchors(key, length, 1) for key in keys]
    counts: dict[int, int] = defaultdict(int)
    for _, hashes in picked:
        for value in hashes.tolist():
            counts[value] += 1
    seen: set[int] = set()
    later = set()
    for number, (key, (places, hashes)) in enumerate(zip(keys, picked)):
        twice = np.array([counts[value] > 1 for value in hashes.tolist()], np.bool_)
        first, found = windows(key, places[twice], length, 1)
        for at, value in zip(first.tolist(), found.tolist()):
            if value in seen:
                later.add((number, at))
            seen.add(value)
    assert later == places_before(documents, length)


def test_words_know_their_bytes() -> None:
    text = "Hanji, 한지를 만든다。紙をすく (giấy dó)"
    _, start, end = words(utf8(text))
    found = [text.encode()[a:b].decode() for a, b in zip(start, end)]
    assert found == ["Hanji", "한지를", "만든다", "紙", "をすく", "giấy", "dó"]


@pytest.mark.parametrize(
    ("text", "cut", "expected"),
    [
        ("one\ntwo\nthree", "two\n", "one\nthree"),
        ("one\n\ntwo\n\nthree", "two\n", "one\n\nthree"),
        ("종이\n한지\n", "한지\n", "종이"),
        ("ab\u0301c", "b", "ac"),  # the mark goes with its letter
        ("x👩\u200d🔧y", "👩", "x🔧y"),
        ("all", "all", ""),
    ],
)
def test_cuts_leave_whole_characters(text: str, cut: str, expected: str) -> None:
    start = text.encode().index(cut.encode())
    assert without(utf8(text), [(start, start + len(cut.encode()))]) == expected


def corpus(path: Path, n: int = 8) -> tuple[Source, ...]:
    """Documents of six languages that end in the same line; one is that line alone."""
    draw = random.Random(1)
    rows = []
    for lang, line in OWN.items():
        for i in range(n):
            own = "\n".join(line.format(a=draw.randrange(10**6), b=i) for _ in range(4))
            rows.append({"id": f"{lang}-{i}", "text": f"{own}\n{BOILERPLATE[lang]}"})
        rows.append({"id": f"{lang}-only", "text": f"{BOILERPLATE[lang]}\n\n---"})
    path.mkdir()
    for part in range(3):
        mine = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows[part::3])
        (path / f"{part}.jsonl").write_text("".join(mine), encoding="utf-8")
    return tuple(Source(name=f"s{part}", path=str(path / f"{part}.jsonl")) for part in range(3))


def run(sources: tuple[Source, ...], out: Path, workers: int = 1, **duplicates: Any) -> Manifest:
    section = msgspec.structs.replace(LOOSE, duplicates=Duplicates(near=None, **duplicates))
    manifest = curate(sources, section, Path(), out, Execution(workers=workers))
    manifest.report.check()
    return manifest


def everything(directory: Path) -> dict[str, bytes]:
    files = sorted(p for p in directory.rglob("*.arrow") if p.is_file())
    return {str(p.relative_to(directory)): p.read_bytes() for p in files}


@pytest.mark.parametrize("keep_first", [True, False])
def test_a_line_of_many_documents_is_cut(tmp_path: Path, keep_first: bool) -> None:
    sources = corpus(tmp_path / "in")
    manifest = run(sources, tmp_path / "out", lines=Repeated(keep_first=keep_first))
    documents = list(Dataset.open(tmp_path / "out", "document/1").documents())
    for lang, line in BOILERPLATE.items():
        mine = [document for document in documents if document.lang == lang]
        assert sum(line in document.text for document in mine) == keep_first
        assert len(mine) == 8
    dropped = manifest.report.total().dropped["duplicates"]
    assert dropped == {"only_repeated_text": 6}
    table = [row for b in Dataset.open(tmp_path / "out").batches() for row in b.to_pylist()]
    assert all(row["n_chars"] == len(row["text"]) for row in table)
    assert all(row["n_bytes"] == len(row["text"].encode()) for row in table)
    cut = manifest.facts["cut"]
    assert isinstance(cut, dict)
    assert {lang: counts["lines"] for lang, counts in cut.items()} == dict.fromkeys(
        sorted(OWN), 9 - keep_first
    )


def test_a_line_of_few_documents_stays(tmp_path: Path) -> None:
    sources = corpus(tmp_path / "in", 4)
    manifest = run(sources, tmp_path / "out", lines=Repeated())
    assert manifest.report.total().dropped == {}
    assert len(everything(tmp_path / "out")) == 6


KINDS: dict[str, Any] = {
    "lines": Repeated(at_least_documents=3),
    "paragraphs": Repeated(at_least_documents=2),
    "substrings": Substrings(at_least=10),
}


def test_cuts_are_the_same_for_any_number_of_workers_and_partitions(tmp_path: Path) -> None:
    sources = corpus(tmp_path / "in")
    run(sources, tmp_path / "one", **KINDS)
    run(sources, tmp_path / "two", workers=2, partitions=3, **KINDS)
    run(sources, tmp_path / "four", workers=4, partitions=1, **KINDS)
    first = everything(tmp_path / "one")
    assert first == everything(tmp_path / "two") == everything(tmp_path / "four")


def test_a_long_run_of_words_stays_in_its_first_place_alone(tmp_path: Path) -> None:
    run_of_words = " ".join(f"sheet{i}" for i in range(60))
    path = tmp_path / "in.jsonl"
    heads = ["The first paper maker writes about", "Another one has copied it from the other:"]
    texts = [
        f"{head} {run_of_words} and that is the end of it {i}." for i, head in enumerate(heads)
    ]
    path.write_text(
        "".join(json.dumps({"id": str(i), "text": t}) + "\n" for i, t in enumerate(texts))
    )
    manifest = run(
        (Source(name="docs", path=str(path)),), tmp_path / "out", substrings=Substrings()
    )
    documents = sorted(d.text for d in Dataset.open(tmp_path / "out", "document/1").documents())
    assert documents == sorted([texts[0], "Another one has copied it from the other: 1."])
    cut = manifest.facts["cut"]
    assert isinstance(cut, dict)
    assert cut["en"]["substrings"] == 1


def test_a_killed_run_cuts_what_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines import publish

    sources = corpus(tmp_path / "in")
    run(sources, tmp_path / "whole", **KINDS)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(publish, "publish", killed)
        with pytest.raises(KeyboardInterrupt):
            run(sources, tmp_path / "out", **KINDS)
    work = next((tmp_path / "out").glob(".work-*"))
    (work / "decisions-cut.arrow").unlink()
    (work / "again.arrow").unlink()
    next(work.glob("units/*.cut.json")).unlink()
    run(sources, tmp_path / "out", **KINDS)
    assert everything(tmp_path / "out") == everything(tmp_path / "whole")
