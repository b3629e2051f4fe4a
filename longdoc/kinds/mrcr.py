"""A long dialogue: what is the number of the n-th reply to a request? After OpenAI's MRCR.

Requests are spread evenly; what stands between two of them is the haystack, as the reply.
"""

from __future__ import annotations

from longdoc.kinds.draw import Draw, Drawn, Hide, half

__all__ = ["mrcr"]

FEWEST, MOST = 6, 32  # turns
TOKENS = 512  # of a turn, about


def mrcr(draw: Draw) -> Drawn:
    """Draw a dialogue; the reply that is asked for stands at the depth."""
    turn, ask = draw.words.mrcr
    n = min(MOST, max(FEWEST, draw.room // TOKENS))
    asked = min(n - 1, round(n * draw.depth / 100))
    mine, *others = draw.order(half(draw.words.requests, draw.split))
    requests = [others[i] for i in draw.random.integers(0, len(others), n).tolist()]
    most = min(len(draw.words.ordinals), asked + 1)
    ordinal = int(draw.random.integers(most))
    for i in draw.order(range(asked))[:ordinal]:
        requests[i] = mine
    requests[asked] = mine
    for i in draw.order(range(asked + 1, n))[:2]:
        requests[i] = mine
    values = draw.values(n)
    needles = [
        Hide(
            turn.format(request=request, value=value),
            asked=i == asked,
            depth=None if i == asked else 100 * i / n,
            block=True,
        )
        for i, (request, value) in enumerate(zip(requests, values))
    ]
    ask = ask.format(ordinal=draw.words.ordinals[ordinal], request=mine)
    question = draw.words.ask(ask, draw.words.rules.number)
    return Drawn(tuple(needles), question, (values[asked],), "numbers", draw.words.talk, main=asked)
