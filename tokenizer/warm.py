"""Compile the kernels before the clock of any phase runs, and say so where it takes a while.

Numba keeps machine code on disk, so only the first use after an installation compiles. The code
is made here by learning from one sentence, through both stages.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from hanji.progress import Progress
from tokenizer import count, encode, index, merge
from tokenizer.count import Counter
from tokenizer.learn import Vocabulary, learn
from tokenizer.presets import PRESETS
from tokenizer.rules import rules_vector

__all__ = ["compile_kernels", "is_cold"]

_SECONDS = 30  # measured on one core of 2.5 GHz
_LARGEST = (count._count, count._merge, encode.encode_pieces, index._fill, merge.run)


def is_cold() -> bool:
    """Say whether a kernel's machine code is missing on disk, or older than its source."""
    for kernel in _LARGEST:
        stats = getattr(kernel, "stats", None)
        if stats is None:  # numba is switched off
            return False
        source = Path(kernel.__code__.co_filename)
        stored = list(Path(stats.cache_path).glob(f"{source.stem}.{kernel.__name__}-*.nbi"))
        if all(path.stat().st_mtime < source.stat().st_mtime for path in stored):
            return True
    return False


def compile_kernels(progress: Progress) -> None:
    """Compile all kernels of training, if they are not yet on disk."""
    if not is_cold():
        return
    name = f"compiling kernels (first use, about {_SECONDS} s)"
    with progress.phase(name, 5, "steps") as phase:
        for _ in _steps():
            phase.advance(1)


def _steps() -> Iterator[None]:
    how = PRESETS["kexaone"]
    text = [b"a word and a word, and a word"]
    pieces, other = Counter(how.mode2), Counter(how.mode2)
    pieces.add(text, [0])
    yield
    other.add(text, [0])
    pieces.merge(other)
    finer = pieces.recut(how.mode1)
    yield
    vocabulary = Vocabulary()
    vocabulary.encoder().encode(pieces.arena, pieces.offsets, np.arange(pieces.n), -1)
    yield
    learn(vocabulary, finer, 262)
    yield
    learn(vocabulary, pieces, 264, rules=rules_vector())
    yield
