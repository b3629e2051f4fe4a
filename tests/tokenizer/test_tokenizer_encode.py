"""The trainer's encoder against byte-pair merges by hand, whatever the tokens and the text are."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenizer import encode, learn

SIGNS = "がガ紙한국áạe 😀é—"  # their bytes are shared by others


def naive(text: bytes, vocabulary: learn.Vocabulary) -> list[int]:
    ids = {vocabulary.bytes_of(i): i for i in range(256)}
    found = [ids[text[i : i + 1]] for i in range(len(text))]
    ranks = {(a, b): 256 + i for i, (a, b) in reversed([*enumerate(vocabulary.merges.tolist())])}
    while True:
        made = [ranks.get(pair, 1 << 30) for pair in pairwise(found)]
        if not made or min(made) == 1 << 30:
            return found
        at = made.index(min(made))
        found[at : at + 2] = [min(made)]


def merged(texts: list[bytes], draws: list[int]) -> learn.Vocabulary:
    """Merge pairs of the texts as the draws say: tokens may hold halves of characters."""
    vocabulary = learn.Vocabulary()
    pairs: list[tuple[int, int]] = []
    for draw in draws:
        found = {pair for text in texts for pair in pairwise(naive(text, vocabulary))}
        left = sorted(found - set(pairs))
        if not left:
            break
        pairs.append(left[draw % len(left)])
        vocabulary = learn.Vocabulary.from_merges(pairs)
    return vocabulary


def encoded(texts: list[bytes], vocabulary: learn.Vocabulary) -> list[list[int]]:
    data = np.frombuffer(b"".join(texts), np.uint8)
    offsets = np.cumsum([0, *map(len, texts)]).astype(np.int64)
    order = np.tile(np.arange(len(texts)), 2)  # the second time from the cache
    flat = vocabulary.encoder().encode(data, offsets, order, -1)
    ends = np.flatnonzero(flat == -1)
    return [part[part >= 0].tolist() for part in np.split(flat, ends + 1)[:-1]]


WORDS = st.lists(st.text(SIGNS, min_size=1, max_size=40).map(str.encode), min_size=1, max_size=6)


@settings(max_examples=80, deadline=None)
@given(texts=WORDS, draws=st.lists(st.integers(0, 999), max_size=24), more=WORDS)
def test_parts_are_merged_as_the_whole_is(
    texts: list[bytes], draws: list[int], more: list[bytes]
) -> None:
    vocabulary = merged(texts, draws)
    wanted = [naive(text, vocabulary) for text in (*texts, *more)]
    assert encoded([*texts, *more], vocabulary) == [*wanted, *wanted]


@pytest.mark.parametrize("token", ["8ce3", "818ce3", "8ce381", "818ce381"])
def test_a_token_reaches_from_character_to_character(token: str) -> None:
    ids = {learn.Vocabulary().bytes_of(i).hex(): i for i in range(256)}
    merges = []
    border = token.index("e3")
    for side in (token[:border], token[border:]):  # each side first, so that no smaller token does
        if len(side) > 2:
            merges.append((ids[side[:2]], ids[side[2:]]))
            ids[side] = 255 + len(merges)
    merges.append((ids[token[:border]], ids[token[border:]]))
    wanted = 255 + len(merges)
    merges.append((ids["81"], ids["8c"]))  # so that the part does not begin where the token does
    vocabulary = learn.Vocabulary.from_merges(merges)
    text = "がぁ".encode()
    assert wanted in naive(text, vocabulary)
    assert encoded([text], vocabulary) == 2 * [naive(text, vocabulary)]


def test_chunks_come_back_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"{SIGNS * (i % 5)}{i}".encode() for i in range(300)]
    vocabulary = merged(texts[:3], list(range(0, 200, 7)))
    whole = encoded(texts, vocabulary)
    monkeypatch.setattr(encode, "CHUNK", 100)  # fewer bytes than some texts have
    assert encoded(texts, vocabulary) == whole == 2 * [naive(text, vocabulary) for text in texts]
