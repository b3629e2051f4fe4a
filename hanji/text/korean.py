"""Korean particles that agree with the sound before them.

A particle has one form behind a final consonant and another behind a vowel: 책은 but 종이는. Behind
digits and Latin letters the sound is that of their Korean name: 3은 (삼은), 2는 (이는), N은 (엔은);
a unit behind a number is read in full: 5km는 (킬로미터는), 5kg은 (킬로그램은).
"""

from __future__ import annotations

import re

__all__ = ["has_final", "josa"]

_FIRST, _LAST, _FINALS = 0xAC00, 0xD7A3, 28
_RIEUL = 8  # number of the final ㄹ within a syllable
# Digits by their Sino-Korean names: 영 일 이 삼 사 오 육 칠 팔 구; 2, 4, 5, 9 end in a vowel.
_DIGIT_FINALS = {"0": 21, "1": 8, "3": 16, "6": 1, "7": 8, "8": 8}
# Names of letters that end in a consonant: 엘 엠 엔 알.
_LETTER_FINALS = {"l": 8, "m": 16, "n": 4, "r": 8}
# Units as they are read: 미터, 리터 and their multiples end in a vowel, 그램 in ㅁ.
_UNIT_FINALS = {"m": 0, "km": 0, "cm": 0, "mm": 0, "l": 0, "ml": 0, "g": 16, "kg": 16, "mg": 16}
_UNIT = re.compile(r"[0-9] ?([A-Za-z]{1,2})$")
_PAIRS = {
    "은/는": ("은", "는"),
    "이/가": ("이", "가"),
    "을/를": ("을", "를"),
    "과/와": ("과", "와"),
    "으로/로": ("으로", "로"),
    "이에요/예요": ("이에요", "예요"),
    "이다/다": ("이다", "다"),
    "이라고/라고": ("이라고", "라고"),
    "이나/나": ("이나", "나"),
    "아/야": ("아", "야"),
}


def _final(word: str) -> int:
    """Return the number of the final consonant of the last sound, 0 behind a vowel."""
    bare = word.rstrip(")]}\"'” 　")
    unit = _UNIT.search(bare)
    if unit is not None and unit.group(1) in _UNIT_FINALS:
        return _UNIT_FINALS[unit.group(1)]
    for char in reversed(bare):
        code = ord(char)
        if _FIRST <= code <= _LAST:
            return (code - _FIRST) % _FINALS
        if char in "0123456789":
            return _number_final(word)
        if char.isalpha():
            return _LETTER_FINALS.get(char.lower(), 0)
        if char == "%":
            return 0  # 퍼센트
    return 0


def _number_final(word: str) -> int:
    """Return the final of a number as it is read: 10 is 십, 100 백, 1,000 천, 10,000 만."""
    digits = word.rstrip()
    tail = digits.replace(",", "")
    zeros = len(tail) - len(tail.rstrip("0"))
    if "." not in tail and zeros and tail.rstrip("0"):
        if zeros >= 8:
            return 1  # 억
        if zeros >= 4:
            return 4  # 만
        return {1: 17, 2: 1, 3: 4}[zeros]  # 십, 백, 천
    return _DIGIT_FINALS.get(tail[-1], 0)


def has_final(word: str) -> bool:
    """Say whether the last sound of a word is a consonant."""
    return _final(word) != 0


def josa(word: str, pair: str) -> str:
    """Put the particle of `pair` that agrees behind `word`.

    Raises:
        KeyError: if the pair is not one of the known ones.

    >>> josa("한지", "은/는"), josa("책", "을/를"), josa("서울", "으로/로"), josa("13", "이/가")
    ('한지는', '책을', '서울로', '13이')
    >>> josa("5 km", "은/는"), josa("3kg", "은/는"), josa("N", "은/는")
    ('5 km는', '3kg은', 'N은')
    """
    closed, opened = _PAIRS[pair]
    final = _final(word)
    if pair == "으로/로" and final == _RIEUL:
        return word + opened
    return word + (closed if final else opened)
