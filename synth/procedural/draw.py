"""Draws and words that the tasks share.

`Generator.integers` costs microseconds a call for one integer; `Generator.random` a fraction of
one. So an integer is drawn here as a floor of a random float, which is exact enough below 2**32.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TypeVar

import numpy as np

from hanji.schema import Lang
from hanji.text.korean import josa
from hanji.text.numbers import SEPARATORS, parse_number

__all__ = [
    "NUMBER",
    "Word",
    "below",
    "between",
    "choice",
    "chosen",
    "decimal",
    "fill",
    "joined",
    "money",
    "numbers",
    "operands",
    "sample",
    "several",
    "template",
    "whole",
]

T = TypeVar("T")
NUMBER = re.compile(r"\d[\d.,]*\d|\d")


def below(rng: np.random.Generator, n: int) -> int:
    """Draw a whole number from 0 to n - 1."""
    return int(rng.random() * n)


def between(rng: np.random.Generator, low: int, high: int) -> int:
    """Draw a whole number from `low` to `high`, both included."""
    return low + int(rng.random() * (high - low + 1))


def several(rng: np.random.Generator, count: int, low: int, high: int) -> list[int]:
    """Draw `count` whole numbers from `low` to `high`, both included."""
    return [low + int(rng.random() * (high - low + 1)) for _ in range(count)]


def choice(rng: np.random.Generator, options: Sequence[T]) -> T:
    """Draw one of the options."""
    return options[int(rng.random() * len(options))]


def sample(rng: np.random.Generator, options: Sequence[T], count: int) -> list[T]:
    """Draw `count` different options, in a random order."""
    left = list(options)
    for at in range(count):
        other = at + int(rng.random() * (len(left) - at))
        left[at], left[other] = left[other], left[at]
    return left[:count]


class Word(str):
    """A word that takes a Korean particle from the format: `{a:은/는}`."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        """Return the word, with the particle of `spec` that agrees behind it."""
        return josa(str(self), spec) if spec else str(self)


def fill(text: str, **values: str | int) -> str:
    """Fill a template; a field such as `{a:을/를}` gets its Korean particle."""
    return text.format_map({name: Word(value) for name, value in values.items()})


def template(text: str, **groups: str) -> re.Pattern[str]:
    """Compile a template into the pattern that reads what was filled in.

    Args:
        text: the template; a field twice must read the same twice.
        groups: the pattern of each field; others are anything.
    """
    parts: list[str] = []
    seen: set[str] = set()
    at = 0
    for match in re.finditer(r"\{(\w+)(?::([^}]*))?\}", text):
        parts.append(re.escape(text[at : match.start()]))
        name, particle = match.group(1), match.group(2)
        parts.append(f"(?P={name})" if name in seen else f"(?P<{name}>{groups.get(name, '.+?')})")
        if particle:
            parts.append("(?:" + "|".join(map(re.escape, particle.split("/"))) + ")")
        seen.add(name)
        at = match.end()
    parts.append(re.escape(text[at:]))
    return re.compile("".join(parts), re.DOTALL)


def whole(value: int, lang: Lang) -> str:
    """Write a whole number as `format_number` does, quicker."""
    if -1000 < value < 1000 or (lang == "es" and -10_000 < value < 10_000):
        return str(value)
    text = f"{value:,}"
    mark = SEPARATORS[lang][0]
    return text if mark == "," else text.replace(",", mark)


_AND: dict[Lang, tuple[str, str]] = {
    "en": (", ", " and "),
    "ko": (", ", ", "),
    "es": (", ", " y "),
    "de": (", ", " und "),
    "ja": ("、", "、"),
    "vi": (", ", " và "),
}


def joined(lang: Lang, items: Sequence[str]) -> str:
    """Name several things in a row: `a, b and c`."""
    comma, last = _AND[lang]
    return last.join([comma.join(items[:-1]), items[-1]] if len(items) > 1 else items)


# How a price is written and the decimals of its smallest coin.
_MONEY: dict[Lang, tuple[str, int]] = {
    "en": ("${n}", 2),
    "ko": ("{n}원", 0),
    "es": ("{n} €", 2),
    "de": ("{n} €", 2),
    "ja": ("{n}円", 0),
    "vi": ("{n} đồng", 0),
}


def money(lang: Lang, coins: int) -> str:
    """Write an amount of the smallest coin: cents in English, Spanish and German."""
    pattern, decimals = _MONEY[lang]
    if decimals == 0:
        return pattern.format(n=whole(coins, lang))
    units, cents = divmod(coins, 100)
    part = f"{SEPARATORS[lang][1]}{cents:02}" if cents else ""
    return pattern.format(n=whole(units, lang) + part)


def decimal(value: Decimal, lang: Lang) -> str:
    """Write a decimal number without zeros at its end."""
    units, _, part = f"{value:f}".partition(".")
    part = part.rstrip("0")
    return whole(int(units), lang) + (SEPARATORS[lang][1] + part if part else "")


def chosen(patterns: Sequence[re.Pattern[str]], text: str) -> re.Match[str] | None:
    """Match a text as a whole against the first pattern that fits."""
    return next(filter(None, (pattern.fullmatch(text) for pattern in patterns)), None)


def operands(
    questions: Mapping[Lang, Sequence[str]],
) -> Callable[[Lang, str], tuple[Decimal, Decimal] | None]:
    """Return a reader of the fields `a` and `b` of a question, None where it is none of these."""
    patterns = {
        lang: [template(text, a=r"[\d.,]*\d", b=r"[\d.,]*\d") for text in texts]
        for lang, texts in questions.items()
    }

    def read(lang: Lang, question: str) -> tuple[Decimal, Decimal] | None:
        match = chosen(patterns[lang], question)
        if match is None:
            return None
        a, b = parse_number(match["a"], lang), parse_number(match["b"], lang)
        return None if a is None or b is None else (a, b)

    return read


def numbers(text: str, lang: Lang) -> list[Decimal]:
    """Read every number that is written with digits in a text.

    Raises:
        ValueError: if digits stand there that are no number of the language.
    """
    found = []
    for piece in NUMBER.findall(text):
        value = parse_number(piece, lang)
        if value is None:
            raise ValueError(f"'{piece}' is no number of '{lang}'")
        found.append(value)
    return found
