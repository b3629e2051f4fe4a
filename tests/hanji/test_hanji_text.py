"""Text that several products share: particles, numbers, borders of sentences."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanji.schema import LANGS
from hanji.text.korean import has_final, josa
from hanji.text.numbers import format_number, kanji, native_korean, parse_number, sino_korean
from hanji.text.sentences import paragraphs, sentences


@pytest.mark.parametrize(
    ("word", "pair", "expected"),
    [
        ("책", "은/는", "책은"),
        ("종이", "은/는", "종이는"),
        ("서울", "으로/로", "서울로"),
        ("부산", "으로/로", "부산으로"),
        ("바다", "으로/로", "바다로"),
        ("1", "이/가", "1이"),
        ("2", "이/가", "2가"),
        ("3", "을/를", "3을"),
        ("6", "을/를", "6을"),
        ("7", "으로/로", "7로"),
        ("9", "과/와", "9와"),
        ("10", "이/가", "10이"),
        ("100", "은/는", "100은"),
        ("1,000", "은/는", "1,000은"),
        ("20,000", "을/를", "20,000을"),
        ("100,000,000", "이/가", "100,000,000이"),
        ("0", "이/가", "0이"),
        ("50%", "은/는", "50%는"),
        ("km", "을/를", "km을"),
        ("kg", "이/가", "kg가"),
        ("(한지)", "은/는", "(한지)는"),
    ],
)
def test_particles_agree_with_the_sound(word: str, pair: str, expected: str) -> None:
    assert josa(word, pair) == expected


def test_has_final_knows_all_syllables() -> None:
    assert has_final("각")
    assert not has_final("가")
    assert has_final("힣")


@pytest.mark.parametrize(
    ("lang", "expected"),
    [("en", "1,234,567.5"), ("ko", "1,234,567.5"), ("ja", "1,234,567.5"), ("de", "1.234.567,5"), ("es", "1.234.567,5"), ("vi", "1.234.567,5")],
)  # fmt: skip
def test_numbers_are_written_as_the_language_does(lang: str, expected: str) -> None:
    assert format_number(Decimal("1234567.5"), lang) == expected


def test_spanish_leaves_four_digits_together() -> None:
    assert format_number(1234, "es") == "1234"
    assert format_number(12345, "es") == "12.345"


@given(st.sampled_from(LANGS), st.decimals(-(10**12), 10**12, places=3))
def test_a_written_number_is_read_back(lang: str, value: Decimal) -> None:
    assert parse_number(format_number(value, lang), lang) == value


@given(st.integers(0, 10**15))
def test_spelled_numbers_are_read_back(value: int) -> None:
    assert parse_number(sino_korean(value), "ko") == value
    assert parse_number(kanji(value), "ja") == value


def test_numerals_are_the_usual_ones() -> None:
    assert [native_korean(n) for n in (1, 3, 11, 20, 21, 99)] == [
        "한",
        "세",
        "열한",
        "스무",
        "스물한",
        "아흔아홉",
    ]
    assert [sino_korean(n) for n in (0, 10, 16, 305, 10_000)] == [
        "영",
        "십",
        "십육",
        "삼백오",
        "만",
    ]
    assert [kanji(n) for n in (0, 10, 110, 2026, 10_000)] == [
        "〇",
        "十",
        "百十",
        "二千二十六",
        "一万",
    ]
    with pytest.raises(ValueError, match="no native"):
        native_korean(100)


SENTENCES = {
    "en": ["Dr. Kim came at 3.30 p.m. to see us. ", "“Is it late?” ", "No."],
    "ko": ["김 박사가 왔다. ", "“늦었습니까?” ", "아니다."],
    "es": ["El Sr. Gil vino ayer. ", "¿Es tarde? ", "No."],
    "de": ["Am 3. Mai kam Dr. Kern. ", "Ist es spät? ", "Nein."],
    "ja": ["金さんが来た。", "「遅いですか。」", "いいえ。"],
    "vi": ["Ông Kim đã đến. ", "Có muộn không? ", "Không."],
}


@pytest.mark.parametrize("lang", LANGS)
def test_sentences_end_where_a_reader_ends_them(lang: str) -> None:
    text = "".join(SENTENCES[lang])
    assert [text[a:b] for a, b in sentences(text, lang)] == SENTENCES[lang]


@given(st.text(alphabet=st.characters(codec="utf-8")), st.sampled_from(LANGS))
def test_spans_cover_the_whole_text(text: str, lang: str) -> None:
    for spans in (sentences(text, lang), paragraphs(text)):
        assert "".join(text[a:b] for a, b in spans) == text
        assert all(a < b for a, b in spans)


def test_a_line_break_ends_a_sentence_and_a_blank_line_a_paragraph() -> None:
    text = "Head\nOne line\n\nNext"
    assert [text[a:b] for a, b in sentences(text)] == ["Head\n", "One line\n\n", "Next"]
    assert [text[a:b] for a, b in paragraphs(text)] == ["Head\nOne line\n\n", "Next"]
