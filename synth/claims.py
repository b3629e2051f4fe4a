"""What a thought claims that can be looked up: quotations, numbers, calculations."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from decimal import Decimal

import msgspec

from hanji.schema import Lang
from hanji.text.numbers import parse_number

__all__ = ["Equation", "equations", "flat", "numbers", "quotations", "without_quotations"]

LEAST_QUOTE = {"ko": 4, "ja": 4}  # letters; a shorter one is a word in inverted commas
LEAST_QUOTE_ELSE = 10
_QUOTED = re.compile(
    r"“([^“”]{1,2000})”|«([^«»]{1,2000})»|「([^「」]{1,2000})」|『([^『』]{1,2000})』"
    r"|„([^„“”]{1,2000})[“”]|(?<!\w)\"([^\"\n]{1,2000})\"(?!\w)"
)
_GAP = re.compile(r"\s*(?:\[\s*(?:\.{3}|…)\s*\]|\(\s*(?:\.{3}|…)\s*\)|\.{3}|…+)\s*")
_MARKS = {ord(mark): "'" for mark in '’‘“”„«»"「」『』'} | {ord(mark): "-" for mark in "–—−"}


def flat(text: str) -> str:
    """Write a text so that two copies of it compare equal: NFC, single blanks, one kind of marks.

    A quotation within a quotation changes its marks, so all of them count as the same.
    """
    return " ".join(unicodedata.normalize("NFC", text).translate(_MARKS).split())


def quotations(text: str, lang: Lang) -> list[str]:
    """List what stands in quotation marks, cut at omissions; single words are left out.

    >>> quotations('It says “the mill burned […] in one night” and "no".', "en")
    ['the mill burned', 'in one night']
    """
    least = LEAST_QUOTE.get(lang, LEAST_QUOTE_ELSE)
    found = []
    for match in _QUOTED.finditer(text):
        inner = next(group for group in match.groups() if group is not None)
        for piece in _GAP.split(inner):
            part = piece.strip(" .,;:!?。、，")
            if sum(char.isalnum() for char in part) >= least:
                found.append(part)
    return found


def without_quotations(text: str) -> str:
    """Cut out what stands in quotation marks.

    >>> without_quotations("He said «nada» twice.")
    'He said   twice.'
    """
    return _QUOTED.sub(" ", text)


_NUMBER = r"\d(?:[\d.,]*\d)?"
_LARGE: dict[str, int] = {
    "만": 10**4, "억": 10**8, "조": 10**12, "万": 10**4, "億": 10**8, "兆": 10**12,
    "thousand": 10**3, "million": 10**6, "billion": 10**9,
    "mil": 10**3, "millón": 10**6, "millones": 10**6,
    "tausend": 10**3, "millionen": 10**6, "milliarden": 10**9, "milliarde": 10**9,
    "nghìn": 10**3, "ngàn": 10**3, "triệu": 10**6, "tỷ": 10**9, "tỉ": 10**9,
}  # fmt: skip
_WRITTEN = re.compile(rf"({_NUMBER})(?:\s?({'|'.join(_LARGE)})(?![a-zà-ỹ]))?", re.I)
_KANJI = re.compile("[〇一二三四五六七八九十百千万億]{2,}|[十百千]")


def numbers(text: str, lang: Lang) -> Iterator[tuple[str, set[Decimal]]]:
    """Yield each number as it is written, with the values that it may have.

    A number of several groups, such as a date, is read whole only; a large unit behind it, such as
    million, 억 or 万, gives a second value.
    """
    for match in _WRITTEN.finditer(unicodedata.normalize("NFKC", text)):
        written, large = match.groups()
        values = _values(written, lang)
        if large:
            values |= {value * _LARGE[large.lower()] for value in values}
        yield written, values
    if lang == "ja":
        for match in _KANJI.finditer(text):
            value = parse_number(match.group(), "ja")
            if value is not None:
                yield match.group(), {value}


def _values(written: str, lang: Lang) -> set[Decimal]:
    value = parse_number(written, lang)
    found = {value} if value is not None else set()
    if re.fullmatch(r"\d+[.,]\d{1,2}", written):  # a decimal mark, whatever the language's is
        found.add(Decimal(written.replace(",", ".")))
    return found


def pieces(text: str, lang: Lang) -> tuple[set[str], set[Decimal]]:
    """Return every way to name a number of a source: as written, by value, by parts of a date."""
    written: set[str] = set()
    values: set[Decimal] = set()
    for name, known in numbers(text, lang):
        written.add(name)
        values |= known
    values |= {Decimal(run) for run in re.findall(r"\d{1,18}", unicodedata.normalize("NFKC", text))}
    return written, values


_UNIT = r"(?:\s?[%€$£¥₩°]|\s?[^\W\d_]{1,14}){0,2}"
_OP = r"\s*[+−×÷]\s*|\s+[-–*·/:xX]\s+"
_CHAIN = re.compile(
    rf"(?P<left>[$€£¥]?{_NUMBER}{_UNIT}(?:(?:{_OP})[$€£¥]?{_NUMBER}{_UNIT})+)"
    rf"\s*(?P<sign>=|≈|≒)\s*(?P<minus>[-−]?)[$€£¥]?(?P<right>{_NUMBER})(?P<percent>\s?%)?"
)
_TERM = re.compile(rf"({_NUMBER})(\s?%)?")
_BETWEEN = re.compile(_OP)
_CANON = {"−": "-", "–": "-", "*": "×", "·": "×", "x": "×", "X": "×", "/": "÷", ":": "÷"}


class Equation(msgspec.Struct, frozen=True):
    """A calculation as written: its terms, the value of its left side, what it says comes out."""

    terms: tuple[Decimal, ...]
    value: Decimal | None
    result: Decimal
    written: str
    approximate: bool

    def holds(self, tolerance: float) -> bool:
        """Say whether it is true, to the digits that are shown."""
        if self.value is None:
            return False
        exponent = self.result.as_tuple().exponent
        assert isinstance(exponent, int)
        error = abs(self.value - self.result)
        if self.value == self.value.to_integral_value() and not self.approximate:
            return error == 0
        shown = Decimal(1).scaleb(exponent) / 2
        return error <= shown or (
            self.approximate and error <= abs(self.value) * Decimal(str(tolerance))
        )


def equations(text: str, lang: Lang) -> Iterator[Equation]:
    """Yield every `a op b ... = c`; one with brackets around is left alone.

    >>> [str(e.value) for e in equations("1811 − 1742 = 69 and 2 × 3 + 4 = 10", "en")]
    ['69', '10']
    """
    for match in _CHAIN.finditer(text):
        before = text[: match.start()].rstrip()[-1:]
        if before and before in "+−×÷-–*·/(^=":
            continue  # the tail of something longer
        left = match.group("left")
        ops = [mark.strip() for mark in _BETWEEN.findall(left)]
        found = [_TERM.search(part) for part in _BETWEEN.split(left)]
        terms = [parse_number(term.group(1), lang) if term else None for term in found]
        result = parse_number(match.group("right"), lang)
        if result is None or any(term is None for term in terms):
            continue
        known = [term for term in terms if term is not None]
        percent = [bool(term and term.group(2)) for term in found]
        scaled = [
            n / 100 if of_100 and not match.group("percent") and _multiplies(ops, at) else n
            for at, (n, of_100) in enumerate(zip(known, percent))
        ]
        yield Equation(
            terms=tuple(known),
            value=_evaluate(scaled, [_CANON.get(op, op) for op in ops]),
            result=-result if match.group("minus") else result,
            written=match.group("right"),
            approximate=match.group("sign") != "=",
        )


def _multiplies(ops: Sequence[str], at: int) -> bool:
    near = [*ops[max(at - 1, 0) : at], *ops[at : at + 1]]
    return any(_CANON.get(op, op) in "×÷" for op in near)


def _evaluate(terms: Sequence[Decimal], ops: Sequence[str]) -> Decimal | None:
    """Evaluate with × and ÷ before + and -; None for a division by zero."""
    sums, signs = [terms[0]], ["+"]
    for op, term in zip(ops, terms[1:], strict=True):
        if op == "×":
            sums[-1] *= term
        elif op == "÷":
            if not term:
                return None
            sums[-1] /= term
        else:
            sums.append(term)
            signs.append(op)
    return sum((n if sign == "+" else -n for sign, n in zip(signs, sums)), Decimal(0))
