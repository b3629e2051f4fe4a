"""Linear equations in one unknown, and systems of two."""

from __future__ import annotations

import re
from fractions import Fraction

import numpy as np

from hanji.schema import Lang
from synth.procedural.draw import between, choice, fill
from synth.procedural.task import Problem, Task

__all__ = ["LINEAR"]

_QUESTIONS: dict[Lang, tuple[str, ...]] = {
    "en": ("Solve the equation {e}.", "Which number x satisfies {e}?", "Find x: {e}."),
    "ko": ("방정식 {e:을/를} 푸세요.", "{e:을/를} 만족하는 x의 값은 얼마입니까?",
           "다음 식에서 x의 값을 구하세요: {e}."),
    "es": ("Resuelve la ecuación {e}.", "¿Qué número x cumple {e}?", "Halla x: {e}."),
    "de": ("Löse die Gleichung {e}.", "Welche Zahl x erfüllt {e}?", "Bestimme x: {e}."),
    "ja": ("方程式{e}を解きなさい。", "{e}を満たすxの値はいくつですか。",
           "次の式のxの値を求めなさい: {e}。"),
    "vi": ("Giải phương trình {e}.", "Số x nào thỏa mãn {e}?", "Tìm x, biết {e}."),
}  # fmt: skip
_SYSTEMS: dict[Lang, str] = {
    "en": "Solve the system of equations {e}; {g}.",
    "ko": "연립방정식 {e}; {g:을/를} 푸세요.",
    "es": "Resuelve el sistema de ecuaciones {e}; {g}.",
    "de": "Löse das Gleichungssystem {e}; {g}.",
    "ja": "連立方程式{e}; {g}を解きなさい。",
    "vi": "Giải hệ phương trình {e}; {g}.",
}
_STEPS: dict[Lang, dict[str, str]] = {
    "en": {
        "minus": "I subtract {n} on both sides: {k} · x = {c} − {n} = {r}.",
        "plus": "I add {n} on both sides: {k} · x = {c} + {n} = {r}.",
        "divide": "I divide by {k}: {x} = {r} ÷ {k} = {v}.",
        "expand": "I multiply out: {a} × {b} = {p}, so {e}.",
        "collect": "I subtract {c} · x on both sides: {a} − {c} = {k}, so {e}.",
        "scale": "I multiply the first equation by {m} and the second by {n}: {e}; {g}.",
        "differ": "I subtract the second from the first: {k} · x = {c} − {d} = {r}.",
        "insert": "I put x into the first equation: {k} · y = {c} − {a} × {x} = {r}.",
        "end": "So {answer}.",
    },
    "ko": {
        "minus": "양변에서 {n:을/를} 뺀다. {k} · x = {c} − {n} = {r}.",
        "plus": "양변에 {n:을/를} 더한다. {k} · x = {c} + {n} = {r}.",
        "divide": "양변을 {k:으로/로} 나눈다. {x} = {r} ÷ {k} = {v}.",
        "expand": "괄호를 푼다. {a} × {b} = {p}이므로 {e}.",
        "collect": "양변에서 {c} · x를 뺀다. {a} − {c} = {k}이므로 {e}.",
        "scale": "첫째 식에 {m:을/를}, 둘째 식에 {n:을/를} 곱한다. {e}; {g}.",
        "differ": "첫째 식에서 둘째 식을 뺀다. {k} · x = {c} − {d} = {r}.",
        "insert": "x의 값을 첫째 식에 넣는다. {k} · y = {c} − {a} × {x} = {r}.",
        "end": "따라서 {answer:이다/다}.",
    },
    "es": {
        "minus": "Resto {n} en ambos lados: {k} · x = {c} − {n} = {r}.",
        "plus": "Sumo {n} en ambos lados: {k} · x = {c} + {n} = {r}.",
        "divide": "Divido entre {k}: {x} = {r} ÷ {k} = {v}.",
        "expand": "Quito el paréntesis: {a} × {b} = {p}, así que {e}.",
        "collect": "Resto {c} · x en ambos lados: {a} − {c} = {k}, así que {e}.",
        "scale": "Multiplico la primera ecuación por {m} y la segunda por {n}: {e}; {g}.",
        "differ": "Resto la segunda de la primera: {k} · x = {c} − {d} = {r}.",
        "insert": "Sustituyo x en la primera ecuación: {k} · y = {c} − {a} × {x} = {r}.",
        "end": "Entonces {answer}.",
    },
    "de": {
        "minus": "Ich ziehe auf beiden Seiten {n} ab: {k} · x = {c} − {n} = {r}.",
        "plus": "Ich addiere auf beiden Seiten {n}: {k} · x = {c} + {n} = {r}.",
        "divide": "Ich teile durch {k}: {x} = {r} ÷ {k} = {v}.",
        "expand": "Ich löse die Klammer auf: {a} × {b} = {p}, also {e}.",
        "collect": "Ich ziehe auf beiden Seiten {c} · x ab: {a} − {c} = {k}, also {e}.",
        "scale": "Ich multipliziere die erste Gleichung mit {m} und die zweite mit {n}: {e}; {g}.",
        "differ": "Ich ziehe die zweite von der ersten ab: {k} · x = {c} − {d} = {r}.",
        "insert": "Ich setze x in die erste Gleichung ein: {k} · y = {c} − {a} × {x} = {r}.",
        "end": "Also ist {answer}.",
    },
    "ja": {
        "minus": "両辺から{n}を引く。{k} · x = {c} − {n} = {r}。",
        "plus": "両辺に{n}を足す。{k} · x = {c} + {n} = {r}。",
        "divide": "両辺を{k}で割る。{x} = {r} ÷ {k} = {v}。",
        "expand": "括弧を外す。{a} × {b} = {p}なので、{e}。",
        "collect": "両辺から{c} · xを引く。{a} − {c} = {k}なので、{e}。",
        "scale": "第1式に{m}、第2式に{n}を掛ける。{e}; {g}。",
        "differ": "第1式から第2式を引く。{k} · x = {c} − {d} = {r}。",
        "insert": "xの値を第1式に代入する。{k} · y = {c} − {a} × {x} = {r}。",
        "end": "したがって{answer}である。",
    },
    "vi": {
        "minus": "Trừ {n} ở cả hai vế: {k} · x = {c} − {n} = {r}.",
        "plus": "Cộng {n} vào cả hai vế: {k} · x = {c} + {n} = {r}.",
        "divide": "Chia cho {k}: {x} = {r} ÷ {k} = {v}.",
        "expand": "Bỏ dấu ngoặc: {a} × {b} = {p}, vậy {e}.",
        "collect": "Trừ {c} · x ở cả hai vế: {a} − {c} = {k}, vậy {e}.",
        "scale": "Nhân phương trình thứ nhất với {m}, phương trình thứ hai với {n}: {e}; {g}.",
        "differ": "Lấy phương trình thứ nhất trừ phương trình thứ hai: {k} · x = {c} − {d} = {r}.",
        "insert": "Thay x vào phương trình thứ nhất: {k} · y = {c} − {a} × {x} = {r}.",
        "end": "Vậy {answer}.",
    },
}


def _n(value: int) -> str:
    """Write a number with a true minus."""
    return str(value).replace("-", "−")


def _in(value: int) -> str:
    """Write a number behind an operator."""
    return _n(value) if value >= 0 else f"({_n(value)})"


def _side(a: int, b: int) -> str:
    """Write `a · x + b`."""
    tail = f" {'+' if b > 0 else '−'} {abs(b)}" if b else ""
    return f"{a} · x{tail}"


def _one(words: dict[str, str], a: int, b: int, c: int, lines: list[str]) -> int:
    """Solve a · x + b = c in written steps."""
    r = c - b
    if b:
        name = "minus" if b > 0 else "plus"
        lines.append(fill(words[name], n=str(abs(b)), k=str(a), c=_n(c), r=_n(r)))
    lines.append(fill(words["divide"], x="x", k=str(a), r=_n(r), v=_n(r // a)))
    return r // a


def _make(lang: Lang, difficulty: int, rng: np.random.Generator) -> Problem:
    if difficulty == 5:
        return _system(lang, rng)
    words, lines = _STEPS[lang], list[str]()
    x = between(rng, 2, 30) if difficulty == 1 else between(rng, -20, 40)
    a, b = between(rng, 4, 12), between(rng, 1, 60)
    b = -b if difficulty > 1 and between(rng, 0, 1) else b
    if difficulty < 3:
        equation = f"{_side(a, b)} = {_n(a * x + b)}"
        _one(words, a, b, a * x + b, lines)
    else:
        c = between(rng, 2, a - 2)
        if difficulty == 4:
            small = between(rng, 1, 12) * (1 if b > 0 else -1)
            b = a * small
            sign = "+" if small > 0 else "−"
            left = f"{a} · (x {sign} {abs(small)})"
        else:
            left = _side(a, b)
        d = (a - c) * x + b
        equation = f"{left} = {_side(c, d)}"
        if difficulty == 4:
            e = f"{_side(a, b)} = {_side(c, d)}"
            m = str(abs(small))
            lines.append(fill(words["expand"], a=str(a), b=m, p=str(abs(b)), e=e))
        shorter = f"{_side(a - c, b)} = {_n(d)}"
        lines.append(fill(words["collect"], a=str(a), c=str(c), k=str(a - c), e=shorter))
        _one(words, a - c, b, d, lines)
    answer = f"x = {_n(x)}"
    lines.append(fill(words["end"], answer=answer))
    return Problem(fill(choice(rng, _QUESTIONS[lang]), e=equation), "\n".join(lines), answer)


def _both(a: int, b: int, c: int) -> str:
    return f"{a} · x + {b} · y = {_n(c)}"


def _system(lang: Lang, rng: np.random.Generator) -> Problem:
    """Eliminate y from two equations in x and y."""
    x, y = between(rng, -9, 15), between(rng, -9, 15)
    while True:
        a, b, c, d = (between(rng, 2, 9) for _ in range(4))
        if a * d > b * c:
            break
    one, two = a * x + b * y, c * x + d * y
    words = _STEPS[lang]
    question = fill(_SYSTEMS[lang], e=_both(a, b, one), g=_both(c, d, two))
    up, down = _both(a * d, b * d, one * d), _both(b * c, b * d, two * b)
    k, r, rest = a * d - b * c, one * d - two * b, one - a * x
    answer = f"x = {_n(x)}, y = {_n(y)}"
    lines = [
        fill(words["scale"], m=str(d), n=str(b), e=up, g=down),
        fill(words["differ"], k=str(k), c=_n(one * d), d=_in(two * b), r=_n(r)),
        fill(words["divide"], x="x", k=str(k), r=_n(r), v=_n(x)),
        fill(words["insert"], k=str(b), c=_n(one), a=str(a), x=_in(x), r=_n(rest)),
        fill(words["divide"], x="y", k=str(b), r=_n(rest), v=_n(y)),
        fill(words["end"], answer=answer),
    ]
    return Problem(question, "\n".join(lines), answer)


_PIECE = r"\d+ · \(x [+−] \d+\)|\d+ · x(?: [+−] \d+)?|−?\d+"
_ONE = re.compile(rf"({_PIECE}) = ({_PIECE})")
_TWO = re.compile(r"(\d+) · x \+ (\d+) · y = (−?\d+)")


def _at(side: str, x: int) -> int:
    """Return the value of a side of an equation at an x."""
    text = side.replace("−", "-")
    if match := re.fullmatch(r"(\d+) · \(x ([+-]) (\d+)\)", text):
        return int(match[1]) * (x + int(match[2] + match[3]))
    if match := re.fullmatch(r"(\d+) · x(?: ([+-]) (\d+))?", text):
        return int(match[1]) * x + (int(match[2] + match[3]) if match[2] else 0)
    return int(text)


def _check(lang: Lang, problem: Problem) -> bool:
    """Read the equations; solve one by its values at 0 and 1, two by determinants."""
    del lang
    pair = [[int(n.replace("−", "-")) for n in row] for row in _TWO.findall(problem.question)]
    if len(pair) == 2:
        (a, b, e), (c, d, f) = pair
        whole = a * d - b * c
        if whole == 0:
            return False
        x, y = Fraction(e * d - b * f, whole), Fraction(a * f - e * c, whole)
        return problem.answer == f"x = {x}, y = {y}".replace("-", "−")
    match = _ONE.search(problem.question)
    if match is None:
        return False
    at0, at1 = (_at(match[1], x) - _at(match[2], x) for x in (0, 1))
    if at0 == at1:
        return False
    return problem.answer == f"x = {Fraction(at0, at0 - at1)}".replace("-", "−")


LINEAR = Task("linear", 1, _make, _check)
