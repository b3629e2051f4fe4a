"""The detector's kernel: py3langid's model, walked over the bytes of many texts at once.

The model (Lui and Baldwin 2012, trained anew by py3langid) is a naive Bayes classifier over byte
n-grams that a finite automaton finds. It comes in the package's wheel, so nothing is downloaded.
Probabilities are those of the package, log posteriors over the square root of the length, but for
one thing: languages that a corpus is made of are likelier than a hundred others, which matters
where a text is so short that it says little by itself.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

import msgspec
import numpy as np
import numpy.typing as npt

from hanji.kernels import njit
from hanji.schema import Lang
from hanji.text.signs import decode

__all__ = ["PRIOR", "SCRIPTS", "Model", "model", "posteriors", "scripts"]

# A language of the corpus is exp(PRIOR / bytes^2) times likelier than another: 1.4 times for a word
# of 12 bytes, 1.003 times for a sentence of 120. Measured: benchmarks/language.py.
PRIOR = 50.0
TOGETHER = 32  # texts that are walked side by side
SCRIPTS = ("hangul", "kana", "han", "ascii", "other")

U8 = npt.NDArray[np.uint8]
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
    nodes: I32  # [s, 2] where the row of a state begins in `moves`; the feature it ends, or -1
    twins: tuple[tuple[int, int], ...]  # classes of one label


@cache
def model() -> Model:
    """Load the model from the installed package: 0.7 s, 60 MB.

    What is the same for all classes changes no posterior, so weights are kept as differences in
    256 steps: 14 MB, which a processor's cache holds, instead of 57.
    """
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    full = LanguageIdentifier.from_model_file(MODEL_FILE)
    weights = np.asarray(full.nb_ptc, np.float32)
    below = weights.max(axis=1, keepdims=True) - weights
    step = np.maximum(below.max(axis=1), 1e-9).astype(np.float32) / 255
    rows = np.asarray(full.tk_row, np.int32) * 256
    return Model(
        classes=tuple(full.nb_classes),
        weights=np.round(below / step[:, None]).astype(np.uint8),
        step=step,
        biases=np.asarray(full.nb_pc, np.float32),
        moves=np.asarray(full.tk_nextmove, np.int32),
        nodes=np.stack([rows, np.asarray(full.tk_output, np.int32)], axis=1),
        twins=tuple(full._alias_pairs),
    )


@njit
def _walk(
    data: U8, starts: I64, sizes: I64, places: I64, moves: I32, nodes: I32, found: I32
) -> None:
    """Write the feature that each text ends at each byte, or -1, to `found` from its place on.

    The texts are walked side by side: each step waits for memory, and so they wait together. They
    come by size, so that those that are done drop off at the front.
    """
    state = np.zeros(len(starts), np.int32)
    k = 0
    for done in range(len(starts)):
        while k < sizes[done]:
            for i in range(done, len(starts)):
                now = moves[np.int64(nodes[state[i], 0]) + np.int64(data[starts[i] + k])]
                state[i] = now
                found[places[i] + k] = nodes[now, 1]
            k += 1


@njit
def _distinct(found: I32, counts: I32) -> int:
    """Move the distinct features to the front and count each; return how many there are."""
    n = 0
    for feature in found:
        if feature >= 0:
            if counts[feature] == 0:
                found[n] = feature
                n += 1
            counts[feature] += 1
    return n


@njit
def _score(
    data: U8,
    starts: I64,
    sizes: I64,
    moves: I32,
    nodes: I32,
    weights: U8,
    step: F32,
    biases: F32,
    logs: F32,
    out: F32,
) -> None:
    """Write the log posterior of each text, by size, and class to `out`."""
    n_classes = len(biases)
    counts = np.zeros(len(weights), np.int32)
    places = np.zeros(TOGETHER, np.int64)
    sums = np.empty(n_classes, np.float32)
    for first in range(0, len(starts), TOGETHER):
        last = min(first + TOGETHER, len(starts))
        for i in range(first + 1, last):
            places[i - first] = places[i - first - 1] + sizes[i - 1]
        found = np.empty(places[last - first - 1] + sizes[last - 1], np.int32)
        _walk(data, starts[first:last], sizes[first:last], places, moves, nodes, found)
        for i in range(first, last):
            place = places[i - first]
            mine = found[place : place + sizes[i]]
            n = _distinct(mine, counts)
            for c in range(n_classes):
                sums[c] = biases[c] if n else np.float32(0)
            for feature in mine[:n]:
                scale = -logs[min(counts[feature], len(logs) - 1)] * step[feature]
                counts[feature] = 0
                row = weights[feature]
                for c in range(n_classes):
                    sums[c] += scale * np.float32(row[c])
            for c in range(n_classes):
                out[i, c] = sums[c]


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
    it = model()
    sizes = np.diff(offsets)
    order = np.argsort(sizes, kind="stable")
    by_size = np.empty((len(sizes), len(it.classes)), np.float32)
    logs = np.log1p(np.arange(int(sizes.max(initial=0)) + 1)).astype(np.float32)
    _score(
        data, offsets[:-1][order], sizes[order], it.moves, it.nodes, it.weights, it.step, it.biases,
        logs, by_size,
    )  # fmt: skip
    out = np.empty_like(by_size)
    out[order] = by_size
    sizes = np.maximum(sizes, 1).astype(np.float32)[:, None]
    out /= np.sqrt(sizes)
    out += np.array([c in ours for c in it.classes], np.float32) * (np.float32(PRIOR) / sizes**2)
    out -= out.max(axis=1, keepdims=True)
    np.exp(out, out=out)
    out /= out.sum(axis=1, keepdims=True)
    for first, second in it.twins:
        out[:, first] += out[:, second]
        out[:, second] = 0
    return out


@njit
def _scripts(data: U8, offsets: I64, out: I64) -> None:
    for i in range(len(offsets) - 1):
        at = offsets[i]
        while at < offsets[i + 1]:
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
