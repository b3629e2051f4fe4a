"""Splice texts into a haystack and know the tokens of the whole without encoding the whole.

    haystack   ...a token| a token| here the needle goes in |a token |a token...
    window            [ context | needle | context ]
    tokens     cached ....p  from the window  q.... cached

Only windows around the seams are encoded. Left of the needle a point p is sought, right of it a
point q, where the window and the haystack, encoded on its own, have the same border of pieces and
agree on the tokens that follow. A pre-tokenizer reads from left to right and pieces are encoded
one by one, so from a common border on, equal text has equal tokens until something else follows.
Windows grow until there is a common border, in the end to the whole prompt. Where a tokenizer cuts
no pieces at all, a long run of equal tokens must do. `probe` compares a share with full encodings.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import msgspec
import numpy as np

from hanji.tokens import Ids
from longdoc.haystack import Encoded, Haystack, Positions

__all__ = ["Part", "Spliced", "Splicer", "text_of"]

Part = str | tuple[int, int]  # a text, or characters of the haystack
CONTEXT = 160  # characters on each side of a seam; grows fourfold
WHOLE = 40_000  # characters of context at which windows no longer pay
GUARD = 24  # characters at a window's end that no border is taken from
AGREE = 6  # equal tokens behind a common border of pieces
AGREE_WITHOUT = 48  # equal tokens where there is no border of pieces
ENDLESS = 2_000  # characters without a border, at which a piece counts as endless


class Segment(msgspec.Struct, frozen=True):
    """Tokens of a stretch of the prompt; character = start + shift."""

    char: int
    token: int
    ids: Ids
    starts: Positions
    ends: Positions
    shift: int


class Spliced(msgspec.Struct, frozen=True):
    """The tokens of a prompt, as stretches of the haystack's and of the windows' tokens."""

    segments: tuple[Segment, ...]
    n_tokens: int

    def ids(self) -> Ids:
        """Return the ids of the whole prompt."""
        return np.concatenate([segment.ids for segment in self.segments])

    def token_at(self, char: int) -> int:
        """Return the first token that ends behind a character of the prompt."""
        number = bisect_right(self.segments, char, key=lambda segment: segment.char) - 1
        segment = self.segments[max(number, 0)]
        at = int(np.searchsorted(segment.ends, char - segment.shift, side="right"))
        return segment.token + at


class _Window(msgspec.Struct):
    """Parts that are encoded together, with the haystack's context around them."""

    char: int  # of the prompt, where the window begins
    pieces: list[str]
    left: tuple[int, int] | None = None  # context of the haystack
    right: tuple[int, int] | None = None

    @property
    def text(self) -> str:
        return "".join(self.pieces)


def text_of(haystack: Haystack, parts: Sequence[Part]) -> str:
    """Join parts to the prompt."""
    text = haystack.text
    return "".join(p if isinstance(p, str) else text[p[0] : p[1]] for p in parts)


class Splicer:
    """Counts tokens of prompts over one haystack; windows are encoded once."""

    def __init__(self, haystack: Haystack, *, whole: bool = False) -> None:
        self.haystack, self.whole = haystack, whole
        self._windows: dict[str, Encoded] = {}
        self._borders: dict[tuple[str, int, int], tuple[int, int] | None] = {}

    def splice(self, parts: Sequence[Part]) -> Spliced:
        """Find the tokens of a prompt.

        Args:
            parts: texts and spans of the haystack (first and last character), in order.
        """
        context = CONTEXT
        while not self.whole and context < WHOLE:
            spliced = self._try(parts, context)
            if spliced is not None:
                return spliced
            context *= 4
        tokens = Encoded(text_of(self.haystack, parts), self.haystack.tokenizer)
        segment = Segment(0, 0, tokens.ids, tokens.starts, tokens.ends, 0)
        return Spliced((segment,), len(tokens))

    def _try(self, parts: Sequence[Part], context: int) -> Spliced | None:
        """Splice with `context` characters at each seam; None if a border is not found."""
        segments: list[Segment] = []
        token, cached_from, delta = 0, -1, 0
        for window in self._cut(parts, context):
            text = window.text
            encoded = self._encoded(text)
            first, last = 0, len(encoded)
            if window.left is not None:
                found = self._border(text, encoded, window.left, 0, context)
                if found is None:
                    return None
                first, here = found
                segments.append(self._stretch(cached_from, here, token, delta))
                token += here - cached_from
            if window.right is not None:
                shift = len(text) - window.right[1]  # haystack to window
                found = self._border(text, encoded, window.right, shift + window.right[0], context)
                if found is None:
                    return None
                last, cached_from = found
                delta = window.char + shift
            if last < first:
                return None
            segments.append(
                Segment(
                    window.char + (int(encoded.starts[first]) if first < len(encoded) else 0),
                    token,
                    encoded.ids[first:last],
                    encoded.starts[first:last],
                    encoded.ends[first:last],
                    window.char,
                )
            )
            token += last - first
        return Spliced(tuple(segments), token)

    def _cut(self, parts: Sequence[Part], context: int) -> list[_Window]:
        """Group parts into windows; spans that are long enough part them."""
        text = self.haystack.text
        windows, char = [_Window(0, [])], 0
        for number, part in enumerate(parts):
            if isinstance(part, str):
                windows[-1].pieces.append(part)
                char += len(part)
                continue
            start, end = part
            if end - start < 4 * context or number == len(parts) - 1:
                windows[-1].pieces.append(text[start:end])
            else:
                windows[-1].pieces.append(text[start : start + context])
                windows[-1].right = (start, start + context)
                windows.append(_Window(char + end - start - context, [text[end - context : end]]))
                windows[-1].left = (end - context, end)
            char += end - start
        return windows

    def _encoded(self, text: str) -> Encoded:
        found = self._windows.get(text)
        if found is None:
            found = self._windows[text] = Encoded(text, self.haystack.tokenizer)
        return found

    def forget(self) -> None:
        """Forget the windows that were encoded."""
        self._windows.clear()
        self._borders.clear()

    def _border(
        self, text: str, encoded: Encoded, span: tuple[int, int], at: int, context: int
    ) -> tuple[int, int] | None:
        """Find a common border once for each window and side."""
        key = (text, span[0], at)
        if key not in self._borders:
            self._borders[key] = self._common(encoded, span, at, context)
        return self._borders[key]

    def _common(
        self, encoded: Encoded, span: tuple[int, int], at: int, context: int
    ) -> tuple[int, int] | None:
        """Find the first common border within a context.

        Args:
            encoded: tokens of the window.
            span: the context in the haystack's characters.
            at: where the context begins in the window.
            context: its characters.

        Returns:
            Token of the window and token of the haystack that begin there.
        """
        tokens = self.haystack.tokens
        low, high = np.searchsorted(tokens.starts, [span[0] + 1, span[1] - GUARD])
        first, last = np.searchsorted(encoded.starts, [at + 1, at + span[1] - span[0] - GUARD])
        here = tokens.starts[low:high] - span[0]
        there = encoded.starts[first:last] - at
        if not len(here) or not len(there):
            return None
        # Pieces that end somewhere may end elsewhere later: equal tokens within them are no proof.
        bordered = bool(tokens.opens[low:high].any() or encoded.opens[first:last].any())
        bordered = bordered or context < ENDLESS
        at_most = len(here) - 1
        near = np.minimum(np.searchsorted(here, there), at_most)
        common = np.flatnonzero(here[near] == there)
        for a, b in zip((near[common] + low).tolist(), (common + first).tolist(), strict=True):
            # A border within a character's bytes is none.
            if tokens.ends[a - 1] > tokens.starts[a] or encoded.ends[b - 1] > encoded.starts[b]:
                continue
            whole = bool(tokens.opens[a]) and bool(encoded.opens[b])
            n = AGREE if whole else AGREE_WITHOUT
            if (not whole and bordered) or a + n > high or b + n > last:
                continue
            same_ids = np.array_equal(tokens.ids[a : a + n], encoded.ids[b : b + n])
            moved = int(encoded.starts[b] - tokens.starts[a])
            if same_ids and np.array_equal(
                tokens.starts[a : a + n] + moved, encoded.starts[b : b + n]
            ):
                return b, a
        return None

    def _stretch(self, first: int, last: int, token: int, shift: int) -> Segment:
        """Take tokens of the haystack."""
        tokens = self.haystack.tokens
        return Segment(
            int(tokens.starts[first]) + shift,
            token,
            tokens.ids[first:last],
            tokens.starts[first:last],
            tokens.ends[first:last],
            shift,
        )
