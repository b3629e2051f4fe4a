"""Questions and answers: read from replies, and compared."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from hanji.schema import Lang
from synth.claims import flat, numbers

__all__ = ["Vote", "read_answer", "read_question", "vote"]

_ANSWER = re.compile(r"^[*_# ]*ANSWER[*_ ]*[:：][*_ ]*(.+?)[*_ ]*$", re.M)
_QUESTION = re.compile(r"^[*_# ]*QUESTION[*_ ]*[:：][*_ ]*(.+?)[*_ ]*$", re.M)


class Vote(msgspec.Struct, frozen=True):
    """What most answers say: the answer, who says it, and their share."""

    answer: str
    voters: tuple[int, ...]
    share: float


def read_question(text: str) -> tuple[str, str] | None:
    r"""Read a question with its answer, or None where the reply holds none.

    >>> read_question("QUESTION: How long?\nANSWER: 34 m")
    ('How long?', '34 m')
    """
    question, answer = _QUESTION.search(text), _ANSWER.search(text)
    if question is None or answer is None:
        return None
    return question.group(1).strip(), answer.group(1).strip()


def read_answer(text: str) -> tuple[str, str]:
    r"""Cut a reply into thinking and answer; the answer is empty where there is none.

    >>> read_answer("So 3.\nANSWER: 3")
    ('So 3.', '3')
    """
    found = list(_ANSWER.finditer(text))
    if not found:
        return text.strip(), ""
    last = found[-1]
    return text[: last.start()].strip(), last.group(1).strip()


def _canonical(answer: str, lang: Lang) -> str:
    """Write an answer so that equal ones compare equal: its numbers, or its bare letters."""
    values = sorted(min(known) for _, known in numbers(answer, lang) if known)
    if values:
        return " ".join(str(value.normalize()) for value in values)
    return "".join(re.findall(r"\w", flat(answer).lower()))


def vote(answers: Sequence[str], lang: Lang) -> Vote:
    """Find what most answers say; the earlier one wins a tie.

    >>> vote(["34 m", "34", "43"], "en").share
    0.6666666666666666
    """
    by: dict[str, list[int]] = {}
    for number, answer in enumerate(answers):
        if answer:
            by.setdefault(_canonical(answer, lang), []).append(number)
    if not by:
        return Vote("", (), 0.0)
    voters = max(by.values(), key=len)
    return Vote(answers[voters[0]], tuple(voters), len(voters) / len(answers))
