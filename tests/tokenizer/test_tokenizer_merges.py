"""Merges equal those of `tokenizers` in stage 1, and a recount-everything reference in stage 2."""

from __future__ import annotations

import json
import random
from collections import Counter as Bag
from itertools import pairwise

import numpy as np
import pytest
import regex
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

from hanji.text.alphabet import byte_order
from tokenizer.count import Counter
from tokenizer.dense import MOST_TOKENS
from tokenizer.learn import Budget, Vocabulary, learn
from tokenizer.presets import PRESETS, Preset
from tokenizer.rules import rules_vector

BLANK = "".join(map(chr, range(33)))
WORDS = [
    "the", "of", "way", "over", "and", "ab", "aba", "abab", "aaa", "물", "물이", "나라", "말이",
    "de", "la", "el niño", "der", "die Straße", "日本", "日本語", "một", "hai", "tiếng", ":", "x:",
    "12", "345", "7", ",", ".\n", "\n", "\t", "  ", "🙂", "e\u0301",
]  # fmt: skip


def corpus(seed: int, n: int = 60, words: int = 40) -> list[str]:
    draw = random.Random(seed)
    weights = [1 / (i + 1) for i in range(len(WORDS))]
    return [" ".join(draw.choices(WORDS, weights, k=draw.randint(1, words))) for _ in range(n)]


def counted(
    texts: list[str], mode: int, labels: list[int] | None = None, groups: int = 1
) -> Counter:
    counter = Counter(mode, groups)
    counter.add([text.encode() for text in texts], labels or [0] * len(texts))
    return counter


def merges_of_tokenizers(texts: list[str], pattern: str, size: int) -> list[tuple[int, int]]:
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(pattern), "isolated"), level]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    return [(model["vocab"][a], model["vocab"][b]) for a, b in model["merges"]]


@pytest.fixture(params=[MOST_TOKENS, 0], ids=["dense", "sketched"])
def index(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make one index of pairs, then the other, do all the work."""
    monkeypatch.setattr("tokenizer.learn.MOST_TOKENS", request.param)


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda p: p.name)
@pytest.mark.parametrize("floor", [None, 1, 7, 60])
def test_stage_one_equals_tokenizers(preset: Preset, floor: int | None) -> None:
    texts = corpus(1) + ["aaaaaaa aaaa aaaaa abababab", "🙂🙂🙂🙂🙂"] * 3
    vocabulary = Vocabulary()
    learn(vocabulary, counted(texts, preset.mode1), 500, floor=floor)
    found = [(a, b) for a, b in vocabulary.merges.tolist()]
    assert found == merges_of_tokenizers(texts, preset.stage1, 500)


@pytest.mark.usefixtures("index")
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(texts=st.lists(st.text("ab \n", max_size=30), min_size=1, max_size=6))
def test_stage_one_equals_tokenizers_on_runs(texts: list[str]) -> None:
    vocabulary = Vocabulary()
    learn(vocabulary, counted(texts, 2), 300)
    found = [(a, b) for a, b in vocabulary.merges.tolist()]
    assert found == merges_of_tokenizers(texts, PRESETS["line"].stage1, 300)


def naive_rules(token: bytes, max_words: int, max_digits: int) -> bool:
    try:
        text = token.decode()
    except UnicodeDecodeError:
        return False
    return not (
        text.endswith(" ")
        or "\n" in text
        or "\r" in text
        or ": " in text
        or len([word for word in text.split(" ") if word]) > max_words
        or regex.search(rf"\p{{N}}{{{max_digits + 1}}}", text)
    )


def naive_stage_two(
    texts: list[str], labels: list[int], preset: Preset, vocabulary: Vocabulary, n: int,
    quotas: list[int], max_words: int,
) -> list[tuple[int, int, int]]:  # fmt: skip
    """Recount everything for every merge; returns (a, b, count)."""
    base = {byte: i for i, byte in enumerate(byte_order())}
    tokens = [vocabulary.bytes_of(i) for i in range(vocabulary.n)]
    pieces: Bag[tuple[str, int]] = Bag()
    for text, label in zip(texts, labels, strict=True):
        pieces.update((piece, label) for piece in regex.findall(preset.stage2, text))
    sequences = [([base[b] for b in piece.encode()], g, n) for (piece, g), n in pieces.items()]

    def merge(ids: list[int], a: int, b: int, new: int) -> list[int]:
        out: list[int] = []
        i = 0
        while i < len(ids):
            if ids[i : i + 2] == [a, b]:
                out.append(new)
                i += 2
            else:
                out.append(ids[i])
                i += 1
        return out

    for i, (a, b) in enumerate(vocabulary.merges.tolist()):
        sequences = [(merge(ids, a, b, 256 + i), g, n) for ids, g, n in sequences]
    taken, dropped, found = [0] * len(quotas), set(), []
    while len(found) < n:
        counts: dict[tuple[int, int], list[int]] = {}
        for ids, g, times in sequences:
            for pair in pairwise(ids):
                counts.setdefault(pair, [0] * len(quotas))[g] += times
        ranked = sorted(counts, key=lambda pair: (-sum(counts[pair]), pair))
        for a, b in ranked:
            token = tokens[a] + tokens[b]
            if (a, b) in dropped or token in tokens:
                continue
            if not naive_rules(token, max_words, preset.max_digits):
                continue
            # how often it can really be merged, by group: overlaps count once
            bridging = b" " in token.strip(BLANK.encode())
            group = by_group(sequences, a, b, len(quotas) - 1) if bridging else -1
            if not bridging and taken[-1] >= quotas[-1]:
                continue
            if taken[group] >= quotas[group]:
                dropped.add((a, b))
                continue
            break
        else:
            break
        taken[group] += 1
        found.append((a, b, sum(counts[a, b])))
        sequences = [(merge(ids, a, b, len(tokens)), g, n) for ids, g, n in sequences]
        tokens.append(token)
    return found


def by_group(sequences: list[tuple[list[int], int, int]], a: int, b: int, groups: int) -> int:
    sums = [0] * groups
    for ids, g, times in sequences:
        sums[g] += times * sum(p == (a, b) for p in pairwise(ids))
    return sums.index(max(sums))


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda p: p.name)
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("quotas", [[1000, 0], [5, 9, 4, 0], [0, 3, 30, 0], [2, 9, 3, 15]])
@pytest.mark.parametrize("floor", [None, 40])
def test_stage_two_equals_recounting_everything(
    preset: Preset, seed: int, quotas: list[int], floor: int | None
) -> None:
    texts = corpus(seed, 30, 30)
    labels = [i % (len(quotas) - 1) for i in range(len(texts))]
    vocabulary = Vocabulary()
    learn(vocabulary, counted(texts, preset.mode2).recut(preset.mode1), 340)
    stage1 = vocabulary.n
    expected = naive_stage_two(texts, labels, preset, vocabulary, 40, quotas, 3)
    pieces = counted(texts, preset.mode2, labels, len(quotas) - 1)
    budget = learn(
        vocabulary,
        pieces,
        stage1 + 40,
        rules=rules_vector(max_words=3, max_digits=preset.max_digits),
        budget=Budget(np.array(quotas)),
        floor=floor,
    )
    merges = vocabulary.merges[stage1 - 256 :].tolist()
    counts = vocabulary.counts[stage1 - 256 :].tolist()
    assert [(a, b, n) for (a, b), n in zip(merges, counts, strict=True)] == expected
    assert (budget.taken <= quotas).all()
    assert budget.taken.sum() == len(expected)


def test_a_string_from_two_pairs_is_made_once() -> None:
    order = byte_order()
    a, b, c = (order.index(byte) for byte in b"abc")
    # "bc" is merged first, so "abc" = "ab" + "c" exists but is never reached
    vocabulary = Vocabulary.from_merges([(b, c), (a, b), (257, c)])
    learn(vocabulary, counted(["abc"] * 9 + ["xyxy"], 2), 270)
    strings = [vocabulary.bytes_of(i) for i in range(vocabulary.n)]
    assert len(strings) == len(set(strings))
    assert strings.count(b"abc") == 1


def test_recut_counts_what_the_first_cut_would() -> None:
    texts = corpus(5)
    preset = PRESETS["kexaone"]
    once = counted(texts, preset.mode1)
    twice = counted(texts, preset.mode2).recut(preset.mode1)

    def bag(counter: Counter) -> dict[bytes, int]:
        data, ends = counter.arena.tobytes(), counter.offsets
        keys = [data[ends[i] : ends[i + 1]] for i in range(counter.n)]
        return dict(zip(keys, counter.counts[:, 0].tolist(), strict=True))

    assert bag(once) == bag(twice)
