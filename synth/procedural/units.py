"""Conversion of units: one or more parts into a smaller unit, or a number back into parts."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np

from hanji.schema import Lang
from hanji.text.numbers import parse_number
from synth.procedural.draw import NUMBER, between, choice, fill, joined, template, whole
from synth.procedural.task import Problem, Task

__all__ = ["UNITS"]

# Chains of units, each with how many of it make one of the unit before.
_CHAINS: tuple[tuple[tuple[str, int], ...], ...] = (
    (("km", 1), ("m", 1000), ("cm", 100), ("mm", 10)),
    (("t", 1), ("kg", 1000), ("g", 1000)),
    (("l", 1), ("ml", 1000)),
    (("d", 1), ("h", 24), ("min", 60), ("s", 60)),
)
_KEYS = ("km", "m", "cm", "mm", "t", "kg", "g", "l", "ml", "d", "h", "min", "s")
# Behind 1, behind other numbers, as the name of the unit to convert to; in the order of _KEYS.
_NAMES: dict[Lang, str] = {
    "en": "km|km|kilometers m|m|meters cm|cm|centimeters mm|mm|millimeters t|t|tonnes "
    "kg|kg|kilograms g|g|grams l|l|liters ml|ml|milliliters day|days|days hour|hours|hours "
    "minute|minutes|minutes second|seconds|seconds",
    "ko": "킬로미터 미터 센티미터 밀리미터 톤 킬로그램 그램 리터 밀리리터 일 시간 분 초",
    "es": "km|km|kilómetros m|m|metros cm|cm|centímetros mm|mm|milímetros t|t|toneladas "
    "kg|kg|kilogramos g|g|gramos l|l|litros ml|ml|mililitros día|días|días hora|horas|horas "
    "minuto|minutos|minutos segundo|segundos|segundos",
    "de": "km|km|Kilometer m|m|Meter cm|cm|Zentimeter mm|mm|Millimeter t|t|Tonnen "
    "kg|kg|Kilogramm g|g|Gramm l|l|Liter ml|ml|Milliliter Tag|Tage|Tage Stunde|Stunden|Stunden "
    "Minute|Minuten|Minuten Sekunde|Sekunden|Sekunden",
    "ja": "キロメートル メートル センチメートル ミリメートル トン キログラム グラム リットル "
    "ミリリットル 日 時間 分 秒",
    "vi": "km m cm mm tấn kg g lít ml ngày giờ phút giây",
}
_FORMS: dict[Lang, dict[str, tuple[str, str, str]]] = {
    lang: {
        key: (forms[0], forms[len(forms) // 2], forms[-1])
        for key, forms in zip(_KEYS, (name.split("|") for name in names.split()))
    }
    for lang, names in _NAMES.items()
}
_WORDS: dict[Lang, dict[str, str]] = {
    "en": {
        "question": "Convert {q} to {unit}.",
        "mixed": "Convert {q} to {unit} and write each part.",
        "down": "One {big} is {f} {small}: {v} × {f} = {w}.",
        "add": "With the {p} the question gives, that is {w} + {n} = {t}.",
        "up": "{f} {small} make one {big}. {c} × {f} = {w} fits into {v}, and {v} − {w} = {r}.",
        "end": "The result is {answer}.",
    },
    "ko": {
        "question": "{q:을/를} {unit:으로/로} 바꾸세요.",
        "mixed": "{q:을/를} {unit} 단위로 나누어 나타내세요.",
        "down": "1{big:은/는} {f}{small:이다/다}. {v} × {f} = {w}.",
        "add": "여기에 {p:을/를} 더하면 {w} + {n} = {t}.",
        "up": "{f}{small:은/는} 1{big:이다/다}. {v} 안에 {c} × {f} = {w:이/가} 들어가고, "
        "{v} − {w} = {r:이/가} 남는다.",
        "end": "따라서 {answer:이다/다}.",
    },
    "es": {
        "question": "Convierte {q} a {unit}.",
        "mixed": "Convierte {q} a {unit} y escribe cada parte.",
        "down": "1 {big} son {f} {small}: {v} × {f} = {w}.",
        "add": "Sumo {p} del enunciado: {w} + {n} = {t}.",
        "up": "{f} {small} equivalen a 1 {big}. En {v} cabe {c} × {f} = {w}, y {v} − {w} = {r}.",
        "end": "El resultado es {answer}.",
    },
    "de": {
        "question": "Rechne {q} in {unit} um.",
        "mixed": "Zerlege {q} in {unit}.",
        "down": "1 {big} sind {f} {small}: {v} × {f} = {w}.",
        "add": "Mit den gegebenen {p} zusammen sind das {w} + {n} = {t}.",
        "up": "{f} {small} ergeben 1 {big}. In {v} passt {c} × {f} = {w}, und {v} − {w} = {r}.",
        "end": "Das Ergebnis ist {answer}.",
    },
    "ja": {
        "question": "{q}を{unit}に直しなさい。",
        "mixed": "{q}を{unit}に分けて表しなさい。",
        "down": "1{big}は{f}{small}なので、{v} × {f} = {w}。",
        "add": "これに{p}を足すと、{w} + {n} = {t}。",
        "up": "{f}{small}で1{big}になる。{v}の中に{c} × {f} = {w}が入り、{v} − {w} = {r}残る。",
        "end": "したがって{answer}である。",
    },
    "vi": {
        "question": "Đổi {q} sang {unit}.",
        "mixed": "Đổi {q} sang {unit} rồi viết từng phần.",
        "down": "1 {big} bằng {f} {small}: {v} × {f} = {w}.",
        "add": "Cộng thêm {p} của đề bài: {w} + {n} = {t}.",
        "up": "{f} {small} bằng 1 {big}. Trong {v} có {c} × {f} = {w}, và {v} − {w} = {r}.",
        "end": "Kết quả là {answer}.",
    },
}
_STEPS = {1: (1, 1), 2: (1, 1), 3: (2, 2), 4: (2, 3), 5: (3, 3)}  # fewest and most steps


def _quantity(lang: Lang, parts: list[tuple[int, str]]) -> str:
    """Write `3 km 250 m`; parts of zero are left out unless all are."""
    shown = [part for part in parts if part[0]] or parts[-1:]
    space = "" if lang in ("ko", "ja") else " "
    texts = [f"{whole(n, lang)}{space}{_FORMS[lang][key][n != 1]}" for n, key in shown]
    return ("" if lang == "ja" else " ").join(texts)


def _make(lang: Lang, difficulty: int, rng: np.random.Generator) -> Problem:
    low, high = _STEPS[difficulty]
    steps = between(rng, low, high)
    chain = choice(rng, [chain for chain in _CHAINS if len(chain) > steps])
    start = between(rng, 0, len(chain) - 1 - steps)
    units = chain[start : start + steps + 1]
    values = [between(rng, 2, 99 if difficulty > 1 else 999)]
    values += [between(rng, 1, factor - 1) if difficulty > 1 else 0 for _, factor in units[1:]]
    total = values[0]
    for (_, factor), value in zip(units[1:], values[1:]):
        total = total * factor + value
    parts = list(zip(values, (key for key, _ in units)))
    words, forms = _WORDS[lang], _FORMS[lang]
    if between(rng, 0, 1):
        unit = units[-1][0]
        question = fill(words["question"], q=_quantity(lang, parts), unit=forms[unit][2])
        lines, answer = _down(lang, units, values), _quantity(lang, [(total, unit)])
    else:
        named = joined(lang, [forms[key][2] for key, _ in units])
        q = _quantity(lang, [(total, units[-1][0])])
        question = fill(words["mixed"], q=q, unit=named)
        lines, answer = _up(lang, units, total), _quantity(lang, parts)
    return Problem(question, "\n".join([*lines, fill(words["end"], answer=answer)]), answer)


def _down(lang: Lang, units: tuple[tuple[str, int], ...], values: list[int]) -> list[str]:
    """Convert step by step to the smallest unit."""
    words, forms, lines, total = _WORDS[lang], _FORMS[lang], [], values[0]
    for (big, _), (small, factor), value in zip(units, units[1:], values[1:]):
        shown = {"f": whole(factor, lang), "v": whole(total, lang)}
        total *= factor
        shown |= {"w": whole(total, lang), "big": forms[big][0], "small": forms[small][1]}
        lines.append(fill(words["down"], **shown))
        if value:
            part, now = _quantity(lang, [(value, small)]), whole(total + value, lang)
            lines.append(fill(words["add"], w=shown["w"], p=part, n=whole(value, lang), t=now))
        total += value
    return lines


def _up(lang: Lang, units: tuple[tuple[str, int], ...], total: int) -> list[str]:
    """Convert step by step from the smallest unit to the larger ones."""
    words, forms, lines = _WORDS[lang], _FORMS[lang], []
    for (big, _), (small, factor) in reversed(list(pairwise(units))):
        count, rest = divmod(total, factor)
        used = whole(total - rest, lang)
        shown = {"f": whole(factor, lang), "big": forms[big][0], "small": forms[small][1]}
        shown |= {"c": whole(count, lang), "r": whole(rest, lang), "v": whole(total, lang)}
        lines.append(fill(words["up"], **shown, w=used))
        total = count
    return lines


_READ = {
    lang: [template(words[name], q=r"\d.*?", unit=r"\D+?") for name in ("mixed", "question")]
    for lang, words in _WORDS.items()
}


def _check(lang: Lang, problem: Problem) -> bool:
    """Read quantity and target; go through the smallest unit of the dimension at once."""
    match = next(filter(None, (p.fullmatch(problem.question) for p in _READ[lang])), None)
    if match is None:
        return False
    keys = {form: key for key, forms in _FORMS[lang].items() for form in forms}
    named = r"[^\s\d,、]+" if lang != "ja" else r"[^\d、]+"
    pairs = re.findall(rf"({NUMBER.pattern})\s?({named})", match["q"])
    targets = [
        keys.get(word, "") for word in re.split(r", | and | y | und | và |、", match["unit"])
    ]
    chain = next((c for c in _CHAINS if targets[0] in dict(c)), None)
    if chain is None or not pairs or not set(targets) <= {key for key, _ in chain}:
        return False
    names, worth, size = [key for key, _ in chain], {}, 1
    for key, factor in reversed(chain):
        worth[key] = size
        size *= factor
    total = 0
    for text, word in pairs:
        number, key = parse_number(text, lang), keys.get(word, "")
        if number is None or key not in names:
            return False
        total += int(number) * worth[key]
    parts: list[tuple[int, str]] = []
    for key in targets:
        count, total = divmod(total, worth[key])
        parts.append((count, key))
    return total == 0 and problem.answer == _quantity(lang, parts)


UNITS = Task("units", 1, _make, _check)
