"""Kinds that ask what is said most often."""

from __future__ import annotations

from longdoc.kinds.draw import Draw, Drawn, Hide, half

__all__ = ["common_words", "frequent_words"]

ASKED = 3  # RULER, fwe
COMMON, RARE = 4, 1  # times each; RULER, cwe: 30 and 3 in a list of nothing else
RARE_KEYS = 4
RANKS = (7, 5, 3, 1, 1, 1)  # times each, about Zipf; RULER, fwe: alpha 2


def _spread(draw: Draw, needle: str, times: list[tuple[str, int]], slot: str) -> list[Hide]:
    """Repeat needles in a shuffled order; the first is one of those asked for."""
    right = {name for name, _ in times[:ASKED]}
    said = draw.order([name for name, n in times for _ in range(n * draw.times())])
    said.sort(key=lambda name: name != times[0][0])
    return [Hide(needle.format(**{slot: name}), name in right) for name in said]


def common_words(draw: Draw) -> Drawn:
    """Some things are named often, all equally, others seldom."""
    needle, ask = draw.words.common
    keys = draw.keys(ASKED + RARE_KEYS)
    times = [(key, COMMON if i < ASKED else RARE) for i, key in enumerate(keys)]
    question = draw.words.ask(ask, draw.words.rules.things)
    needles = _spread(draw, needle, times, "key")
    return Drawn(
        tuple(needles), question, tuple(keys[:ASKED]), "names", draw.words.head, answer_room=96
    )


def frequent_words(draw: Draw) -> Drawn:
    """Coined words, each rarer than the one before it: which are the most frequent?"""
    needle, ask = draw.words.frequent
    # Half of the syllables may begin a word of a split: no word serves both.
    begin, then = half(draw.words.syllables, draw.split), draw.words.syllables
    coined = ["".join((a, *draw.order(then)[:2])) for a in begin for _ in range(6)]
    words = draw.unlike(coined, len(RANKS), "coined words")
    question = draw.words.ask(ask, draw.words.rules.words)
    needles = _spread(draw, needle, list(zip(words, RANKS)), "word")
    return Drawn(
        tuple(needles), question, tuple(words[:ASKED]), "names", draw.words.head, answer_room=96
    )
