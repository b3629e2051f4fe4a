"""Shortest paths: roads between places with their lengths, by Dijkstra's steps."""

from __future__ import annotations

import numpy as np

from hanji.schema import Lang
from synth.procedural.draw import below, between, fill, sample, template
from synth.procedural.names import PLACES
from synth.procedural.task import Problem, Task

__all__ = ["GRAPH"]

_WORDS: dict[Lang, dict[str, str]] = {
    "en": {
        "intro": "These roads can be used in both directions:",
        "road": "{a} – {b}: {n} km",
        "asked": "How long is the shortest way from {s} to {t}, and through which places?",
        "start": "I begin in {s} with 0 km and always settle the nearest open place.",
        "settle": "{a} is settled at {n} km.",
        "reach": "{b} over {a}: {n} + {w} = {m}.",
        "better": "{b} over {a}: {n} + {w} = {m}, shorter than {old}.",
        "worse": "{b} over {a}: {n} + {w} = {m}, not shorter than {old}.",
        "end": "The shortest way is {answer}.",
    },
    "ko": {
        "intro": "다음 길은 양쪽으로 다닐 수 있습니다.",
        "road": "{a} – {b}: {n} km",
        "asked": "{s}에서 {t}까지 가장 짧은 길은 몇 km이고, 어디를 지납니까?",
        "start": "{s}에서 0 km로 시작하여, 아직 정하지 않은 곳 가운데 늘 가장 가까운 곳을 정한다.",
        "settle": "{a}까지의 거리는 {n} km로 정해진다.",
        "reach": "{a:을/를} 거쳐 {b}까지: {n} + {w} = {m}.",
        "better": "{a:을/를} 거쳐 {b}까지: {n} + {w} = {m}, {old}보다 짧다.",
        "worse": "{a:을/를} 거쳐 {b}까지: {n} + {w} = {m}, {old}보다 짧지 않다.",
        "end": "따라서 가장 짧은 길은 {answer}이다.",
    },
    "es": {
        "intro": "Estas carreteras se pueden usar en ambos sentidos:",
        "road": "{a} – {b}: {n} km",
        "asked": "¿Cuánto mide el camino más corto de {s} a {t} y por qué lugares pasa?",
        "start": "Empiezo en {s} con 0 km y fijo siempre el lugar pendiente más cercano.",
        "settle": "{a} queda fijado en {n} km.",
        "reach": "{b} por {a}: {n} + {w} = {m}.",
        "better": "{b} por {a}: {n} + {w} = {m}, menos que {old}.",
        "worse": "{b} por {a}: {n} + {w} = {m}, no es menos que {old}.",
        "end": "El camino más corto es {answer}.",
    },
    "de": {
        "intro": "Diese Straßen sind in beiden Richtungen befahrbar:",
        "road": "{a} – {b}: {n} km",
        "asked": "Wie lang ist der kürzeste Weg von {s} nach {t}, und über welche Orte führt er?",
        "start": "Ich beginne in {s} mit 0 km und lege immer den nächsten offenen Ort fest.",
        "settle": "{a} steht mit {n} km fest.",
        "reach": "{b} über {a}: {n} + {w} = {m}.",
        "better": "{b} über {a}: {n} + {w} = {m}, kürzer als {old}.",
        "worse": "{b} über {a}: {n} + {w} = {m}, nicht kürzer als {old}.",
        "end": "Der kürzeste Weg ist {answer}.",
    },
    "ja": {
        "intro": "次の道はどちらの向きにも通れます。",
        "road": "{a} – {b}: {n} km",
        "asked": "{s}から{t}までの一番短い道のりは何kmで、どこを通りますか。",
        "start": "{s}を0 kmとして始め、まだ決まっていない場所のうち一番近い所から順に決める。",
        "settle": "{a}までは{n} kmに決まる。",
        "reach": "{a}を通って{b}まで: {n} + {w} = {m}。",
        "better": "{a}を通って{b}まで: {n} + {w} = {m}、{old}より短い。",
        "worse": "{a}を通って{b}まで: {n} + {w} = {m}、{old}より短くない。",
        "end": "したがって一番短い道は{answer}である。",
    },
    "vi": {
        "intro": "Các con đường sau đi được cả hai chiều:",
        "road": "{a} – {b}: {n} km",
        "asked": "Đường ngắn nhất từ {s} đến {t} dài bao nhiêu và đi qua những nơi nào?",
        "start": "Bắt đầu ở {s} với 0 km, mỗi lần chọn nơi gần nhất trong các nơi chưa xong.",
        "settle": "Khoảng cách đến {a} là {n} km.",
        "reach": "Qua {a} đến {b}: {n} + {w} = {m}.",
        "better": "Qua {a} đến {b}: {n} + {w} = {m}, ngắn hơn {old}.",
        "worse": "Qua {a} đến {b}: {n} + {w} = {m}, không ngắn hơn {old}.",
        "end": "Đường ngắn nhất là {answer}.",
    },
}
_SIZES = {1: (4, 1), 2: (5, 2), 3: (6, 3), 4: (7, 5), 5: (8, 7)}  # places, roads beyond a tree


def _answer(length: int, places: list[str]) -> str:
    return f"{length} km: {' – '.join(places)}"


def _make(lang: Lang, difficulty: int, rng: np.random.Generator) -> Problem:
    words = _WORDS[lang]
    n, extra = _SIZES[difficulty]
    while True:  # until the shortest way is the only one, and no road joins its ends
        roads = {(below(rng, at), at): between(rng, 2, 30) for at in range(1, n)}
        others = [(a, b) for b in range(n) for a in range(b) if (a, b) not in roads]
        roads |= {pair: between(rng, 5, 60) for pair in sample(rng, others, extra)}
        steps, length, way = _search(n, roads)
        if len(way) > 2:
            break
    places = sample(rng, PLACES[lang], n)
    question = [words["intro"]]
    for a, b in sample(rng, list(roads), len(roads)):
        left, right = (a, b) if below(rng, 2) else (b, a)
        shown = {"a": places[left], "b": places[right], "n": str(roads[a, b])}
        question.append(fill(words["road"], **shown))
    s, t = places[0], places[n - 1]
    question.append(fill(words["asked"], s=s, t=t))
    answer = _answer(length, [places[at] for at in way])
    lines = [fill(words["start"], s=s)]
    for kind, at, here, to, weight, old in steps:
        shown = {"a": places[at], "n": str(here), "b": places[to], "w": str(weight)}
        lines.append(fill(words[kind], **shown, m=str(here + weight), old=str(old)))
    lines.append(fill(words["end"], answer=answer))
    return Problem("\n".join(question), "\n".join(lines), answer)


# A step: its kind, the place, its length; for a road from it the next place, the road's length
# and the length known before.
_Step = tuple[str, int, int, int, int, int]


def _search(n: int, roads: dict[tuple[int, int], int]) -> tuple[list[_Step], int, list[int]]:
    """Find the way from the first place to the last; an empty one where two are as short."""
    near: list[list[tuple[int, int]]] = [[] for _ in range(n)]
    for (a, b), weight in roads.items():
        near[a].append((b, weight))
        near[b].append((a, weight))
    best, before = {0: 0}, dict[int, int]()
    open_places, steps, at = {0}, list[_Step](), 0
    settled: set[int] = set()
    while True:
        at = min(open_places, key=lambda place: (best[place], place))
        open_places.remove(at)
        settled.add(at)
        here = best[at]
        steps.append(("settle", at, here, at, 0, 0))
        if at == n - 1:
            break
        for to, weight in near[at]:
            if to in settled:
                continue
            length, old = here + weight, best.get(to, 0)
            if length == old:
                return [], 0, []
            kind = "worse" if 0 < old < length else "better" if old else "reach"
            steps.append((kind, at, here, to, weight, old))
            if kind != "worse":
                best[to], before[to] = length, at
                open_places.add(to)
    way = [n - 1]
    while way[-1]:
        way.append(before[way[-1]])
    return steps, best[n - 1], way[::-1]


_ROAD = {lang: template(words["road"], n=r"\d+") for lang, words in _WORDS.items()}
_ASKED = {lang: template(words["asked"]) for lang, words in _WORDS.items()}


def _check(lang: Lang, problem: Problem) -> bool:
    """Read roads and ends; relax all roads as often as there are places (Bellman and Ford)."""
    _, *lines = problem.question.split("\n")
    match = _ASKED[lang].fullmatch(lines[-1]) if lines else None
    roads = [_ROAD[lang].fullmatch(line) for line in lines[:-1]]
    if match is None or None in roads:
        return False
    pairs = [(r["a"], r["b"], int(r["n"])) for r in roads if r is not None]
    pairs += [(b, a, n) for a, b, n in pairs]
    ways: dict[str, tuple[int, list[str]]] = {match["s"]: (0, [match["s"]])}
    for _ in pairs:
        changed = False
        for a, b, n in pairs:
            if a in ways and (b not in ways or ways[a][0] + n < ways[b][0]):
                ways[b] = (ways[a][0] + n, [*ways[a][1], b])
                changed = True
        if not changed:
            break
    return match["t"] in ways and problem.answer == _answer(*ways[match["t"]])


GRAPH = Task("graph", 1, _make, _check)
