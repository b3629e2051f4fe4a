"""Tokens counted around the seams are those of a full encoding, whatever is spliced where."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import models, trainers

from hanji.schema import LANGS
from hanji.tokens import Tokenizer
from longdoc.haystack import Haystack
from longdoc.splice import Part, Spliced, Splicer, text_of

INSERTS = [
    "",
    " ",
    "\n",
    "\n\n",
    "x",
    "  two blanks  ",
    "은",
    "Der Wert ist 1234567.",
    "番号は7654321です。",
    "\u0301",
]


@pytest.fixture(scope="module", params=["byte", "superword", "unigram", "bare"])
def tokenizer(
    request: pytest.FixtureRequest,
    tokenizer_paths: dict[str, Path],
    samples: dict[str, list[str]],
) -> Tokenizer:
    if request.param != "bare":
        return Tokenizer.load(tokenizer_paths[request.param])
    # Nothing cuts the text into pieces: merges may reach from end to end.
    inner = tokenizers.Tokenizer(models.BPE())
    texts = [text for lang in LANGS for text in samples[lang][:12]]
    letters = sorted({char for text in [*texts, *INSERTS] for char in text})
    inner.train_from_iterator(
        texts,
        trainers.BpeTrainer(vocab_size=2500, initial_alphabet=letters, show_progress=False),
    )
    return Tokenizer(inner, "", "bare")


@pytest.fixture(scope="module")
def haystacks(tokenizer: Tokenizer, samples: dict[str, list[str]]) -> dict[str, Haystack]:
    return {lang: Haystack(lang, samples[lang][:12], tokenizer) for lang in LANGS}


def same(spliced: Spliced, haystack: Haystack, parts: list[Part]) -> None:
    text = text_of(haystack, parts)
    ids, spans = haystack.tokenizer.offsets(text)
    assert spliced.n_tokens == len(ids)
    assert np.array_equal(spliced.ids(), ids)
    for char in range(0, len(text), max(1, len(text) // 37)):
        expected = next(i for i, (_, end) in enumerate(spans) if end > char)
        assert spliced.token_at(char) == expected


@settings(max_examples=60)
@given(data=st.data())
def test_a_splice_has_the_tokens_of_a_full_encoding(
    data: st.DataObject, haystacks: dict[str, Haystack]
) -> None:
    haystack = haystacks[data.draw(st.sampled_from(LANGS))]
    borders = haystack.sentences.tolist()
    n = data.draw(st.integers(1, 5))
    cuts = sorted(data.draw(st.lists(st.sampled_from(borders), min_size=n + 1, max_size=n + 1)))
    parts: list[Part] = [data.draw(st.sampled_from(INSERTS)) + "Read this.\n\n"]
    for start, end in pairwise(cuts):
        if end > start:
            parts.append((start, end))
        parts.append(data.draw(st.sampled_from(INSERTS)))
    parts.append("\n\nQuestion: what?\nAnswer:")
    same(Splicer(haystack).splice(parts), haystack, parts)


def test_a_cut_within_a_word_is_exact_too(haystacks: dict[str, Haystack]) -> None:
    for haystack in haystacks.values():
        splicer, length = Splicer(haystack), len(haystack.text)
        for cut in range(length // 2, length // 2 + 23):
            parts: list[Part] = ["Head. ", (0, cut), "\n\nWhat?"]
            same(splicer.splice(parts), haystack, parts)


def test_whole_encodes_whole(haystacks: dict[str, Haystack]) -> None:
    haystack = haystacks["en"]
    parts: list[Part] = ["Head. ", (0, len(haystack.text)), "\n\nWhat?"]
    spliced = Splicer(haystack, whole=True).splice(parts)
    assert len(spliced.segments) == 1
    same(spliced, haystack, parts)


def test_a_long_haystack_is_not_encoded_again(
    tokenizer_paths: dict[str, Path], samples: dict[str, list[str]]
) -> None:
    tokenizer = Tokenizer.load(tokenizer_paths["byte"])
    haystack = Haystack("en", samples["en"], tokenizer)
    splicer = Splicer(haystack)
    middle = int(haystack.sentences[len(haystack.sentences) // 2])
    end = len(haystack.text)
    parts: list[Part] = ["Head. ", (0, middle), "A needle. ", (middle, end - 9), "\n\nWhat?"]
    same(splicer.splice(parts), haystack, parts)
    encoded = sum(len(text) for text in splicer._windows)
    assert encoded < end / 10
