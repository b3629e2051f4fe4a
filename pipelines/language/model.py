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
TOGETHER = 16  # texts that are walked side by side
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
def _walk(data: U8, offsets: I64, first: int, last: int, moves: I32, nodes: I32, found: I32) -> int:
    """Write the features that texts `first` to `last` end at each byte to `found`, or -1.

    The texts are walked side by side: each step waits for memory, and so they wait together.
    """
    state = np.zeros(last - first, np.int32)
    longest = 0
    for i in range(first, last):
        longest = max(longest, offsets[i + 1] - offsets[i])
    for k in range(longest):
        for i in range(first, last):
            at = offsets[i] + k
            if at < offsets[i + 1]:
                now = moves[nodes[state[i - first], 0] + data[at]]
                state[i - first] = now
                found[at - offsets[first]] = nodes[now, 1]
    return longest


@njit
def _score(
    data: U8,
    offsets: I64,
    moves: I32,
    nodes: I32,
    weights: U8,
    step: F32,
    biases: F32,
    logs: F32,
    counts: I32,
    out: F32,
) -> None:
    n_texts, n_classes = len(offsets) - 1, len(biases)
    sums = np.empty(n_classes, np.float32)
    for first in range(0, n_texts, TOGETHER):
        last = min(first + TOGETHER, n_texts)
        found = np.empty(offsets[last] - offsets[first], np.int32)
        _walk(data, offsets, first, last, moves, nodes, found)
        for i in range(first, last):
            mine = found[offsets[i] - offsets[first] : offsets[i + 1] - offsets[first]]
            any_ = False
            for feature in mine:
                if feature >= 0:
                    counts[feature] += 1
                    any_ = True
            for c in range(n_classes):
                sums[c] = biases[c] if any_ else np.float32(0)
            for feature in mine:
                if feature < 0 or counts[feature] == 0:
                    continue
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
    out = np.empty((len(offsets) - 1, len(it.classes)), np.float32)
    counts = np.zeros(len(it.weights), np.int32)
    longest = int(np.diff(offsets).max(initial=0))
    logs = np.log1p(np.arange(longest + 1)).astype(np.float32)
    _score(data, offsets, it.moves, it.nodes, it.weights, it.step, it.biases, logs, counts, out)
    sizes = np.maximum(np.diff(offsets), 1).astype(np.float32)[:, None]
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
