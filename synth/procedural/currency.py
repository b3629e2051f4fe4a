"""Exchange of money at rates that the question gives, through a third currency when harder."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np

from hanji.schema import Lang
from hanji.text.numbers import parse_number
from synth.procedural.draw import NUMBER, between, choice, decimal, fill, template
from synth.procedural.task import Problem, Task

__all__ = ["CURRENCY"]

# One and several of: dollar, euro, yen, won, dong.
_NAMES: dict[Lang, tuple[tuple[str, str], ...]] = {
    "en": (("dollar", "dollars"), ("euro", "euros"), ("yen", "yen"), ("won", "won"),
           ("dong", "dong")),
    "ko": (("달러", "달러"), ("유로", "유로"), ("엔", "엔"), ("원", "원"), ("동", "동")),
    "es": (("dólar", "dólares"), ("euro", "euros"), ("yen", "yenes"), ("won", "wones"),
           ("dong", "dongs")),
    "de": (("Dollar", "Dollar"), ("Euro", "Euro"), ("Yen", "Yen"), ("Won", "Won"),
           ("Dong", "Dong")),
    "ja": (("ドル", "ドル"), ("ユーロ", "ユーロ"), ("円", "円"), ("ウォン", "ウォン"),
           ("ドン", "ドン")),
    "vi": (("đô la", "đô la"), ("euro", "euro"), ("yên", "yên"), ("won", "won"),
           ("đồng", "đồng")),
}  # fmt: skip
_USD, _EUR, _JPY, _KRW, _VND = range(5)
# From, to, lowest and highest rate, digits behind the mark: near what banks paid in 2020 to 2025.
_WHOLE = ((_USD, _KRW, 1200, 1450, 0), (_USD, _JPY, 130, 160, 0), (_USD, _VND, 23_000, 26_500, 0),
          (_EUR, _KRW, 1350, 1650, 0), (_EUR, _JPY, 130, 170, 0),
          (_EUR, _VND, 25_000, 30_000, 0))  # fmt: skip
_PART = ((_EUR, _USD, 102, 125, 2), (_JPY, _KRW, 851, 1049, 2), (_USD, _JPY, 1301, 1599, 1),
         (_EUR, _JPY, 1401, 1699, 1), (_JPY, _VND, 1551, 1899, 1))  # fmt: skip
_WORDS: dict[Lang, dict[str, str]] = {
    "en": {
        "rate": "{one} is worth {many}. ",
        "simple": "How much is {q} in {cur}?",
        "fee": "An exchange office first keeps {s} of {q}. How much is the rest in {cur}?",
        "chain": "Someone changes {q} into {mid} and all of that into {cur}. "
        "How much is it in the end?",
        "spend": "Someone changes {q} into {mid}, spends {s} and changes the rest into {cur}. "
        "How much is it in the end?",
        "change": "I change {q} into {cur}: {v} × {r} = {w}.",
        "split": "In parts: {v} × {u} = {x}, {v} × {f} = {y}, and {x} + {y} = {w}.",
        "left": "After the {s}, what is left is {v} − {n} = {w}.",
        "end": "The result is {answer}.",
    },
    "ko": {
        "rate": "{one:은/는} {many}입니다. ",
        "simple": "{q:은/는} {cur:으로/로} 얼마입니까?",
        "fee": "환전소는 {q}에서 먼저 수수료 {s:을/를} 뗍니다. 나머지는 {cur:으로/로} 얼마입니까?",
        "chain": "{q:을/를} {mid:으로/로} 바꾸고, 그 돈을 모두 {cur:으로/로} 바꿉니다. "
        "마지막에 얼마가 됩니까?",
        "spend": "{q:을/를} {mid:으로/로} 바꾸고, {s:을/를} 쓴 뒤 나머지를 "
        "{cur:으로/로} 바꿉니다. 마지막에 얼마가 됩니까?",
        "change": "{q:을/를} {cur:으로/로} 바꾸면 {v} × {r} = {w}.",
        "split": "나누어 곱하면 {v} × {u} = {x}, {v} × {f} = {y}, {x} + {y} = {w}.",
        "left": "{s:을/를} 빼면 {v} − {n} = {w:이/가} 남는다.",
        "end": "따라서 {answer:이다/다}.",
    },
    "es": {
        "rate": "{one} vale {many}. ",
        "simple": "¿Cuánto son {q} en {cur}?",
        "fee": "La casa de cambio se queda primero con {s} de {q}. ¿Cuánto es el resto en {cur}?",
        "chain": "Alguien cambia {q} a {mid} y después todo a {cur}. ¿Cuánto tiene al final?",
        "spend": "Alguien cambia {q} a {mid}, gasta {s} y cambia el resto a {cur}. "
        "¿Cuánto tiene al final?",
        "change": "Cambio {q} a {cur}: {v} × {r} = {w}.",
        "split": "Por partes: {v} × {u} = {x}, {v} × {f} = {y}, y {x} + {y} = {w}.",
        "left": "Descontando {s} quedan {v} − {n} = {w}.",
        "end": "El resultado es {answer}.",
    },
    "de": {
        "rate": "{one} entspricht {many}. ",
        "simple": "Wie viel sind {q} in {cur}?",
        "fee": "Die Wechselstube behält von {q} zuerst {s} ein. Wie viel ist der Rest in {cur}?",
        "chain": "Jemand tauscht {q} in {mid} und alles weiter in {cur}. Wie viel ist es am Ende?",
        "spend": "Jemand tauscht {q} in {mid}, gibt {s} aus und tauscht den Rest in {cur}. "
        "Wie viel ist es am Ende?",
        "change": "Ich tausche {q} in {cur}: {v} × {r} = {w}.",
        "split": "In Teilen: {v} × {u} = {x}, {v} × {f} = {y}, und {x} + {y} = {w}.",
        "left": "Ohne die {s} bleiben {v} − {n} = {w}.",
        "end": "Das Ergebnis ist {answer}.",
    },
    "ja": {
        "rate": "{one}は{many}です。",
        "simple": "{q}は{cur}でいくらですか。",
        "fee": "両替所は{q}からまず手数料{s}を引きます。残りは{cur}でいくらですか。",
        "chain": "{q}を{mid}に替え、それをすべて{cur}に替えます。最後にいくらになりますか。",
        "spend": "{q}を{mid}に替え、{s}使い、残りを{cur}に替えます。最後にいくらになりますか。",
        "change": "{q}を{cur}に替えると、{v} × {r} = {w}。",
        "split": "分けて掛けると、{v} × {u} = {x}、{v} × {f} = {y}、{x} + {y} = {w}。",
        "left": "{s}を引くと、{v} − {n} = {w}残る。",
        "end": "したがって{answer}である。",
    },
    "vi": {
        "rate": "{one} đổi được {many}. ",
        "simple": "{q} đổi ra {cur} được bao nhiêu?",
        "fee": "Quầy đổi tiền giữ lại trước {s} trong số {q}. "
        "Phần còn lại đổi ra {cur} được bao nhiêu?",
        "chain": "Một người đổi {q} sang {mid} rồi đổi hết sang {cur}. "
        "Cuối cùng người đó có bao nhiêu?",
        "spend": "Một người đổi {q} sang {mid}, tiêu {s} rồi đổi phần còn lại sang {cur}. "
        "Cuối cùng người đó có bao nhiêu?",
        "change": "Đổi {q} sang {cur}: {v} × {r} = {w}.",
        "split": "Tính từng phần: {v} × {u} = {x}, {v} × {f} = {y}, và {x} + {y} = {w}.",
        "left": "Bớt {s} thì còn {v} − {n} = {w}.",
        "end": "Kết quả là {answer}.",
    },
}


def _sum(lang: Lang, value: Decimal, currency: int) -> str:
    """Write an amount with the name of its currency."""
    space = "" if lang in ("ko", "ja") else " "
    return f"{decimal(value, lang)}{space}{_NAMES[lang][currency][value != 1]}"


def _make(lang: Lang, difficulty: int, rng: np.random.Generator) -> Problem:
    words, names = _WORDS[lang], _NAMES[lang]
    pair = choice(rng, _WHOLE if difficulty == 1 else _PART)
    # The harder ones go from euros to dollars, and from dollars to another.
    pairs = [_PART[0], choice(rng, _WHOLE[:3])] if difficulty > 3 else [pair]
    rates = [Decimal(between(rng, low, high)).scaleb(-d) for _, _, low, high, d in pairs]
    now = Decimal(between(rng, 2, 999) if difficulty < 3 else between(rng, 201, 9999))
    start, last = pairs[0][0], pairs[-1][1]
    middle = pairs[0][1] if difficulty > 3 else start
    taken = Decimal(between(rng, 2, 199)) if difficulty in (3, 5) else Decimal(0)
    kind = ("simple", "simple", "fee", "chain", "spend")[difficulty - 1]
    shown = {"q": _sum(lang, now, start), "cur": names[last][1], "mid": names[middle][1]}
    question = "".join(
        fill(words["rate"], one=_sum(lang, Decimal(1), a), many=_sum(lang, rate, b))
        for (a, b, *_), rate in zip(pairs, rates)
    ) + fill(words[kind], **shown, s=_sum(lang, taken, middle))
    lines: list[str] = []
    if difficulty == 3:
        now = _take(lang, now, taken, middle, lines)
    for at, ((a, b, *_), rate) in enumerate(zip(pairs, rates)):
        if at and taken:
            now = _take(lang, now, taken, middle, lines)
        now = _change(lang, now, a, b, rate, lines)
    answer = _sum(lang, now, last)
    lines.append(fill(words["end"], answer=answer))
    return Problem(question, "\n".join(lines), answer)


def _take(lang: Lang, now: Decimal, taken: Decimal, currency: int, lines: list[str]) -> Decimal:
    v, n, w = (decimal(value, lang) for value in (now, taken, now - taken))
    lines.append(fill(_WORDS[lang]["left"], s=_sum(lang, taken, currency), v=v, n=n, w=w))
    return now - taken


def _change(lang: Lang, now: Decimal, a: int, b: int, rate: Decimal, lines: list[str]) -> Decimal:
    """Multiply by the rate; one that is not whole in two parts first."""
    then, whole_part = now * rate, Decimal(int(rate))
    parts = (now, rate, then, whole_part, rate - whole_part, now * whole_part)
    v, r, w, u, f, x = (decimal(value, lang) for value in parts)
    y = decimal(now * (rate - whole_part), lang)
    words = _WORDS[lang]
    q, cur = _sum(lang, now, a), _NAMES[lang][b][1]
    if rate != whole_part:
        lines.append(fill(words["split"], v=v, u=u, x=x, f=f, y=y, w=w))
    lines.append(fill(words["change"], q=q, cur=cur, v=v, r=r, w=w))
    return then


_KINDS = ("spend", "chain", "fee", "simple")
_RATE = {
    lang: template(words["rate"], one=r"1\D+?", many=r"\d.+?") for lang, words in _WORDS.items()
}
_READ = {
    lang: {name: template(words[name], q=r"\d.+?", s=r"\d.+?") for name in _KINDS}
    for lang, words in _WORDS.items()
}


def _amount(lang: Lang, text: str) -> tuple[Fraction, str]:
    """Read an amount: the number and the name behind it."""
    match = NUMBER.match(text)
    number = parse_number(match.group(), lang) if match else None
    if match is None or number is None:
        raise ValueError(f"'{text}' is no amount")
    return Fraction(number), text[match.end() :].strip()


def _check(lang: Lang, problem: Problem) -> bool:
    """Read the rates as a table of fractions; bring everything into the last currency."""
    numbers = {name: at for at, names in enumerate(_NAMES[lang]) for name in names}
    rates: dict[int, Fraction] = {}  # worth of a currency in the next one
    rest = problem.question
    try:
        while match := _RATE[lang].match(rest):
            (_, a), (rate, _) = _amount(lang, match["one"]), _amount(lang, match["many"])
            rates[numbers[a]] = rate
            rest = rest[match.end() :]
        kind, found = next(
            (name, m) for name, p in _READ[lang].items() if (m := p.fullmatch(rest)) is not None
        )
        value, unit = _amount(lang, found["q"])
        value *= _product(rates)
        if kind in ("fee", "spend"):
            taken, unit_taken = _amount(lang, found["s"])
            first = rates[numbers[unit]] if unit_taken != unit and kind == "spend" else 1
            value -= taken * _product(rates) / first
        target = numbers[found["cur"]]
    except (ValueError, KeyError, StopIteration):
        return False
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return bool(rates) and problem.answer == _sum(lang, exact, target)


def _product(rates: dict[int, Fraction]) -> Fraction:
    product = Fraction(1)
    for rate in rates.values():
        product *= rate
    return product


CURRENCY = Task("currency", 1, _make, _check)
