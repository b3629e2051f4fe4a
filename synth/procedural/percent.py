"""Percentages of a price: a discount, then what is left to pay."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np

from hanji.schema import Lang
from hanji.text.korean import josa
from hanji.text.numbers import format_number
from synth.procedural.draw import between, choice, numbers, template
from synth.procedural.task import Problem, Task

__all__ = ["PERCENT"]

# Currency: (how a price is written, smallest step of a price, decimals)
_MONEY: dict[Lang, tuple[str, int, int]] = {
    "en": ("${n}", 1, 2),
    "ko": ("{n}원", 1000, 0),
    "es": ("{n} €", 1, 2),
    "de": ("{n} €", 1, 2),
    "ja": ("{n}円", 100, 0),
    "vi": ("{n} đồng", 1000, 0),
}
_THINGS: dict[Lang, tuple[str, ...]] = {
    "en": ("A bundle of paper", "A jacket", "A lamp", "A bicycle", "A suitcase", "A guitar"),
    "ko": ("종이 한 묶음", "겉옷 한 벌", "전등 한 개", "자전거 한 대", "여행 가방 한 개",
           "기타 한 대"),
    "es": ("Un paquete de papel", "Una chaqueta", "Una lámpara", "Una bicicleta", "Una maleta",
           "Una guitarra"),
    "de": ("Ein Bündel Papier", "Eine Jacke", "Eine Lampe", "Ein Fahrrad", "Ein Koffer",
           "Eine Gitarre"),
    "ja": ("紙の束", "上着", "電灯", "自転車", "旅行かばん", "ギター"),
    "vi": ("Một bó giấy", "Một chiếc áo khoác", "Một chiếc đèn", "Một chiếc xe đạp",
           "Một chiếc va li", "Một cây đàn ghi-ta"),
}  # fmt: skip
_WORDS: dict[Lang, dict[str, str]] = {
    "en": {
        "question": "{thing} costs {price}. The shop takes {rate}% off. What is the price now?",
        "one": "1% of {price} is {price} ÷ 100 = {one}.",
        "off": "So {rate}% is {rate} × {one} = {off}.",
        "left": "The new price is {price} − {off} = {left}.",
    },
    "ko": {
        "question": "{thing}의 값은 {price}입니다. 가게에서 {rate}%를 깎아 줍니다. "
        "이제 값은 얼마입니까?",
        "one": "{price}의 1%는 {price} ÷ 100 = {one_ida}.",
        "off": "그러므로 {rate}%는 {rate} × {one} = {off_ida}.",
        "left": "새 값은 {price} − {off} = {left_ida}.",
    },
    "es": {
        "question": "{thing} cuesta {price}. La tienda descuenta el {rate} %. "
        "¿Cuál es el precio ahora?",
        "one": "El 1 % de {price} es {price} ÷ 100 = {one}.",
        "off": "Entonces el {rate} % es {rate} × {one} = {off}.",
        "left": "El precio nuevo es {price} − {off} = {left}.",
    },
    "de": {
        "question": "{thing} kostet {price}. Das Geschäft gibt {rate} % Rabatt. "
        "Wie hoch ist der Preis jetzt?",
        "one": "1 % von {price} ist {price} ÷ 100 = {one}.",
        "off": "Also sind {rate} % gleich {rate} × {one} = {off}.",
        "left": "Der neue Preis ist {price} − {off} = {left}.",
    },
    "ja": {
        "question": "{thing}が{price}で売られています。店は{rate}%引きにします。"
        "今の値段はいくらですか。",
        "one": "{price}の1%は{price} ÷ 100 = {one}。",
        "off": "したがって{rate}%は{rate} × {one} = {off}。",
        "left": "新しい値段は{price} − {off} = {left}。",
    },
    "vi": {
        "question": "{thing} giá {price}. Cửa hàng giảm giá {rate}%. Bây giờ giá là bao nhiêu?",
        "one": "1% của {price} là {price} ÷ 100 = {one}.",
        "off": "Vậy {rate}% là {rate} × {one} = {off}.",
        "left": "Giá mới là {price} − {off} = {left}.",
    },
}


def _money(lang: Lang, exact: Decimal) -> str:
    pattern, _, decimals = _MONEY[lang]
    places = decimals if exact != exact.to_integral() else 0
    return pattern.format(n=format_number(exact, lang, places))


def _make(lang: Lang, difficulty: int, rng: np.random.Generator) -> Problem:
    step = _MONEY[lang][1]
    price = between(rng, 1, 10 ** (difficulty + 1) - 1) * step
    rate = between(rng, 1, 19) * 5 if difficulty < 3 else between(rng, 1, 99)
    one = Decimal(price) / 100
    off = one * rate

    def money(value: Decimal | int) -> str:
        return _money(lang, Decimal(value))

    left = price - off
    shown = {
        "thing": choice(rng, _THINGS[lang]),
        "price": money(price),
        "rate": str(rate),
        "one": money(one),
        "off": money(off),
        "left": money(left),
    }
    shown |= {f"{name}_ida": josa(shown[name], "이다/다") for name in ("one", "off", "left")}
    words = _WORDS[lang]
    thinking = "\n".join(words[name].format(**shown) for name in ("one", "off", "left"))
    return Problem(words["question"].format(**shown), thinking, shown["left"])


_READ = {
    lang: template(words["question"], thing="|".join(_THINGS[lang]), price=r"\D?\d.*?", rate=r"\d+")
    for lang, words in _WORDS.items()
}


def _check(lang: Lang, problem: Problem) -> bool:
    """Read price and rate out of the question; pay the share that is left, as a fraction."""
    match = _READ[lang].fullmatch(problem.question)
    if match is None:
        return False
    try:
        (price,) = numbers(match["price"], lang)
    except ValueError:
        return False
    left = Fraction(price) * (100 - int(match["rate"])) / 100
    return problem.answer == _money(lang, Decimal(left.numerator) / Decimal(left.denominator))


PERCENT = Task("percent", 2, _make, _check)
