"""Tables: look up, sum, compare in a small table that the question writes out."""

from __future__ import annotations

import re

import numpy as np

from hanji.schema import Lang
from synth.procedural.draw import below, between, fill, sample, template
from synth.procedural.names import PEOPLE
from synth.procedural.task import Problem, Task

__all__ = ["TABLE"]

# Things with the counter behind a number; where there is none, the name itself stands there.
_THINGS: dict[Lang, tuple[tuple[str, str], ...]] = {
    "en": (("books", " books"), ("pencils", " pencils"), ("stamps", " stamps"),
           ("notebooks", " notebooks"), ("marbles", " marbles")),
    "ko": (("책", "권"), ("연필", "자루"), ("우표", "장"), ("공책", "권"), ("구슬", "개")),
    "es": (("libros", " libros"), ("lápices", " lápices"), ("sellos", " sellos"),
           ("cuadernos", " cuadernos"), ("botones", " botones")),
    "de": (("Bücher", " Bücher"), ("Bleistifte", " Bleistifte"), ("Briefmarken", " Briefmarken"),
           ("Hefte", " Hefte"), ("Murmeln", " Murmeln")),
    "ja": (("本", "冊"), ("鉛筆", "本"), ("切手", "枚"), ("ノート", "冊"), ("ビー玉", "個")),
    "vi": (("sách", " quyển sách"), ("bút chì", " cây bút chì"), ("tem", " con tem"),
           ("vở", " quyển vở"), ("bi", " viên bi")),
}  # fmt: skip
_WORDS: dict[Lang, dict[str, str]] = {
    "en": {
        "name": "name",
        "two": "How many {x} do {a} and {b} have together?",
        "all": "How many {x} do they all have together?",
        "most": "Who has the most {x}?",
        "more": "How many more {x} than {y} are there in the whole table?",
        "best": "Who has the most things altogether, and how many?",
        "read": "{a}: {n}; {b}: {m}.",
        "column": "{x}: {sum} = {n}.",
        "row": "{a}: {sum} = {n}.",
        "lead": "{a} has {n}; that is the most so far.",
        "less": "{a} has {n}; {b} stays ahead with {m}.",
        "differ": "The difference is {n} − {m} = {d}.",
        "top": "The largest of these sums is {n}, by {a}.",
        "end": "The answer is {answer}.",
    },
    "ko": {
        "name": "이름",
        "two": "{a:과/와} {b:이/가} 가진 {x:은/는} 모두 몇 {c}입니까?",
        "all": "모든 사람이 가진 {x:은/는} 모두 몇 {c}입니까?",
        "most": "{x:을/를} 가장 많이 가진 사람은 누구입니까?",
        "more": "표 전체에서 {x:은/는} {y}보다 몇 {c} 더 많습니까?",
        "best": "물건을 모두 합하여 가장 많이 가진 사람은 누구이고, 몇 개입니까?",
        "read": "{a:은/는} {n}, {b:은/는} {m:이다/다}.",
        "column": "{x}: {sum} = {n}.",
        "row": "{a}: {sum} = {n}.",
        "lead": "{a:은/는} {n}, 지금까지 가장 많다.",
        "less": "{a:은/는} {n}, {b:이/가} {m:으로/로} 여전히 가장 많다.",
        "differ": "차는 {n} − {m} = {d}.",
        "top": "합이 가장 큰 것은 {a}의 {n:이다/다}.",
        "end": "따라서 답은 {answer:이다/다}.",
    },
    "es": {
        "name": "nombre",
        "two": "¿Cuántos {x} tienen {a} y {b} en total?",
        "all": "¿Cuántos {x} tienen todos juntos?",
        "most": "¿Quién tiene más {x}?",
        "more": "¿Cuántos {x} más que {y} hay en toda la tabla?",
        "best": "¿Quién tiene más cosas en total y cuántas?",
        "read": "{a}: {n}; {b}: {m}.",
        "column": "{x}: {sum} = {n}.",
        "row": "{a}: {sum} = {n}.",
        "lead": "{a} tiene {n}, el máximo hasta ahora.",
        "less": "{a} tiene {n}; {b} sigue por delante con {m}.",
        "differ": "La diferencia es {n} − {m} = {d}.",
        "top": "La mayor de estas sumas es {n}, la de {a}.",
        "end": "La respuesta es: {answer}.",
    },
    "de": {
        "name": "Name",
        "two": "Wie viele {x} haben {a} und {b} zusammen?",
        "all": "Wie viele {x} haben alle zusammen?",
        "most": "Wer hat die meisten {x}?",
        "more": "Wie viele {x} mehr als {y} gibt es in der ganzen Tabelle?",
        "best": "Wer hat insgesamt die meisten Dinge, und wie viele?",
        "read": "{a}: {n}; {b}: {m}.",
        "column": "{x}: {sum} = {n}.",
        "row": "{a}: {sum} = {n}.",
        "lead": "{a} hat {n}, das ist bisher am meisten.",
        "less": "{a} hat {n}; {b} bleibt mit {m} vorn.",
        "differ": "Der Unterschied ist {n} − {m} = {d}.",
        "top": "Die größte dieser Summen ist {n}, die von {a}.",
        "end": "Die Antwort ist: {answer}.",
    },
    "ja": {
        "name": "名前",
        "two": "{a}と{b}の{x}は合わせて何{c}ですか。",
        "all": "全員の{x}は合わせて何{c}ですか。",
        "most": "{x}を一番多く持っているのは誰ですか。",
        "more": "表全体で、{x}は{y}より何{c}多いですか。",
        "best": "全部合わせて一番多く持っているのは誰で、何個ですか。",
        "read": "{a}は{n}、{b}は{m}。",
        "column": "{x}: {sum} = {n}。",
        "row": "{a}: {sum} = {n}。",
        "lead": "{a}は{n}で、ここまでで一番多い。",
        "less": "{a}は{n}で、{b}の{m}が一番多いまま。",
        "differ": "差は{n} − {m} = {d}。",
        "top": "合計が一番大きいのは{a}の{n}。",
        "end": "したがって答えは{answer}である。",
    },
    "vi": {
        "name": "tên",
        "two": "{a} và {b} có tất cả bao nhiêu{c}?",
        "all": "Mọi người có tất cả bao nhiêu{c}?",
        "most": "Ai có nhiều {x} nhất?",
        "more": "Trong cả bảng, số {x} nhiều hơn số {y} là bao nhiêu?",
        "best": "Tính tất cả đồ vật thì ai có nhiều nhất và có bao nhiêu?",
        "read": "{a}: {n}; {b}: {m}.",
        "column": "{x}: {sum} = {n}.",
        "row": "{a}: {sum} = {n}.",
        "lead": "{a} có {n}, nhiều nhất cho đến lúc này.",
        "less": "{a} có {n}; {b} vẫn nhiều nhất với {m}.",
        "differ": "Hiệu là {n} − {m} = {d}.",
        "top": "Tổng lớn nhất là {n}, của {a}.",
        "end": "Câu trả lời là {answer}.",
    },
}  # fmt: skip
_SIZES = {1: (3, 2), 2: (4, 2), 3: (5, 3), 4: (6, 3), 5: (7, 4)}  # rows and columns
_PIECES: dict[Lang, str] = {"ko": "개", "ja": "個"}  # counters of things of any kind


def _make(lang: Lang, difficulty: int, rng: np.random.Generator) -> Problem:
    words = _WORDS[lang]
    height, width = _SIZES[difficulty]
    names, things = sample(rng, PEOPLE[lang], height), sample(rng, _THINGS[lang], width)
    while True:  # until the largest numbers are single
        rows = [[between(rng, 2, 99) for _ in things] for _ in names]
        columns = [sum(row[at] for row in rows) for at in range(width)]
        sums = sorted(sum(row) for row in rows)
        first = sorted(row[0] for row in rows)
        if sums[-1] > sums[-2] and first[-1] > first[-2] and columns[0] > columns[1] + 1:
            break
    kinds = (("two",), ("all", "most"), ("all", "most"), ("more",), ("best",))[difficulty - 1]
    kind = kinds[below(rng, len(kinds))]
    order = sample(rng, range(width), width)  # the asked column stands anywhere
    head = [words["name"], *(things[at][0] for at in order)]
    body = [[name, *(str(row[at]) for at in order)] for name, row in zip(names, rows)]
    rule = ["---"] * len(head)
    lines = [f"| {' | '.join(cells)} |" for cells in (head, rule, *body)]
    (x, counter), (y, _) = things[:2]
    asked = fill(words[kind], x=x, y=y, a=names[0], b=names[1], c=counter)
    if kind == "best":  # the sums are written in the order of the columns
        rows = [[row[at] for at in order] for row in rows]
    steps, answer = _solve(lang, kind, names, things, rows)
    steps.append(fill(words["end"], answer=answer))
    return Problem("\n".join([*lines, "", asked]), "\n".join(steps), answer)


def _both(lang: Lang, name: str, n: int) -> str:
    """Answer with a name and a number."""
    return f"{name}{'、' if lang == 'ja' else ', '}{n}{_PIECES.get(lang, '')}"


def _plus(values: list[int]) -> str:
    return " + ".join(map(str, values))


def _solve(
    lang: Lang, kind: str, names: list[str], things: list[tuple[str, str]], rows: list[list[int]]
) -> tuple[list[str], str]:
    """Write the steps; the asked columns are the first ones here."""
    words, (x, counter) = _WORDS[lang], things[0]
    column = [row[0] for row in rows]
    if kind == "two":
        a, b = str(column[0]), str(column[1])
        read = fill(words["read"], a=names[0], n=a, b=names[1], m=b)
        both = str(column[0] + column[1])
        return [read, fill(words["column"], x=x, sum=f"{a} + {b}", n=both)], both + counter
    if kind in ("all", "more"):
        total = sum(column)
        lines = [fill(words["column"], x=x, sum=_plus(column), n=str(total))]
        if kind == "all":
            return lines, f"{total}{counter}"
        second = [row[1] for row in rows]
        other = sum(second)
        lines.append(fill(words["column"], x=things[1][0], sum=_plus(second), n=str(other)))
        lines.append(fill(words["differ"], n=str(total), m=str(other), d=str(total - other)))
        return lines, f"{total - other}{counter}"
    if kind == "most":
        lines, best = [], -1
        for at, (name, n) in enumerate(zip(names, column)):
            if best < 0 or n > column[best]:
                best = at
                lines.append(fill(words["lead"], a=name, n=str(n)))
            else:
                shown = {"b": names[best], "m": str(column[best])}
                lines.append(fill(words["less"], a=name, n=str(n), **shown))
        return lines, names[best]
    sums = [sum(row) for row in rows]
    lines = [
        fill(words["row"], a=name, sum=_plus(row), n=str(n))
        for name, row, n in zip(names, rows, sums)
    ]
    n = max(sums)
    winner = names[sums.index(n)]
    lines.append(fill(words["top"], n=str(n), a=winner))
    return lines, _both(lang, winner, n)


_READ = {
    lang: {
        name: template(words[name], x=named, y=named)
        for name in ("two", "all", "most", "more", "best")
    }
    for lang, words in _WORDS.items()
    for named in ["|".join(name for name, _ in _THINGS[lang])]
}
_CELL = re.compile(r"\s*\|\s*")


def _check(lang: Lang, problem: Problem) -> bool:
    """Read the table as rows by name and column; aggregate it anew."""
    *lines, asked = problem.question.replace("\n\n", "\n").split("\n")
    found = next(((k, m) for k, p in _READ[lang].items() if (m := p.fullmatch(asked))), None)
    if found is None or len(lines) < 3:
        return False
    kind, match = found
    _, *head = _CELL.split(lines[0].strip("| "))
    table: dict[str, dict[str, int]] = {}
    for line in lines[2:]:
        name, *cells = _CELL.split(line.strip("| "))
        table[name] = dict(zip(head, map(int, cells)))
    totals = {name: sum(row.values()) for name, row in table.items()}
    if kind == "best":
        winner = max(totals, key=totals.__getitem__)
        return problem.answer == _both(lang, winner, totals[winner])
    groups = match.groupdict()
    by_name = dict(_THINGS[lang])
    x = groups.get("x") or next(name for name, c in by_name.items() if c == groups["c"])
    if kind == "most":
        return problem.answer == max(table, key=lambda name: table[name][x])
    if kind == "more":
        value = sum(row[x] - row[groups["y"]] for row in table.values())
    elif kind == "two":
        value = table[groups["a"]][x] + table[groups["b"]][x]
    else:
        value = sum(row[x] for row in table.values())
    return problem.answer == f"{value}{by_name[x]}"


TABLE = Task("table", 1, _make, _check)
