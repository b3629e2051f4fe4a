"""Place needles at sentence borders and fit the prompt to the token.

A needle goes to the border whose tokens before it are nearest to its depth, in percent of the
haystack's tokens in the prompt. What is left at the end is filled by letting the haystack run on
and cutting it at the token where the sum is right.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence

import msgspec
import numpy as np

from hanji.errors import RecipeError
from longdoc.haystack import Haystack
from longdoc.splice import Part, Spliced, Splicer, text_of
from longdoc.templates import TEMPLATES

__all__ = ["Hidden", "Hole", "Needle", "begin", "hide"]

SLACK = 48  # tokens of haystack beyond what the estimate asks for
# Tokens between the last border for needles and the end; seams may take more than was estimated.
MARGINS = (8, 32, 128, 512)
ANCHOR = 1_500  # characters of haystack before the end that is counted anew
TRIES = 64  # cuts that are tried before fillers
FILLERS = (".", " .", "…", " …", "。", "-", " -", "\n.")  # where no cut has the right sum


class Needle(msgspec.Struct, frozen=True):
    """A text to hide."""

    text: str
    depth: float  # percent
    block: bool = False  # a paragraph of its own


class Hole(msgspec.Struct, frozen=True):
    """Where a needle stands in the prompt: characters and tokens, first and one behind the last."""

    start: int
    end: int
    token_start: int
    token_end: int


class Hidden(msgspec.Struct, frozen=True):
    """A finished prompt."""

    prompt: str
    holes: tuple[Hole, ...]  # of the needles, in the order given
    achieved_depth: float  # percent of the haystack's tokens, of the main needle
    haystack_tokens: int  # that the depth is a share of
    parts: tuple[Part, ...]
    spliced: Spliced


def begin(haystack: Haystack, wanted: int, draw: float) -> int:
    """Choose the first sentence, so that at least `wanted` tokens follow it if there are so many.

    Args:
        haystack: the text.
        wanted: tokens.
        draw: a number in [0, 1).
    """
    latest = haystack.n_tokens - wanted - 2 * SLACK
    n = bisect_right(haystack.before, max(latest, 0), hi=len(haystack.sentences) - 1)
    return int(draw * max(n, 1))


def hide(
    splicer: Splicer,
    *,
    head: str,
    needles: Sequence[Needle],
    main: int,
    question: str,
    room: int,
    first: int,
    what: str,
) -> Hidden:
    """Make a prompt of exactly `room` tokens.

    Args:
        splicer: over the haystack.
        head: stands before it.
        needles: to hide in it.
        main: the needle whose depth is recorded.
        question: stands behind it.
        room: tokens of the prompt.
        first: sentence of the haystack to begin at.
        what: the probe, for errors.

    Raises:
        RecipeError: if the words alone do not fit, or the haystack is too short.
    """
    haystack = splicer.haystack
    gaps = ["\n\n" if n.block else TEMPLATES[haystack.lang].separator for n in needles]
    texts = [gap + n.text + gap * n.block for n, gap in zip(needles, gaps, strict=True)]
    overhead = int(haystack.tokenizer.counts([head, question, *texts]).sum())
    wanted = room - overhead
    if wanted < SLACK:
        raise RecipeError(
            f"{what} needs at least {overhead + SLACK:,} tokens for its words beside the room for "
            f"the answer; {room:,} are too few, raise longdoc.probe.lengths"
        )
    base = int(haystack.before[first])
    have = haystack.n_tokens - base
    if have < wanted + MARGINS[0]:
        raise RecipeError(
            f"the held-out text in {haystack.lang} has {have:,} tokens, {what} needs "
            f"{wanted + MARGINS[0]:,}; add documents or raise curate.heldout_share"
        )
    # Once to learn how many tokens the seams take, then for good.
    laid = _lay(haystack, needles, first, wanted, MARGINS[0])
    end = int(haystack.tokens.ends[base + wanted - 1])
    rest: list[Part] = [(laid.tail, end)] if end > laid.tail else []
    trial = splicer.splice([head, *laid.body, *rest, question])
    wanted = min(wanted + room - trial.n_tokens, have)
    for margin in MARGINS:
        laid = _lay(haystack, needles, first, wanted, margin)
        for parts, spliced in _fitted(
            splicer, [head, *laid.body], laid.tail, base + wanted, question, room
        ):
            achieved = 100 * (int(haystack.before[laid.borders[main]]) - base) / wanted
            return Hidden(
                text_of(haystack, parts),
                tuple(_hole(spliced, len(head) + a, len(head) + b) for a, b in laid.marks),
                round(min(100.0, achieved), 3),
                wanted,
                tuple(parts),
                spliced,
            )
    raise RecipeError(
        f"{haystack.tokenizer.where}: no text of exactly {room:,} tokens was found for {what}; "
        "use another tokenizer or another seed"
    )


class _Laid(msgspec.Struct, frozen=True):
    """Needles at their borders."""

    body: list[Part]  # spans of the haystack and needles, up to the last needle
    marks: list[tuple[int, int]]  # characters of each needle within the body
    borders: list[int]  # sentence behind each needle
    tail: int  # character of the haystack behind the last needle


def _lay(
    haystack: Haystack, needles: Sequence[Needle], first: int, wanted: int, margin: int
) -> _Laid:
    """Lay needles at the borders nearest to their depths, none in the last `margin` tokens."""
    base = int(haystack.before[first])
    last = max(first, bisect_right(haystack.before, base + wanted - margin) - 1)
    borders = [_border(haystack, first, last, base + wanted * n.depth / 100) for n in needles]
    body, marks = _body(haystack, needles, borders, first)
    return _Laid(body, marks, borders, int(haystack.sentences[max([first, *borders])]))


def _border(haystack: Haystack, first: int, last: int, target: float) -> int:
    """Return the sentence between `first` and `last` that begins nearest to a token."""
    at = int(np.searchsorted(haystack.before[first : last + 1], target)) + first
    near = [i for i in (at - 1, at) if first <= i <= last]
    return min(near, key=lambda i: (abs(int(haystack.before[i]) - target), i))


def _body(
    haystack: Haystack, needles: Sequence[Needle], borders: Sequence[int], first: int
) -> tuple[list[Part], list[tuple[int, int]]]:
    """Alternate spans of the haystack and needles, up to the last needle.

    Returns:
        The parts, and the characters of each needle within them.
    """
    separator = TEMPLATES[haystack.lang].separator
    parts: list[Part] = []
    marks = [(0, 0)] * len(needles)
    char, here, ends = 0, int(haystack.sentences[first]), "\n"
    for number in sorted(range(len(needles)), key=lambda i: (borders[i], i)):
        needle, there = needles[number], int(haystack.sentences[borders[number]])
        if there > here:
            parts.append((here, there))
            char += there - here
            ends = haystack.text[there - 1]
        glue = "" if ends.isspace() or not parts else separator
        close = "\n" if ends == "\n" and parts else separator
        if needle.block:
            glue, close = ("\n" if ends == "\n" else "\n\n"), "\n\n"
        parts.append(glue + needle.text + close)
        marks[number] = (char + len(glue), char + len(glue) + len(needle.text))
        char += len(glue) + len(needle.text) + len(close)
        here, ends = there, (close or needle.text)[-1]
    return parts, marks


def _fitted(
    splicer: Splicer, front: list[Part], tail: int, token: int, question: str, room: int
) -> Iterator[tuple[list[Part], Spliced]]:
    """Yield prompts of exactly `room` tokens: the tail's end is moved until the sum is right.

    Args:
        splicer: over the haystack.
        front: parts before the tail.
        tail: character of the haystack where the tail begins.
        token: of the haystack, where the tail ends at first.
        question: behind the tail.
        room: tokens of the prompt.
    """
    haystack = splicer.haystack
    tokens = haystack.tokens
    least = int(np.searchsorted(tokens.starts, tail))
    seen: dict[int, int] = {}
    near = _behind(front, tail, int(tokens.ends[token - 1]))
    offset: int | None = None  # tokens of the whole prompt beyond those of its end

    def parts_at(cut: int, filler: str = "") -> list[Part]:
        end = int(tokens.ends[cut - 1]) if cut > least else tail
        return [*front, *([(tail, end)] if end > tail else []), filler + question]

    def count(cut: int) -> int:
        nonlocal offset
        if cut not in seen:
            whole = parts_at(cut)
            end = near(whole)
            if end is None or offset is None:
                seen[cut] = splicer.splice(whole).n_tokens
                offset = seen[cut] - splicer.splice(end).n_tokens if end else None
            else:
                seen[cut] = splicer.splice(end).n_tokens + offset
        return seen[cut]

    def clean(cut: int) -> bool:
        if not least <= cut <= len(tokens):
            return False
        inside = least < cut < len(tokens)
        return not inside or int(tokens.ends[cut - 1]) <= int(tokens.starts[cut])

    cut = min(max(token, least), len(tokens))
    for _ in range(12):  # a step of the difference lands there in two or three
        while not clean(cut):
            cut -= 1
        missing = room - count(cut)
        if missing == 0:
            break
        moved = min(max(cut + missing, least), len(tokens))
        if moved in seen or moved == cut:
            break
        cut = moved
    cuts = sorted(range(cut - TRIES // 2, cut + TRIES // 2), key=lambda c: (abs(c - cut), c))
    for other in filter(clean, cuts):
        if count(other) == room:
            parts = parts_at(other)
            spliced = splicer.splice(parts)
            if spliced.n_tokens == room:
                yield parts, spliced
    for other in filter(clean, cuts):
        missing = room - count(other)
        for filler in FILLERS if 0 < missing < 8 else ():
            for times in range(1, missing + 1):
                parts = parts_at(other, filler * times)
                spliced = splicer.splice(parts)
                if spliced.n_tokens == room:
                    yield parts, spliced


def _behind(
    front: Sequence[Part], tail: int, end: int
) -> Callable[[Sequence[Part]], list[Part] | None]:
    """Return what takes the end of a prompt, from an anchor within the haystack.

    The end has as many tokens fewer than the whole as stand before the anchor, wherever it is cut:
    both share every token behind it.
    """
    anchor = end - ANCHOR
    if anchor > tail:  # the tail is long enough to hold it

        def of_tail(parts: Sequence[Part]) -> list[Part] | None:
            last = parts[-2]
            if isinstance(last, str) or last[1] - anchor < ANCHOR // 2:
                return None
            return [(anchor, last[1]), parts[-1]]

        return of_tail
    for number in range(len(front) - 1, 0, -1):
        part = front[number]
        if not isinstance(part, str) and part[1] - part[0] > ANCHOR:
            start = (part[1] - ANCHOR, part[1])
            return lambda parts: [start, *parts[number + 1 :]]
    return lambda parts: None


def _hole(spliced: Spliced, start: int, end: int) -> Hole:
    return Hole(start, end, spliced.token_at(start), spliced.token_at(end - 1) + 1)
