"""Near-duplicates and addresses: signatures as the theory says, recall and precision, short texts."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanji.execution import Execution
from hanji.manifest import Dataset
from hanji.minhash import jaccard, shingle_sets, sign
from hanji.text.signs import HAN, HIRAGANA, KATAKANA, WORD, kind_of
from pipelines.curate import curate
from pipelines.dedup.near import stars, word_shingled
from pipelines.dedup.urls import canonical_url, url_keys
from pipelines.read.source import Source
from pipelines.section import Curate, Duplicates, Near

SIX = (
    "The paper maker dries each sheet in the sun and counts the sheets in the evening.",
    "종이 장인은 종이를 햇볕에 말리고 저녁마다 장수를 센다. 그리고 다음 날을 준비한다.",
    "El papelero seca cada hoja al sol y cuenta las hojas por la tarde con mucho cuidado.",
    "Der Papiermacher trocknet jedes Blatt in der Sonne und zählt am Abend die Blätter.",
    "紙漉きの職人は一枚ずつ日に干し、夕方にカードの枚数を数える。それから次の日の支度をする。",
    "Người thợ làm giấy phơi từng tờ dưới nắng và đếm số tờ giấy vào mỗi buổi chiều.",
)


def large(texts: list[str]) -> pa.LargeStringArray:
    return pa.array(texts, pa.large_string())


def words_of(text: str) -> list[str]:
    """Cut a text into words, slowly."""
    words: list[str] = []
    last = -1
    for char in text:
        kind = kind_of(ord(char))
        part = kind in (WORD, HIRAGANA, KATAKANA, HAN)
        if part and kind != last:
            words.append("")
        if part:
            words[-1] += char.lower() if char.isascii() else char
        last = kind if part else -1
    return words


def characters_of(text: str) -> list[str]:
    """Fold a text to characters, slowly."""
    folded = "".join(
        (c.lower() if c.isascii() else c)
        if kind_of(ord(c)) in (WORD, HIRAGANA, KATAKANA, HAN) or kind_of(ord(c)) == 6
        else " "
        for c in text
    )
    return list(re.sub(" +", " ", folded).strip(" "))


def shingles_of(text: str, words: bool) -> set[tuple[str, ...]]:
    """Make the shingles of a text, slowly."""
    units = words_of(text) if words else characters_of(text)
    window = 5
    if not words:
        window = 5 if 2 * sum(ord(c) >= 0x1100 for c in units) > len(units) else 12
    n = max(len(units) - window + 1, 1) if units else 0
    return {tuple(units[i : i + window]) for i in range(n)}


texts = st.lists(
    st.sampled_from(
        [*" \n.,'-aBé7", "ガ", "か", "漢", "한", "글", "ạ", "《", "the ", "紙を", "😀"]
    ),
    max_size=60,
).map("".join)


@given(texts, texts, st.booleans())
def test_shingles_equal_a_slow_reference(one: str, two: str, words: bool) -> None:
    left, right = shingles_of(one, words), shingles_of(two, words)
    sets = shingle_sets(large([one, two]), words)
    assert [len(s) for s in sets] == [len(left), len(right)]
    exact = len(left & right) / max(len(left | right), 1)
    assert jaccard(sets[0], sets[1]) == pytest.approx(exact)


@pytest.mark.parametrize("words", [True, False])
def test_the_error_of_the_estimate_is_the_theorys(words: bool) -> None:
    draw = random.Random(1)
    left, right = [], []
    for _ in range(2_000):
        units = [f"w{draw.randrange(10**6)}" for _ in range(80)]
        left.append(" ".join(units))
        right.append(" ".join(u if draw.random() > 0.03 else f"v{u}" for u in units))
    sets = zip(shingle_sets(large(left), words), shingle_sets(large(right), words))
    exact = np.array([jaccard(one, two) for one, two in sets])
    equal = sign(large(left), 112, words).values == sign(large(right), 112, words).values
    error = np.sqrt(((equal.mean(axis=1) - exact) ** 2).mean())
    theory = np.sqrt((exact * (1 - exact) / 112).mean())
    assert 0.9 < error / theory < 1.1


@pytest.mark.parametrize("words", [True, False])
def test_short_texts_are_flagged(words: bool) -> None:
    signed = sign(large(["", "404", "short text", SIX[0] * 3, SIX[1] * 3]), 112, words)
    assert signed.short.tolist() == [True, True, True, False, False]
    assert signed.shingles[0] == 0
    assert signed.shingles[1] == 1


def test_shingles_are_chosen_by_language_or_by_the_recipe() -> None:
    langs = ["en", "ko", "ja", "vi"]
    assert word_shingled(langs, Near()).tolist() == [True, False, False, True]
    assert word_shingled(langs, Near(shingles="words")).all()
    assert not word_shingled(langs, Near(shingles="characters")).any()


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 6)), min_size=1, max_size=40))
def test_stars_lose_no_link_between_documents_of_a_bucket(pairs: list[tuple[int, int]]) -> None:
    """Alike are values at most 1 apart, which is not transitive."""
    pairs = sorted(pairs)
    run = np.unique([r for r, _ in pairs], return_inverse=True)[1].astype(np.int64)
    values = np.array([v for _, v in pairs])
    documents = np.arange(len(pairs), dtype=np.uint64)

    def alike(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        found: np.ndarray = np.abs(values[left.astype(int)] - values[right.astype(int)]) <= 1
        return found

    def components(edges: set[tuple[int, int]]) -> list[int]:
        root = list(range(len(pairs)))
        for a, b in sorted(edges) * len(pairs):
            root[a] = root[b] = min(root[a], root[b])
        return root

    left, right = stars(documents, run, alike)
    found = {(int(a), int(b)) for a, b in zip(left, right)}
    whole = {
        (a, b)
        for a in range(len(pairs))
        for b in range(a)
        if run[a] == run[b] and abs(values[a] - values[b]) <= 1
    }
    assert found <= whole | {(b, a) for a, b in whole}
    assert components(found) == components(whole)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://Example.org", "https://example.org"),
        ("https://www.example.org:443/a/?utm_source=x&fbclid=1", "https://example.org/a"),
        ("https://example.org:8080/a", "https://example.org:8080/a"),
        ("https://example.org/a?b=2&a=1#c", "https://example.org/a?a=1&b=2"),
        ("https://example.org/A%20b?q=%ED%95%9C", "https://example.org/A%20b?q=%ED%95%9C"),
        ("https://[::1]:443/x", "https://[::1]/x"),
        ("https://[::1/x", ""),
        ("https://example.org:port/", ""),
        ("mailto:a@b.c", ""),
        ("", ""),
    ],
)
def test_addresses_have_a_canonical_form(url: str, expected: str) -> None:
    assert canonical_url(url) == expected


@given(st.text())
def test_the_canonical_form_is_stable(text: str) -> None:
    once = canonical_url(f"https://example.org/{text}")
    assert canonical_url(once) == once


def test_documents_without_an_address_have_no_key() -> None:
    keys, checks, rows = url_keys(["https://a.org/", "", "x", "http://a.org"])
    assert rows.tolist() == [0, 3]
    assert keys[0] == keys[1]
    assert checks[0] == checks[1]


def test_more_bands_than_the_signature_has_are_refused() -> None:
    assert msgspec.convert({"bands": 16, "rows": 7}, Near).rows == 7
    with pytest.raises(msgspec.ValidationError, match="15 bands of 8 rows need more than the 112"):
        msgspec.convert({"bands": 15, "rows": 8}, Near)


LOOSE = Curate(quality=None, personal_data=None)


def run(rows: list[dict[str, str]], folder: Path, section: Curate) -> dict[str, dict[str, str]]:
    """Curate rows; return the rejected by their text, and the kept under their text."""
    folder.mkdir(parents=True)
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "in.jsonl").write_text("".join(lines), encoding="utf-8")
    source = Source(name="docs", path=str(folder / "in.jsonl"))
    manifest = curate((source,), section, Path(), folder / "out", Execution())
    manifest.report.check()
    dataset = Dataset.open(folder / "out", "document/1")
    kept = {d.text: {"reason": "kept", "id": d.id} for d in dataset.documents()}
    rejected = [row for batch in dataset.batches("rejected") for row in batch.to_pylist()]
    return kept | {row["sample"]: row for row in rejected}


def test_short_texts_that_differ_are_never_merged(tmp_path: Path) -> None:
    heads = [text[: 5 if ord(text[0]) > 0x1100 else 20] for text in SIX]
    texts = [f"{head} {i}" for head in heads for i in range(20)]
    copies = [text.replace(" ", "  ") + " " for text in texts]
    rows = [{"id": str(i), "text": text} for i, text in enumerate([*texts, *copies])]
    found = run(rows, tmp_path / "run", LOOSE)
    reasons = {row["reason"] for row in found.values()}
    assert {"kept"} < reasons <= {"kept", "exact_duplicate", "other_language", "unsure_language"}
    assert sum(found[text]["reason"] == "kept" for text in texts) > 20


def test_the_same_address_is_a_duplicate_where_the_recipe_says_so(tmp_path: Path) -> None:
    rows = [
        {"id": str(i), "text": text, "url": f"http://example.org/{i % 3}?utm_source={i}"}
        for i, text in enumerate(SIX)
    ]
    rows.append({"id": "none", "text": SIX[0] + SIX[0], "url": ""})
    rows.append({"id": "nothing", "text": SIX[2] + SIX[2], "url": ""})
    assert {row["reason"] for row in run(rows, tmp_path / "off", LOOSE).values()} == {"kept"}
    section = Curate(quality=None, personal_data=None, duplicates=Duplicates(url=True))
    reasons = [row["reason"] for row in run(rows, tmp_path / "on", section).values()]
    assert sorted(reasons) == ["duplicate_url"] * 3 + ["kept"] * 5


@pytest.mark.slow
def test_recall_and_precision_against_exact_similarities(
    shared_data: Path, root: Path, tmp_path: Path
) -> None:
    figures = tmp_path / "figures.json"
    command = [sys.executable, "benchmarks/near_dedup.py", "--data", str(shared_data)]
    command += ["--documents", "2000", "--pairs", "20000", "--json", str(figures)]
    subprocess.run(command, cwd=root, check=True, capture_output=True)
    pairs = json.loads(figures.read_text())["pairs"]
    assert pairs["pairs_above_0.85"] > 2_000
    assert pairs["recall"] >= 0.99
    assert pairs["precision"] >= 0.99
