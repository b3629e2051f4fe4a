"""The detector's kernel: py3langid's model, walked over the bytes of many texts at once.

The model (Lui and Baldwin 2012, trained anew by py3langid) is a naive Bayes classifier over byte
n-grams that a finite automaton finds. It comes in the package's wheel, so nothing is downloaded.
Probabilities are those of the package, log posteriors over the square root of the length, but for
one thing: languages that a corpus is made of are likelier than a hundred others, which matters
where a text is so short that it says little by itself.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import zipfile
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from hanji.kernels import borrowed, eight, njit, prefetch
from hanji.schema import Lang
from hanji.text.signs import decode

__all__ = ["PRIOR", "SCRIPTS", "Model", "best", "joined", "model", "posteriors", "scripts"]

# A language of the corpus is exp(PRIOR / bytes^2) times likelier than another: 1.4 times for a word
# of 12 bytes, 1.003 times for a sentence of 120. Measured: benchmarks/language.py.
PRIOR = 50.0
TOGETHER = 32  # texts that are walked side by side
AHEAD = 16  # rows of weights that are on their way from memory while one is added
LINE = 64  # bytes that come from memory at once
ROWS = 1024  # texts whose scores, 0.6 MB, stay in a processor's cache from step to step
UNPACKED = 1  # the form in which the unpacked model is kept
SCRIPTS = ("hangul", "kana", "han", "ascii", "other")

_ONES, _HIGH_BITS = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)
_CASE = np.uint64(0x2020202020202020)
# added to bytes of ASCII, they make the high bit of all from "a" on, and of those behind "z"
_FROM_A, _BEHIND_Z = np.uint64(0x1F1F1F1F1F1F1F1F), np.uint64(0x0505050505050505)

U8 = npt.NDArray[np.uint8]
U16 = npt.NDArray[np.uint16]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
F32 = npt.NDArray[np.float32]


class Model(msgspec.Struct, frozen=True):
    """Arrays of the model: `n` features, `c` classes, `s` states of the automaton."""

    classes: tuple[Lang, ...]
    weights: U8  # [n, c] log likelihoods below the greatest of the feature, in steps of `step`
    step: F32  # [n]
    biases: F32  # [c]
    moves: I32  # [rows * 256] next state
    nodes: I32  # [s, 2] where the row of a state begins in `moves`; the feature it ends, or n
    twins: tuple[tuple[int, int], ...]  # classes of one label


@njit
def _in_steps(halves: U16, values: F32, weights: U8, step: F32) -> None:
    """Write rows of half floats, whose values a table has, as steps below the row's greatest."""
    for i in range(len(halves)):
        most, least = values[halves[i, 0]], values[halves[i, 0]]
        for half in halves[i]:
            most, least = max(most, values[half]), min(least, values[half])
        step[i] = max(most - least, np.float32(1e-9)) / np.float32(255)
        for c, half in enumerate(halves[i]):
            weights[i, c] = np.uint8(np.rint((most - values[half]) / step[i]))


@cache
def model() -> Model:
    """Load the model from the installed package: 0.7 s the first time, then 0.1 s; 60 MB.

    Unpacked it is kept beside the kernels' machine code. What is the same for all classes changes
    no posterior, so weights are kept as differences in 256 steps: 14 MB, which a processor's cache
    holds, instead of 57.
    """
    import py3langid
    from py3langid.langid import MODEL_FILE

    path = Path(py3langid.__file__).parent / MODEL_FILE
    name = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    folder = Path(_score.stats.cache_path)  # type: ignore[attr-defined]
    return _unpacked_once(folder / f"langid-{UNPACKED}-{name}.npz")


def _unpacked_once(kept: Path) -> Model:
    try:
        return _kept(kept)
    except (
        OSError,
        EOFError,
        ValueError,
        KeyError,
        zipfile.BadZipFile,
    ):  # none yet, or a damaged one
        found = _unpacked()
    _keep(found, kept)
    return found


def _kept(path: Path) -> Model:
    with np.load(path) as arrays:
        classes, twins = arrays["classes"].tolist(), arrays["twins"].tolist()
        found = {name: arrays[name] for name in Model.__struct_fields__}
    return Model(
        **{**found, "classes": tuple(classes), "twins": tuple((one, two) for one, two in twins)}
    )


def _keep(found: Model, path: Path) -> None:
    """Write the arrays for the next process; where that is not allowed, it unpacks them itself."""
    arrays = {name: np.asarray(getattr(found, name)) for name in found.__struct_fields__}
    aside = path.with_suffix(f".{os.getpid()}.npz")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(aside, allow_pickle=False, **arrays)
        aside.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)


def _unpacked() -> Model:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    full = LanguageIdentifier.from_model_file(MODEL_FILE)
    halves = np.asarray(full.nb_ptc, np.float16)
    weights, step = np.empty(halves.shape, np.uint8), np.empty(len(halves), np.float32)
    values = np.arange(1 << 16, dtype=np.uint16).view(np.float16).astype(np.float32)
    _in_steps(halves.view(np.uint16), values, weights, step)
    rows = np.asarray(full.tk_row, np.int32) * 256
    ends = np.asarray(full.tk_output, np.int32)
    return Model(
        classes=tuple(full.nb_classes),
        weights=weights,
        step=step,
        biases=np.asarray(full.nb_pc, np.float32),
        moves=np.asarray(full.tk_nextmove, np.int32),
        nodes=np.stack([rows, np.where(ends < 0, len(weights), ends)], axis=1).astype(np.int32),
        twins=tuple(full._alias_pairs),
    )


@njit(forceinline=True)
def _bytes_marked(word: np.uint64) -> int:
    """Count the bytes that are 1; the others are 0."""
    return int(np.int64((word * _ONES) >> np.uint64(56)))


@njit
def _ends(data: U8, n_chars: I64, offsets: I64) -> None:
    data, n_chars, offsets = borrowed((data, n_chars, offsets))
    at, end = np.uint64(0), np.uint64(len(data))  # an index without a sign is quicker
    for i in range(len(n_chars)):
        left = n_chars[i]
        while left >= 8 and at + np.uint64(8) <= end:
            word = eight(data, at)
            left -= 8 - _bytes_marked((word >> np.uint64(7)) & ~(word >> np.uint64(6)) & _ONES)
            at += np.uint64(8)
        while at < end and (left > 0 or data[at] & 0xC0 == 0x80):
            left -= data[at] & 0xC0 != 0x80
            at += np.uint64(1)
        offsets[i + 1] = at


def joined(texts: Sequence[str]) -> tuple[U8, I64]:
    """Return the UTF-8 of all texts, one behind the other, and int64[n + 1], where each begins."""
    offsets = np.zeros(len(texts) + 1, np.int64)
    data = np.frombuffer("".join(texts).encode("utf-8", "surrogatepass"), np.uint8)
    _ends(data, np.fromiter(map(len, texts), np.int64, len(texts)), offsets)
    return data, offsets


@njit
def _walk(
    data: U8, starts: I64, sizes: I64, places: I64, moves: I32, nodes: I32, found: I32
) -> None:
    """Write the feature that each text ends at each byte, or `n`, to `found` from its place on.

    The texts are walked side by side: while one moves, the next move of the others is on its way
    from memory. They come by size, so that those that are done drop off at the front.
    """
    data, starts, sizes, places = borrowed((data, starts, sizes, places))
    moves, nodes, found = borrowed((moves, nodes, found))
    at = np.empty(len(starts), np.uint64)  # the next move of each; without a sign it is quicker
    for i in range(len(starts)):
        at[i] = nodes[0, 0] + np.int64(data[starts[i]]) if sizes[i] else 0
    k = 0
    for done in range(len(starts)):
        while k < sizes[done]:
            for i in range(done, len(starts)):
                now = np.uint64(moves[at[i]])
                found[np.uint64(places[i] + k)] = nodes[now, 1]
                following = data[np.uint64(min(starts[i] + k + 1, len(data) - 1))]
                at[i] = np.uint64(nodes[now, 0]) + np.uint64(following)
                prefetch(moves, int(at[i]))
            k += 1


@njit
def _distinct(found: I32, counts: I32) -> int:
    """Move the distinct features to the front and count each; return how many there are.

    No branch: whether a byte ends a feature, and a new one, a processor guesses wrong too often.
    """
    found, counts = borrowed((found, counts))
    none = len(counts) - 1
    n = 0
    for feature in found:
        found[n] = feature
        n += (feature != none) & (counts[np.uint64(feature)] == 0)
        counts[np.uint64(feature)] += 1
    return n


@njit
def _fetch(weights: U8, feature: int) -> None:
    row = weights[feature]
    for c in range(0, len(row), LINE):
        prefetch(row, c)
    prefetch(row, len(row) - 1)


@njit
def _score(
    data: U8,
    starts: I64,
    sizes: I64,
    order: I64,
    moves: I32,
    nodes: I32,
    weights: U8,
    step: F32,
    biases: F32,
    logs: F32,
    out: F32,
) -> None:
    """Write the log posteriors of the texts `order`, which come by size, to rows of `out`."""
    data, starts, sizes, order = borrowed((data, starts, sizes, order))
    moves, nodes, weights, step = borrowed((moves, nodes, weights, step))
    biases, logs, out = borrowed((biases, logs, out))
    n_classes = len(biases)
    counts = np.zeros(len(weights) + 1, np.int32)  # the last is of bytes that end no feature
    places = np.zeros(TOGETHER, np.int64)
    sums = np.empty(n_classes, np.float32)
    for first in range(0, len(order), TOGETHER):
        some = order[first : first + TOGETHER]
        for j in range(1, len(some)):
            places[j] = places[j - 1] + sizes[some[j - 1]]
        found = np.empty(places[len(some) - 1] + sizes[some[-1]], np.int32)
        _walk(data, starts[some], sizes[some], places, moves, nodes, found)
        for j, i in enumerate(some):
            mine = found[places[j] : places[j] + sizes[i]]
            n = _distinct(mine, counts)
            for c in range(n_classes):
                sums[c] = biases[c] if n else np.float32(0)
            for k in range(min(n, AHEAD)):
                _fetch(weights, mine[k])
            for k in range(n):
                if k + AHEAD < n:
                    _fetch(weights, mine[k + AHEAD])
                feature = mine[k]
                scale = -logs[min(counts[feature], len(logs) - 1)] * step[feature]
                counts[feature] = 0
                row = weights[feature]
                for c in range(n_classes):
                    sums[c] += scale * np.float32(row[c])
            for c in range(n_classes):
                out[first + j, c] = sums[c]


def posteriors(data: U8, offsets: I64, ours: Collection[Lang] = ()) -> F32:
    """Return the posterior of every class.

    Args:
        data: UTF-8 of all texts, one behind the other.
        offsets: int64[n + 1], where each begins.
        ours: languages that are expected.

    Returns:
        float32[n, classes]; of two classes with one label the second has 0. A text without any
        feature has the same for all classes.
    """
    found = np.empty((len(offsets) - 1, len(model().classes)), np.float32)
    for rows, some in _by_size(data, offsets, ours):
        found[rows] = some
    return found


def best(data: U8, offsets: I64, ours: Collection[Lang] = ()) -> tuple[I64, F32]:
    """Return the likeliest class of each text, int64[n], and its posterior, float32[n]."""
    n = len(offsets) - 1
    classes, found = np.empty(n, np.int64), np.empty(n, np.float32)
    for rows, some in _by_size(data, offsets, ours):
        classes[rows], found[rows] = some.argmax(axis=1), some.max(axis=1)
    return classes, found


def _by_size(data: U8, offsets: I64, ours: Collection[Lang]) -> Iterator[tuple[I64, F32]]:
    """Yield the numbers of some texts, of about the same size, and their posteriors."""
    it = model()
    sizes = np.diff(offsets)
    order = np.argsort(sizes, kind="stable")
    logs = np.log1p(np.arange(int(sizes.max(initial=0)) + 1)).astype(np.float32)
    expected = np.array([c in ours for c in it.classes], np.float32)
    scores = np.empty((min(ROWS, len(order)), len(it.classes)), np.float32)
    for first in range(0, len(order), ROWS):
        rows = order[first : first + ROWS]
        some = scores[: len(rows)]
        _score(
            data, offsets[:-1], sizes, rows, it.moves, it.nodes, it.weights, it.step, it.biases,
            logs, some,
        )  # fmt: skip
        _of_scores(some, sizes[rows], expected)
        for one, other in it.twins:
            some[:, one] += some[:, other]
            some[:, other] = 0
        yield rows, some


def _of_scores(scores: F32, sizes: I64, expected: F32) -> None:
    """Turn scores of texts by class into posteriors, in place."""
    n_bytes = np.maximum(sizes, 1).astype(np.float32)[:, None]
    scores /= np.sqrt(n_bytes)
    scores += expected * (np.float32(PRIOR) / n_bytes**2)
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)


@njit
def _scripts(data: U8, offsets: I64, out: I64) -> None:
    data, offsets, out = borrowed((data, offsets, out))
    for i in range(len(offsets) - 1):
        at, end = offsets[i], offsets[i + 1]
        while at < end:
            if at + 8 <= end:
                word = eight(data, at)
                if not word & _HIGH_BITS:
                    word |= _CASE
                    letters = (word + _FROM_A) & ~(word + _BEHIND_Z) & _HIGH_BITS
                    out[i, 3] += _bytes_marked(letters >> np.uint64(7))
                    at += 8
                    continue
            byte = data[at]
            if byte < 0x80:
                out[i, 3] += 97 <= (byte | 32) <= 122
                at += 1
                continue
            point, size = decode(data, at)
            at += size
            if 0xAC00 <= point <= 0xD7A3 or 0x1100 <= point <= 0x11FF:
                out[i, 0] += 1
            elif 0x3041 <= point <= 0x30FF or 0xFF66 <= point <= 0xFF9D:
                out[i, 1] += 1
            elif 0x4E00 <= point <= 0x9FFF:
                out[i, 2] += 1
            elif point >= 0xC0:
                out[i, 4] += 1


def scripts(data: U8, offsets: I64) -> I64:
    """Count the letters of each text by script: int64[n, len(SCRIPTS)]."""
    out = np.zeros((len(offsets) - 1, len(SCRIPTS)), np.int64)
    _scripts(data, offsets, out)
    return out
