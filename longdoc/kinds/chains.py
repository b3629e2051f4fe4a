"""Kinds that ask for what follows from several needles: who has a value, which event was first."""

from __future__ import annotations

from itertools import pairwise

from longdoc.kinds.draw import Draw, Drawn, Hide, half
from longdoc.words import Noun

__all__ = ["order", "variable_tracking"]

CHAIN = 4  # people with the same number, the first named with it; RULER has 5
DECOYS = 3
EVENTS = 4
LETTERS = "ABCD"


def variable_tracking(draw: Draw) -> Drawn:
    """Someone has a number, another has the same, and so on: who has it? RULER, vt."""
    words = draw.words
    given = draw.order(half(words.given, draw.split))
    family = draw.order(half(words.family, draw.split))
    # Each given name and each family name at most twice, and never the same pair.
    pairs = [*zip(given, family), *zip(given, [*family[1:], family[0]])]
    names = [words.name.format(given=g, family=f) for g, f in pairs]
    people = [Noun(name) for name in draw.unlike(names, CHAIN + DECOYS, "names")]
    value, wrong = draw.values(2)
    first, same, ask = words.tracking
    needles = []
    for chain, number, asked in ((people[:CHAIN], value, True), (people[CHAIN:], wrong, False)):
        needles.append(Hide(first.format(a=chain[0], value=number), asked))
        needles += [Hide(same.format(a=a, b=b), asked) for a, b in pairwise(chain)]
    question = words.ask(ask.format(value=value), words.rules.names)
    return Drawn(
        tuple(needles), question, tuple(map(str, people[:CHAIN])), "names", words.head,
        answer_room=96,
    )  # fmt: skip


def order(draw: Draw) -> Drawn:
    """Events with their days stand anywhere; which came first?"""
    words = draw.words
    events = draw.order(half(words.events, draw.split))[:EVENTS]
    days = sorted(draw.random.choice(300, EVENTS, replace=False).tolist())
    needle, ask = words.order
    # Letters in a shuffled order, never already sorted: who lists them as they stand is wrong.
    letters = draw.order(LETTERS)
    while letters == sorted(letters):
        letters = draw.order(LETTERS)
    listed = sorted(zip(letters, events))
    needles = [Hide(needle.format(day=d + 2, event=e), asked=True) for d, e in zip(days, events)]
    ask = ask.format(events=words.joint.join(f"({letter}) {event}" for letter, event in listed))
    main = int(draw.random.integers(EVENTS))
    return Drawn(
        tuple(needles), words.ask(ask, words.rules.letters), tuple(letters), "order", words.head,
        main=main,
    )  # fmt: skip
