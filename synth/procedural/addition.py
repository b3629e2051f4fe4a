"""Column addition with carrying: two numbers, digit by digit from the right."""

from __future__ import annotations

from functools import cache

import numpy as np

from hanji.schema import Lang
from hanji.text.korean import josa
from hanji.text.numbers import parse_number
from synth.procedural.draw import between, choice, operands, whole
from synth.procedural.task import Problem, Task

__all__ = ["ADDITION", "PLACES"]

_QUESTIONS: dict[Lang, tuple[str, ...]] = {
    "en": (
        "What is {a} plus {b}?",
        "A warehouse holds {a} sheets of paper and {b} more arrive. How many sheets are there now?",
        "Add {a} and {b}.",
    ),
    "ko": (
        "{a} 더하기 {b}의 값을 구하세요.",
        "창고에 종이 {a}장이 있고 {b}장이 더 들어왔습니다. 종이는 모두 몇 장입니까?",
        "두 수 {a}, {b}의 합은 얼마입니까?",
    ),
    "es": (
        "¿Cuánto es {a} más {b}?",
        "Un almacén guarda {a} hojas de papel y llegan {b} más. ¿Cuántas hojas hay ahora?",
        "Suma {a} y {b}.",
    ),
    "de": (
        "Wie viel ist {a} plus {b}?",
        "In einem Lager liegen {a} Blatt Papier, und {b} kommen hinzu. Wie viele sind es jetzt?",
        "Addiere {a} und {b}.",
    ),
    "ja": (
        "{a}足す{b}はいくつですか。",
        "倉庫に紙が{a}枚あり、さらに{b}枚届きました。紙は全部で何枚ありますか。",
        "{a}と{b}の和を求めなさい。",
    ),
    "vi": (
        "{a} cộng {b} bằng bao nhiêu?",
        "Trong kho có {a} tờ giấy, người ta chở đến thêm {b} tờ nữa. Bây giờ có bao nhiêu tờ giấy?",
        "Hãy tính tổng của {a} và {b}.",
    ),
}
PLACES: dict[Lang, tuple[str, ...]] = {
    "en": ("ones", "tens", "hundreds", "thousands", "ten thousands", "hundred thousands",
           "millions"),
    "ko": ("일", "십", "백", "천", "만", "십만", "백만"),
    "es": ("unidades", "decenas", "centenas", "unidades de millar", "decenas de millar",
           "centenas de millar", "unidades de millón"),
    "de": ("Einer", "Zehner", "Hunderter", "Tausender", "Zehntausender", "Hunderttausender",
           "Millionen"),
    "ja": ("一", "十", "百", "千", "一万", "十万", "百万"),
    "vi": ("đơn vị", "chục", "trăm", "nghìn", "chục nghìn", "trăm nghìn", "triệu"),
}  # fmt: skip
# start, step, step with a carry in, no carry out, carry out, last carry, end
_STEPS: dict[Lang, dict[str, str]] = {
    "en": {
        "start": "I add {a} and {b} column by column, from the right.",
        "sum": "The {place}: {x} + {y} = {s}.",
        "carried": "The {place}: {x} + {y} + 1 carried = {s}.",
        "write": " I write {d}.",
        "carry": " I write {d} and carry 1.",
        "last": "The carried 1 stands in front.",
        "end": "Read together, the digits give {answer}.",
    },
    "ko": {
        "start": "{a}, {b} 두 수를 오른쪽 자리부터 차례로 더한다.",
        "sum": "{place}의 자리: {x} + {y} = {s}.",
        "carried": "{place}의 자리: {x} + {y} + 받아올림 1 = {s}.",
        "write": " {d_obj} 쓴다.",
        "carry": " {d_obj} 쓰고 1을 받아올린다.",
        "last": "받아올린 1을 맨 앞에 쓴다.",
        "end": "자리의 숫자를 이어 읽으면 {answer_ida}.",
    },
    "es": {
        "start": "Sumo {a} y {b} columna por columna, empezando por la derecha.",
        "sum": "Las {place}: {x} + {y} = {s}.",
        "carried": "Las {place}: {x} + {y} + 1 que llevo = {s}.",
        "write": " Escribo {d}.",
        "carry": " Escribo {d} y llevo 1.",
        "last": "El 1 que llevo queda delante.",
        "end": "Leídas juntas, las cifras dan {answer}.",
    },
    "de": {
        "start": "Ich addiere {a} und {b} spaltenweise von rechts.",
        "sum": "{place}: {x} + {y} = {s}.",
        "carried": "{place}: {x} + {y} + 1 Übertrag = {s}.",
        "write": " Ich schreibe {d}.",
        "carry": " Ich schreibe {d} und übertrage 1.",
        "last": "Der Übertrag 1 steht ganz vorn.",
        "end": "Zusammen gelesen ergeben die Ziffern {answer}.",
    },
    "ja": {
        "start": "{a}と{b}を右の位から順に足す。",
        "sum": "{place}の位: {x} + {y} = {s}。",
        "carried": "{place}の位: {x} + {y} + 繰り上がり1 = {s}。",
        "write": "{d}を書く。",
        "carry": "{d}を書いて1を繰り上げる。",
        "last": "繰り上がった1を先頭に書く。",
        "end": "数字を続けて読むと{answer}になる。",
    },
    "vi": {
        "start": "Tôi cộng {a} với {b} theo từng cột, từ phải sang trái.",
        "sum": "Hàng {place}: {x} + {y} = {s}.",
        "carried": "Hàng {place}: {x} + {y} + nhớ 1 = {s}.",
        "write": " Viết {d}.",
        "carry": " Viết {d}, nhớ 1.",
        "last": "Số nhớ 1 được viết ở đầu.",
        "end": "Đọc liền các chữ số, kết quả là {answer}.",
    },
}


def _make(lang: Lang, difficulty: int, rng: np.random.Generator) -> Problem:
    low, high = 10**difficulty, 10 ** (difficulty + 1) - 1
    a, b = between(rng, low, high), between(rng, low, high)
    steps, written = _columns(lang, a, b)
    answer = whole(written, lang)
    shown_a, shown_b = whole(a, lang), whole(b, lang)
    words = _STEPS[lang]
    first = words["start"].format(a=shown_a, b=shown_b)
    ida = josa(answer, "이다/다") if lang == "ko" else ""
    last = words["end"].format(answer=answer, answer_ida=ida)
    question = choice(rng, _QUESTIONS[lang]).format(a=shown_a, b=shown_b)
    return Problem(question, "\n".join([first, *steps, last]), answer)


def _columns(lang: Lang, a: int, b: int) -> tuple[list[str], int]:
    """Add by columns as a person does; return the steps and the number that was written."""
    lines, digits, carry, place = [], "", 0, 0
    while a or b:
        a, x = divmod(a, 10)
        b, y = divmod(b, 10)
        line, digit, carry = _column(lang, place, x, y, carry)
        lines.append(line)
        digits = digit + digits
        place += 1
    if carry:
        lines.append(_STEPS[lang]["last"])
        digits = "1" + digits
    return lines, int(digits)


@cache  # 8,400 columns in six languages
def _column(lang: Lang, place: int, x: int, y: int, carry: int) -> tuple[str, str, int]:
    """Return the line of one column, the digit that is written and the carry."""
    words = _STEPS[lang]
    total = x + y + carry
    name = PLACES[lang][place]
    line = words["carried" if carry else "sum"].format(place=name, x=x, y=y, s=total)
    digit, carry = str(total % 10), total // 10
    end = words["carry" if carry else "write"].format(d=digit, d_obj=josa(digit, "을/를"))
    return line + end, digit, carry


_read = operands(_QUESTIONS)


def _check(lang: Lang, problem: Problem) -> bool:
    """Read both numbers by their places in the question; add them as whole numbers."""
    pair = _read(lang, problem.question)
    return pair is not None and parse_number(problem.answer, lang) == sum(pair)


ADDITION = Task("addition", 2, _make, _check)
