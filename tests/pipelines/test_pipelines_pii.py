"""Personal data of six countries: found where it is, left where a number only looks like it.

The labelled set is made here: numbers with valid check digits that are made up, put into sentences
of each language, beside numbers of other kinds in sentences of the same make.
"""

from __future__ import annotations

import itertools
import json
import time
from pathlib import Path

import numpy as np
import pytest
import re2
import zstandard
from hypothesis import example, given
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.de import idnr
from stdnum.es import dni

from hanji.errors import RecipeError
from hanji.schema import LANGS
from hanji.seeds import rng
from pipelines.pii import KINDS, mask
from pipelines.pii.kinds import CONTEXT_CHARS
from pipelines.pii.spots import _next_stop

EACH = 5  # numbers of a kind in a language


def draw(*names: object) -> list[int]:
    return rng("pii", *[str(n) for n in names]).integers(0, 10, 40).tolist()


def digits(n: int, *names: object) -> str:
    return "".join(map(str, draw(*names)[:n]))


def card(i: int) -> str:
    head = f"4{digits(14, 'card', i)}"
    whole = head + luhn.calc_check_digit(head)
    return " ".join(whole[k : k + 4] for k in range(0, 16, 4)) if i % 2 else whole


def german_iban(i: int) -> str:
    account = digits(18, "iban", i)
    rest = int(account + "131400") % 97
    whole = f"DE{98 - rest:02d}{account}"
    return " ".join(whole[k : k + 4] for k in range(0, 22, 4)) if i % 2 else whole


def german_tax(i: int) -> str:
    for k in range(400):
        head = "1" + digits(9, "tax", i, k)
        for last in "0123456789":
            if idnr.is_valid(head + last):
                whole = head + last
                return f"{whole[:2]} {whole[2:5]} {whole[5:8]} {whole[8:]}" if i % 2 else whole
    raise AssertionError


def spanish(i: int) -> str:
    number = digits(8, "dni", i)
    return number + ("-" if i % 2 else "") + dni.calc_check_digit(number)


def korean(i: int) -> str:
    return f"{70 + i}0{1 + i}1{i}-{1 + i % 2}{digits(6, 'rrn', i)}"


def my_number(i: int) -> str:
    head = [int(c) for c in digits(11, "my", i)]
    rest = sum(d * w for d, w in zip(head, (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2))) % 11
    whole = "".join(map(str, head)) + str(0 if rest <= 1 else 11 - rest)
    return f"{whole[:4]} {whole[4:8]} {whole[8:]}" if i % 2 else whole


def vietnamese(i: int) -> str:
    return f"0{10 + i}{digits(9, 'cccd', i)}"


PHONES = {
    "en": [
        "(202) 555-0143",
        "202-555-0178",
        "+1 202 555 0119",
        "020 7946 0958",
        "+44 20 7946 0123",
    ],
    "ko": ["010-2345-6789", "02-312-4567", "+82 10-9876-5432", "031-234-5678", "01098765432"],
    "es": ["912 345 678", "+34 612 345 678", "612345678", "+52 55 1234 5678", "93 412 34 56"],
    "de": ["030 2345678", "+49 30 2345678", "0171 2345678", "+43 1 2345678", "089/2345678"],
    "ja": ["03-1234-5678", "090-1234-5678", "+81 3-1234-5678", "06-6123-4567", "09012345678"],
    "vi": ["0912 345 678", "+84 912 345 678", "028 3823 4567", "0903456789", "024-3825-1234"],
}
CALL = {
    "en": "Call me on {} after six.", "ko": "전화번호는 {} 입니다.",
    "es": "Mi teléfono es el {}, llámame.", "de": "Ruf mich an, Tel. {} ab sechs.",
    "ja": "電話は {} までお願いします。", "vi": "Gọi cho tôi theo số điện thoại {} nhé.",
}  # fmt: skip
SENTENCE = {
    "en": "Her number is {} in the file.", "ko": "서류의 번호는 {} 이다.",
    "es": "El número {} consta en el expediente.", "de": "In der Akte steht die Nummer {}.",
    "ja": "書類の番号は {} です。", "vi": "Trong hồ sơ ghi số {} .",
}  # fmt: skip
NAMED = {
    "korean_id": "주민등록번호 {} 를 적으십시오.", "japanese_id": "マイナンバーは {} です。",
    "german_id": "Ihre Steuer-ID {} bleibt gleich.", "spanish_id": "Con DNI {} firmó el contrato.",
    "vietnamese_id": "Số CCCD {} được cấp năm 2021.",
}  # fmt: skip
MAKE = {"card": card, "iban": german_iban, "korean_id": korean, "japanese_id": my_number,
        "german_id": german_tax, "spanish_id": spanish, "vietnamese_id": vietnamese}  # fmt: skip
# Prices, years, dates, ISBNs, order numbers, versions, coordinates, measures, laws, sums.
ALIKE = {
    "all": ["1,234,567.89", "12.345,67", "1887", "2024-05-18", "18.05.2024", "978-3-16-148410-0",
            "A-2024-0001234", "v2.10.3", "52.5200, 13.4050", "299792458", "1/2/2024", "10:30-11:45",
            "100-200", "3.14159265358979", "2019 2020 2021 2022", "4111 1111 1111 1112",
            "1234567890123", "§ 12 Abs. 3", "0.000123", "ISBN 9783161484100", "2.000.000",
            "12 34 56", "1999-2005", "000123456789", "20240518123045", "§ 1004", "24/7", "#48213",
            "ISBN 0-306-80219-1", "64-bit", "1080p", "3 x 4 x 5", "DE-12345", "XII-2", "№ 7", "5e-10", "1-1-1"],
}  # fmt: skip


def positives(lang: str) -> list[tuple[str, str]]:
    """(kind, sentence) with exactly one number of that kind."""
    found = [("phone", CALL[lang].format(number)) for number in PHONES[lang]]
    for i in range(EACH):
        found.append(("email", SENTENCE[lang].format(f"kim.{lang}{i}@mail-{i}.example.com")))
        found.append(("ip", SENTENCE[lang].format(f"192.0.2.{i + 7}")))
        found.append(("card", SENTENCE[lang].format(card(i))))
        found.append(("iban", SENTENCE[lang].format(german_iban(i))))
    own = {"ko": "korean_id", "ja": "japanese_id", "de": "german_id", "es": "spanish_id",
           "vi": "vietnamese_id"}.get(lang)  # fmt: skip
    if own:
        found += [(own, NAMED[own].format(MAKE[own](i))) for i in range(EACH)]
    return found


def negatives(lang: str) -> list[str]:
    return [SENTENCE[lang].format(number) for number in ALIKE["all"]]


@pytest.mark.parametrize("lang", LANGS)
def test_precision_and_recall_on_the_labelled_set(lang: str) -> None:
    right: dict[str, int] = {}
    found: dict[str, int] = {}
    asked: dict[str, int] = {}
    missed, wrong = [], []
    for kind, sentence in positives(lang):
        asked[kind] = asked.get(kind, 0) + 1
        got = mask(sentence, lang=lang)
        for name, n in got.found.items():
            found[name] = found.get(name, 0) + n
        if got.found == {kind: 1}:
            right[kind] = right.get(kind, 0) + 1
        else:
            missed.append((kind, sentence, got))
    for sentence in negatives(lang):
        got = mask(sentence, lang=lang)
        for name, n in got.found.items():
            found[name] = found.get(name, 0) + n
            wrong.append((name, sentence, got.text))
    assert len(positives(lang)) + len(negatives(lang)) >= 60
    for kind, n in asked.items():
        assert right.get(kind, 0) / n >= 0.95, missed
        assert right.get(kind, 0) / found[kind] >= 0.95, (wrong, missed)
    assert sum(right.values()) / sum(asked.values()) >= 0.95, missed
    assert sum(right.values()) / sum(found.values()) >= 0.95, wrong


def test_the_masked_text_holds_nothing_of_the_number() -> None:
    for lang in LANGS:
        for kind, sentence in positives(lang):
            got = mask(sentence, lang=lang)
            assert KINDS[kind].placeholder in got.text, (sentence, got)
            before, _, after = CALL[lang].partition("{}") if kind == "phone" else ("", "", "")
            if kind == "phone":
                assert got.text == before + "<PHONE>" + after
    assert mask("Write to a@b.example.com now", action="remove").text == "Write to  now"


def test_numbers_that_look_like_any_other_need_their_name() -> None:
    for kind, sentence in NAMED.items():
        number = MAKE[kind](0)
        assert mask(sentence.format(number)).found == {kind: 1}, sentence
        if kind not in ("korean_id", "spanish_id"):  # a hyphen or a letter names these
            assert mask(f"Nr. {number} x").found == {}, kind


def test_a_korean_number_of_no_date_is_none() -> None:
    assert mask("주민등록번호 901301-1234567").found == {}
    assert mask("주민등록번호 900230-3234567").found == {}
    assert mask("주민등록번호 000229-3234567").found == {"korean_id": 1}  # 2000 is a leap year


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_kinds_that_are_asked_for_are_masked(kind: str) -> None:
    text = " ".join(s for lang in LANGS for k, s in positives(lang) if k in ("email", "iban"))
    assert set(mask(text, [kind], lang="de").found) <= {kind}


def test_an_unknown_kind_names_the_nearest() -> None:
    with pytest.raises(RecipeError, match="did you mean 'phone'"):
        mask("x", ["phon"])


@given(st.text(max_size=400), st.sampled_from(LANGS))
def test_any_text_passes_and_a_second_time_changes_nothing_new(text: str, lang: str) -> None:
    once = mask(text, lang=lang)
    assert len(once.text) <= len(text) + 20 * sum(once.found.values())


def mask_slowly(text: str, lang: str) -> tuple[str, dict[str, int]]:
    """The obvious way: every pattern over the whole text, kind after kind."""
    found: dict[str, int] = {}
    for name, kind in KINDS.items():
        at, parts = 0, []
        for match in re2.finditer(kind.pattern, text):
            start, end = match.span()
            before = text[max(0, start - CONTEXT_CHARS) : start]
            if kind.check is None or kind.check(text[start:end], before, lang):
                parts += [text[at:start], kind.placeholder]
                at = end
                found[name] = found.get(name, 0) + 1
        text = "".join([*parts, text[at:]])
    return text, found


PIECES = [
    *(sentence for lang in LANGS for _, sentence in positives(lang)),
    "kim.minji@example.com", "a@b.co", "@", "192.168.10.21", "1.3.6.1.4.1", "+82 10-1234-5678", "전화",
    "010-1234-5678", "(030) 1234 567", "900101-1234567", "4111 1111 1111 1111", "DE", "GB82 WEST", "가",
    "12345678Z", "X1234567L", " ", "  ", ".", "-", "/", "(", ")", "\n", "_", "é", "😀", "1", "23", "4567",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join), st.sampled_from(LANGS))
def test_looking_at_spots_alone_finds_what_whole_texts_hold(text: str, lang: str) -> None:
    assert (mask(text, lang=lang).text, mask(text, lang=lang).found) == mask_slowly(text, lang)


@given(st.text("0123456789-./() +@abXZDE\n한é", max_size=200), st.sampled_from(LANGS))
def test_so_it_does_in_any_mess_of_signs(text: str, lang: str) -> None:
    assert mask(text, lang=lang).text == mask_slowly(text, lang)[0]


@pytest.mark.parametrize("lang", LANGS)
def test_so_it_does_in_real_text(lang: str, shared_data: Path) -> None:
    with zstandard.open(shared_data / "docs" / f"{lang}.jsonl.zst", "rt", encoding="utf-8") as file:
        for line in itertools.islice(file, 0, 400, 2):
            text = json.loads(line)["text"][:30_000]
            masked = mask(text, lang=lang)
            assert (masked.text, masked.found) == mask_slowly(text, lang)


BOMBS = {
    "email": "a." * 20_000, "iban": "DE00 " * 8_000, "card": "4111 " * 8_000, "ip": "1." * 20_000,
    "korean_id": "900101-" * 6_000, "japanese_id": "1234 " * 8_000, "german_id": "12 345 " * 6_000,
    "spanish_id": "X1234567" * 5_000, "vietnamese_id": "0" * 40_000, "phone": "+1 (2" * 8_000,
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_time_grows_with_the_text_and_no_faster(kind: str) -> None:
    def seconds(text: str) -> float:
        best = 9e9
        for _ in range(3):
            start = time.process_time()
            mask(text, [kind], lang="en")
            best = min(best, time.process_time() - start)
        return best

    small, large = BOMBS[kind][:10_000], (BOMBS[kind] * 3)[:80_000]
    seconds(small)
    # Eight times the text: an exponent of 1.2 would be 12 times, of 2 it would be 64.
    assert seconds(large) < 24 * max(seconds(small), 0.002)


@given(st.binary(max_size=40), st.integers(0, 12))
@example(b"..9.....", 0)
@example(b"..0.....", 0)
@example(b".@......", 0)
@example(b"\xb0\xb9\xc0/:?A@", 0)
def test_the_next_digit_or_at_sign_is_where_a_look_at_each_byte_finds_it(
    data: bytes, at: int
) -> None:
    found = _next_stop(np.frombuffer(data or b" ", np.uint8), min(at, len(data)))
    stops = [i for i, byte in enumerate(data) if i >= at and byte in b"0123456789@"]
    assert found == (stops[0] if stops else len(data or b" "))
