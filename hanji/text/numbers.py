"""Numbers as each language writes them: separators, Korean numerals, kanji numerals."""

from __future__ import annotations

import unicodedata
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from hanji.schema import Lang

__all__ = ["SEPARATORS", "format_number", "kanji", "native_korean", "parse_number", "sino_korean"]

# (thousands, decimal); Spanish leaves four digits without a separator (RAE, Ortografía 2010).
SEPARATORS: dict[Lang, tuple[str, str]] = {
    "en": (",", "."),
    "ko": (",", "."),
    "ja": (",", "."),
    "de": (".", ","),
    "es": (".", ","),
    "vi": (".", ","),
}
_SINO = {"ko": "영일이삼사오육칠팔구", "ja": "〇一二三四五六七八九"}
_UNITS = {"ko": ("", "십", "백", "천"), "ja": ("", "十", "百", "千")}
_MYRIADS = {"ko": ("", "만", "억", "조"), "ja": ("", "万", "億", "兆")}
_NATIVE_ONES = ("", "한", "두", "세", "네", "다섯", "여섯", "일곱", "여덟", "아홉")
_NATIVE_TENS = ("", "열", "스물", "서른", "마흔", "쉰", "예순", "일흔", "여든", "아흔")


def format_number(value: int | Decimal | Fraction, lang: Lang, decimals: int | None = None) -> str:
    """Write a number with the separators of a language.

    Args:
        value: the number; a Decimal keeps its digits, a Fraction needs `decimals`.
        lang: the language.
        decimals: digits behind the decimal mark, rounded half up; None keeps those there are.

    >>> format_number(Decimal("1234.5"), "de"), format_number(1234567, "en")
    ('1.234,5', '1,234,567')
    """
    thousands, mark = SEPARATORS.get(lang, (",", "."))
    if isinstance(value, Fraction):
        value = Decimal(value.numerator) / Decimal(value.denominator)
    text = f"{abs(value):f}" if isinstance(value, Decimal) else str(abs(value))
    if decimals is not None:
        text = f"{abs(Decimal(value)).quantize(Decimal(1).scaleb(-decimals), 'ROUND_HALF_UP'):f}"
    whole, _, part = text.partition(".")
    if len(whole) > (4 if lang == "es" else 3):
        head = len(whole) % 3
        groups = [whole[i : i + 3] for i in range(head, len(whole), 3)]
        whole = thousands.join(([whole[:head]] if head else []) + groups)
    sign = "-" if value < 0 else ""
    return f"{sign}{whole}{mark}{part}" if part else f"{sign}{whole}"


def parse_number(text: str, lang: Lang) -> Decimal | None:
    """Read a number written in a language; None where the text is none.

    Full-width digits, kanji and Sino-Korean numerals are read too.

    >>> parse_number("1.234,5", "de"), parse_number("三百二十", "ja"), parse_number("x", "en")
    (Decimal('1234.5'), Decimal('320'), None)
    """
    folded = unicodedata.normalize("NFKC", text).strip().replace("−", "-")
    spelled = _spelled(folded, lang)
    if spelled is not None:
        return Decimal(spelled)
    thousands, mark = SEPARATORS.get(lang, (",", "."))
    plain = folded.replace(thousands, "").replace(" ", "").replace(mark, ".")
    try:
        value = Decimal(plain)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def _spelled(text: str, lang: Lang) -> int | None:
    """Read a kanji or Sino-Korean numeral."""
    if lang not in _SINO or not text:
        return None
    digits, units, myriads = _SINO[lang], _UNITS[lang], _MYRIADS[lang]
    total = group = digit = 0
    for char in text:
        if char in digits:
            digit = digit * 10 + digits.index(char)
        elif char in units:
            group += max(digit, 1) * 10 ** units.index(char)
            digit = 0
        elif char in myriads:
            total += max(group + digit, 1) * 10_000 ** myriads.index(char)
            group = digit = 0
        else:
            return None
    return total + group + digit


def _sino(value: int, lang: Lang) -> str:
    digits, units, myriads = _SINO[lang], _UNITS[lang], _MYRIADS[lang]
    if value == 0:
        return digits[0]
    parts: list[str] = []
    for level, myriad in enumerate(myriads):
        group = value // 10_000**level % 10_000
        text = ""
        for place in (3, 2, 1, 0):
            digit = group // 10**place % 10
            if digit:
                # One is not said before ten, hundred and thousand: 백, 百.
                text += ("" if digit == 1 and place else digits[digit]) + units[place]
        if text:
            # Korean says 만 for 10,000, Japanese 一万.
            bare = lang == "ko" and level == 1 and group == 1 and value < 20_000
            parts.append(("" if bare else text) + myriad)
    return "".join(reversed(parts))


def sino_korean(value: int) -> str:
    """Spell a whole number from 0 in Sino-Korean.

    >>> sino_korean(1234), sino_korean(10_050)
    ('천이백삼십사', '만오십')
    """
    return _sino(value, "ko")


def kanji(value: int) -> str:
    """Spell a whole number from 0 in kanji.

    >>> kanji(1234), kanji(20_000)
    ('千二百三十四', '二万')
    """
    return _sino(value, "ja")


def native_korean(value: int) -> str:
    """Spell 1 to 99 in native Korean as it stands before a counter: 세 명, 스무 살.

    Raises:
        ValueError: outside 1 to 99; larger counts are Sino-Korean.
    """
    if not 1 <= value <= 99:
        raise ValueError(f"{value} has no native Korean numeral")
    if value == 20:
        return "스무"
    return _NATIVE_TENS[value // 10] + _NATIVE_ONES[value % 10]
