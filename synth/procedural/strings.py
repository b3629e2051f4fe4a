"""Lists and their manipulation: operations one after another, with the list after each."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable

import numpy as np

from hanji.schema import Lang
from synth.procedural.draw import between, chosen, fill, sample, several, template
from synth.procedural.task import Problem, Task

__all__ = ["STRINGS"]

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_VOWELS = frozenset("aeiou")
_WORDS: dict[Lang, dict[str, str]] = {
    "en": {
        "intro": "The list is [{items}]. Carry out these steps in this order:",
        "asked": "What is the list at the end?",
        "reverse": "Reverse the list",
        "first": "Remove the first element",
        "last": "Remove the last element",
        "swap": "Swap the first and the last element",
        "rotate": "Move the first element to the end",
        "front": "Put {x} in front",
        "append": "Append {x} at the end",
        "double": "Double every element",
        "sort": "Sort the list from small to large",
        "odd": "Remove all even numbers",
        "alphabet": "Sort the list alphabetically",
        "vowels": "Remove all vowels",
        "end": "At the end the list is {answer}.",
    },
    "ko": {
        "intro": "목록은 [{items}]입니다. 다음을 차례로 하세요.",
        "asked": "마지막에 목록은 어떻게 됩니까?",
        "reverse": "목록을 거꾸로 뒤집는다",
        "first": "첫 원소를 지운다",
        "last": "마지막 원소를 지운다",
        "swap": "첫 원소와 마지막 원소를 맞바꾼다",
        "rotate": "첫 원소를 맨 뒤로 옮긴다",
        "front": "맨 앞에 {x:을/를} 넣는다",
        "append": "맨 뒤에 {x:을/를} 붙인다",
        "double": "모든 원소를 두 배로 한다",
        "sort": "작은 수부터 차례로 정렬한다",
        "odd": "짝수를 모두 지운다",
        "alphabet": "알파벳순으로 정렬한다",
        "vowels": "모음을 모두 지운다",
        "end": "따라서 마지막 목록은 {answer}이다.",
    },
    "es": {
        "intro": "La lista es [{items}]. Sigue estos pasos en este orden:",
        "asked": "¿Cómo queda la lista al final?",
        "reverse": "Invierte la lista",
        "first": "Quita el primer elemento",
        "last": "Quita el último elemento",
        "swap": "Intercambia el primer elemento y el último",
        "rotate": "Pasa el primer elemento al final",
        "front": "Pon {x} al principio",
        "append": "Añade {x} al final",
        "double": "Duplica cada elemento",
        "sort": "Ordena la lista de menor a mayor",
        "odd": "Quita todos los números pares",
        "alphabet": "Ordena la lista alfabéticamente",
        "vowels": "Quita todas las vocales",
        "end": "Al final la lista es {answer}.",
    },
    "de": {
        "intro": "Die Liste ist [{items}]. Führe diese Schritte der Reihe nach aus:",
        "asked": "Wie lautet die Liste am Ende?",
        "reverse": "Kehre die Liste um",
        "first": "Entferne das erste Element",
        "last": "Entferne das letzte Element",
        "swap": "Vertausche das erste und das letzte Element",
        "rotate": "Verschiebe das erste Element ans Ende",
        "front": "Setze {x} an den Anfang",
        "append": "Hänge {x} am Ende an",
        "double": "Verdopple jedes Element",
        "sort": "Sortiere die Liste von klein nach groß",
        "odd": "Entferne alle geraden Zahlen",
        "alphabet": "Sortiere die Liste alphabetisch",
        "vowels": "Entferne alle Vokale",
        "end": "Am Ende lautet die Liste {answer}.",
    },
    "ja": {
        "intro": "リストは[{items}]です。次の操作を順に行いなさい。",
        "asked": "最後にリストはどうなりますか。",
        "reverse": "リストを逆順にする",
        "first": "最初の要素を取り除く",
        "last": "最後の要素を取り除く",
        "swap": "最初の要素と最後の要素を入れ替える",
        "rotate": "最初の要素を末尾に移す",
        "front": "先頭に{x}を入れる",
        "append": "末尾に{x}を加える",
        "double": "すべての要素を2倍にする",
        "sort": "小さい順に並べる",
        "odd": "偶数をすべて取り除く",
        "alphabet": "アルファベット順に並べる",
        "vowels": "母音をすべて取り除く",
        "end": "したがって最後のリストは{answer}である。",
    },
    "vi": {
        "intro": "Danh sách là [{items}]. Hãy thực hiện lần lượt các bước sau:",
        "asked": "Cuối cùng danh sách là gì?",
        "reverse": "Đảo ngược danh sách",
        "first": "Bỏ phần tử đầu tiên",
        "last": "Bỏ phần tử cuối cùng",
        "swap": "Đổi chỗ phần tử đầu tiên và phần tử cuối cùng",
        "rotate": "Chuyển phần tử đầu tiên xuống cuối",
        "front": "Đặt {x} lên đầu",
        "append": "Thêm {x} vào cuối",
        "double": "Nhân đôi mọi phần tử",
        "sort": "Sắp xếp danh sách từ nhỏ đến lớn",
        "odd": "Bỏ tất cả các số chẵn",
        "alphabet": "Sắp xếp danh sách theo bảng chữ cái",
        "vowels": "Bỏ tất cả các nguyên âm",
        "end": "Cuối cùng danh sách là {answer}.",
    },
}
_ANY = ("reverse", "first", "last", "swap", "rotate", "front", "append")
_OF_NUMBERS = ("double", "sort", "odd")
_OF_LETTERS = ("alphabet", "vowels")
_MAKES: dict[str, Callable[[list[str], str], list[str]]] = {
    "reverse": lambda items, _: items[::-1],
    "first": lambda items, _: items[1:],
    "last": lambda items, _: items[:-1],
    "swap": lambda items, _: [items[-1], *items[1:-1], items[0]],
    "rotate": lambda items, _: items[1:] + items[:1],
    "front": lambda items, x: [x, *items],
    "append": lambda items, x: [*items, x],
    "double": lambda items, _: [str(2 * int(item)) for item in items],
    "sort": lambda items, _: sorted(items, key=int),
    "odd": lambda items, _: [item for item in items if int(item) % 2],
    "alphabet": lambda items, _: sorted(items),
    "vowels": lambda items, _: [item for item in items if item not in _VOWELS],
}


def _shown(items: list[str]) -> str:
    return f"[{', '.join(items)}]"


def _make(lang: Lang, difficulty: int, rng: np.random.Generator) -> Problem:
    words, stop = _WORDS[lang], "。" if lang == "ja" else "."
    letters = bool(between(rng, 0, 1))
    size = difficulty + 3
    numbers = [str(n) for n in several(rng, size, 1, 99)]
    items = sample(rng, _LETTERS, size) if letters else numbers
    known = _ANY + (_OF_LETTERS if letters else _OF_NUMBERS)
    question = [fill(words["intro"], items=", ".join(items))]
    lines: list[str] = []
    done = ""
    while len(lines) < difficulty + 1:
        (name,) = sample(rng, known, 1)
        x = sample(rng, _LETTERS, 1)[0] if letters else str(between(rng, 1, 99))
        after = _MAKES[name](items, x)
        if name == done or after == items or len(after) < 2:
            continue  # a step that does nothing, or empties the list
        items, done = after, name
        step = f"{len(lines) + 1}. {fill(words[name], x=x)}"
        question.append(f"{step}{stop}")
        lines.append(f"{step}: {_shown(items)}")
    answer = _shown(items)
    question.append(words["asked"])
    lines.append(fill(words["end"], answer=answer))
    return Problem("\n".join(question), "\n".join(lines), answer)


_X = r"\d+|[a-z]"
_STEPS = {
    lang: [(name, template(words[name], x=_X)) for name in _MAKES] for lang, words in _WORDS.items()
}
_INTRO = {lang: template(words["intro"], items=r"[^\[\]]+") for lang, words in _WORDS.items()}


def _apply(items: deque[str], name: str, x: str) -> deque[str]:
    """Do one step in place, on a deque."""
    match name:
        case "reverse":
            items.reverse()
        case "first":
            items.popleft()
        case "last":
            items.pop()
        case "swap":
            items[0], items[-1] = items[-1], items[0]
        case "rotate":
            items.rotate(-1)
        case "front":
            items.appendleft(x)
        case "append":
            items.append(x)
        case "double":
            return deque(str(int(item) + int(item)) for item in items)
        case "sort" | "alphabet":
            # By counting the smaller ones before it, each item finds its place.
            keys = [int(item) if name == "sort" else ord(item) for item in items]
            ranks = [
                sum(other < key or (other == key and i < at) for i, other in enumerate(keys))
                for at, key in enumerate(keys)
            ]
            return deque(items[ranks.index(rank)] for rank in range(len(ranks)))
        case "odd":
            return deque(item for item in items if item[-1] in "13579")
        case _:
            return deque(re.sub(r"[aeiou]", "", " ".join(items)).split())
    return items


def _check(lang: Lang, problem: Problem) -> bool:
    """Read list and steps out of the question; run them on a deque."""
    first, *steps = problem.question.split("\n")
    match = chosen([_INTRO[lang]], first)
    if match is None or len(steps) < 2 or steps[-1] != _WORDS[lang]["asked"]:
        return False
    items = deque(match["items"].split(", "))
    for number, line in enumerate(steps[:-1], 1):
        at, _, text = line.rstrip(".。").partition(". ")
        found = ((name, m) for name, p in _STEPS[lang] if (m := p.fullmatch(text)))
        name, step = next(found, ("", None))
        if at != str(number) or step is None or not items:
            return False
        items = _apply(items, name, step.groupdict().get("x", ""))
    return problem.answer == _shown(list(items))


STRINGS = Task("strings", 1, _make, _check)
