"""Every number of a profile against a slow reference, in six languages and in any mess."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from hanji.schema import LANGS
from hanji.text.signs import BLANK, HAN, HIRAGANA, KATAKANA, WORD, kind_of
from pipelines.langs import languages
from pipelines.profile import METRICS, SEPARATOR, profile
from pipelines.quality import RULES

LETTERS = (WORD, HIRAGANA, KATAKANA, HAN)
STOPS = ".!?\"'):;…”’»。！？」』）．｡"
BULLETS = "•‣◦⁃・●■*-–"
STOP_WORDS = {lang: data.stop_words for lang, data in languages().items()}
POLICY = {lang: data.policy for lang, data in languages().items()}


def fold(text: str) -> str:
    return "".join(c.lower() if c.isascii() else c for c in text)


def words_of(text: str, by_script: bool = True) -> list[str]:
    words: list[str] = []
    last = -1
    for char in text:
        kind = kind_of(ord(char)) if char != SEPARATOR else BLANK
        if kind in LETTERS:
            if last in LETTERS and (kind == last or not by_script):
                words[-1] += char
            else:
                words.append(char)
        last = kind
    return words


def repeated(parts: list[str]) -> list[str]:
    seen: set[str] = set()
    return [part for part in parts if part in seen or seen.add(part)]  # type: ignore[func-returns-value]


def sentences(text: str) -> int:
    n = 0
    wide = "。！？．｡"
    for char, after in zip(text, [*text[1:], "\n"]):
        if char in wide:
            n += after not in wide
        elif char in ".!?…":
            n += ord(after) <= 32 or after in "\"')”’»\u00a0\u3000"
    return n


def slow(text: str, lang: str, cut: bool = False) -> dict[str, float]:
    words = [fold(word) for word in words_of(text, not cut)]
    plain = text.replace(SEPARATOR, "")
    blank = lambda c: kind_of(ord(c)) == BLANK  # noqa: E731
    rows = ["".join(itertools.dropwhile(blank, line)) for line in plain.split("\n")]
    lines = [row for row in rows if row]
    paragraphs = [list(g) for full, g in itertools.groupby(rows, bool) if full]
    line_chars = sum(map(len, lines))
    ends = ["".join(itertools.dropwhile(blank, line[::-1]))[:1] for line in lines]
    low = fold(text)
    found = {
        "n_chars": len(plain),
        "n_words": len(words),
        "mean_word_length": sum(map(len, words)) / max(len(words), 1),
        "alpha_words": sum(any(c not in "0123456789" for c in w) for w in words) / max(len(words), 1),
        "hashes_per_word": text.count("#") / max(len(words), 1),
        "ellipses_per_word": (sum(text[i : i + 3] == "..." for i in range(len(text)))
                              + text.count("…")) / max(len(words), 1),
        "bullet_lines": sum(line[0] in BULLETS for line in lines) / max(len(lines), 1),
        "ellipsis_lines": sum(end == "…" or line.endswith("...") for line, end in zip(lines, ends))
        / max(len(lines), 1),
        "punctuated_lines": sum(end in STOPS for end in ends) / max(len(lines), 1),
        "short_lines": sum(len(line) <= 30 for line in lines) / max(len(lines), 1),
        "duplicate_lines": len(repeated(lines)) / max(len(lines), 1),
        "duplicate_line_chars": sum(map(len, repeated(lines))) / max(line_chars, 1),
        "duplicate_paragraphs": len(repeated(["\n".join(p) for p in paragraphs])) / max(len(paragraphs), 1),
        "duplicate_paragraph_chars": sum(
            len(p) - p.count("\n") for p in repeated(["\n".join(p) for p in paragraphs])
        ) / max(line_chars, 1),
        "stop_words": len(set(words) & set(STOP_WORDS[lang])),
        "lines_per_word": text.count("\n") / max(len(words), 1),
        "n_sentences": sentences(text),
        "curly_brackets_per_word": text.count("{") / max(len(words), 1),
        "javascript_lines": sum("javascript" in fold(line) for line in lines) / max(len(lines), 1),
        "policy_lines": sum(any(p in fold(line) for p in POLICY[lang]) for line in lines)
        / max(len(lines), 1),
        "placeholder_texts": low.count("lorem ipsum"),
    }  # fmt: skip
    sizes = [len(word) for word in words]
    for n in (2, 3, 4):
        counts = Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))
        top, count = counts.most_common(1)[0] if counts else ((), 1)
        share = sum(map(len, top)) * count / len(plain) if count > 1 else 0.0
        found[f"top_{n}_grams"] = share
    for n in range(5, 11):
        seen: set[tuple[str, ...]] = set()
        chars = at = 0
        while at < len(words) - n + 1:
            gram = tuple(words[at : at + n])
            if gram in seen:
                chars += sum(sizes[at : at + n])
                at += n
            else:
                seen.add(gram)
                at += 1
        found[f"duplicate_{n}_grams"] = chars / max(len(plain), 1)
    return found


def compare(text: str, lang: str, cut: bool = False) -> None:
    segmented = (lang,) if cut else ()
    column = pa.array([text], pa.large_string())
    values = profile(column, [lang], STOP_WORDS, POLICY, segmented)[0]
    expected = slow(text, lang, cut)
    assert list(expected) == list(METRICS)
    for name, value in zip(METRICS, values):
        assert value == pytest.approx(expected[name], abs=1e-12), name


PIECES = [
    "paper", "Hanji", "the", "7", "x9", ".", "...", "…", "* a", "-", "'s", "(b)", "!", "\n", "\n\n", "#", "{",
    "javascript", "Lorem ipsum", "Terms of Use", "쿠키를 사용", "利用規約", "한지는", "종이", "紙をすく", "カミ",
    "です。", "！？", "giấy", "dó", "de la", "\u3000", "\t", "Größe", "🎋", "a b c d e f g h i j k",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=60).map(" ".join), st.sampled_from(LANGS))
def test_the_profile_is_the_slow_one(text: str, lang: str) -> None:
    compare(text, lang)


@given(st.text("ab \n.한カ字", max_size=120), st.sampled_from(LANGS))
def test_so_it_is_of_texts_that_repeat_themselves(text: str, lang: str) -> None:
    compare(text, lang)


@given(st.text(st.characters(exclude_characters="\x1f", exclude_categories=["Cs"]), max_size=80))
def test_and_of_any_text(text: str) -> None:
    compare(text, "en")


@pytest.mark.parametrize(
    "text", ["", " ", "\n", "a", "\0", "\r", ".", "a" * 5_000, "ab " * 700, "가나 " * 500 + "\n" * 40,
             "Tie\u0302\u0301ng Vie\u0323\u0302t " * 30]  # decomposed
)  # fmt: skip
def test_and_of_odd_texts(text: str) -> None:
    compare(text, "vi")


@pytest.mark.parametrize("lang", LANGS)
def test_and_of_real_text(lang: str, shared_data: Path) -> None:
    with zstandard.open(shared_data / "docs" / f"{lang}.jsonl.zst", "rt", encoding="utf-8") as file:
        for line in itertools.islice(file, 0, 300, 5):
            compare(json.loads(line)["text"][:20_000], lang)


@given(st.lists(st.sampled_from(["食べる", "食", "べる", "水", "カミ"]), max_size=30))
def test_separators_are_borders_and_no_characters(words: list[str]) -> None:
    compare(SEPARATOR.join(words), "ja", cut=True)
    text = pa.array([SEPARATOR.join(words)], pa.large_string())
    values = profile(text, ["ja"], {}, {}, ("ja",))[0]
    assert values[METRICS.index("n_words")] == len(words)
    assert values[METRICS.index("n_chars")] == sum(map(len, words))


def test_a_megabyte_in_one_line() -> None:
    column = pa.array(["paper " * 200_000], pa.large_string())
    values = profile(column, ["en"], STOP_WORDS, POLICY)[0]
    assert values[METRICS.index("n_words")] == 200_000
    assert values[METRICS.index("duplicate_10_grams")] == pytest.approx(5 / 6, abs=1e-3)


def test_a_profile_depends_on_its_text_alone() -> None:
    texts = ["paper " * 30, "", "한지 종이\n" * 9, "a b c d e f " * 12]
    langs = ["en", "de", "ko", "en"]
    together = profile(pa.array(texts, pa.large_string()), langs, STOP_WORDS, POLICY)
    for i, (text, lang) in enumerate(zip(texts, langs)):
        alone = profile(pa.array([text], pa.large_string()), [lang], STOP_WORDS, POLICY)[0]
        assert np.array_equal(together[i], alone)


@pytest.mark.parametrize("lang", LANGS)
def test_every_limit_is_there_with_its_source(lang: str) -> None:
    data = languages()[lang]
    assert set(data.limits) == {rule.limit for rule in RULES} == set(data.sources)
    assert data.segmenter == "fast"
    assert 0 < len(set(data.stop_words)) <= 64
    assert all(phrase == fold(phrase) for phrase in data.policy)
