"""Compile the kernels before the clock of any phase runs, and say so where it takes a while.

Numba keeps machine code on disk, so only the first use after an installation compiles. The code
is made here by learning from one sentence, through both stages.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from hanji.progress import Progress
from hanji.text import composed, merges, parts, scan
from tokenizer import count, dense, encode, heap, index, merge, rules
from tokenizer.count import Counter
from tokenizer.dense import MOST_TOKENS
from tokenizer.index import Sketched
from tokenizer.learn import Vocabulary, lay_out, learn
from tokenizer.presets import PRESETS
from tokenizer.rules import rules_vector

__all__ = ["compile_kernels", "is_cold"]

_SECONDS = 30  # measured on one core of 2.5 GHz
_LARGEST = (count._cut, count._look_up, dense._fill, encode.encode_pieces, index._fill, merge.run)
_MODULES = (composed, scan, merges, parts, heap, rules, count, dense, encode, index, merge)
_SOURCES = [Path(str(m.__file__)) for m in _MODULES]


def _stored(pattern: str) -> list[Path]:
    """Find indexes of machine code; numba that is switched off has none."""
    found = (getattr(kernel, "stats", None) for kernel in (scan.ends, merge.run))  # of each folder
    folders = [Path(stats.cache_path) for stats in found if stats is not None]
    return [path for folder in folders for path in folder.glob(f"{pattern}-*.nbi")]


def is_cold() -> bool:
    """Say whether a kernel's machine code is missing on disk, or older than any source."""
    if not hasattr(merge.run, "stats"):
        return False
    newest = max(path.stat().st_mtime for path in _SOURCES)
    return any(
        all(
            path.stat().st_mtime < newest
            for path in _stored(f"{Path(kernel.__code__.co_filename).stem}.{kernel.__name__}")
        )
        for kernel in _LARGEST
    )


def compile_kernels(progress: Progress) -> None:
    """Compile all kernels of training, if they are not yet on disk.

    Numba looks at a kernel's own file alone, so code with an older callee inside is dropped here.
    """
    if not is_cold():
        return
    newest = max(path.stat().st_mtime for path in _SOURCES)
    for path in (path for source in _SOURCES for path in _stored(f"{source.stem}.*")):
        if path.stat().st_mtime < newest:
            path.unlink(missing_ok=True)
    name = f"compiling kernels (first use, about {_SECONDS} s)"
    with progress.phase(name, 6, "steps") as phase:
        for _ in _steps():
            phase.advance(1)


def _steps() -> Iterator[None]:
    how = PRESETS["kexaone"]
    text = [b"a word and a word, and a word"]
    composed.all_steady(text[0])
    pieces = Counter(how.mode2)
    pieces.add(text, [0])
    yield
    finer = pieces.recut(how.mode1)
    yield
    vocabulary = Vocabulary()
    vocabulary.encoder().encode(pieces.arena, pieces.offsets, np.arange(pieces.n), -1)
    yield
    learn(vocabulary, finer, 262)
    yield
    learn(vocabulary, pieces, 264, rules=rules_vector())
    yield
    Sketched(lay_out(pieces, vocabulary.encoder()), MOST_TOKENS + 1).build(2, 16)
    yield
