"""Haystacks: the held-out text of a language, tokenised once.

The documents stand in an order drawn from the seed and are joined by blank lines. Ids, the
characters of each token, and the borders of the tokenizer's own pieces are kept as arrays, so that
a probe costs nothing but its seams.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from hanji.errors import RecipeError
from hanji.manifest import Dataset
from hanji.schema import Document, Lang
from hanji.seeds import shuffled, uniform
from hanji.text.sentences import sentences
from hanji.tokens import Ids, Tokenizer
from longdoc.answers import numbers_in

__all__ = ["Encoded", "Haystack", "gather", "split_of"]

Split = Literal["eval", "train"]
Positions = npt.NDArray[np.int64]
DIGITS = 7  # of a value; RULER, niah
_LONG_RUN = re.compile(rf"\d{{{DIGITS},}}")


class Encoded:
    """A text's tokens: ids, first and last character of each, and whether a piece begins there.

    A piece is what the tokenizer's pre-tokenizer cuts out: no token reaches over its border.
    """

    def __init__(self, text: str, tokenizer: Tokenizer) -> None:
        encoding = tokenizer.inner.encode(text, add_special_tokens=False)
        self.ids: Ids = np.asarray(encoding.ids, dtype=np.uint32)
        spans = np.asarray(encoding.offsets, dtype=np.int64).reshape(-1, 2)
        self.starts: Positions = np.ascontiguousarray(spans[:, 0])
        self.ends: Positions = np.ascontiguousarray(spans[:, 1])
        words = np.asarray([-1 if w is None else w for w in encoding.word_ids], dtype=np.int64)
        self.opens: npt.NDArray[np.bool_] = np.diff(words, prepend=-2) != 0

    def __len__(self) -> int:
        return len(self.ids)


class Haystack:
    """The held-out text of a language, its tokens and its sentences."""

    def __init__(self, lang: Lang, texts: Sequence[str], tokenizer: Tokenizer) -> None:
        self.lang, self.tokenizer = lang, tokenizer
        stripped = [text for text in (text.strip() for text in texts) if text]
        self.text = "\n\n".join(stripped)
        lengths = np.asarray([len(text) + 2 for text in stripped], dtype=np.int64)
        # First character of each document, and one behind the last.
        self.documents: Positions = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        self.tokens = Encoded(self.text, tokenizer)
        self.n_tokens = len(self.tokens)
        spans = sentences(self.text, lang)
        self.sentences: Positions = np.asarray([*(a for a, _ in spans), len(self.text)], np.int64)
        # Tokens before each sentence, as the haystack is encoded whole.
        self.before: Positions = np.searchsorted(self.tokens.starts, self.sentences).astype(
            np.int64
        )
        self._numbers: frozenset[str] | None = None
        self._held: dict[str, bool] = {}

    def holds(self, words: str) -> bool:
        """Say whether words stand in the text."""
        known = self._held.get(words)
        if known is None:
            known = self._held[words] = words in self.text
        return known

    def holds_number(self, value: str) -> bool:
        """Say whether a number of seven digits stands in the text, alone or within a longer one."""
        if self._numbers is None:
            found = numbers_in(self.text)
            for run in _LONG_RUN.findall(self.text):
                found.update(run[i : i + DIGITS] for i in range(len(run) - DIGITS + 1))
            self._numbers = frozenset(found)
        return value in self._numbers


def split_of(document_id: str, train_share: float) -> Split:
    """Say which probes may use a held-out document as haystack; the id alone decides."""
    return "train" if uniform("probe-split", document_id) < train_share else "eval"


def gather(
    dataset: Dataset,
    lang: Lang,
    tokenizer: Tokenizer,
    *,
    seed: int,
    split: Split,
    train_share: float,
    enough: int,
) -> Haystack:
    """Gather a language's haystack from the held-out documents of a split.

    Args:
        dataset: curated documents.
        lang: the language.
        tokenizer: to count and encode with.
        seed: decides the order of the documents.
        split: eval or train; no document serves both.
        train_share: share of the held-out documents that is for training probes.
        enough: tokens after which no more documents are taken.

    Raises:
        RecipeError: if the language has no held-out document, or the tokenizer loses text.
    """
    found: list[Document] = [
        document
        for document in dataset.documents(lang)
        if dataset.is_heldout(document.id) and split_of(document.id, train_share) == split
    ]
    texts, n = [], 0
    for document in shuffled(found, "haystack", seed, lang, split):
        texts.append(document.text)
        n += int(tokenizer.counts([document.text])[0])
        if n >= enough:
            break
    if not texts:
        raise RecipeError(
            f"{dataset.directory}: no held-out document in {lang} is left for {split} probes; "
            "add documents or raise curate.heldout_share"
        )
    check_round_trip(texts[0], lang, tokenizer)
    return Haystack(lang, texts, tokenizer)


def check_round_trip(text: str, lang: Lang, tokenizer: Tokenizer) -> None:
    """Check that decoding gives back a text.

    Raises:
        RecipeError: if it does not.
    """
    head = text[:2000]
    if tokenizer.decode(tokenizer.encode_one(head)).strip() != head.strip():
        raise RecipeError(
            f"{tokenizer.where}: decoding does not give back the text in {lang}; "
            "probes need a tokenizer that loses nothing"
        )
