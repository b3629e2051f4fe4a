"""Normal form and matching form: fast ways that equal the obvious ones, in every character."""

from __future__ import annotations

import hashlib
import random
import re
import unicodedata

import ftfy
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanji.text.composed import steady
from pipelines.dedup import exact_keys
from pipelines.dedup.keys import matching_form
from pipelines.normalise import normalise

CONTROL = [chr(c) for c in range(0x20) if chr(c) not in "\t\n\x0b\x0c\r"]
REMOVED = [*CONTROL, *map(chr, [0x7F, *range(0x80, 0xA0), 0xAD]), *"\u200b\u2060\ufeff\ufffe\uffff"]
REMOVED.remove("\x85")

MESS = st.lists(
    st.sampled_from(
        [*"aZ1 \t\n\r\x0b\x0c\x85\u2028\u2029\u200b\u2060\ufeff\ufffe\u00ad\x00\x7f\x9f\xa0é한ガが🎋",
         "\r\n", "\n\n\n", " \n", "\u0301", "\u3099", "ᄒ", "ᆞ", "ᆫ", "ㅋ", "ㅏ", "ß", "…", "½", "ﬃ", "İ",
         "Ａ", "ﾊ", "ﾞ", "ﾟ", "…", "Σ", "ς", "\u3000", "㍿", "ſ", "Ⅷ", "𝐀", "𠮟", "\u200d"]
    ),
    max_size=24,
).map("".join)  # fmt: skip


def normalise_slowly(text: str) -> str:
    text = re.sub("\r\n|[\r\x0b\x0c\x85\u2028\u2029]", "\n", text)
    text = unicodedata.normalize("NFC", "".join(c for c in text if c not in REMOVED))
    text = "\n".join(line.rstrip(" \t") for line in text.split("\n"))
    return re.sub("\n{3,}", "\n\n", text).strip("\n")


@given(MESS)
def test_normal_form_is_the_obvious_one(text: str) -> None:
    assert normalise(text) == normalise_slowly(text)


def test_normal_form_of_every_character() -> None:
    for point in range(0x3000):
        text = f"a{chr(point)}b"
        assert normalise(text) == normalise_slowly(text), hex(point)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (unicodedata.normalize("NFD", "한국어"), "한국어"),  # Jamo are composed
        ("ㅋㅋㅋ ㅠㅠ", "ㅋㅋㅋ ㅠㅠ"),  # compatibility Jamo stay
        ("나랏말ᄊᆞ미", "나랏말ᄊᆞ미"),  # old Hangul stays
        ("Tie\u0302\u0301ng Vie\u0323\u0302t", "Tiếng Việt"),  # as CP1258 writes it
        ("cafe\u0301", "café"),
        ("Ｈａｎｊｉ ｶﾞｽ", "Ｈａｎｊｉ ｶﾞｽ"),  # width stays
        ("x² ½ ﬁ", "x² ½ ﬁ"),  # never NFKC
        ("👩‍👩‍👧", "👩‍👩‍👧"),  # the joiner shapes it
        ("eins\r\nzwei\rdrei\u2028vier", "eins\nzwei\ndrei\nvier"),
        ("a  \n\n\n\n\tb\t\n", "a\n\n\tb"),
        ("\ufeffz\u200be\u00adr\x00o\x9f", "zero"),
        ("", ""),
        ("\n \n", ""),
    ],
)
def test_normal_form(given: str, wanted: str) -> None:
    assert normalise(given) == wanted


def test_options_fold_width_and_repair_mojibake() -> None:
    assert normalise("Ｈａｎｊｉ ｶﾞｽ", fold_width=True) == "Hanji ガス"
    broken = "Müller kauft Brötchen".encode().decode("cp1252")
    assert ftfy.fix_encoding(broken) == "Müller kauft Brötchen"
    assert normalise(broken) == broken
    assert normalise(broken, repair_mojibake=True) == "Müller kauft Brötchen"


def key_slowly(text: str) -> bytes:
    form = matching_form(text)
    unit = "32" if any(ord(c) > 0xFFFF for c in form) else "16"
    spelled = form.encode(f"utf-{unit}-le", "replace")
    return hashlib.sha256(unit.encode() + spelled).digest()[:16]


def keys_of(texts: list[str]) -> list[bytes]:
    return exact_keys(pa.array(texts, pa.large_string()))


JAMO = "ㅋㅎㅏㅡㄳㄱㆍᄏ학ᆪᇿ가각ﾡￂ a㈀"


@given(st.one_of(MESS, st.text(), st.text(JAMO)))
def test_keys_are_those_of_the_matching_form(text: str) -> None:
    assert keys_of([text]) == [key_slowly(text)]


@pytest.mark.slow
def test_keys_of_every_character() -> None:
    texts = [f"a{chr(p)}b {chr(p)}" for p in range(0x110000) if not 0xD800 <= p < 0xE000]
    assert keys_of(texts) == [key_slowly(text) for text in texts]


def test_steady_characters_stay_in_any_order() -> None:
    chars = [chr(point) for point in np.flatnonzero(steady())]
    for seed in range(5):
        random.Random(seed).shuffle(chars)
        assert unicodedata.is_normalized("NFC", "".join(chars))
    assert set("azÄßé¿ạếđ한글ㅋガか漢、。「」€—") <= set(chars)
    assert not set("\u0301\u3099ᆫᅡ\uf90a") & set(chars)
