"""Packing: the best fit, nothing lost, nothing doubled, nothing split that fits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanji.errors import RecipeError
from rehearsal.move import fill, move
from rehearsal.pack import pack, pack_grouped


def slow_best_fit(lengths: list[int], context: int) -> list[int]:
    """Best-fit-decreasing by looking at every open sequence."""
    rooms: list[int] = []
    touched: list[int] = []
    bins = [0] * len(lengths)
    for step, i in enumerate(sorted(range(len(lengths)), key=lambda i: -lengths[i])):
        fits = [b for b, room in enumerate(rooms) if room >= lengths[i]]
        if fits:
            # Of equal rooms the sequence that was touched last.
            chosen = min(fits, key=lambda b: (rooms[b], -touched[b]))
        else:
            chosen = len(rooms)
            rooms.append(context)
            touched.append(0)
        rooms[chosen] -= lengths[i]
        touched[chosen] = step
        bins[i] = chosen
    return bins


@given(st.integers(1, 400).flatmap(lambda c: st.tuples(st.just(c), st.lists(st.integers(1, c)))))
def test_packing_is_the_best_fit(case: tuple[int, list[int]]) -> None:
    context, lengths = case
    packing = pack(lengths, context)
    assert packing.bins.tolist() == slow_best_fit(lengths, context)


@given(st.lists(st.integers(1, 5_000), min_size=1, max_size=300))
def test_every_item_stands_once_and_none_overlap(lengths: list[int]) -> None:
    packing = pack(lengths, 5_000)
    taken = np.zeros((packing.n_bins, 5_000), dtype=np.int64)
    for length, b, start in zip(lengths, packing.bins, packing.starts):
        taken[b, start : start + length] += 1
    assert taken.max() == 1
    assert taken.sum(axis=1).tolist() == packing.used.tolist()
    # No gaps: the padding is at the end alone.
    assert all((row[:n] == 1).all() for row, n in zip(taken, packing.used))


def test_large_contexts_use_all_levels_of_the_bitmap() -> None:
    draws = np.random.default_rng(1).integers(1, 262_145, 3_000)
    packing = pack(draws, 262_144)
    assert packing.bins.tolist() == slow_best_fit(draws.tolist(), 262_144)


def test_web_lengths_pack_to_a_tenth_of_a_percent() -> None:
    draws = np.random.default_rng(2).lognormal(6.55, 1.1, 100_000)
    lengths = np.clip(draws.astype(np.int64), 1, 32_768)
    packing = pack(lengths, 32_768)
    assert packing.used.sum() / (packing.n_bins * 32_768) > 0.999


@pytest.mark.parametrize("length", [0, 101])
def test_a_length_that_does_not_fit_is_refused(length: int) -> None:
    with pytest.raises(RecipeError, match="does not fit a context of 100"):
        pack([50, length], 100)


def test_nothing_packs_to_nothing() -> None:
    assert pack([], 100).n_bins == 0


@given(
    st.lists(st.lists(st.integers(1, 60_000), max_size=40), max_size=60),
    st.integers(41, 200),
)
def test_filled_sequences_hold_every_document_and_nothing_else(documents, context) -> None:
    offsets = np.cumsum([0, *map(len, documents)])
    values = np.array([i for document in documents for i in document], np.uint16)
    packing = pack([len(document) + 1 for document in documents], context)
    sequences = fill(packing, values, offsets, context, 0)
    assert sequences.shape == (packing.n_bins, context)
    slow = [[] for _ in range(packing.n_bins)]  # the obvious way
    for number in np.lexsort([packing.starts, packing.bins]):
        slow[packing.bins[number]] += [*documents[number], 0]
    for row, expected in zip(sequences.tolist(), slow, strict=True):
        assert row == expected + [0] * (context - len(expected))


def test_a_move_outside_of_its_array_is_refused() -> None:
    out, source = np.zeros(4, np.uint16), np.ones(4, np.uint32)
    for place, begin, n in ((1, 0, 3), (0, 2, 3), (-1, 0, 1), (0, -1, 1)):
        with pytest.raises(ValueError, match="outside"):
            move(out, np.array([place]), source, np.array([begin]), np.array([n]), 0)


@given(st.lists(st.integers(1, 50), max_size=80), st.integers(1, 4))
def test_groups_never_share_a_sequence(lengths, n_groups) -> None:
    groups = np.arange(len(lengths)) % n_groups
    packing = pack_grouped(np.array(lengths, np.int64), groups, 50)
    assert packing.used.sum() == sum(lengths)
    for number in range(packing.n_bins):
        assert len(set(groups[packing.bins == number].tolist())) == 1
