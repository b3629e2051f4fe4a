"""Sets: members of two or three clubs, who is in both, in one alone, or how many in all."""

from __future__ import annotations

import re

import numpy as np

from hanji.schema import Lang
from synth.procedural.draw import below, between, fill, joined, sample
from synth.procedural.names import PEOPLE
from synth.procedural.task import Problem, Task

__all__ = ["SETS"]

_CLUBS: dict[Lang, tuple[str, ...]] = {
    "en": ("Reading club", "Chess club", "Choir", "Garden club", "Film club"),
    "ko": ("독서반", "바둑반", "합창반", "원예반", "영화반"),
    "es": ("Club de lectura", "Club de ajedrez", "Coro", "Club de jardinería", "Club de cine"),
    "de": ("Leseclub", "Schachclub", "Chor", "Gartenclub", "Filmclub"),
    "ja": ("読書クラブ", "将棋クラブ", "合唱クラブ", "園芸クラブ", "映画クラブ"),
    "vi": ("Nhóm đọc sách", "Nhóm cờ vua", "Nhóm hợp ca", "Nhóm làm vườn", "Nhóm phim ảnh"),
}
_WORDS: dict[Lang, dict[str, str]] = {
    "en": {
        "all": "Who is in every one of these clubs? Name them in the order of the first list.",
        "only": "Who is in the first club only? Name them in the order of the first list.",
        "count": "How many different people are in these clubs altogether?",
        "member": "{name} ({club}): also in {others}.",
        "single": "{name} ({club}): in no other club.",
        "new": "{club}: {names} are new, {a} + {n} = {b}.",
        "none": "{club}: nobody is new, so it stays at {a}.",
        "first": "{club}: {n} people.",
        "end": "So the answer is {answer}.",
        "people": "{n} people",
    },
    "ko": {
        "all": "이 모든 반에 들어 있는 사람은 누구입니까? 첫 명단의 순서대로 쓰세요.",
        "only": "첫째 반에만 들어 있는 사람은 누구입니까? 첫 명단의 순서대로 쓰세요.",
        "count": "이 반들에 있는 사람은 서로 다른 사람으로 세면 모두 몇 명입니까?",
        "member": "{name}({club}): {others}에도 있다.",
        "single": "{name}({club}): 다른 반에는 없다.",
        "new": "{club}: 새로운 사람은 {names:이다/다}. {a} + {n} = {b}.",
        "none": "{club}: 새로운 사람이 없으므로 그대로 {a}명이다.",
        "first": "{club}: {n}명.",
        "end": "따라서 답은 {answer:이다/다}.",
        "people": "{n}명",
    },
    "es": {
        "all": "¿Quién está en todos estos grupos? Da los nombres en el orden de la primera lista.",
        "only": "¿Quién está solo en el primer grupo? Da los nombres en el orden de la primera "
        "lista.",
        "count": "¿Cuántas personas distintas hay en total en estos grupos?",
        "member": "{name} ({club}): también en {others}.",
        "single": "{name} ({club}): en ningún otro grupo.",
        "new": "{club}: hay nombres nuevos, {names}; {a} + {n} = {b}.",
        "none": "{club}: no hay nombres nuevos y siguen siendo {a}.",
        "first": "{club}: {n} personas.",
        "end": "La respuesta es: {answer}.",
        "people": "{n} personas",
    },
    "de": {
        "all": "Wer ist in allen diesen Gruppen? Nenne die Namen in der Reihenfolge der ersten "
        "Liste.",
        "only": "Wer ist nur in der ersten Gruppe? Nenne die Namen in der Reihenfolge der ersten "
        "Liste.",
        "count": "Wie viele verschiedene Personen sind insgesamt in diesen Gruppen?",
        "member": "{name} ({club}): steht auch auf der Liste {others}.",
        "single": "{name} ({club}): steht auf keiner anderen Liste.",
        "new": "{club}: neue Namen sind {names}; {a} + {n} = {b}.",
        "none": "{club}: kein neuer Name, es bleibt bei {a}.",
        "first": "{club}: {n} Personen.",
        "end": "Die Antwort ist: {answer}.",
        "people": "{n} Personen",
    },
    "ja": {
        "all": "これらすべてのクラブに入っているのは誰ですか。最初の名簿の順に答えなさい。",
        "only": "最初のクラブだけに入っているのは誰ですか。最初の名簿の順に答えなさい。",
        "count": "これらのクラブには、同じ人を重ねずに数えると全部で何人いますか。",
        "member": "{name}({club}): {others}にもいる。",
        "single": "{name}({club}): ほかのクラブにはいない。",
        "new": "{club}: 新しい人は{names}で、{a} + {n} = {b}。",
        "none": "{club}: 新しい人はいないので{a}人のまま。",
        "first": "{club}: {n}人。",
        "end": "したがって答えは{answer}である。",
        "people": "{n}人",
    },
    "vi": {
        "all": "Ai có mặt trong tất cả các nhóm này? Hãy nêu tên theo thứ tự của danh sách đầu "
        "tiên.",
        "only": "Ai chỉ có mặt trong nhóm đầu tiên? Hãy nêu tên theo thứ tự của danh sách đầu "
        "tiên.",
        "count": "Các nhóm này có tất cả bao nhiêu người khác nhau?",
        "member": "{name} ({club}): cũng có trong {others}.",
        "single": "{name} ({club}): không có trong nhóm nào khác.",
        "new": "{club}: người mới là {names}; {a} + {n} = {b}.",
        "none": "{club}: không có người mới nên vẫn là {a}.",
        "first": "{club}: {n} người.",
        "end": "Vậy câu trả lời là {answer}.",
        "people": "{n} người",
    },
}
_SIZES = {1: (2, 3), 2: (2, 4), 3: (2, 6), 4: (3, 6), 5: (3, 9)}  # clubs, members of each


def _line(lang: Lang, club: str, members: list[str]) -> str:
    return f"{club}: {joined(lang, members)}" + ("。" if lang == "ja" else ".")


def _make(lang: Lang, difficulty: int, rng: np.random.Generator) -> Problem:
    count, size = _SIZES[difficulty]
    kind = ("all", "only", "count")[below(rng, 3)]
    words, everyone = _WORDS[lang], PEOPLE[lang]
    clubs = sample(rng, _CLUBS[lang], count)
    while True:
        pool = sample(rng, everyone, size + between(rng, 1, size))
        members = [sample(rng, pool, size) for _ in clubs]
        found = _answer(kind, members)
        if found and len(found) < size * count:
            break
    question = "\n".join(
        [*(_line(lang, club, names) for club, names in zip(clubs, members)), words[kind]]
    )
    if kind == "count":
        lines = _count(words, lang, clubs, members)
        answer = words["people"].format(n=len(found))
    else:
        lines = []
        for name in members[0]:
            others = [club for club, names in zip(clubs[1:], members[1:]) if name in names]
            shown = {"name": name, "club": clubs[0], "others": joined(lang, others or [""])}
            lines.append(fill(words["member" if others else "single"], **shown))
        answer = joined(lang, found)
    return Problem(question, "\n".join([*lines, fill(words["end"], answer=answer)]), answer)


def _answer(kind: str, members: list[list[str]]) -> list[str]:
    """Go through the lists name by name."""
    first, others = members[0], members[1:]
    if kind == "all":
        return [name for name in first if all(name in names for names in others)]
    if kind == "only":
        return [name for name in first if not any(name in names for names in others)]
    return list(dict.fromkeys(name for names in members for name in names))


def _count(
    words: dict[str, str], lang: Lang, clubs: list[str], members: list[list[str]]
) -> list[str]:
    """Count the union club by club."""
    seen = list(members[0])
    lines = [fill(words["first"], club=clubs[0], n=str(len(seen)))]
    for club, names in zip(clubs[1:], members[1:]):
        new, before = [name for name in names if name not in seen], len(seen)
        seen += new
        shown = {"a": str(before), "n": str(len(new)), "b": str(len(seen)), "club": club}
        named = joined(lang, new or [""])
        lines.append(fill(words["new" if new else "none"], **shown, names=named))
    return lines


_SPLIT = re.compile(r", | and | y | und | và |、")


def _check(lang: Lang, problem: Problem) -> bool:
    """Read the lists as sets; answer by intersection, difference and union."""
    *lines, asked = problem.question.split("\n")
    words = _WORDS[lang]
    order = [_SPLIT.split(line.rstrip(".。").partition(": ")[2]) for line in lines]
    if len(order) < 2:
        return False
    first, *others = (set(names) for names in order)
    if asked == words["count"]:
        return problem.answer == words["people"].format(n=len(first.union(*others)))
    if asked == words["all"]:
        wanted = first.intersection(*others)
    elif asked == words["only"]:
        wanted = first.difference(*others)
    else:
        return False
    return problem.answer == joined(lang, sorted(wanted, key=order[0].index))


SETS = Task("sets", 1, _make, _check)
