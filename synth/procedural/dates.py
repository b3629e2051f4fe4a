"""Dates: which day is so many days after a date, month by month."""

from __future__ import annotations

import datetime
import re

import numpy as np

from hanji.schema import Lang
from hanji.text.korean import josa
from synth.procedural.draw import between, template
from synth.procedural.task import Problem, Task

__all__ = ["DATES"]

_MONTHS: dict[Lang, tuple[str, ...]] = {
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September",
           "October", "November", "December"),
    "es": ("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre",
           "octubre", "noviembre", "diciembre"),
    "de": ("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September",
           "Oktober", "November", "Dezember"),
}  # fmt: skip
_WORDS: dict[Lang, dict[str, str]] = {
    "en": {
        "date": "{month} {d}, {y}",
        "question": "What date is {n} days after {date}?",
        "rest": "From {date} to the end of the month it is {length} − {d} = {rest} days.",
        "use": "{n} − {rest} = {left}, so {left} days remain and the next month begins.",
        "month": "{month} {y} has {length} days; {left} − {length} = {after} remain.",
        "end": "The remaining {left} days lead to {answer}.",
        "same": "{d} + {n} = {day}, which is still in the same month, so it is {answer}.",
    },
    "ko": {
        "date": "{y}년 {m}월 {d}일",
        "question": "{date}에서 {n}일 뒤는 며칠입니까?",
        "rest": "{date}에서 그달 말일까지는 {length} − {d} = {rest}일이 남는다.",
        "use": "{n} − {rest} = {left}이므로 다음 달로 넘어가서 {left}일을 더 센다.",
        "month": "{y}년 {m}월은 {length}일까지 있으므로 {left} − {length} = {after}일이 남는다.",
        "end": "남은 {left}일을 세면 {answer_ida}.",
        "same": "{d} + {n} = {day}이고 같은 달 안이므로 {answer_ida}.",
    },
    "es": {
        "date": "{d} de {month} de {y}",
        "question": "¿Qué fecha es {n} días después del {date}?",
        "rest": "Desde el {date} hasta el fin del mes quedan {length} − {d} = {rest} días.",
        "use": "{n} − {rest} = {left}, así que faltan {left} días y empieza el mes siguiente.",
        "month": "{month} de {y} tiene {length} días; quedan {left} − {length} = {after}.",
        "end": "Los {left} días que faltan llevan al {answer}.",
        "same": "{d} + {n} = {day}, todavía en el mismo mes, así que es el {answer}.",
    },
    "de": {
        "date": "{d}. {month} {y}",
        "question": "Welches Datum ist {n} Tage nach dem {date}?",
        "rest": "Vom {date} bis zum Monatsende sind es {length} − {d} = {rest} Tage.",
        "use": "{n} − {rest} = {left}, es fehlen also {left} Tage, und der nächste Monat beginnt.",
        "month": "Der Monat {month} {y} hat {length} Tage; es bleiben {left} − {length} = {after}.",
        "end": "Die restlichen {left} Tage führen zum {answer}.",
        "same": "{d} + {n} = {day} liegt noch im selben Monat, also ist es der {answer}.",
    },
    "ja": {
        "date": "{y}年{m}月{d}日",
        "question": "{date}の{n}日後は何年何月何日ですか。",
        "rest": "{date}から月末までは{length} − {d} = {rest}日ある。",
        "use": "{n} − {rest} = {left}なので、翌月に入ってあと{left}日数える。",
        "month": "{y}年{m}月は{length}日まであるので、{left} − {length} = {after}日残る。",
        "end": "残りの{left}日を数えると{answer}になる。",
        "same": "{d} + {n} = {day}で同じ月の中なので、{answer}になる。",
    },
    "vi": {
        "date": "ngày {d} tháng {m} năm {y}",
        "question": "Sau {date} {n} ngày là ngày nào?",
        "rest": "Từ {date} đến cuối tháng còn {length} − {d} = {rest} ngày.",
        "use": "{n} − {rest} = {left}, vậy còn {left} ngày nữa tính từ đầu tháng sau.",
        "month": "Tháng {m} năm {y} có {length} ngày; còn lại {left} − {length} = {after} ngày.",
        "end": "Đếm {left} ngày còn lại thì đến {answer}.",
        "same": "{d} + {n} = {day}, vẫn trong cùng tháng, nên đó là {answer}.",
    },
}
_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
MOST = {1: 20, 2: 60, 3: 150, 4: 400, 5: 900}  # days by difficulty


def _length(year: int, month: int) -> int:
    """Count the days of a month by the Gregorian rule."""
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 29 if month == 2 and leap else _LENGTHS[month - 1]


def _date(lang: Lang, year: int, month: int, day: int) -> str:
    name = _MONTHS[lang][month - 1] if lang in _MONTHS else ""
    return _WORDS[lang]["date"].format(y=year, m=month, d=day, month=name)


def _make(lang: Lang, difficulty: int, rng: np.random.Generator) -> Problem:
    year, month = between(rng, 1900, 2099), between(rng, 1, 12)
    day = between(rng, 1, _length(year, month))
    n = between(rng, 2, MOST[difficulty] - 1)
    words, start = _WORDS[lang], _date(lang, year, month, day)
    question = words["question"].format(date=start, n=n)
    length = _length(year, month)
    rest = length - day
    if n <= rest:
        answer = _date(lang, year, month, day + n)
        shown = {"d": day, "n": n, "day": day + n, "answer": answer}
        line = words["same"].format(**shown, answer_ida=josa(answer, "이다/다"))
        return Problem(question, line, answer)
    left = n - rest
    lines = [
        words["rest"].format(date=start, length=length, d=day, rest=rest),
        words["use"].format(n=n, rest=rest, left=left),
    ]
    while True:
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
        length = _length(year, month)
        if left <= length:
            break
        name = _MONTHS[lang][month - 1] if lang in _MONTHS else ""
        shown = {"y": year, "m": month, "month": name, "length": length}
        lines.append(words["month"].format(**shown, left=left, after=left - length))
        left -= length
    answer = _date(lang, year, month, left)
    ida = josa(answer, "이다/다")
    lines.append(words["end"].format(left=left, answer=answer, answer_ida=ida))
    return Problem(question, "\n".join(lines), answer)


_NUMBER = re.compile(r"\d+")


def _read(lang: Lang, text: str) -> tuple[datetime.date, list[int]]:
    """Read a date out of a text; return it with the other numbers."""
    numbers = [int(number) for number in _NUMBER.findall(text)]
    year = next(number for number in numbers if number >= 1000)
    if lang in _MONTHS:
        month = next(i for i, name in enumerate(_MONTHS[lang], 1) if name in text)
        at = numbers.index(year)
        day = numbers[at - 1]
        return datetime.date(year, month, day), [*numbers[: at - 1], *numbers[at + 1 :]]
    at = numbers.index(year)
    if lang == "vi":
        rest = [*numbers[: at - 2], *numbers[at + 1 :]]
        return datetime.date(year, numbers[at - 1], numbers[at - 2]), rest
    rest = [*numbers[:at], *numbers[at + 3 :]]
    return datetime.date(year, numbers[at + 1], numbers[at + 2]), rest


_ASKED = {lang: template(words["question"], n=r"\d+") for lang, words in _WORDS.items()}


def _check(lang: Lang, problem: Problem) -> bool:
    """Read date and days out of the question; let the calendar of Python answer."""
    match = _ASKED[lang].fullmatch(problem.question)
    if match is None:
        return False
    try:
        start, others = _read(lang, match["date"])
        end = start + datetime.timedelta(days=int(match["n"]))
    except (StopIteration, ValueError, IndexError, OverflowError):
        return False
    return not others and problem.answer == _date(lang, end.year, end.month, end.day)


DATES = Task("dates", 2, _make, _check)
