"""Tokens: a thin, typed door to a `tokenizer.json`, in batches on all cores.

Wraps Hugging Face `tokenizers`. It adds what the stages need: the digest that ties counts to the
tokenizer they came from, the end-of-text id, numpy arrays, and clear errors. It never adds
special tokens to a text. Where the tokenizer is of Hanji's own kind, much text is encoded by
`hanji.text.bpe`, which gives the same ids in a tenth of the time.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tokenizers

from hanji.errors import RecipeError
from hanji.text.bpe import Bpe

__all__ = ["END_OF_TEXT", "Tokenizer"]

END_OF_TEXT = ("<|endoftext|>", "[EOS]", "</s>", "<|end_of_text|>", "<eos>")
Ids = npt.NDArray[np.uint32]
MUCH = 1 << 18  # characters; our own encoder is ready after as long as these take the engine


class Tokenizer:
    """A loaded `tokenizer.json`."""

    def __init__(
        self, inner: tokenizers.Tokenizer, digest: str, where: str, data: bytes = b""
    ) -> None:
        self.inner, self.digest, self.where = inner, digest, where
        self._data = data
        self._n_chars = 0  # that were encoded so far

    @classmethod
    def load(cls, path: str | Path) -> Tokenizer:
        """Load a `tokenizer.json`, or the one inside a directory.

        Raises:
            RecipeError: if there is none, or it is not a tokenizer.
        """
        path = Path(path)
        if path.is_dir():
            path = path / "tokenizer.json"
        try:
            data = path.read_bytes()
        except OSError as error:
            raise RecipeError(
                f"{path}: cannot be read ({error.strerror}); give a tokenizer.json or its directory"
            ) from None
        try:
            inner = tokenizers.Tokenizer.from_str(data.decode("utf-8"))
        except Exception as error:  # tokenizers raises bare Exception
            reason = str(error).splitlines()[0]
            raise RecipeError(f"{path}: is no tokenizer.json ({reason})") from None
        inner.no_padding()
        inner.no_truncation()
        return cls(inner, hashlib.sha256(data).hexdigest(), str(path), data)

    @property
    def vocab_size(self) -> int:
        """The number of ids, special tokens included: one more than the largest id."""
        return max(self.inner.get_vocab(with_added_tokens=True).values()) + 1

    @property
    def dtype(self) -> type[np.uint16] | type[np.uint32]:
        """The smallest integer type that holds every id."""
        return np.uint16 if self.vocab_size <= 1 << 16 else np.uint32

    @property
    def eot_id(self) -> int:
        """The id of the end-of-text token.

        Raises:
            RecipeError: if the tokenizer has none of the known ones.
        """
        for name in END_OF_TEXT:
            token = self.inner.token_to_id(name)
            if token is not None:
                return int(token)
        raise RecipeError(f"{self.where}: has no end-of-text token; add one of {END_OF_TEXT}")

    def encode(self, texts: Sequence[str]) -> list[Ids]:
        """Encode texts to ids, all cores at work; no special tokens are added."""
        texts = list(texts)
        self._n_chars += sum(map(len, texts))
        own = self._own if self._n_chars >= MUCH else None
        if own is None:
            return self._by_engine(texts)
        mine = [own.takes(text) for text in texts]
        found = iter(own.encode([text for text, is_mine in zip(texts, mine) if is_mine]))
        rest = iter(self._by_engine([text for text, is_mine in zip(texts, mine) if not is_mine]))
        return [next(found if is_mine else rest) for is_mine in mine]

    @functools.cached_property
    def _own(self) -> Bpe | None:
        return Bpe.of(self._data)

    def _by_engine(self, texts: list[str]) -> list[Ids]:
        encodings = self.inner.encode_batch_fast(texts, add_special_tokens=False) if texts else []
        return [np.asarray(encoding.ids, dtype=np.uint32) for encoding in encodings]

    def encode_one(self, text: str) -> Ids:
        """Encode one text to ids."""
        return self.encode([text])[0]

    def offsets(self, text: str) -> tuple[Ids, list[tuple[int, int]]]:
        """Encode one text to ids with the character span of each token."""
        encoding = self.inner.encode(text, add_special_tokens=False)
        return np.asarray(encoding.ids, dtype=np.uint32), list(encoding.offsets)

    def counts(self, texts: Sequence[str]) -> npt.NDArray[np.int64]:
        """Count the tokens of each text."""
        return np.fromiter((len(ids) for ids in self.encode(texts)), np.int64, len(texts))

    def decode(self, ids: Iterable[int]) -> str:
        """Decode ids to text, special tokens kept."""
        return str(self.inner.decode([int(i) for i in ids], skip_special_tokens=False))
