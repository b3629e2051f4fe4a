"""Lists of addresses, words and licences."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanji.errors import RecipeError
from hanji.execution import Execution
from hanji.manifest import Dataset
from hanji.recipe import Recipe
from pipelines.calibrate import Calibrated, Limits, write_limits
from pipelines.curate import curate
from pipelines.forecast import sample
from pipelines.lists import allowed, blocked, count_words, lines_of
from pipelines.read.source import Source
from pipelines.section import Curate, Lists, Quality


@pytest.fixture(scope="module")
def urls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lists") / "urls.txt"
    path.write_text("# not wanted\nBad.example\nwww.other.org/spam/  # only there\n\n")
    return path


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("https://bad.example/a", True),
        ("http://www.bad.example", True),
        ("https://deep.sub.bad.example/x?y", True),
        ("bad.example/page", True),
        ("https://notbad.example/", False),
        ("https://bad.example.org/", False),
        ("https://other.org/spam/page.html", True),
        ("https://other.org/spam", True),
        ("https://other.org/spammer", False),
        ("https://other.org/", False),
        ("", False),
    ],
)
def test_addresses_below_an_entry_are_blocked(url: str, wanted: bool, urls: Path) -> None:
    assert blocked(url, urls) is wanted


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("words") / "words.txt"
    path.write_text("casino\nfree spins\n도박장\n賭博場\ncờ bạc\n")
    return path


@pytest.mark.parametrize(
    ("text", "lang", "n"),
    [
        ("Casino! The CASINO gives free spins.", "en", 3),
        ("casinos and occasino", "en", 0),
        ("도박장에서 도박장을 보았다", "ko", 2),
        ("大きな賭博場です", "ja", 1),
        ("Cờ bạc là xấu, cờ bạcx thì không", "vi", 1),
        ("", "en", 0),
    ],
)
def test_words_are_counted(text: str, lang: str, n: int, words: Path) -> None:
    assert count_words(text, lang, words) == n


@given(
    st.lists(
        st.sampled_from(["casino", "free", "spins", "x", "casinos", "free spins"]), max_size=20
    )
)
def test_counts_are_those_of_a_slow_search(parts: list[str]) -> None:
    import re
    import tempfile

    text = " ".join(parts)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "w.txt"
        path.write_text("casino\nfree spins\n")
        slow = sum(len(re.findall(rf"\b{word}\b", text)) for word in ("casino", "free spins"))
        assert count_words(text, "en", path) == slow


def test_licences_match_patterns() -> None:
    assert allowed("MIT", ["mit", "CC-*"], False)
    assert allowed("cc-by-4.0", ["mit", "CC-*"], False)
    assert not allowed("GPL-3.0", ["mit", "CC-*"], False)
    assert allowed("  ", ["mit"], True)
    assert not allowed("", ["*"], False)


def test_lists_of_a_recipe_drop_with_their_reasons(tmp_path: Path) -> None:
    body = "The keeper of the mill counted the sheets of paper that had dried in the sun. " * 2
    rows = [
        {"id": "1", "text": body, "url": "https://good.example/1", "license": "CC0-1.0"},
        {"id": "2", "text": body + "Two.", "url": "https://bad.example/1", "license": "CC0-1.0"},
        {"id": "3", "text": body + "Casino casino casino.", "license": "CC0-1.0"},
        {"id": "4", "text": body + "Four.", "license": "all rights reserved"},
        {"id": "5", "text": body + "Five."},
    ]
    (tmp_path / "in.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    (tmp_path / "urls.txt").write_text("bad.example")
    (tmp_path / "words.txt").write_text("casino")
    lists = Lists(urls="urls.txt", words={"en": "words.txt"}, licenses=("CC0-*",), unlicensed=False)
    section = Curate(quality=Quality(rules=()), lists=lists)
    sources = (Source(name="s", path="in.jsonl"),)
    manifest = curate(sources, section, tmp_path, tmp_path / "out", Execution())
    manifest.report.check()
    assert manifest.report.total().dropped["lists"] == {
        "blocked_url": 1, "blocked_words": 1, "licence_not_allowed": 2
    }  # fmt: skip
    assert Dataset.open(tmp_path / "out").rows == 1
    (tmp_path / "words.txt").write_text("mill")
    lines_of.cache_clear()
    other = curate(sources, section, tmp_path, tmp_path / "other", Execution())
    assert other.fingerprint != manifest.fingerprint


def test_bad_lists_are_told_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"text": "x"}')
    (tmp_path / "empty.txt").write_text("# nothing\n")
    (tmp_path / "latin.txt").write_bytes("é".encode("latin-1"))
    for name, message in (
        ("none.txt", "cannot be read"),
        ("empty.txt", "holds no entry"),
        ("latin.txt", "it is not UTF-8"),
    ):
        section = Curate(lists=Lists(urls=name))
        with pytest.raises(RecipeError, match=message):
            curate(
                (Source(name="s", path="in.jsonl"),), section, tmp_path, tmp_path / "o", Execution()
            )


def test_lists_and_limits_may_lie_at_an_address(tmp_path: Path) -> None:
    import fsspec

    body = "The keeper of the mill counted the sheets of paper that had dried in the sun. " * 2
    rows = [
        {"text": body + "One."},
        {"text": body + "Casino casino casino."},
        {"text": body + "Three.", "url": "https://bad.example/x"},
    ]
    (tmp_path / "in.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    limits = Limits(
        format="hanji.limits/1", segmenter="fast", corpus="", documents={}, keep=0.99,
        limits={"en": {"n_words_min": Calibrated(10_000, 0.5, "quantile")}},
    )  # fmt: skip
    write_limits(tmp_path / "limits.json", limits)
    store = fsspec.filesystem("memory")
    store.pipe("/lists/words.txt", b"casino\n")
    store.pipe("/lists/urls.txt", b"bad.example\n")
    store.pipe("/lists/limits.json", (tmp_path / "limits.json").read_bytes())
    far = Lists(urls="memory://lists/urls.txt", words={"en": "memory://lists/words.txt"})
    quality = Quality(rules=("gopher",), limits_file="memory://lists/limits.json")
    section = Curate(quality=quality, lists=far)
    sources = (Source(name="s", path="in.jsonl"),)
    manifest = curate(sources, section, tmp_path, tmp_path / "out", Execution())
    dropped = manifest.report.total().dropped
    assert dropped["lists"] == {"blocked_url": 1, "blocked_words": 1}
    assert dropped["quality"] == {"too_few_words": 1}


def test_a_plan_looks_for_lists_beside_the_recipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in.jsonl").write_text('{"text": "The casino by the old mill was closed."}')
    (tmp_path / "words.txt").write_text("casino")
    (tmp_path / "r.yaml").write_text(
        "sources: [{name: s, path: in.jsonl}]\ncurate: {quality: null, lists: {words: {en: words.txt}}}\n"
    )
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    (source,), rate, kept = sample(Recipe.load(tmp_path / "r.yaml"))
    assert source.documents == 1
    assert rate > 0
    assert kept > 0
