"""Quality classifiers in fastText's format: the probability of a label.

The package `fasttext-predict` reads them (Joulin and others 2016, arXiv 1607.01759). It trusts the
file, so its size is computed from what it says of itself before it is loaded.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Protocol

from hanji.errors import RecipeError
from pipelines.models.files import local
from pipelines.section import Classifier

__all__ = ["classify", "load"]

MAGIC, VERSION, SUPERVISED = 793712314, 12, 3  # fastText's file format
MODEL = 7  # the place of the kind of model among the arguments
_HEADER = struct.Struct("<2i 12i d")
_SIZES = struct.Struct("<3i 2q")
_MATRIX = struct.Struct("<2q")
CENTROIDS = 256  # of a product quantiser, 8 bits


class _Model(Protocol):
    def predict(self, text: str, k: int) -> tuple[Sequence[str], Sequence[float]]: ...


def classify(texts: Sequence[str], settings: Classifier, path: Path) -> list[float]:
    """Return the probability of the settings' label for each text, rounded to six places.

    Line breaks are blanks to the model. A label that it leaves out has probability 0.
    """
    model, chars = load(path, settings.label), settings.max_chars
    scores = []
    for text in texts:
        labels, shares = model.predict(text[:chars].replace("\n", " "), k=-1)
        found = dict(zip(labels, shares)).get(settings.label, 0.0)
        scores.append(round(min(float(found), 1.0), 6))
    return scores


@cache
def load(path: Path, label: str) -> _Model:
    """Load a model, once a process.

    Raises:
        RecipeError: if the file is no whole model of fastText, has no such label, or its reader is
            not installed.
    """
    option = "curate.models.classifiers"
    try:
        import fasttext
    except ImportError:
        raise RecipeError(
            f"{option}: 'fasttext-predict' is not installed; "
            "install it with `pip install hanji[models]`"
        ) from None
    with local(path, option) as here:
        labels = _labels(here, f"{option}: {path}")
        if label not in labels:
            named = ", ".join(sorted(labels)[:5])
            raise RecipeError(f"{option}: {path} has no label '{label}'; it has {named}")
        return fasttext.load_model(str(here))  # type: ignore[no-any-return]


def _labels(path: Path, where: str) -> set[str]:
    """Read the labels of a model, and check that the file is as long as it says."""
    data = path.read_bytes()
    try:
        magic, version, *args, _ = _HEADER.unpack_from(data)
        if magic != MAGIC or version > VERSION:
            raise RecipeError(f"{where} is no model of fastText; give its .bin or .ftz file")
        if args[MODEL] != SUPERVISED:
            raise RecipeError(f"{where} holds word vectors; give a classifier (`supervised`)")
        labels, at = _entries(data, _HEADER.size)
        if _end(data, at) == len(data):
            return labels
    except (struct.error, ValueError, IndexError):
        pass  # it ends too early
    raise RecipeError(f"{where} is damaged or cut off; copy it again")


def _entries(data: bytes, at: int) -> tuple[set[str], int]:
    """Read the dictionary; return its labels and where it ends."""
    size, _, _, _, pruned = _SIZES.unpack_from(data, at)
    at += _SIZES.size
    labels = set()
    for _ in range(size):
        end = data.index(b"\0", at)
        if data[end + 9]:
            labels.add(data[at:end].decode("utf-8", "replace"))
        at = end + 10  # the count (8 bytes) and the kind
    return labels, at + 8 * max(pruned, 0)


def _end(data: bytes, at: int) -> int:
    """Return where the two matrices end."""
    quantized = data[at]
    at = _quantized(data, at + 1) if quantized else _dense(data, at + 1)
    return _quantized(data, at + 1) if quantized and data[at] else _dense(data, at + 1)


def _dense(data: bytes, at: int) -> int:
    rows, columns = _MATRIX.unpack_from(data, at)
    return int(at + _MATRIX.size + 4 * rows * columns)


def _quantized(data: bytes, at: int) -> int:
    has_norms = data[at]
    rows, _, n_codes = struct.unpack_from("<2qi", data, at + 1)
    at = _quantizer(data, at + 21 + n_codes)
    return _quantizer(data, at + rows) if has_norms else at


def _quantizer(data: bytes, at: int) -> int:
    (columns,) = struct.unpack_from("<i", data, at)
    return int(at + 16 + 4 * CENTROIDS * columns)
