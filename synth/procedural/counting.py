"""Counting: probabilities as reduced fractions, and numbers of combinations."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise, permutations
from math import gcd

import numpy as np

from hanji.schema import Lang
from synth.procedural.draw import between, choice, fill, joined, sample, several, template, whole
from synth.procedural.names import PEOPLE
from synth.procedural.task import Problem, Task

__all__ = ["COUNTING"]

# Balls of five colors, behind or around their number.
_BALLS: dict[Lang, tuple[str, ...]] = {
    "en": ("{n} red balls", "{n} blue balls", "{n} green balls", "{n} white balls",
           "{n} black balls"),
    "ko": ("빨간 공 {n}개", "파란 공 {n}개", "초록 공 {n}개", "하얀 공 {n}개", "검은 공 {n}개"),
    "es": ("{n} bolas rojas", "{n} bolas azules", "{n} bolas verdes", "{n} bolas blancas",
           "{n} bolas negras"),
    "de": ("{n} rote Kugeln", "{n} blaue Kugeln", "{n} grüne Kugeln", "{n} weiße Kugeln",
           "{n} schwarze Kugeln"),
    "ja": ("赤い玉{n}個", "青い玉{n}個", "緑の玉{n}個", "白い玉{n}個", "黒い玉{n}個"),
    "vi": ("{n} viên bi đỏ", "{n} viên bi xanh dương", "{n} viên bi xanh lá", "{n} viên bi trắng",
           "{n} viên bi đen"),
}  # fmt: skip
_COLORS: dict[Lang, tuple[str, ...]] = {
    "en": ("red", "blue", "green", "white", "black"),
    "ko": ("빨간 공", "파란 공", "초록 공", "하얀 공", "검은 공"),
    "es": ("roja", "azul", "verde", "blanca", "negra"),
    "de": ("rot", "blau", "grün", "weiß", "schwarz"),
    "ja": ("赤い玉", "青い玉", "緑の玉", "白い玉", "黒い玉"),
    "vi": ("đỏ", "xanh dương", "xanh lá", "trắng", "đen"),
}
_BOTH: dict[Lang, tuple[str, ...]] = {
    **_COLORS,
    "es": ("rojas", "azules", "verdes", "blancas", "negras"),
}
_WORDS: dict[Lang, dict[str, str]] = {
    "en": {
        "bag": "A bag holds {balls}. ",
        "one": "One ball is drawn. What is the probability that it is {c}?",
        "not": "One ball is drawn. What is the probability that it is not {c}?",
        "two": "Two balls are drawn without putting the first back. "
        "What is the probability that both are {c}?",
        "choose": "{p} has {n} books and takes {k} of them on a trip. "
        "In how many ways can these be chosen?",
        "product": "{p} takes {k} of {n} books and {j} of {m} films on a trip. "
        "In how many ways can these be chosen?",
        "all": "All balls: {sum} = {n}.",
        "fit": "Balls that fit: {sum} = {n}.",
        "draws": "The first ball fits with {a}/{n}, the second then with {b}/{o}: "
        "{a} × {b} = {x} and {n} × {o} = {y}.",
        "share": "The probability is {x}/{y}.",
        "reduce": "Both parts can be divided by {g}: {x} ÷ {g} = {v} and {y} ÷ {g} = {w}.",
        "done": "{x}/{y} cannot be reduced.",
        "top": "Choosing {k} of {n} in order: {product} = {x}.",
        "order": "Each choice is counted {f} times: {product} = {f}.",
        "ways": "So there are {x} ÷ {f} = {c} choices.",
        "times": "Together: {a} × {b} = {c}.",
        "end": "The answer is {answer}.",
    },
    "ko": {
        "bag": "주머니에 {balls:이/가} 들어 있습니다. ",
        "one": "공 한 개를 꺼낼 때 {c}일 확률은 얼마입니까?",
        "not": "공 한 개를 꺼낼 때 {c:이/가} 아닐 확률은 얼마입니까?",
        "two": "꺼낸 공을 다시 넣지 않고 두 개를 차례로 꺼낼 때 두 개 모두 {c}일 확률은 "
        "얼마입니까?",
        "choose": "{p:은/는} 책 {n}권 가운데 {k}권을 골라 여행에 가져갑니다. "
        "고르는 방법은 모두 몇 가지입니까?",
        "product": "{p:은/는} 책 {n}권 가운데 {k}권과 영화 {m}편 가운데 {j}편을 골라 여행에 "
        "가져갑니다. 고르는 방법은 모두 몇 가지입니까?",
        "all": "공의 수는 모두 {sum} = {n}.",
        "fit": "조건에 맞는 공의 수는 {sum} = {n}.",
        "draws": "첫째 공이 맞을 확률은 {a}/{n}, 이어서 둘째 공이 맞을 확률은 {b}/{o}. "
        "{a} × {b} = {x}, {n} × {o} = {y}.",
        "share": "확률은 {x}/{y}.",
        "reduce": "분자와 분모를 {g:으로/로} 나누면 {x} ÷ {g} = {v}, {y} ÷ {g} = {w}.",
        "done": "{x}/{y}: 더 약분되지 않는다.",
        "top": "{n}개에서 {k}개를 순서대로 고르는 경우: {product} = {x}.",
        "order": "같은 묶음이 {f}번씩 세어진다: {product} = {f}.",
        "ways": "따라서 {x} ÷ {f} = {c}가지다.",
        "times": "함께 고르는 경우: {a} × {b} = {c}.",
        "end": "답: {answer}.",
    },
    "es": {
        "bag": "En una bolsa hay {balls}. ",
        "one": "Se saca una bola. ¿Cuál es la probabilidad de que sea {c}?",
        "not": "Se saca una bola. ¿Cuál es la probabilidad de que no sea {c}?",
        "two": "Se sacan dos bolas sin devolver la primera. "
        "¿Cuál es la probabilidad de que las dos sean {c}?",
        "choose": "{p} tiene {n} libros y se lleva {k} de viaje. "
        "¿De cuántas maneras puede elegirlos?",
        "product": "{p} se lleva de viaje {k} de {n} libros y {j} de {m} películas. "
        "¿De cuántas maneras puede elegir?",
        "all": "Bolas en total: {sum} = {n}.",
        "fit": "Bolas favorables: {sum} = {n}.",
        "draws": "La primera bola es favorable con {a}/{n} y después la segunda con {b}/{o}: "
        "{a} × {b} = {x} y {n} × {o} = {y}.",
        "share": "La probabilidad es {x}/{y}.",
        "reduce": "Ambas partes se dividen entre {g}: {x} ÷ {g} = {v} y {y} ÷ {g} = {w}.",
        "done": "{x}/{y} no se puede simplificar.",
        "top": "Elegir {k} de {n} en orden: {product} = {x}.",
        "order": "Cada elección se cuenta {f} veces: {product} = {f}.",
        "ways": "Entonces hay {x} ÷ {f} = {c} elecciones.",
        "times": "En conjunto: {a} × {b} = {c}.",
        "end": "La respuesta es {answer}.",
    },
    "de": {
        "bag": "In einem Beutel liegen {balls}. ",
        "one": "Eine Kugel wird gezogen. Wie groß ist die Wahrscheinlichkeit, dass sie {c} ist?",
        "not": "Eine Kugel wird gezogen. "
        "Wie groß ist die Wahrscheinlichkeit, dass sie nicht {c} ist?",
        "two": "Zwei Kugeln werden ohne Zurücklegen gezogen. "
        "Wie groß ist die Wahrscheinlichkeit, dass beide {c} sind?",
        "choose": "{p} hat {n} Bücher und nimmt {k} davon auf eine Reise mit. "
        "Auf wie viele Arten kann man sie auswählen?",
        "product": "{p} nimmt {k} von {n} Büchern und {j} von {m} Filmen auf eine Reise mit. "
        "Auf wie viele Arten kann man sie auswählen?",
        "all": "Kugeln insgesamt: {sum} = {n}.",
        "fit": "Passende Kugeln: {sum} = {n}.",
        "draws": "Die erste Kugel passt mit {a}/{n}, die zweite danach mit {b}/{o}: "
        "{a} × {b} = {x} und {n} × {o} = {y}.",
        "share": "Die Wahrscheinlichkeit ist {x}/{y}.",
        "reduce": "Beide Teile sind durch {g} teilbar: {x} ÷ {g} = {v} und {y} ÷ {g} = {w}.",
        "done": "{x}/{y} lässt sich nicht kürzen.",
        "top": "{k} von {n} der Reihe nach auswählen: {product} = {x}.",
        "order": "Jede Auswahl wird {f}-mal gezählt: {product} = {f}.",
        "ways": "Also gibt es {x} ÷ {f} = {c} Möglichkeiten.",
        "times": "Zusammen: {a} × {b} = {c}.",
        "end": "Die Antwort ist {answer}.",
    },
    "ja": {
        "bag": "袋に{balls}が入っています。",
        "one": "1個取り出すとき、それが{c}である確率はいくらですか。",
        "not": "1個取り出すとき、それが{c}でない確率はいくらですか。",
        "two": "取り出した玉を戻さずに2個続けて取り出すとき、2個とも{c}である確率はいくらですか。",
        "choose": "{p}は本{n}冊のうち{k}冊を選んで旅行に持っていきます。"
        "選び方は全部で何通りありますか。",
        "product": "{p}は本{n}冊のうち{k}冊と、映画{m}本のうち{j}本を選んで旅行に持っていきます。"
        "選び方は全部で何通りありますか。",
        "all": "玉は全部で{sum} = {n}。",
        "fit": "条件に合う玉は{sum} = {n}。",
        "draws": "1個目が合う確率は{a}/{n}、続けて2個目が合う確率は{b}/{o}。"
        "{a} × {b} = {x}、{n} × {o} = {y}。",
        "share": "確率は{x}/{y}。",
        "reduce": "分子と分母を{g}で割ると、{x} ÷ {g} = {v}、{y} ÷ {g} = {w}。",
        "done": "{x}/{y}はこれ以上約分できない。",
        "top": "{n}個から{k}個を順に選ぶ並べ方: {product} = {x}。",
        "order": "同じ組が{f}回ずつ数えられる: {product} = {f}。",
        "ways": "したがって{x} ÷ {f} = {c}通り。",
        "times": "合わせて{a} × {b} = {c}。",
        "end": "答えは{answer}である。",
    },
    "vi": {
        "bag": "Trong túi có {balls}. ",
        "one": "Lấy ra một viên. Xác suất để viên đó màu {c} là bao nhiêu?",
        "not": "Lấy ra một viên. Xác suất để viên đó không phải màu {c} là bao nhiêu?",
        "two": "Lấy lần lượt hai viên, không trả lại viên đầu. "
        "Xác suất để cả hai viên đều màu {c} là bao nhiêu?",
        "choose": "{p} có {n} quyển sách và mang theo {k} quyển khi đi du lịch. "
        "Có bao nhiêu cách chọn?",
        "product": "{p} mang theo {k} trong {n} quyển sách và {j} trong {m} bộ phim đi du lịch. "
        "Có bao nhiêu cách chọn?",
        "all": "Tổng số viên bi: {sum} = {n}.",
        "fit": "Số viên bi phù hợp: {sum} = {n}.",
        "draws": "Viên đầu phù hợp với xác suất {a}/{n}, sau đó viên thứ hai với {b}/{o}: "
        "{a} × {b} = {x} và {n} × {o} = {y}.",
        "share": "Xác suất là {x}/{y}.",
        "reduce": "Chia cả tử và mẫu cho {g}: {x} ÷ {g} = {v} và {y} ÷ {g} = {w}.",
        "done": "{x}/{y} không rút gọn được nữa.",
        "top": "Chọn {k} trong {n} theo thứ tự: {product} = {x}.",
        "order": "Mỗi cách chọn được đếm {f} lần: {product} = {f}.",
        "ways": "Vậy có {x} ÷ {f} = {c} cách.",
        "times": "Tất cả: {a} × {b} = {c}.",
        "end": "Câu trả lời là {answer}.",
    },
}


def _make(lang: Lang, difficulty: int, rng: np.random.Generator) -> Problem:
    words = _WORDS[lang]
    if difficulty in (3, 5):
        return _choices(lang, difficulty, rng)
    kind = ("one", "not", "", "two")[difficulty - 1]
    at = sample(rng, range(5), 3)
    counts = several(rng, 3, 2, 15)
    asked, total = counts[0], sum(counts)
    order = sample(rng, range(3), 3)
    balls = joined(lang, [_BALLS[lang][at[i]].format(n=counts[i]) for i in order])
    color = (_BOTH if kind == "two" else _COLORS)[lang][at[0]]
    question = fill(words["bag"], balls=balls) + fill(words[kind], c=color)
    shown = " + ".join(str(counts[i]) for i in order)
    lines = [fill(words["all"], sum=shown, n=total)]
    x, y = asked, total
    if kind == "not":
        x = total - asked
        shown = " + ".join(str(counts[i]) for i in order if i)
        lines.append(fill(words["fit"], sum=shown, n=x))
    if kind == "two":
        x, y = asked * (asked - 1), total * (total - 1)
        pair = {"a": asked, "b": asked - 1, "n": total, "o": total - 1}
        lines.append(fill(words["draws"], **pair, x=whole(x, lang), y=whole(y, lang)))
    divisor = gcd(x, y)
    shown_x, shown_y = whole(x, lang), whole(y, lang)
    v, w = whole(x // divisor, lang), whole(y // divisor, lang)
    lines.append(fill(words["share"], x=shown_x, y=shown_y))
    if divisor > 1:
        lines.append(fill(words["reduce"], g=divisor, x=shown_x, y=shown_y, v=v, w=w))
    else:
        lines.append(fill(words["done"], x=shown_x, y=shown_y))
    answer = f"{v}/{w}"
    lines.append(fill(words["end"], answer=answer))
    return Problem(question, "\n".join(lines), answer)


def _choices(lang: Lang, difficulty: int, rng: np.random.Generator) -> Problem:
    words, person = _WORDS[lang], choice(rng, PEOPLE[lang])
    lines: list[str] = []
    if difficulty == 3:
        n, k = between(rng, 7, 40), between(rng, 2, 5)
        question = fill(words["choose"], p=person, n=n, k=k)
        count = _choose(lang, n, k, lines)
    else:
        (n, m), (k, j) = several(rng, 2, 6, 20), several(rng, 2, 2, 4)
        question = fill(words["product"], p=person, n=n, k=k, m=m, j=j)
        a, b = _choose(lang, n, k, lines), _choose(lang, m, j, lines)
        count = a * b
        shown = {"a": whole(a, lang), "b": whole(b, lang), "c": whole(count, lang)}
        lines.append(fill(words["times"], **shown))
    answer = whole(count, lang)
    lines.append(fill(words["end"], answer=answer))
    return Problem(question, "\n".join(lines), answer)


def _choose(lang: Lang, n: int, k: int, lines: list[str]) -> int:
    """Count the choices of k out of n by orders, each set counted k! times."""
    words = _WORDS[lang]
    above, below = range(n, n - k, -1), range(k, 0, -1)
    x = f = 1
    for factor, divisor in zip(above, below):
        x, f = x * factor, f * divisor
    shown = {"x": whole(x, lang), "f": whole(f, lang)}
    lines.append(fill(words["top"], k=k, n=n, product=" × ".join(map(str, above)), **shown))
    lines.append(fill(words["order"], product=" × ".join(map(str, below)), **shown))
    lines.append(fill(words["ways"], **shown, c=whole(x // f, lang)))
    return x // f


_READ = {
    lang: {
        name: template(
            (words["bag"] if name in ("one", "not", "two") else "") + words[name],
            n=r"\d+", k=r"\d+", m=r"\d+", j=r"\d+",
            c="|".join(dict.fromkeys(_COLORS[lang] + _BOTH[lang])),
        )
        for name in ("one", "not", "two", "choose", "product")
    }
    for lang, words in _WORDS.items()
}  # fmt: skip
_COUNTS = {lang: [template(ball, n=r"\d+") for ball in balls] for lang, balls in _BALLS.items()}


def _pascal(n: int, k: int) -> int:
    """Read a number of combinations out of Pascal's triangle."""
    row = [1] + [0] * k
    for _ in range(n):
        row = [1, *(a + b for a, b in pairwise(row))]
    return row[k]


def _check(lang: Lang, problem: Problem) -> bool:
    """Read the numbers; count draws one by one, and choices in Pascal's triangle."""
    for kind, pattern in _READ[lang].items():
        match = pattern.fullmatch(problem.question)
        if match is None:
            continue
        if kind in ("choose", "product"):
            count = _pascal(int(match["n"]), int(match["k"]))
            if kind == "product":
                count *= _pascal(int(match["m"]), int(match["j"]))
            return problem.answer == whole(count, lang)
        bag: list[int] = []
        for color, ball in enumerate(_COUNTS[lang]):
            if found := ball.search(match["balls"]):
                bag += [color] * int(found["n"])
        names = (_BOTH if kind == "two" else _COLORS)[lang]
        wanted = names.index(match["c"])
        if kind == "two":
            good = sum(a == b == wanted for a, b in permutations(bag, 2))
            share = Fraction(good, len(bag) * (len(bag) - 1))
        else:
            good = sum((ball == wanted) == (kind == "one") for ball in bag)
            share = Fraction(good, len(bag))
        parts = (whole(share.numerator, lang), whole(share.denominator, lang))
        return problem.answer == "/".join(parts)
    return False


COUNTING = Task("counting", 1, _make, _check)
