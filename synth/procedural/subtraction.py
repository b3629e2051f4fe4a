"""Column subtraction with borrowing: digit by digit from the right."""

from __future__ import annotations

from functools import cache

import numpy as np

from hanji.schema import Lang
from hanji.text.numbers import parse_number
from synth.procedural.addition import PLACES
from synth.procedural.draw import between, choice, fill, operands, whole
from synth.procedural.task import Problem, Task

__all__ = ["SUBTRACTION"]

_QUESTIONS: dict[Lang, tuple[str, ...]] = {
    "en": (
        "What is {a} minus {b}?",
        "A library owns {a} books and {b} of them are on loan. How many are on the shelves?",
        "Subtract {b} from {a}.",
    ),
    "ko": (
        "{a} 빼기 {b}의 값을 구하세요.",
        "도서관에 책이 {a}권 있는데 그중 {b}권이 대출 중입니다. 서가에 남은 책은 몇 권입니까?",
        "{a}에서 {b:을/를} 빼면 얼마입니까?",
    ),
    "es": (
        "¿Cuánto es {a} menos {b}?",
        "Una biblioteca tiene {a} libros y {b} están prestados. ¿Cuántos quedan en los estantes?",
        "Resta {b} de {a}.",
    ),
    "de": (
        "Wie viel ist {a} minus {b}?",
        "Eine Bibliothek besitzt {a} Bücher, {b} davon sind verliehen. Wie viele stehen im Regal?",
        "Ziehe {b} von {a} ab.",
    ),
    "ja": (
        "{a}引く{b}はいくつですか。",
        "図書館に本が{a}冊あり、そのうち{b}冊が貸し出し中です。棚に残っている本は何冊ですか。",
        "{a}から{b}を引きなさい。",
    ),
    "vi": (
        "{a} trừ {b} bằng bao nhiêu?",
        "Thư viện có {a} quyển sách, trong đó {b} quyển đang được mượn. "
        "Trên giá còn bao nhiêu quyển?",
        "Hãy lấy {a} trừ đi {b}.",
    ),
}  # fmt: skip
# In the columns: x above y, d written; t = 10 more than the upper digit; z = x − 1.
_STEPS: dict[Lang, dict[str, str]] = {
    "en": {
        "start": "I subtract {b} from {a} column by column, from the right.",
        "plain": "The {place}: {x} − {y} = {d}.",
        "borrow": "The {place}: {x} is less than {y}, so I borrow 1: {t} − {y} = {d}.",
        "paid": "The {place}: 1 was borrowed, {x} − 1 = {z}; {z} − {y} = {d}.",
        "both": "The {place}: 1 was borrowed, {x} − 1 = {z}; this is less than {y}, "
        "so I borrow 1: {t} − {y} = {d}.",
        "zero": "The {place}: 1 was borrowed but 0 stands here, so I borrow 1: 10 − 1 = 9; "
        "9 − {y} = {d}.",
        "end": "Read together, the digits give {answer}.",
    },
    "ko": {
        "start": "{a}에서 {b:을/를} 오른쪽 자리부터 차례로 뺀다.",
        "plain": "{place}의 자리: {x} − {y} = {d}.",
        "borrow": "{place}의 자리: {x:은/는} {y}보다 작으므로 1을 받아내린다. {t} − {y} = {d}.",
        "paid": "{place}의 자리: 1을 내주었으므로 {x} − 1 = {z}, {z} − {y} = {d}.",
        "both": "{place}의 자리: 1을 내주었으므로 {x} − 1 = {z}, {y}보다 작으므로 "
        "1을 받아내린다. {t} − {y} = {d}.",
        "zero": "{place}의 자리: 1을 내주어야 하는데 0이므로 1을 받아내린다. 10 − 1 = 9, "
        "9 − {y} = {d}.",
        "end": "자리의 숫자를 이어 읽으면 {answer:이다/다}.",
    },
    "es": {
        "start": "Resto {b} de {a} columna por columna, empezando por la derecha.",
        "plain": "Las {place}: {x} − {y} = {d}.",
        "borrow": "Las {place}: {x} es menor que {y}, así que pido 1 prestado: {t} − {y} = {d}.",
        "paid": "Las {place}: ya presté 1, {x} − 1 = {z}; {z} − {y} = {d}.",
        "both": "Las {place}: ya presté 1, {x} − 1 = {z}; es menor que {y}, "
        "así que pido 1 prestado: {t} − {y} = {d}.",
        "zero": "Las {place}: debo prestar 1 y hay un 0, así que pido 1 prestado: 10 − 1 = 9; "
        "9 − {y} = {d}.",
        "end": "Leídas juntas, las cifras dan {answer}.",
    },
    "de": {
        "start": "Ich ziehe {b} von {a} spaltenweise von rechts ab.",
        "plain": "{place}: {x} − {y} = {d}.",
        "borrow": "{place}: {x} ist kleiner als {y}, also borge ich 1: {t} − {y} = {d}.",
        "paid": "{place}: 1 wurde geborgt, {x} − 1 = {z}; {z} − {y} = {d}.",
        "both": "{place}: 1 wurde geborgt, {x} − 1 = {z}; das ist kleiner als {y}, "
        "also borge ich 1: {t} − {y} = {d}.",
        "zero": "{place}: 1 wurde geborgt, aber hier steht 0, also borge ich 1: 10 − 1 = 9; "
        "9 − {y} = {d}.",
        "end": "Zusammen gelesen ergeben die Ziffern {answer}.",
    },
    "ja": {
        "start": "{a}から{b}を右の位から順に引く。",
        "plain": "{place}の位: {x} − {y} = {d}。",
        "borrow": "{place}の位: {x}は{y}より小さいので1繰り下げて、{t} − {y} = {d}。",
        "paid": "{place}の位: 1貸したので{x} − 1 = {z}、{z} − {y} = {d}。",
        "both": "{place}の位: 1貸したので{x} − 1 = {z}、{y}より小さいので1繰り下げて、"
        "{t} − {y} = {d}。",
        "zero": "{place}の位: 1貸したいが0なので1繰り下げて、10 − 1 = 9、9 − {y} = {d}。",
        "end": "数字を続けて読むと{answer}になる。",
    },
    "vi": {
        "start": "Tôi lấy {a} trừ {b} theo từng cột, từ phải sang trái.",
        "plain": "Hàng {place}: {x} − {y} = {d}.",
        "borrow": "Hàng {place}: {x} nhỏ hơn {y} nên mượn 1: {t} − {y} = {d}.",
        "paid": "Hàng {place}: đã cho mượn 1, {x} − 1 = {z}; {z} − {y} = {d}.",
        "both": "Hàng {place}: đã cho mượn 1, {x} − 1 = {z}; nhỏ hơn {y} nên mượn 1: "
        "{t} − {y} = {d}.",
        "zero": "Hàng {place}: phải cho mượn 1 mà ở đây là 0 nên mượn 1: 10 − 1 = 9; "
        "9 − {y} = {d}.",
        "end": "Đọc liền các chữ số, kết quả là {answer}.",
    },
}


@cache  # 8,400 columns in six languages
def _column(lang: Lang, place: int, x: int, y: int, owed: bool) -> tuple[str, str, bool]:
    """Return the line of one column, the digit that is written and whether 1 was borrowed."""
    if owed and x == 0:
        kind, top, owed = "zero", 9, True
    else:
        top = x - owed
        kind = ("both" if owed else "borrow") if top < y else ("paid" if owed else "plain")
        owed = top < y
        top += 10 * owed
    digit = str(top - y)
    name = PLACES[lang][place]
    z = x - 1
    line = fill(_STEPS[lang][kind], place=name, x=str(x), y=str(y), d=digit, t=str(top), z=str(z))
    return line, digit, owed


def _make(lang: Lang, difficulty: int, rng: np.random.Generator) -> Problem:
    low, high = 10**difficulty, 10 ** (difficulty + 1) - 1
    b, a = sorted((between(rng, low, high), between(rng, low, high)))
    shown_a, shown_b = whole(a, lang), whole(b, lang)
    question = fill(choice(rng, _QUESTIONS[lang]), a=shown_a, b=shown_b)
    lines, digits, owed, place = [fill(_STEPS[lang]["start"], a=shown_a, b=shown_b)], "", False, 0
    while a:
        a, x = divmod(a, 10)
        b, y = divmod(b, 10)
        line, digit, owed = _column(lang, place, x, y, owed)
        lines.append(line)
        digits = digit + digits
        place += 1
    answer = whole(int(digits), lang)
    lines.append(fill(_STEPS[lang]["end"], answer=answer))
    return Problem(question, "\n".join(lines), answer)


_read = operands(_QUESTIONS)


def _check(lang: Lang, problem: Problem) -> bool:
    """Read both numbers by their places in the question; add the answer to the second."""
    pair = _read(lang, problem.question)
    answer = parse_number(problem.answer, lang)
    if pair is None or answer is None:
        return False
    return pair[0] >= pair[1] and pair[1] + answer == pair[0]


SUBTRACTION = Task("subtraction", 1, _make, _check)
