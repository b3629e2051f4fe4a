"""Near-duplicates: which candidates are alike, by signature and where that is unsure by text.

A signature of 112 values tells a Jaccard similarity with a standard error of 0.04. A pair whose
estimate lies within three standard errors of the threshold is measured exactly, by its shingle
sets, read from the texts on disk; the rest, nearly all, are decided by signatures alone. So the
recall is that of the bands (0.991 at 0.85 with 14 x 8) and the precision that of exact comparison.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hanji.minhash import band_keys, jaccard, shingle_set, sign
from hanji.shards import read_table
from pipelines.dedup.texts import ROW, Texts
from pipelines.section import Near

__all__ = ["Alike", "near_keys", "stars", "word_shingled"]

U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]

BY_CHARACTERS = frozenset({"ja", "ko", "zh"})
PAIRS_AT_ONCE = 50_000  # 45 MB of signatures
TEXTS_AT_ONCE = 4_096  # pairs whose shingles are held
HELD_BYTES = 256 << 20  # of signatures
UNSURE = 3.0  # standard errors around the threshold
ALL_PAIRS = 64  # a bucket of more documents is compared with its leaders alone


def word_shingled(langs: Sequence[str], near: Near) -> Flags:
    """Say of each document whether its shingles are words: bool[n]."""
    if near.shingles is not None:
        return np.full(len(langs), near.shingles == "words")
    return np.array([lang not in BY_CHARACTERS for lang in langs], np.bool_)


def near_keys(
    texts: pa.LargeStringArray, langs: Sequence[str], near: Near | None, permutations: int
) -> tuple[pa.ListArray, U32]:
    """Return the band keys list<uint64>[n] and the signatures uint32[n, permutations].

    A text of fewer shingles than a window has units has no band keys: it meets others by its exact
    key alone, so two short texts that differ are never merged.
    """
    if near is None:
        nothing = pa.array([[]] * len(texts), pa.list_(pa.uint64()))
        return nothing, np.zeros((len(texts), permutations), np.uint32)
    signed = sign(texts, permutations, word_shingled(langs, near))
    bands = band_keys(signed.values, near.bands, near.rows)[~signed.short]
    offsets = np.cumsum(np.append(0, np.where(signed.short, 0, near.bands))).astype(np.int32)
    keys = pa.ListArray.from_arrays(pa.array(offsets), pa.array(bands.ravel()))
    return keys, signed.values


class Alike:
    """Decide whether documents are alike: `alike(left, right) -> bool[n]`.

    Args:
        keys: the units' key files, by unit number.
        clean: the units' clean shards.
        near: threshold and shingles.
    """

    def __init__(self, keys: Sequence[str], clean: Sequence[str], near: Near) -> None:
        self._keys, self._near = keys, near
        self._texts = Texts(clean)
        self._signed: dict[int, U32] = {}

    def __call__(self, left: U64, right: U64) -> Flags:
        """Say of each pair of documents whether their similarity reaches the threshold."""
        result = np.zeros(len(left), dtype=np.bool_)
        threshold = self._near.threshold
        for start in range(0, len(left), PAIRS_AT_ONCE):
            piece = slice(start, start + PAIRS_AT_ONCE)
            equal = self._signatures(left[piece]) == self._signatures(right[piece])
            share = equal.mean(axis=1)
            error = (threshold * (1 - threshold) / equal.shape[1]) ** 0.5
            # An exact comparison of the texts decides where the estimate does not.
            result[piece] = share >= threshold + UNSURE * error
            unsure = np.flatnonzero(~result[piece] & (share >= threshold - UNSURE * error))
            result[start + unsure] = self._exact(left[piece][unsure], right[piece][unsure])
        return result

    def _exact(self, left: U64, right: U64) -> Flags:
        """Compare shingle sets; texts are read in their order, a few thousand at a time."""
        result = np.zeros(len(left), dtype=np.bool_)
        for start in range(0, len(left), TEXTS_AT_ONCE):
            piece = slice(start, start + TEXTS_AT_ONCE)
            documents = np.unique(np.concatenate([left[piece], right[piece]])).tolist()
            sets = {document: self._shingles(document) for document in documents}
            pairs = zip(left[piece].tolist(), right[piece].tolist())
            result[piece] = [jaccard(sets[a], sets[b]) >= self._near.threshold for a, b in pairs]
        return result

    def _shingles(self, document: int) -> U64:
        data, lang = self._texts.of(document)
        return shingle_set(data, bool(word_shingled([lang], self._near)[0]))

    def _signatures(self, documents: U64) -> U32:
        units = (documents >> np.uint64(32)).astype(np.int64)
        rows = (documents & np.uint64(ROW)).astype(np.int64)
        taken: U32 | None = None
        for unit in np.unique(units):
            mine = np.flatnonzero(units == unit)
            if unit not in self._signed:
                if sum(signed.nbytes for signed in self._signed.values()) > HELD_BYTES:
                    self._signed.clear()
                self._signed[unit] = _signatures_of(self._keys[unit])
            signed = self._signed[unit]
            if taken is None:
                taken = np.empty((len(documents), signed.shape[1]), dtype=np.uint32)
            taken[mine] = signed[rows[mine]]
        return taken if taken is not None else np.empty((0, 1), np.uint32)


def _signatures_of(path: str) -> U32:
    """Return a unit's signatures, uint32[n, permutations]."""
    column = read_table(path, ["signature"])["signature"]
    width = column.type.byte_width // 4
    parts = [
        np.frombuffer(chunk.buffers()[1], np.uint32).reshape(-1, width)[
            chunk.offset : chunk.offset + len(chunk)
        ]
        for chunk in column.chunks
    ]
    return np.concatenate(parts) if parts else np.empty((0, width), dtype=np.uint32)


def stars(document: U64, run: Rows, alike: Callable[[U64, U64], Flags]) -> tuple[U64, U64]:
    """Join the documents of each bucket that are alike: edges (document, leader).

    The first document of a bucket is compared with all others of it; those unlike it follow the
    next leader, and so on. Then, in buckets of at most `ALL_PAIRS` documents with more than one
    star, every pair of different stars is compared, so that no pair of a small bucket is lost to
    the choice of leaders.

    Args:
        document: document numbers, sorted within each bucket.
        run: the bucket of each document, ascending.
        alike: the judge of pairs.
    """
    star = np.full(len(document), -1, np.int64)  # the index of the leader of each
    rest = np.arange(len(document))
    found: list[tuple[U64, U64]] = []
    while len(rest):
        first = np.ones(len(rest), np.bool_)
        first[1:] = run[rest][1:] != run[rest][:-1]
        leaders = rest[first][np.cumsum(first) - 1]
        star[rest[first]] = rest[first]
        members, leaders = rest[~first], leaders[~first]
        true = alike(document[members], document[leaders])
        star[members[true]] = leaders[true]
        found.append((document[members[true]], document[leaders[true]]))
        rest = members[~true]
    found.append(_between_stars(document, run, star, alike))
    return np.concatenate([a for a, _ in found]), np.concatenate([b for _, b in found])


def _between_stars(
    document: U64, run: Rows, star: Rows, alike: Callable[[U64, U64], Flags]
) -> tuple[U64, U64]:
    """Compare all pairs of different stars in small buckets of several stars; return edges."""
    starts = np.flatnonzero(np.diff(run, prepend=-1))
    sizes = np.diff(np.append(starts, len(run)))
    n_stars = np.add.reduceat(star == np.arange(len(star)), starts) if len(starts) else starts
    left: list[npt.NDArray[np.int64]] = []
    right: list[npt.NDArray[np.int64]] = []
    for start, size in zip(
        *(x[(n_stars > 1) & (sizes > 2) & (sizes <= ALL_PAIRS)] for x in (starts, sizes))
    ):
        i, j = np.triu_indices(size, 1)
        i, j = i + start, j + start
        # A leader has been compared with all that joined it or a later one.
        fresh = (star[i] != star[j]) & ((star[i] != i) | (star[j] < i))
        left.append(j[fresh])
        right.append(i[fresh])
    if not left:
        return document[:0], document[:0]
    one, two = np.concatenate(left), np.concatenate(right)
    true = alike(document[one], document[two])
    return document[one[true]], document[two[true]]
