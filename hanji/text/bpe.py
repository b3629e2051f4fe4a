"""A `tokenizer.json` of Hanji's own kind, encoded many times as fast as by its engine.

`Bpe.of` takes a tokenizer that it knows to the last setting: NFC or no normaliser, a pattern of
`hanji.text.patterns`, bytes, plain merges each of which joins what earlier ones made. Every other
one, and every text that is not in NFC, is left to the engine. The ids are the engine's own: tests
compare them on any text, and so do the runs over real text.
"""

from __future__ import annotations

import os
import re
import threading
import unicodedata
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import msgspec
import numpy as np
import numpy.typing as npt

from hanji.text import merges, parts
from hanji.text.alphabet import alphabet
from hanji.text.classes import class_table
from hanji.text.patterns import PATTERNS

__all__ = ["Bpe"]

U8 = npt.NDArray[np.uint8]
U32 = npt.NDArray[np.uint32]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
SLOTS = 1 << 20  # of the cache of parts
PART_BYTES = 12  # room for each, on average
THREAD_CHARS = 1 << 18  # so many characters are worth a thread


class _Split(msgspec.Struct, tag="Split", forbid_unknown_fields=True):
    pattern: dict[str, str]
    behavior: str
    invert: bool


class _ByteLevel(msgspec.Struct, tag="ByteLevel", forbid_unknown_fields=True):
    add_prefix_space: bool
    use_regex: bool
    trim_offsets: bool = True


class _Sequence(msgspec.Struct, tag="Sequence", forbid_unknown_fields=True):
    pretokenizers: tuple[_Split, _ByteLevel]


class _Nfc(msgspec.Struct, tag="NFC", forbid_unknown_fields=True):
    pass


class _Model(msgspec.Struct, tag="BPE", forbid_unknown_fields=True):
    vocab: dict[str, int]
    merges: list[tuple[str, str]]
    dropout: float | None = None
    unk_token: str | None = None
    continuing_subword_prefix: str | None = None
    end_of_word_suffix: str | None = None
    fuse_unk: bool = False
    byte_fallback: bool = False
    ignore_merges: bool = False

    @property
    def is_plain(self) -> bool:
        return not (
            self.dropout
            or self.unk_token
            or self.continuing_subword_prefix
            or self.end_of_word_suffix
            or self.byte_fallback
            or self.ignore_merges
        )


class _Added(msgspec.Struct, forbid_unknown_fields=True):
    id: int
    content: str
    single_word: bool
    lstrip: bool
    rstrip: bool
    normalized: bool
    special: bool

    @property
    def is_plain(self) -> bool:
        return bool(self.content) and not (
            self.single_word or self.lstrip or self.rstrip or self.normalized
        )


class _File(msgspec.Struct):
    """What a `tokenizer.json` must say to be known here."""

    pre_tokenizer: _Sequence
    model: _Model
    added_tokens: list[_Added] = []
    normalizer: _Nfc | None = None

    @property
    def mode(self) -> int | None:
        """The mode of the pattern; None where it is not known."""
        split, level = self.pre_tokenizer.pretokenizers
        pattern = split.pattern.get("Regex", "")
        known = split.behavior == "Isolated" and not split.invert and pattern in PATTERNS
        if not known or level.add_prefix_space or level.use_regex:
            return None
        return PATTERNS.index(pattern)


class Bpe:
    """Encodes texts of which `takes` is true."""

    def __init__(self, model: _Model, mode: int, added: Sequence[_Added]) -> None:
        bytes_of = {ord(shown): byte for byte, shown in alphabet().items()}
        number = {alphabet()[byte]: byte for byte in range(256)}
        number |= {a + b: 256 + i for i, (a, b) in enumerate(model.merges)}
        self._pairs = np.array([(number[a], number[b]) for a, b in model.merges], np.int32)
        self._pairs = self._pairs.reshape(-1, 2)
        self._names = np.array([model.vocab[shown] for shown in number], np.int32)
        tokens = [(a + b).translate(bytes_of).encode("latin-1") for a, b in model.merges]
        # Where superwords begin. The ids do not depend on it, only the speed.
        bridge = re.compile(rb"[A-Za-z] ")
        n_low = next((i for i, t in enumerate(tokens) if bridge.search(t)), len(tokens))
        self._limit = 256 + n_low
        self._inside = np.zeros(parts.INSIDE, np.uint8)
        arena = np.frombuffer(b"".join(tokens[:n_low]), np.uint8)
        lengths = np.array([0, *map(len, tokens[:n_low])], np.int64)
        parts.inner_pairs(arena, np.cumsum(lengths), self._inside)
        size = 1 << max(10, int(2 * len(tokens)).bit_length())
        self._keys, self._values = np.full(size, -1, np.int64), np.zeros(size, np.int32)
        merges.fill_ranks(self._pairs, self._keys, self._values)
        self._seams = np.zeros(1 << (parts.SEAM_BITS - 3), np.uint8)
        parts.seams(self._pairs, self._limit, self._seams)
        self._mode = mode
        self._added = {token.content: token.id for token in added}
        self._heads = tuple({token.content[:2] for token in added})
        longest_first = sorted(map(re.escape, self._added), key=len, reverse=True)
        self._find = re.compile("|".join(longest_first))
        self._idle: list[_Kept] = []
        self._lock = threading.Lock()

    @classmethod
    def of(cls, data: bytes) -> Bpe | None:
        """Take a `tokenizer.json`, or return None where it is of another kind."""
        try:
            file = msgspec.json.decode(data, type=_File)
        except msgspec.DecodeError:
            return None
        model, mode = file.model, file.mode
        if mode is None or not model.is_plain or not all(t.is_plain for t in file.added_tokens):
            return None
        made: dict[str, int] = dict.fromkeys(alphabet().values(), -1)
        if not made.keys() <= model.vocab.keys():
            return None
        for rank, (a, b) in enumerate(model.merges):
            if made.get(a, rank) >= rank or made.get(b, rank) >= rank or a + b in made:
                return None
            made[a + b] = rank
        return cls(model, mode, file.added_tokens) if made.keys() <= model.vocab.keys() else None

    @staticmethod
    def takes(text: str) -> bool:
        """Say whether a text can be encoded here: it is in NFC, and UTF-8 can hold it."""
        return text.isascii() or (
            unicodedata.is_normalized("NFC", text) and not _SURROGATE.search(text)
        )

    def encode(self, texts: Sequence[str]) -> list[U32]:
        """Encode texts that `takes` allows, all cores at work where there is much."""
        n_chars = sum(map(len, texts))
        n_threads = min(os.cpu_count() or 1, n_chars // THREAD_CHARS, len(texts))
        if n_threads < 2:
            return self._encode(texts)
        # Every n-th text: neighbours are alike, so that all threads have about as much to do.
        shares = [texts[first::n_threads] for first in range(n_threads)]
        found: list[U32] = [np.empty(0, np.uint32)] * len(texts)
        with ThreadPoolExecutor(n_threads) as pool:
            for first, ids in enumerate(pool.map(self._encode, shares)):
                found[first::n_threads] = ids
        return found

    def _encode(self, texts: Sequence[str]) -> list[U32]:
        stretches: list[bytes] = []
        after: list[int] = []  # the added token behind each, or -1
        counts = [0]
        for text in texts:
            self._cut(text, stretches, after)
            counts.append(len(stretches))
        data = np.frombuffer(b"".join(stretches), np.uint8)
        borders = np.cumsum([0, *map(len, stretches)]).astype(np.int64)
        out = np.empty(len(data) + len(stretches) + parts.SLACK, np.int32)
        ends = np.zeros(len(stretches) + 1, np.int64)
        kept = self._borrow()
        parts.encode(
            data, borders, np.array(after, np.int64), class_table(), self._mode, self._inside,
            self._seams, self._keys, self._values, self._limit, self._names, kept.rows, kept.bytes,
            kept.ids, kept.state, out, ends,
        )  # fmt: skip
        with self._lock:
            self._idle.append(kept)
        ids = out[: ends[-1]].astype(np.uint32)
        return [ids[a:b] for a, b in pairwise(ends[counts].tolist())]

    def _borrow(self) -> _Kept:
        """Take a cache: one for each thread at work."""
        with self._lock:
            return self._idle.pop() if self._idle else _Kept()

    def _cut(self, text: str, stretches: list[bytes], after: list[int]) -> None:
        """Cut a text where tokens were added to the vocabulary as a whole."""
        at = 0
        if self._added and any(head in text for head in self._heads):
            for match in self._find.finditer(text):
                stretches.append(text[at : match.start()].encode())
                after.append(self._added[match.group()])
                at = match.end()
        stretches.append((text[at:] if at else text).encode())
        after.append(-1)


_SURROGATE = re.compile("[\ud800-\udfff]")


class _Kept:
    """A cache of parts and their ids; memory that is not written to is not taken."""

    def __init__(self) -> None:
        self.rows = np.zeros((SLOTS, 2), np.int64)
        self.bytes = np.empty(PART_BYTES * SLOTS, np.uint8)
        self.ids = np.empty(PART_BYTES * SLOTS, np.int32)
        self.state = np.zeros(2, np.int64)
