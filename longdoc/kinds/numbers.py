"""Kinds whose needles carry code numbers."""

from __future__ import annotations

from longdoc.kinds.draw import Draw, Drawn, Hide, half

__all__ = ["multi_key", "multi_query", "multi_value", "none", "paraphrase", "single", "two_hop"]

KEYS = 4  # needles of a multi_key probe; RULER, niah_multikey_1
VALUES = 4  # RULER, niah_multivalue
QUERIES = 3  # asked of four; RULER asks all four, so that who lists all is right
OTHERS = 2  # needles with other keys beside several values


def _needle(draw: Draw, key: str, value: str, asked: bool) -> Hide:
    return Hide(draw.template.needle.format(key=key, value=value), asked)


def _ask(draw: Draw, key: str) -> str:
    return draw.words.ask(draw.template.question.format(key=key), draw.words.rules.number)


def single(draw: Draw) -> Drawn:
    """One needle, one question; also the form of cross_lingual."""
    (key,), (value,) = draw.keys(1), draw.values(1)
    needles = (_needle(draw, key, value, asked=True),)
    return Drawn(needles, _ask(draw, key), (value,), "numbers", draw.template.head)


def multi_key(draw: Draw) -> Drawn:
    """Several needles, one of them asked for."""
    keys, values = draw.keys(KEYS), draw.values(KEYS)
    needles = [_needle(draw, k, v, i == 0) for i, (k, v) in enumerate(zip(keys, values))]
    return Drawn(tuple(needles), _ask(draw, keys[0]), (values[0],), "numbers", draw.template.head)


def multi_value(draw: Draw) -> Drawn:
    """Several values of one key: all are asked for; values of other keys are wrong."""
    (key, *others), values = draw.keys(1 + OTHERS), draw.values(VALUES + OTHERS)
    needle, ask = draw.words.multi_value
    named = [key] * VALUES + others
    needles = tuple(
        Hide(needle.format(key=name, value=value), i < VALUES)
        for i, (name, value) in enumerate(zip(named, values))
    )
    question = draw.words.ask(ask.format(key=key), draw.words.rules.numbers)
    return Drawn(
        needles, question, tuple(values[:VALUES]), "numbers", draw.words.head, answer_room=64
    )


def multi_query(draw: Draw) -> Drawn:
    """Several keys are asked for at once."""
    keys, values = draw.keys(KEYS), draw.values(KEYS)
    needles = [_needle(draw, k, v, i < QUERIES) for i, (k, v) in enumerate(zip(keys, values))]
    listed = draw.words.joint.join(draw.words.item.format(key=k) for k in keys[:QUERIES])
    ask = draw.words.ask(draw.words.multi_query.format(keys=listed), draw.words.rules.numbers)
    right = tuple(values[:QUERIES])
    return Drawn(tuple(needles), ask, right, "numbers", draw.words.head, answer_room=64)


def none(draw: Draw) -> Drawn:
    """The key that is asked for has no needle; others have. ONERULER (Kim et al. 2025)."""
    keys, values = draw.keys(KEYS), draw.values(KEYS - 1)
    needles = [_needle(draw, k, v, asked=False) for k, v in zip(keys[1:], values)]
    return Drawn(
        tuple(needles), _ask(draw, keys[0]), (draw.words.none,), "none", draw.template.head
    )


def two_hop(draw: Draw) -> Drawn:
    """One needle names the thing whose number another tells; a decoy has the same form."""
    (key, other, decoy, place), (value, wrong) = draw.keys(4), draw.values(2)
    clue = draw.words.two_hop
    needles = (
        Hide(clue.format(key=key, other=other), asked=True),
        _needle(draw, other, value, asked=True),
        Hide(clue.format(key=decoy, other=place)),
        _needle(draw, place, wrong, asked=False),
    )
    return Drawn(needles, _ask(draw, key), (value,), "numbers", draw.words.head)


def paraphrase(draw: Draw) -> Drawn:
    """The question shares no noun with the needle; a second needle is of another matter."""
    (mine, other), (value, wrong) = (
        draw.order(half(draw.words.paraphrase, draw.split))[:2],
        (draw.values(2)),
    )
    needles = (Hide(mine[0].format(value=value), asked=True), Hide(other[0].format(value=wrong)))
    question = draw.words.ask(mine[1], draw.words.rules.amount)
    return Drawn(needles, question, (value,), "numbers", draw.words.head)
