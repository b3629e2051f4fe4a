"""Long multiplication with carrying: a row for each digit, then the sum of the rows."""

from __future__ import annotations

from functools import cache

import numpy as np

from hanji.schema import Lang
from hanji.text.numbers import parse_number
from synth.procedural.draw import between, choice, fill, operands, whole
from synth.procedural.task import Problem, Task

__all__ = ["MULTIPLICATION"]

_QUESTIONS: dict[Lang, tuple[str, ...]] = {
    "en": (
        "What is {a} times {b}?",
        "A box holds {a} sheets of paper. How many sheets are in {b} boxes?",
        "Multiply {a} by {b}.",
    ),
    "ko": (
        "{a} 곱하기 {b}의 값을 구하세요.",
        "상자마다 종이가 {a}장씩 들어 있습니다. 상자 {b}개에는 종이가 모두 몇 장 있습니까?",
        "{a}에 {b:을/를} 곱하면 얼마입니까?",
    ),
    "es": (
        "¿Cuánto es {a} por {b}?",
        "En cada caja hay {a} hojas de papel. ¿Cuántas hojas hay en {b} cajas?",
        "Multiplica {a} por {b}.",
    ),
    "de": (
        "Wie viel ist {a} mal {b}?",
        "In jeder Kiste liegen {a} Blatt Papier. Wie viele Blatt sind es in {b} Kisten?",
        "Multipliziere {a} mit {b}.",
    ),
    "ja": (
        "{a}掛ける{b}はいくつですか。",
        "どの箱にも紙が{a}枚ずつ入っています。{b}箱では紙は全部で何枚になりますか。",
        "{a}に{b}を掛けなさい。",
    ),
    "vi": (
        "{a} nhân {b} bằng bao nhiêu?",
        "Mỗi hộp có {a} tờ giấy. Hỏi {b} hộp có bao nhiêu tờ giấy?",
        "Hãy nhân {a} với {b}.",
    ),
}
_STEPS: dict[Lang, dict[str, str]] = {
    "en": {
        "start": "I multiply {a} by the digits of {b}, from the right.",
        "write": " I write {d}.",
        "carry": " I write {d} and carry {c}.",
        "last": "The carried {c} stands in front.",
        "zero": "The digit 0 gives no row.",
        "row": "So {a} × {m} = {row}.",
        "sum": "The rows so far: {s} + {row} = {t}.",
        "end": "The product is {answer}.",
    },
    "ko": {
        "start": "{a}에 {b}의 각 자리 숫자를 오른쪽부터 차례로 곱한다.",
        "write": " {d:을/를} 쓴다.",
        "carry": " {d:을/를} 쓰고 {c:을/를} 올린다.",
        "last": "올린 {c:을/를} 맨 앞에 쓴다.",
        "zero": "숫자 0은 더할 것이 없으므로 건너뛴다.",
        "row": "따라서 {a} × {m} = {row}.",
        "sum": "지금까지의 합: {s} + {row} = {t}.",
        "end": "곱은 {answer:이다/다}.",
    },
    "es": {
        "start": "Multiplico {a} por las cifras de {b}, empezando por la derecha.",
        "write": " Escribo {d}.",
        "carry": " Escribo {d} y llevo {c}.",
        "last": "El {c} que llevo queda delante.",
        "zero": "La cifra 0 no aporta ninguna fila.",
        "row": "Entonces {a} × {m} = {row}.",
        "sum": "Suma de las filas: {s} + {row} = {t}.",
        "end": "El producto es {answer}.",
    },
    "de": {
        "start": "Ich multipliziere {a} mit den Ziffern von {b}, von rechts nach links.",
        "write": " Ich schreibe {d}.",
        "carry": " Ich schreibe {d} und übertrage {c}.",
        "last": "Der Übertrag {c} steht ganz vorn.",
        "zero": "Die Ziffer 0 ergibt keine Zeile.",
        "row": "Also ist {a} × {m} = {row}.",
        "sum": "Summe der Zeilen: {s} + {row} = {t}.",
        "end": "Das Produkt ist {answer}.",
    },
    "ja": {
        "start": "{a}に{b}の各位の数字を右から順に掛ける。",
        "write": "{d}を書く。",
        "carry": "{d}を書いて{c}を繰り上げる。",
        "last": "繰り上がった{c}を先頭に書く。",
        "zero": "数字0の段は足すものがないので飛ばす。",
        "row": "したがって{a} × {m} = {row}。",
        "sum": "ここまでの和: {s} + {row} = {t}。",
        "end": "積は{answer}である。",
    },
    "vi": {
        "start": "Tôi nhân {a} với từng chữ số của {b}, từ phải sang trái.",
        "write": " Viết {d}.",
        "carry": " Viết {d}, nhớ {c}.",
        "last": "Số nhớ {c} được viết ở đầu.",
        "zero": "Chữ số 0 không cho thêm hàng nào.",
        "row": "Vậy {a} × {m} = {row}.",
        "sum": "Cộng các hàng: {s} + {row} = {t}.",
        "end": "Tích là {answer}.",
    },
}
_DIGITS = {1: (2, 1), 2: (3, 1), 3: (3, 2), 4: (4, 2), 5: (4, 3)}  # of both factors


@cache  # 4,800 steps in six languages
def _step(lang: Lang, x: int, y: int, carry: int) -> tuple[str, str, int]:
    """Return the line of one digit times another, the digit that is written and the carry."""
    total = x * y + carry
    line = f"{x} × {y} + {carry} = {total}" if carry else f"{x} × {y} = {total}"
    digit, carry = str(total % 10), total // 10
    end = fill(_STEPS[lang]["carry" if carry else "write"], d=digit, c=str(carry))
    return line + ("。" if lang == "ja" else ".") + end, digit, carry


@cache
def _last(lang: Lang, carry: int) -> str:
    return fill(_STEPS[lang]["last"], c=str(carry))


def _row(lang: Lang, a: int, y: int, lines: list[str]) -> int:
    """Write the steps of one row; return the number that they wrote."""
    digits, carry = "", 0
    while a:
        a, x = divmod(a, 10)
        line, digit, carry = _step(lang, x, y, carry)
        lines.append(line)
        digits = digit + digits
    if carry:
        lines.append(_last(lang, carry))
        digits = str(carry) + digits
    return int(digits)


def _make(lang: Lang, difficulty: int, rng: np.random.Generator) -> Problem:
    longer, shorter = _DIGITS[difficulty]
    a = between(rng, 10 ** (longer - 1), 10**longer - 1)
    b = between(rng, max(2, 10 ** (shorter - 1)), 10**shorter - 1)
    words = _STEPS[lang]
    shown_a, shown_b = whole(a, lang), whole(b, lang)
    question = fill(choice(rng, _QUESTIONS[lang]), a=shown_a, b=shown_b)
    lines = [fill(words["start"], a=shown_a, b=shown_b)]
    total, unit, left = 0, 1, b
    while left:
        left, y = divmod(left, 10)
        if y == 0:
            lines.append(words["zero"])
        else:
            row = _row(lang, a, y, lines) * unit
            shown = whole(row, lang)
            lines.append(words["row"].format(a=shown_a, m=whole(y * unit, lang), row=shown))
            if total:
                before, total = whole(total, lang), total + row
                lines.append(words["sum"].format(s=before, row=shown, t=whole(total, lang)))
            else:
                total = row
        unit *= 10
    answer = whole(total, lang)
    lines.append(fill(words["end"], answer=answer))
    return Problem(question, "\n".join(lines), answer)


_read = operands(_QUESTIONS)


def _check(lang: Lang, problem: Problem) -> bool:
    """Read both numbers by their places in the question; multiply them as whole numbers."""
    pair = _read(lang, problem.question)
    return pair is not None and parse_number(problem.answer, lang) == pair[0] * pair[1]


MULTIPLICATION = Task("multiplication", 1, _make, _check)
