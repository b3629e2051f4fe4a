"""The parts of curation: normal form, language, masking, profile, keys."""

from __future__ import annotations

import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanji.errors import RecipeError
from pipelines.dedup import band_keys, exact_keys, signatures
from pipelines.language import detect
from pipelines.normalise import normalise
from pipelines.pii import mask
from pipelines.profile import METRICS, profile
from pipelines.quality import RULES, decide, score

SIX = {
    "en": "The paper maker dries each sheet in the sun and counts the sheets in the evening.",
    "ko": "종이 장인은 종이를 햇볕에 말리고 저녁마다 장수를 센다. 그리고 다음 날을 준비한다.",
    "es": "El papelero seca cada hoja al sol y cuenta las hojas por la tarde con mucho cuidado.",
    "de": "Der Papiermacher trocknet jedes Blatt in der Sonne und zählt am Abend die Blätter.",
    "ja": "紙漉きの職人は一枚ずつ日に干し、夕方に枚数を数える。それから次の日の支度をする。",
    "vi": "Người thợ làm giấy phơi từng tờ dưới nắng và đếm số tờ giấy vào mỗi buổi chiều.",
}


@given(st.text())
def test_normal_form_is_stable_and_composed(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert "\r" not in once


@pytest.mark.parametrize(
    "text", ["x² H₂O 10⁻³", "ガス", "カス", "má", "mạ", "ㅋㅋ", "ᄒᆞᆫ글", "Ｈａｎｊｉ", "ﾊﾝｼﾞ", "½"]
)
def test_normal_form_changes_no_meaning(text: str) -> None:
    assert normalise(text) == unicodedata.normalize("NFC", text)


def test_jamo_are_composed_and_zero_width_characters_go() -> None:
    assert normalise(unicodedata.normalize("NFD", "한국어 한지")) == "한국어 한지"
    assert normalise("a\u200bb\ufeffc\u00add\x00e") == "abcde"


@pytest.mark.parametrize("engine", ["fast", "langdetect"])
def test_six_languages_are_told_apart(engine: str) -> None:
    guesses = detect(list(SIX.values()), engine)  # type: ignore[arg-type]
    assert [guess.lang for guess in guesses] == list(SIX)
    assert min(guess.score for guess in guesses) > 0.8


def test_other_languages_and_no_letters_are_not_taken_for_ours() -> None:
    others = [
        "Le papetier sèche chaque feuille au soleil et compte les feuilles le soir.",
        "42 + 7",
    ]
    assert [guess.lang for guess in detect(others)] == ["fr", "und"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mail kim.min-ji+a@mail.example.co.kr now", "Mail <EMAIL> now"),
        ("메일은 a@b.com입니다", "메일은 <EMAIL>입니다"),
        ("no at sign", "no at sign"),
        ("a@b", "a@b"),
    ],
)
def test_mail_addresses_are_masked(text: str, expected: str) -> None:
    assert mask(text).text == expected


def test_an_unknown_kind_of_personal_data_is_named() -> None:
    with pytest.raises(RecipeError, match="unknown kind 'emial'; did you mean 'email'"):
        mask("a", ["emial"])


def test_words_are_counted_by_script() -> None:
    texts = ["한지를 만드는 사람", "紙をすく職人", "giấy dó Việt Nam"]
    values = profile(pa.array(texts, pa.large_string()), ["ko", "ja", "vi"], {})
    assert values[:, METRICS.index("n_words")].tolist() == [3, 3, 4]
    assert values[:, METRICS.index("n_chars")].tolist() == [len(text) for text in texts]


def test_a_slice_of_a_column_has_the_profile_of_its_rows() -> None:
    whole = pa.array(["skipped text", *SIX.values()], pa.large_string())
    part = profile(whole.slice(1), list(SIX), {})
    fresh = profile(pa.array(list(SIX.values()), pa.large_string()), list(SIX), {})
    assert np.array_equal(part, fresh)


def test_rules_reject_with_reason_value_and_limit() -> None:
    good = "\n".join(f"{SIX['en']} Number {i}." for i in range(8))
    menu = "Home\nLogin\n" * 60
    values = profile(
        pa.array([good, menu, "Too short."], pa.large_string()), ["en"] * 3, {"en": ("the",)}
    )
    verdicts = decide(values, ["en"] * 3, ["gopher"], {"en": {"stop_words": 1}})
    reasons = [RULES[i].reason if i >= 0 else None for i in verdicts.rule]
    assert reasons == [None, "too_few_stop_words", "too_few_words"]
    assert (verdicts.value[2], verdicts.limit[2]) == (2, 20)
    quality = score(values)
    assert quality[0] > quality[1]
    assert ((quality >= 0) & (quality <= 1)).all()


def keys_of(*texts: str) -> list[bytes]:
    return exact_keys(pa.array(texts, pa.large_string()))


def test_matching_keys_fold_case_width_and_blanks_but_no_marks() -> None:
    same = keys_of("Hanji  paper", "ｈａｎｊｉ\npaper", "HANJI PAPER ")
    assert len(set(same)) == 1
    different = keys_of("ガス", "カス", "má", "mạ", "ma", "한지", "한지다")
    assert len(set(different)) == 7


def shingles(text: str, n: int) -> set[str]:
    return {text[i : i + n] for i in range(max(len(text) - n + 1, 1))}


@pytest.mark.parametrize("changes", [1, 3, 8])
def test_equal_signature_values_estimate_jaccard(changes: int) -> None:
    words = [f"word{i}" for i in range(300)]
    other = [f"other{i}" if i % (300 // changes) == 7 else word for i, word in enumerate(words)]
    one, two = " ".join(words), " ".join(other)
    left, right = shingles(one, 12), shingles(two, 12)
    exact = len(left & right) / len(left | right)
    signed = signatures(pa.array([one, two], pa.large_string()), 1024)
    error = (exact * (1 - exact) / 1024) ** 0.5
    assert abs((signed[0] == signed[1]).mean() - exact) < 4 * error + 0.002


def test_signatures_do_not_depend_on_the_batch() -> None:
    texts = pa.array(list(SIX.values()), pa.large_string())
    whole = signatures(texts)
    assert all(np.array_equal(signatures(texts.slice(i, 1))[0], whole[i]) for i in range(6))
    assert band_keys(whole, 14, 8).shape == (6, 14)
    with pytest.raises(ValueError, match="need 120 values"):
        band_keys(whole, 15, 8)
