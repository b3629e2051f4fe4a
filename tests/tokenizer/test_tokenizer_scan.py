"""The scanner equals the regex of each preset, and the engines survive one long line."""

from __future__ import annotations

import numpy as np
import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Regex, pre_tokenizers

from hanji.text.classes import class_table
from hanji.text.scan import pieces
from tokenizer.presets import PRESETS

SAMPLES = [
    "By the way, I am a fan of the Milky Way.  Two spaces;\ttab\r\n\r\n  indented 12345 x²",
    "한국어 문장은 띄어쓰기가 있습니다. 그래서 초단어가 생깁니다! 2024년 3월",
    "El niño comió 3,5 kg de piñas... ¿verdad?\n\n¡Sí!",
    "Die Straße führt über den Fluß, 1.000 Meter – und zurück.\n",
    "日本語には空白がありません。「括弧」と、数字１２３。カタカナー",
    "Tiếng Việt có dấu: một hai ba bốn năm.",
    "Tie\u0302\u0301ng Vie\u0323\u0302t phân rã",
    "def f(x):\n    return x // 2  # don't\n\n\n\tif (a==b): pass   ",
    "ABCdef GHIjklMNO iPhone ǅungla ªº …   \u00a0 \u3000 \u2028 \x1c\x1f \x85 x",
    ".. a .. b. c .\n/x ../\n/ (a) ((b)) \u0301a 1\u0301 \u0301\u0301 ",
    "",
    " ",
    "  \n  \n x",
]
ALPHABET = "aB한日ーがé \t\n\r\u00a0\u30001२./-!'«\u0301ǅª🙂\u2028"
MODES = [
    pytest.param(getattr(p, f"stage{k}"), getattr(p, f"mode{k}"), id=f"{p.name}-{k}")
    for p in PRESETS.values()
    for k in (1, 2)
]


@pytest.mark.parametrize(("pattern", "mode"), MODES)
def test_scanner_equals_the_regex_and_covers_the_text(pattern: str, mode: int) -> None:
    for text in SAMPLES:
        found = regex.findall(pattern, text)
        assert "".join(found) == text
        assert pieces(text, mode) == found


@pytest.mark.parametrize(("pattern", "mode"), MODES)
@given(text=st.text(st.sampled_from(ALPHABET), max_size=40))
def test_scanner_equals_the_regex_on_any_text(pattern: str, mode: int, text: str) -> None:
    assert pieces(text, mode) == regex.findall(pattern, text)


@pytest.mark.parametrize(("pattern", "mode"), MODES)
@given(text=st.text(max_size=30))
def test_scanner_equals_the_engine_of_tokenizers(pattern: str, mode: int, text: str) -> None:
    split = pre_tokenizers.Split(Regex(pattern), "isolated")
    assert pieces(text, mode) == [piece for piece, _ in split.pre_tokenize_str(text)]


def test_the_class_table_is_the_engine_s() -> None:
    table = class_table()
    for pattern, kinds in ((r"\p{L}", (1, 2, 3)), (r"\p{M}", (4,)), (r"\s", (6, 7, 8))):
        split = pre_tokenizers.Split(Regex(pattern), "removed", invert=True)
        points = [*range(0xD800), *range(0xE000, 0x3400), *range(0xE000, 0x11000)]
        text = "".join(map(chr, points))
        found = {ord(c) for piece, _ in split.pre_tokenize_str(text) for c in piece}
        assert found == set(np.flatnonzero(np.isin(table, kinds)).tolist()) & set(points)


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["word and ", "가나 다라 ", "a", " ", "日本"])
@pytest.mark.parametrize("name", ["kexaone", "line"])
def test_the_engine_survives_a_line_of_20_megabytes(name: str, unit: str) -> None:
    text = unit * (20_000_000 // len(unit.encode()))
    split = pre_tokenizers.Split(Regex(PRESETS[name].stage2), "isolated")
    found = split.pre_tokenize_str(text)
    assert [piece for piece, _ in found] == pieces(text, PRESETS[name].mode2)
