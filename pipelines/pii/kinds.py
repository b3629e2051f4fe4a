"""Kinds of personal data: a bounded candidate in RE2, then a check of what it says.

A candidate is only a shape; check digits, dates, calling plans or a word before it decide. Numbers
that look like any other (twelve digits, nine digits) need that word. The patterns run in RE2, in
time linear in the text whatever it holds.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from functools import cache

import msgspec
import phonenumbers
from stdnum import iban, luhn
from stdnum.de import idnr
from stdnum.es import dni, nie

from hanji.schema import Lang
from pipelines.pii.spots import Spot

__all__ = ["KINDS", "Kind"]

Hint = Callable[[str, str], bool]
Check = Callable[[str, str, Lang], bool]  # the candidate, the text before it, the language
CONTEXT_CHARS = 40  # before a number in which its name may stand


class Kind(msgspec.Struct, frozen=True):
    """One kind: its candidates and their check."""

    name: str
    pattern: str
    placeholder: str
    check: Check | None = None
    digits: int = 0  # at least
    dots: int = 0  # at least
    capitals: int = 0  # at least
    run: int = 0  # digits in a row, at least
    coded: bool = False  # begins with two capitals and two digits
    hint: Hint | None = None  # says of a spot and what stands before it whether one may be there
    address: bool = False

    def may_be_in(self, spot: Spot) -> bool:
        """Say whether the spot holds enough signs for a candidate."""
        if self.address or spot.address:
            return self.address and spot.address
        enough = spot.digits >= self.digits and spot.dots >= self.dots and spot.run >= self.run
        return enough and spot.capitals >= self.capitals and spot.coded >= self.coded


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def _is_iban(text: str, before: str, lang: Lang) -> bool:
    del before, lang
    return bool(iban.is_valid(text))


_CARDS = re.compile(
    r"4\d{12}(?:\d{3})?|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"
    r"|3[47]\d{13}|6(?:011|5\d\d)\d{12}|35\d{14}|3[068]\d{12}"
)


def _is_card(text: str, before: str, lang: Lang) -> bool:
    """Check the issuer's range and Luhn's digit (ISO/IEC 7812)."""
    del before, lang
    digits = _digits(text)
    return _CARDS.fullmatch(digits) is not None and bool(luhn.is_valid(digits))


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        datetime.date(year, month, day)
    except ValueError:
        return False
    return True


def _is_korean_rrn(text: str, before: str, lang: Lang) -> bool:
    """Check date of birth and century; the last digits are random since October 2020."""
    del lang
    digits = _digits(text)
    century = {"9": 1800, "0": 1800, "1": 1900, "2": 1900, "5": 1900, "6": 1900}.get(
        digits[6], 2000
    )
    if not _is_date(century + int(digits[:2]), int(digits[2:4]), int(digits[4:6])):
        return False
    return "-" in text or _named(before, r"주민|등록번호|외국인등록")


def _is_my_number(text: str, before: str, lang: Lang) -> bool:
    """Check the last of twelve digits (Ministerial ordinance 85 of 2014) and the number's name."""
    del lang
    digits = [int(c) for c in _digits(text)]
    weights = (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
    rest = sum(d * w for d, w in zip(digits, weights)) % 11
    right = 0 if rest <= 1 else 11 - rest
    return digits[11] == right and _named(before, r"マイナンバー|個人番号|My ?Number")


def _is_german_tax_id(text: str, before: str, lang: Lang) -> bool:
    del lang
    return bool(idnr.is_valid(text)) and _named(before, r"(?i)steuer|idnr|identifikationsn|tin\b")


def _is_spanish_id(text: str, before: str, lang: Lang) -> bool:
    del before, lang
    return bool(dni.is_valid(text) or nie.is_valid(text))


def _is_vietnamese_id(text: str, before: str, lang: Lang) -> bool:
    """Check the province (001 to 096) and the number's name; it has no check digit."""
    del lang
    named = _named(before, r"(?i)cccd|căn cước|cmnd|chứng minh|định danh")
    return named and 1 <= int(text[:3]) <= 96


REGIONS: dict[Lang, tuple[str, ...]] = {
    "en": ("US", "GB"), "ko": ("KR",), "es": ("ES", "MX"), "de": ("DE", "AT", "CH"), "ja": ("JP",),
    "vi": ("VN",),
}  # fmt: skip
_CALLED = (
    r"(?i)\b(?:tel|phone|call|mobile|cell|fax|whatsapp|llam|móvil|telef|teléf|anruf|rufen|handy"
    r"|mobil|gọi|điện thoại|đt|sđt|hotline|số)|전화|연락|휴대|팩스|電話|携帯|ファックス|連絡"
)
_OTHER = r"(?i)\b(?:isbn|issn|ean|doi|pnd|gnd|oclc|lccn|asin|pmid)\b[^\n]{0,12}$"
_SHAPED = re.compile(r"[+(]|\b0|[0-9]{3}[.-][0-9]{4}")
_AMERICAN = re.compile(r"\(?\d{3}\)?[ .-]\d{3}[.-]\d{4}")
_DATE = re.compile(r"\d{1,4}[./ -]\d{1,2}[./ -]\d{1,4}")


def _may_be_phone(spot: str, before: str) -> bool:
    """Say whether something in the spot is shaped as `_is_phone` asks, or is announced."""
    return _SHAPED.search(spot) is not None or _named(before + spot, _CALLED)


def _is_phone(text: str, before: str, lang: Lang) -> bool:
    """Check the calling plan of the language's regions (`phonenumbers`).

    A number without a country code, a trunk zero or brackets must be announced by a word.
    """
    digits = _digits(text)
    if not 8 <= len(digits) <= 15:
        return False
    american = _AMERICAN.fullmatch(text) is not None
    shaped = text[0] in "+(" or american or (digits[0] == "0" and len(text) > len(digits))
    if not shaped and not _named(before, _CALLED):
        return False
    if "." in text and text[0] != "+" and not american:
        return False
    if _DATE.fullmatch(text.strip()) or _named(before, _OTHER):
        return False
    return any(_callable(text, region) for region in REGIONS.get(lang, ("US",)))


def _callable(text: str, region: str) -> bool:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return False
    return bool(phonenumbers.is_valid_number(number))


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _named(before: str, pattern: str) -> bool:
    return _compiled(pattern).search(before) is not None


_TWELVE = r"\b[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}\b"

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        # RFC 5321 4.5.3.1: a local part has at most 64 octets; RFC 1035: a label at most 63.
        Kind(
            "email",
            r"\b[A-Za-z0-9._%+\-]{1,64}@(?:[A-Za-z0-9\-]{1,63}\.){1,8}[A-Za-z]{2,24}\b",
            "<EMAIL>",
            address=True,
        ),
        Kind("iban", r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b", "<IBAN>",
             _is_iban, digits=2, capitals=2, coded=True),
        Kind("card", r"\b[0-9]{4}[ -]?[0-9]{4,6}[ -]?[0-9]{4,5}(?:[ -]?[0-9]{4})?\b", "<CARD>",
             _is_card, digits=12, run=4),
        Kind("korean_id", r"\b[0-9]{6}-?[0-9]{7}\b", "<NATIONAL_ID>", _is_korean_rrn,
             digits=13, run=7),
        Kind("japanese_id", _TWELVE, "<NATIONAL_ID>", _is_my_number, digits=12, run=4),
        Kind("german_id", r"\b[0-9]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}\b", "<NATIONAL_ID>",
             _is_german_tax_id, digits=11, run=3),
        Kind("spanish_id", r"\b(?:[0-9]{8}|[XYZ]-?[0-9]{7})-?[A-Z]\b", "<NATIONAL_ID>",
             _is_spanish_id, digits=7, capitals=1, run=7),
        Kind("vietnamese_id", r"\b[0-9]{12}\b", "<NATIONAL_ID>", _is_vietnamese_id,
             digits=12, run=12),
        Kind(
            "ip",
            r"\b(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\.){3}"
            r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\b",
            "<IP>",
            digits=4,
            dots=3,
        ),
        Kind("phone", r"(?:\+[0-9]|\([0-9]|\b[0-9])[0-9]{0,3}\)?(?:[ .\-/]?\(?[0-9]{1,5}\)?){1,5}",
             "<PHONE>", _is_phone, digits=8, run=2, hint=_may_be_phone),
    )
}  # fmt: skip
