"""Syllogisms: premises about who is in which group, and whether a claim follows from them.

All, none and some, in chains of two to six premises. Whether anybody is in a group at all is open
unless a premise says so, as in modern logic: "everyone in A is in B" says of no one that he exists.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise, product
from typing import NamedTuple

import numpy as np

from hanji.schema import Lang
from synth.procedural.draw import below, chosen, fill, sample, template
from synth.procedural.task import Problem, Task

__all__ = ["SYLLOGISM"]


class _Says(NamedTuple):
    """A premise or a claim: `kind` is all, no or some."""

    kind: str
    a: str
    b: str


_GROUPS: dict[Lang, tuple[str, ...]] = {
    "en": ("reading club", "chess club", "choir", "garden club", "film club", "theatre group",
           "cooking class", "swimming team"),
    "ko": ("독서반", "바둑반", "합창반", "원예반", "영화반", "연극반", "요리반", "수영반"),
    "es": ("club de lectura", "club de ajedrez", "coro", "club de jardinería", "club de cine",
           "grupo de teatro", "taller de cocina", "equipo de natación"),
    "de": ("Leseclub", "Schachclub", "Chor", "Gartenverein", "Filmclub", "Theaterkreis", "Kochkurs",
           "Schwimmverein"),
    "ja": ("読書クラブ", "将棋クラブ", "合唱クラブ", "園芸クラブ", "映画クラブ", "演劇クラブ",
           "料理クラブ", "水泳クラブ"),
    "vi": ("nhóm đọc sách", "nhóm cờ vua", "nhóm hợp ca", "nhóm làm vườn", "nhóm phim ảnh",
           "nhóm kịch", "nhóm nấu ăn", "nhóm bơi lội"),
}  # fmt: skip
_PREMISES: dict[Lang, dict[str, str]] = {
    "en": {
        "all": "Everyone in the {a} is also in the {b}.",
        "no": "Nobody in the {a} is in the {b}.",
        "some": "Somebody in the {a} is also in the {b}.",
    },
    "ko": {
        "all": "{a}에 든 사람은 모두 {b}에도 들어 있다.",
        "no": "{a}에 든 사람 가운데 {b}에 든 사람은 아무도 없다.",
        "some": "{a}에 든 사람 가운데 {b}에도 든 사람이 있다.",
    },
    "es": {
        "all": "Todos los miembros del {a} están también en el {b}.",
        "no": "Ningún miembro del {a} está en el {b}.",
        "some": "Algún miembro del {a} está también en el {b}.",
    },
    "de": {
        "all": "Alle im {a} sind auch im {b}.",
        "no": "Niemand im {a} ist im {b}.",
        "some": "Jemand im {a} ist auch im {b}.",
    },
    "ja": {
        "all": "{a}の人は全員{b}にも入っている。",
        "no": "{a}の人で{b}に入っている人は一人もいない。",
        "some": "{a}の人で{b}にも入っている人がいる。",
    },
    "vi": {
        "all": "Tất cả mọi người trong {a} đều ở trong {b}.",
        "no": "Không ai trong {a} ở trong {b}.",
        "some": "Có người trong {a} cũng ở trong {b}.",
    },
}
_CLAIMS: dict[Lang, dict[str, str]] = {
    "en": {
        "all": "everyone in the {a} is in the {b}",
        "no": "nobody in the {a} is in the {b}",
        "some": "somebody in the {a} is in the {b}",
    },
    "ko": {
        "all": "{a}에 든 사람은 모두 {b}에 들어 있다",
        "no": "{a}에 든 사람 가운데 {b}에 든 사람은 아무도 없다",
        "some": "{a}에 든 사람 가운데 {b}에 든 사람이 있다",
    },
    "es": {
        "all": "todos los miembros del {a} están en el {b}",
        "no": "ningún miembro del {a} está en el {b}",
        "some": "algún miembro del {a} está en el {b}",
    },
    "de": {
        "all": "alle im {a} auch im {b} sind",
        "no": "niemand im {a} im {b} ist",
        "some": "jemand im {a} auch im {b} ist",
    },
    "ja": {
        "all": "{a}の人は全員{b}に入っている",
        "no": "{a}の人で{b}に入っている人は一人もいない",
        "some": "{a}の人で{b}に入っている人がいる",
    },
    "vi": {
        "all": "tất cả mọi người trong {a} đều ở trong {b}",
        "no": "không ai trong {a} ở trong {b}",
        "some": "có người trong {a} ở trong {b}",
    },
}
_ASKED: dict[Lang, tuple[str, ...]] = {
    "en": (
        "Does it follow from this that {claim}? Answer yes or no.",
        "Can one conclude that {claim}? Answer yes or no.",
        "Must it then be true that {claim}? Answer yes or no.",
    ),
    "ko": (
        "이로부터 {claim}는 것이 따라 나옵니까? 예 또는 아니요로 답하세요.",
        "그렇다면 {claim}고 결론지을 수 있습니까? 예 또는 아니요로 답하세요.",
        "그렇다면 {claim}고 반드시 말할 수 있습니까? 예 또는 아니요로 답하세요.",
    ),
    "es": (
        "¿Se sigue de esto que {claim}? Responde sí o no.",
        "¿Se puede concluir que {claim}? Responde sí o no.",
        "¿Es entonces necesariamente cierto que {claim}? Responde sí o no.",
    ),
    "de": (
        "Folgt daraus, dass {claim}? Antworte mit Ja oder Nein.",
        "Kann man daraus schließen, dass {claim}? Antworte mit Ja oder Nein.",
        "Ist es dann sicher, dass {claim}? Antworte mit Ja oder Nein.",
    ),
    "ja": (
        "このことから「{claim}」と言えますか。「はい」か「いいえ」で答えなさい。",
        "以上から「{claim}」という結論は出ますか。「はい」か「いいえ」で答えなさい。",
        "このとき、必ず「{claim}」と言えますか。「はい」か「いいえ」で答えなさい。",
    ),
    "vi": (
        "Từ đó có suy ra được rằng {claim} không? Trả lời có hoặc không.",
        "Có thể kết luận rằng {claim} không? Trả lời có hoặc không.",
        "Khi đó có chắc chắn rằng {claim} không? Trả lời có hoặc không.",
    ),
}
_STEPS: dict[Lang, dict[str, str]] = {
    "en": {
        "short": "In short: {short}.",
        "reach": "Who is in the {a} is, by the premises, also in: {groups}.",
        "alone": "No premise says where else those in the {a} are.",
        "premise": "One premise says: {premise}",
        "follows": "So it follows that {claim}.",
        "open": "No premise excludes the contrary, so it does not follow that {claim}.",
        "yes": "Yes",
        "no": "No",
    },
    "ko": {
        "short": "정리하면: {short}.",
        "reach": "전제에 따르면 {a}에 든 사람은 다음에도 들어 있다: {groups}.",
        "alone": "{a}에 든 사람이 다른 어디에 드는지는 어느 전제에도 없다.",
        "premise": "한 전제는 이렇다: {premise}",
        "follows": "따라서 {claim}는 것이 따라 나온다.",
        "open": "반대 경우를 막는 전제가 없으므로 {claim}는 것은 따라 나오지 않는다.",
        "yes": "예",
        "no": "아니요",
    },
    "es": {
        "short": "En resumen: {short}.",
        "reach": "Según las premisas, quien está en el {a} está también en: {groups}.",
        "alone": "Ninguna premisa dice dónde más están los del {a}.",
        "premise": "Una premisa dice: {premise}",
        "follows": "Así que se sigue que {claim}.",
        "open": "Ninguna premisa excluye lo contrario, así que esto no se sigue: {claim}.",
        "yes": "Sí",
        "no": "No",
    },
    "de": {
        "short": "Kurz gesagt: {short}.",
        "reach": "Wer im {a} ist, ist nach den Voraussetzungen auch hier: {groups}.",
        "alone": "Keine Voraussetzung sagt, wo die im {a} sonst noch sind.",
        "premise": "Eine Voraussetzung lautet: {premise}",
        "follows": "Also folgt, dass {claim}.",
        "open": "Keine Voraussetzung schließt das Gegenteil aus; also folgt nicht, dass {claim}.",
        "yes": "Ja",
        "no": "Nein",
    },
    "ja": {
        "short": "まとめると: {short}。",
        "reach": "前提によれば、{a}の人は次にも入っている: {groups}。",
        "alone": "{a}の人がほかのどこに入っているかは、どの前提にもない。",
        "premise": "前提の一つはこうである: {premise}",
        "follows": "したがって「{claim}」と言える。",
        "open": "反対の場合を除く前提がないので、「{claim}」とは言えない。",
        "yes": "はい",
        "no": "いいえ",
    },
    "vi": {
        "short": "Tóm lại: {short}.",
        "reach": "Theo các tiền đề, ai ở trong {a} thì cũng ở trong: {groups}.",
        "alone": "Không tiền đề nào nói những người trong {a} còn ở đâu khác.",
        "premise": "Một tiền đề nói: {premise}",
        "follows": "Vậy suy ra được rằng {claim}.",
        "open": "Không tiền đề nào loại trừ điều ngược lại, nên không suy ra được rằng {claim}.",
        "yes": "Có",
        "no": "Không",
    },
}
_SIGNS = {"all": "→", "no": "✕", "some": "∩"}
_COUNT = {1: 2, 2: 3, 3: 4, 4: 5, 5: 6}  # premises; one group more than that


def _reach(premises: Sequence[_Says], start: str) -> list[str]:
    """List the groups that everyone in `start` is in, `start` first."""
    found = [start]
    for group in found:
        found += [p.b for p in premises if p.kind == "all" and p.a == group and p.b not in found]
    return found


def _reason(premises: Sequence[_Says], claim: _Says) -> _Says | None:
    """Return the premise that decides, chained to the claim, or None where it does not follow."""
    left, right = _reach(premises, claim.a), _reach(premises, claim.b)
    if claim.kind == "all":
        return next((p for p in premises if p.kind == "all" and p.b == claim.b
                     and p.a in left), None)  # fmt: skip
    for p in premises:
        if p.kind == claim.kind == "no" and (
            (p.a in left and p.b in right) or (p.b in left and p.a in right)
        ):
            return p
        if p.kind == claim.kind == "some":
            together = {*_reach(premises, p.a), *_reach(premises, p.b)}
            if claim.a in together and claim.b in together:
                return p
    return None


def _draw(lang: Lang, difficulty: int, rng: np.random.Generator) -> tuple[list[_Says], _Says]:
    """Draw a chain of premises about neighbouring groups, and a claim about two of them."""
    count = _COUNT[difficulty]
    groups = sample(rng, _GROUPS[lang], count + 1)
    other = below(rng, count + 1)  # the premise that is no "all"; none if it is `count`
    premises = []
    for i, (a, b) in enumerate(pairwise(groups)):
        kind = "all" if i != other else ("no", "some")[below(rng, 2)]
        turned = kind == "all" and below(rng, 4) == 0
        premises.append(_Says(kind, b, a) if turned else _Says(kind, a, b))
    kinds = ("all", "no", "some")
    claim = _Says(kinds[below(rng, 3)], *sample(rng, groups, 2))
    if below(rng, 2) == 0:  # half of the claims follow, where one does
        true = [
            found
            for kind, a, b in product(kinds, groups, groups)
            if a != b and (found := _Says(kind, a, b)) not in premises and _reason(premises, found)
        ]
        claim = true[below(rng, len(true))] if true else claim
    return sample(rng, premises, count), claim


def _make(lang: Lang, difficulty: int, rng: np.random.Generator) -> Problem:
    while True:
        premises, claim = _draw(lang, difficulty, rng)
        if claim not in premises:
            break
    words, said = _STEPS[lang], _CLAIMS[lang][claim.kind].format(a=claim.a, b=claim.b)
    shown = [_PREMISES[lang][p.kind].format(a=p.a, b=p.b) for p in premises]
    asked = _ASKED[lang][below(rng, len(_ASKED[lang]))].format(claim=said)
    comma = "、" if lang == "ja" else ", "
    reason = _reason(premises, claim)
    starts = (claim.a,) if claim.kind == "all" else (claim.a, claim.b)
    if claim.kind == "some" and reason is not None:
        starts = (reason.a, reason.b)
    short = "; ".join(f"{p.a} {_SIGNS[p.kind]} {p.b}" for p in premises)
    lines = [words["short"].format(short=short)]
    for start in starts:
        groups = _reach(premises, start)[1:]
        lines.append(fill(words["reach" if groups else "alone"], a=start,
                          groups=comma.join(groups)))  # fmt: skip
    if reason is not None:
        lines.append(words["premise"].format(premise=shown[premises.index(reason)]))
    lines.append(words["follows" if reason is not None else "open"].format(claim=said))
    answer = words["yes" if reason is not None else "no"]
    return Problem(
        "\n".join([*shown, asked]),
        "\n".join([*lines, answer + ("。" if lang == "ja" else ".")]),
        answer,
    )


_READ = {
    lang: {kind: template(text) for kind, text in texts.items()}
    for lang, texts in _PREMISES.items()
}
_READ_CLAIM = {
    lang: {kind: template(text) for kind, text in texts.items()} for lang, texts in _CLAIMS.items()
}
_READ_ASKED = {lang: [template(text) for text in texts] for lang, texts in _ASKED.items()}


def _read(patterns: dict[str, re.Pattern[str]], text: str) -> _Says | None:
    for kind in ("no", "some", "all"):  # the Korean "no" holds the words of "some"
        match = patterns[kind].fullmatch(text)
        if match is not None:
            return _Says(kind, match["a"], match["b"])
    return None


def _check(lang: Lang, problem: Problem) -> bool:
    """Try every kind of person: the claim follows if no world that the premises allow denies it."""
    *lines, asked = problem.question.split("\n")
    match = chosen(_READ_ASKED[lang], asked)
    read = [_read(_READ[lang], line) for line in lines]
    claim = _read(_READ_CLAIM[lang], match["claim"]) if match is not None else None
    premises = [p for p in read if p is not None]
    if claim is None or len(premises) < len(read):
        return False
    groups = sorted({name for p in [*premises, claim] for name in (p.a, p.b)})
    people = [
        set(chosen_)
        for flags in product((False, True), repeat=len(groups))
        for chosen_ in [[name for name, flag in zip(groups, flags) if flag]]
    ]
    for p in premises:
        if p.kind == "all":
            people = [one for one in people if p.a not in one or p.b in one]
        elif p.kind == "no":
            people = [one for one in people if p.a not in one or p.b not in one]
    must = [
        [one for one in people if p.a in one and p.b in one] for p in premises if p.kind == "some"
    ]
    if any(not one for one in must):
        return False  # the premises contradict one another
    if claim.kind == "all":
        follows = all(claim.b in one for one in people if claim.a in one)
    elif claim.kind == "no":
        follows = not any(claim.a in one and claim.b in one for one in people)
    else:
        follows = any(all({claim.a, claim.b} <= one for one in group) for group in must)
    return problem.answer == _STEPS[lang]["yes" if follows else "no"]


SYLLOGISM = Task("syllogism", 1, _make, _check)
