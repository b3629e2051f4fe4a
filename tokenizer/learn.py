"""Learn merges: lay counted pieces out flat, index their pairs, and merge up to a target.

`Vocabulary` holds the tokens learned so far. Going on from merges (stage 2 after stage 1, a killed
run, an existing tokenizer) is always the same act: encode the pieces with them, and merge on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from hanji.progress import SILENT, Progress
from hanji.text.alphabet import byte_order
from hanji.text.classes import class_table
from tokenizer.count import Counter
from tokenizer.dense import MOST_TOKENS, Dense
from tokenizer.encode import Encoder
from tokenizer.index import Sketched, choose_floor
from tokenizer.merge import (
    BLOCK_BITS,
    DONE,
    DRY,
    FULL,
    SEPARATOR,
    Charges,
    Text,
    Tokens,
    add_pair,
    run,
)  # fmt: skip
from tokenizer.rules import NO_RULES, place_token

__all__ = ["Budget", "Vocabulary", "allot", "learn"]

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
U32 = npt.NDArray[np.uint32]
N = TypeVar("N", bound=np.generic)
_STEP = 512  # merges between two looks at the clock
_SLOTS_PER_MERGE = 4  # measured: a word has 8 bytes, and the guess must be low
_CANDIDATES = 24  # pairs for each superword: most bridge no space, or fall to a full group
_FINER = 4  # a dry heap is filled again at a floor so many times lower


class Vocabulary:
    """Bytes 0 to 255 in `byte_order`, then one token for each merge."""

    def __init__(self) -> None:
        arena = np.array(byte_order(), np.uint8)
        slots = np.full(1 << 12, -1, np.int32)
        self.n = 256
        self.tokens = Tokens(
            arena, np.arange(257), np.zeros((0, 2), np.int32), np.zeros(0, np.int64), slots
        )
        self.group = np.zeros(0, np.int8)
        for token in range(256):
            place_token(arena, self.tokens.offsets, slots, token)

    @classmethod
    def from_merges(cls, pairs: Sequence[tuple[int, int]] | I32) -> Vocabulary:
        """Build a vocabulary from merges; row i makes id 256 + i."""
        vocabulary = cls()
        merges = np.asarray(pairs, np.int32).reshape(-1, 2)
        vocabulary.reserve(256 + len(merges))
        for a, b in merges.tolist():
            vocabulary._append(a, b)
        return vocabulary

    def _append(self, a: int, b: int) -> None:
        data = self.bytes_of(a) + self.bytes_of(b)
        self.reserve(self.n + 1, len(data))
        t, new = self.tokens, self.n
        start = t.offsets[new]
        t.arena[start : start + len(data)] = np.frombuffer(data, np.uint8)
        t.offsets[new + 1] = start + len(data)
        t.merges[new - 256] = a, b
        self.group[new - 256] = -1
        place_token(t.arena, t.offsets, t.slots, new)
        self.n += 1

    @property
    def merges(self) -> I32:
        """Pairs in order, shape (n - 256, 2)."""
        return self.tokens.merges[: self.n - 256]

    @property
    def counts(self) -> I64:
        """Occurrences of each merge's pair when it was made."""
        return self.tokens.counts[: self.n - 256]

    @property
    def groups(self) -> npt.NDArray[np.int8]:
        """The group that each merge was charged to; -1: none."""
        return self.group[: self.n - 256]

    def bytes_of(self, token: int) -> bytes:
        """Return the bytes of a token."""
        start, end = self.tokens.offsets[token], self.tokens.offsets[token + 1]
        return self.tokens.arena[start:end].tobytes()

    def all_bytes(self) -> tuple[bytes, list[int]]:
        """Return the bytes of all tokens in a row, and where each begins and the last one ends."""
        borders = self.tokens.offsets[: self.n + 1].tolist()
        return self.tokens.arena[: borders[-1]].tobytes(), borders

    def reserve(self, size: int, spare_bytes: int = 0) -> None:
        """Make room for `size` tokens and for more bytes."""
        t = self.tokens
        used = int(t.offsets[self.n])
        if used + spare_bytes > len(t.arena):
            arena = np.empty(2 * (used + spare_bytes), np.uint8)
            arena[:used] = t.arena[:used]
            t = t._replace(arena=arena)
        if size > len(t.offsets) - 1:
            more = max(size, len(t.offsets) * 5 // 4) + 1
            t = t._replace(
                offsets=np.resize(t.offsets, more),
                merges=_extended(t.merges, more),
                counts=_extended(t.counts, more),
            )
            self.group = _extended(self.group, more)
        if 3 * size > len(t.slots):
            t = t._replace(slots=np.full(1 << int(4 * size).bit_length(), -1, np.int32))
            for token in range(self.n):
                place_token(t.arena, t.offsets, t.slots, token)
        self.tokens = t

    def encoder(self) -> Encoder:
        """Return an encoder for the merges learned so far."""
        end = int(self.tokens.offsets[self.n])
        return Encoder(self.merges, (self.tokens.arena[:end], self.tokens.offsets[: self.n + 1]))


class Budget:
    """Quotas by group, then of joins; what was charged; the pairs dropped for a full group."""

    def __init__(self, quotas: I64, dropped: I64 | None = None) -> None:
        self.quotas = np.array(quotas, np.int64)
        self.taken = np.zeros(len(quotas), np.int64)
        self.exhausted = np.zeros(len(quotas), np.bool_)  # groups without candidates
        self.n_dropped = 0
        self.table = np.full(1024, -1, np.int64)
        if dropped is not None:
            self._fill(dropped)

    @property
    def dropped(self) -> I64:
        """The dropped pairs, in no order."""
        return self.table[self.table >= 0]

    def forget(self) -> None:
        """Let dropped pairs be judged again, after the quotas have changed."""
        self._fill(np.zeros(0, np.int64))

    def _fill(self, keys: I64) -> None:
        self.table = np.full(1 << max(10, int(4 * len(keys)).bit_length()), -1, np.int64)
        for key in keys.tolist():
            add_pair(key, self.table)
        self.n_dropped = len(keys)

    def grow(self) -> bool:
        """Make room for more dropped pairs; False: there was room."""
        short = self.n_dropped >= 0.6 * len(self.table)
        if short:
            self._fill(self.dropped)
        return short


def _extended(array: npt.NDArray[N], rows: int) -> npt.NDArray[N]:
    more = np.zeros((rows, *array.shape[1:]), array.dtype)
    more[: len(array)] = array
    return more


def lay_out(pieces: Counter, encoder: Encoder) -> Text:
    """Encode the pieces into one flat array, by group, the most frequent first."""
    counts, orders = pieces.counts, []
    for group in range(pieces.groups):
        of_group = counts[:, group]
        used = np.flatnonzero(of_group)
        orders.append(used[np.argsort(-of_group[used], kind="stable")])
    order = np.concatenate(orders)
    flat = encoder.encode(pieces.arena, pieces.offsets, order, SEPARATOR)
    borders = np.concatenate((np.zeros(1, np.int64), np.flatnonzero(flat == SEPARATOR) + 1))
    ends, starts, weights = [], [], []
    first = 0
    for group, members in enumerate(orders):
        of_group = counts[members, group]
        steps = np.flatnonzero(np.diff(of_group, prepend=-1))
        starts.append(borders[first + steps])
        weights.append(of_group[steps])
        first += len(members)
        ends.append(borders[first])
    all_starts = np.concatenate((*starts, borders[-1:]))
    blocks = np.searchsorted(all_starts, np.arange(0, len(flat), 1 << BLOCK_BITS), "right") - 1
    return Text(
        flat, np.array(ends, np.int64), all_starts, np.concatenate(weights),
        blocks.astype(np.int32),
    )  # fmt: skip


def allot(total: int, shares: Sequence[float]) -> I64:
    """Divide `total` by shares, by largest remainder.

    >>> allot(10, [2, 3, 1]).tolist()
    [3, 5, 2]
    """
    exact = np.array(shares, float) * total / sum(shares)
    quotas = np.floor(exact).astype(np.int64)
    rest = total - int(quotas.sum())
    quotas[np.argsort(-(exact - quotas), kind="stable")[:rest]] += 1
    return quotas


def learn(
    vocabulary: Vocabulary,
    pieces: Counter,
    target: int,
    *,
    rules: I64 = NO_RULES,
    budget: Budget | None = None,
    min_count: int = 1,
    floor: int | None = None,
    progress: Progress = SILENT,
    name: str = "merge",
    checkpoint: Callable[[Vocabulary, Budget], None] | None = None,
) -> Budget:
    """Merge until the vocabulary has `target` tokens or no pair is left.

    Args:
        vocabulary: where to go on from; it grows in place.
        pieces: counted pieces, not used after the text is laid out.
        target: tokens wanted, the 256 bytes included.
        rules: what a token may be (`tokenizer.rules`).
        budget: most superwords by group, and most joins; merges that the vocabulary already
            charges count.
        min_count: lowest count of a pair that is merged.
        floor: first floor of the index; chosen from the counts by default.
        progress: where the merges are shown.
        name: of the phase.
        checkpoint: called now and then.

    Returns:
        The budget, with the tokens charged to each group.
    """
    text = lay_out(pieces, vocabulary.encoder())
    vocabulary.reserve(target, 1 << 16)
    groups = len(text.ends)
    budget = budget or Budget(np.full(groups + 1, 1 << 40))
    charged = vocabulary.groups[vocabulary.groups >= 0]
    budget.taken[:] = np.bincount(charged, minlength=groups + 1)
    near = np.zeros((2, target, 2), np.int64)
    counted = _counted(text, vocabulary.n)
    wanted = (target - vocabulary.n) * (_CANDIDATES if rules[0] else 1)
    floor = floor or _first_floor(text, counted.counts, wanted, min_count)
    spare = 4 * target + 4096
    with progress.phase(name, target - vocabulary.n, "merges") as phase:
        while vocabulary.n < target:
            pairs, heap, n, used = counted.build(floor, spare)
            scratch = np.empty((6, int(pairs.sizes.max(initial=1))), np.int32)
            state = np.array([vocabulary.n, target, n, used, n, floor, _STEP, 0], np.int64)
            while True:
                charges = Charges(budget.quotas, budget.taken, vocabulary.group, budget.table)
                state[7] = budget.n_dropped
                outcome = run(
                    text, pairs, heap, vocabulary.tokens, charges, rules, class_table(), state,
                    near, scratch,
                )  # fmt: skip
                phase.advance(int(state[0]) - vocabulary.n)
                vocabulary.n, budget.n_dropped = int(state[0]), int(state[7])
                if checkpoint is not None:
                    checkpoint(vocabulary, budget)
                if outcome == FULL and (_enlarge(vocabulary) | budget.grow()):
                    continue
                if outcome in (DONE, DRY, FULL):
                    break
                state[6] = _STEP
            if outcome == DRY:
                if floor <= min_count:
                    break
                floor = max(floor // _FINER, min_count)
            if outcome == DONE:
                break
            del pairs, heap
            counted = _counted(text, vocabulary.n)
    return budget


def _counted(text: Text, n_tokens: int) -> Dense | Sketched:
    return Dense(text, n_tokens) if n_tokens <= MOST_TOKENS else Sketched(text, n_tokens)


def _first_floor(text: Text, sketch: U32, wanted: int, at_least: int) -> int:
    """Guess the count of the last merge, from below.

    The merges make tokens of the most frequent pieces, so it is hardly less than the count of the
    piece of that rank; and about as many pairs as there are merges to come must reach it.
    """
    if not len(text.weights):
        return at_least
    sizes = np.diff(text.starts)
    by_count = np.argsort(-text.weights, kind="stable")
    reached = np.searchsorted(np.cumsum(sizes[by_count]), _SLOTS_PER_MERGE * wanted)
    of_pieces = int(text.weights[by_count[min(int(reached), len(by_count) - 1)]])
    return max(of_pieces, choose_floor(sketch, max(wanted, 256) // 2, at_least))


def _enlarge(vocabulary: Vocabulary) -> bool:
    """Make room for bytes of tokens; False: there was room."""
    longest = 2 * int(np.max(np.diff(vocabulary.tokens.offsets[: vocabulary.n + 1])))
    used = int(vocabulary.tokens.offsets[vocabulary.n])
    short = used + longest > len(vocabulary.tokens.arena)
    if short:
        vocabulary.reserve(vocabulary.n, longest)
    return short
