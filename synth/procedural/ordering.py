"""Ordering: people in a line, told by who stands before whom."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from hanji.schema import Lang
from hanji.text.numbers import native_korean
from synth.procedural.draw import below, between, chosen, fill, sample, template
from synth.procedural.names import PEOPLE
from synth.procedural.task import Problem, Task

__all__ = ["ORDERING"]

_WORDS: dict[Lang, dict[str, str]] = {
    "en": {
        "intro": "{n} people stand in a line.",
        "before": "{a} stands before {b}.",
        "behind": "{b} stands behind {a}.",
        "front": "Who is {k} from the front?",
        "back": "Who is {k} from the back?",
        "first": "Nobody stands before {a}, so {a} is at the front.",
        "next": "Of the rest, nobody stands before {a}: {a} comes after {b}.",
        "order": "The line from the front: {names}.",
        "end": "So {k} from the {side} is {a}.",
        "side": "front|back",
    },
    "ko": {
        "intro": "{n} 명이 한 줄로 서 있습니다.",
        "before": "{a:은/는} {b}보다 앞에 서 있습니다.",
        "behind": "{b:은/는} {a}보다 뒤에 서 있습니다.",
        "front": "앞에서 {k} 번째에 있는 사람은 누구입니까?",
        "back": "뒤에서 {k} 번째에 있는 사람은 누구입니까?",
        "first": "{a}보다 앞에 있는 사람이 없으므로 {a:이/가} 맨 앞이다.",
        "next": "남은 사람 가운데 {a}보다 앞에 있는 사람이 없으므로 {b} 다음은 {a:이다/다}.",
        "order": "앞에서부터 {names} 순서다.",
        "end": "따라서 {side}에서 {k} 번째는 {a:이다/다}.",
        "side": "앞|뒤",
    },
    "es": {
        "intro": "Hay {n} personas en una fila.",
        "before": "{a} está delante de {b}.",
        "behind": "{b} está detrás de {a}.",
        "front": "¿Quién ocupa el {k} puesto empezando por delante?",
        "back": "¿Quién ocupa el {k} puesto empezando por detrás?",
        "first": "Nadie está delante de {a}, así que {a} encabeza la fila.",
        "next": "De los demás, nadie está delante de {a}: {a} va después de {b}.",
        "order": "La fila desde delante: {names}.",
        "end": "Así que el {k} puesto empezando por {side} es de {a}.",
        "side": "delante|detrás",
    },
    "de": {
        "intro": "{n} Personen stehen in einer Reihe.",
        "before": "{a} steht vor {b}.",
        "behind": "{b} steht hinter {a}.",
        "front": "Wer steht von vorn gezählt an {k} Stelle?",
        "back": "Wer steht von hinten gezählt an {k} Stelle?",
        "first": "Niemand steht vor {a}, also steht {a} ganz vorn.",
        "next": "Von den Übrigen steht niemand vor {a}: {a} kommt nach {b}.",
        "order": "Die Reihe von vorn: {names}.",
        "end": "Also steht von {side} gezählt an {k} Stelle {a}.",
        "side": "vorn|hinten",
    },
    "ja": {
        "intro": "{n}人が一列に並んでいます。",
        "before": "{a}は{b}より前にいます。",
        "behind": "{b}は{a}より後ろにいます。",
        "front": "前から{k}番目にいるのは誰ですか。",
        "back": "後ろから{k}番目にいるのは誰ですか。",
        "first": "{a}より前には誰もいないので、{a}が先頭である。",
        "next": "残りの人のうち{a}より前には誰もいないので、{b}の次は{a}である。",
        "order": "前から{names}の順になる。",
        "end": "したがって{side}から{k}番目は{a}である。",
        "side": "前|後ろ",
    },
    "vi": {
        "intro": "Có {n} người đứng thành một hàng dọc.",
        "before": "{a} đứng trước {b}.",
        "behind": "{b} đứng sau {a}.",
        "front": "Tính từ đầu hàng, ai đứng thứ {k}?",
        "back": "Tính từ cuối hàng, ai đứng thứ {k}?",
        "first": "Không ai đứng trước {a} nên {a} đứng đầu hàng.",
        "next": "Trong những người còn lại, không ai đứng trước {a}: sau {b} là {a}.",
        "order": "Thứ tự từ đầu hàng: {names}.",
        "end": "Vậy tính từ {side}, người đứng thứ {k} là {a}.",
        "side": "đầu hàng|cuối hàng",
    },
}
_COUNTS: dict[Lang, str] = {
    "en": "Three Four Five Six Seven Eight",
    "es": "tres cuatro cinco seis siete ocho",
    "de": "Drei Vier Fünf Sechs Sieben Acht",
    "vi": "ba bốn năm sáu bảy tám",
}
_PLACES: dict[Lang, str] = {
    "en": "first second third fourth fifth sixth seventh eighth",
    "es": "primer segundo tercer cuarto quinto sexto séptimo octavo",
    "de": "erster zweiter dritter vierter fünfter sechster siebter achter",
    "vi": "nhất hai ba tư năm sáu bảy tám",
}


def _count(lang: Lang, n: int) -> str:
    if lang == "ko":
        return native_korean(n)
    return _COUNTS[lang].split()[n - 3] if lang in _COUNTS else str(n)


def _place(lang: Lang, k: int) -> str:
    if lang == "ko":
        return "첫" if k == 1 else native_korean(k)
    return _PLACES[lang].split()[k - 1] if lang in _PLACES else str(k)


def _make(lang: Lang, difficulty: int, rng: np.random.Generator) -> Problem:
    n = difficulty + 2 + (difficulty > 4)
    words, gap = _WORDS[lang], "" if lang == "ja" else " "
    people = sample(rng, PEOPLE[lang], n)
    told = [(at, at + 1) for at in range(n - 1)]
    if difficulty > 2:  # what follows from the others anyway
        far = [(a, b) for a in range(n) for b in range(a + 2, n)]
        told += sample(rng, far, difficulty - 2)
    hints = []
    for a, b in sample(rng, told, len(told)):
        name = "behind" if difficulty > 1 and below(rng, 2) else "before"
        hints.append(fill(words[name], a=people[a], b=people[b]))
    k, side = between(rng, 1, n), below(rng, 2)
    shown = _place(lang, k)
    asked = fill(words[("front", "back")[side]], k=shown)
    question = gap.join([fill(words["intro"], n=_count(lang, n)), *hints, asked])
    answer = people[-k] if side else people[k - 1]
    lines = [fill(words["first"], a=people[0])]
    lines += [fill(words["next"], a=b, b=a) for a, b in pairwise(people)]
    comma = "、" if lang == "ja" else ", "
    lines.append(fill(words["order"], names=comma.join(people)))
    name = words["side"].split("|")[side]
    lines.append(fill(words["end"], k=shown, side=name, a=answer))
    return Problem(question, "\n".join(lines), answer)


_HINTS = {
    lang: [template(words[name]) for name in ("before", "behind")] for lang, words in _WORDS.items()
}
_ASKED = {
    lang: {name: template(words[name]) for name in ("front", "back")}
    for lang, words in _WORDS.items()
}


def _check(lang: Lang, problem: Problem) -> bool:
    """Count for each person how many must stand before: the closure of what is told."""
    stop = "。" if lang == "ja" else ". "
    parts = problem.question.replace(stop, stop.strip() + "\n").rstrip().split("\n")
    hints, asked = parts[1:-1], parts[-1]
    before: dict[str, set[str]] = {}
    for hint in hints:
        match = chosen(_HINTS[lang], hint)
        if match is None:
            return False
        before.setdefault(match["b"], set()).add(match["a"])
        before.setdefault(match["a"], set())
    for _ in before:
        for ahead in before.values():
            ahead |= {name for other in tuple(ahead) for name in before[other]}
    ranks = {len(ahead): name for name, ahead in before.items()}
    if len(ranks) != len(before):
        return False  # the order is not settled
    for side, pattern in _ASKED[lang].items():
        if match := pattern.fullmatch(asked):
            k = next((k for k in range(1, len(ranks) + 1) if _place(lang, k) == match["k"]), 0)
            return problem.answer == ranks.get(k - 1 if side == "front" else len(ranks) - k)
    return False


ORDERING = Task("ordering", 1, _make, _check)
