"""Terms of a text as numbers: words, two syllables of a Korean word, two signs of Han and kana.

Korean particles hang on their words, so the first two syllables stand for the word; Japanese has no
blanks, so pairs of neighbouring signs stand for words. Numbers are no terms.
"""

from __future__ import annotations

import re
from zlib import crc32

import numpy as np
import numpy.typing as npt

__all__ = ["terms_of"]

Terms = npt.NDArray[np.uint32]
_RUN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]+|[^\W\d_\u3040-\u30ff\u3400-\u9fff]+")
_HANGUL = re.compile(r"[\uac00-\ud7a3]")
SHORTEST = 2  # letters of a word; one-letter words are no names


def terms_of(text: str) -> Terms:
    """Return the terms of a text in order, hashed: uint32[n].

    >>> len(terms_of("The mill, 1887: the mill.")), len(terms_of("水車小屋"))
    (4, 3)
    """
    found: list[int] = []
    cache: dict[str, int] = {}
    for run in _RUN.findall(text):
        if "\u3040" <= run[0] <= "\u9fff":
            parts = [run[i : i + 2] for i in range(len(run) - 1)] or [run]
        else:
            word = run.lower()
            if len(word) < SHORTEST:
                continue
            parts = [word[:2] if _HANGUL.match(word) else word]
        for part in parts:
            number = cache.get(part)
            if number is None:
                number = cache[part] = crc32(part.encode())
            found.append(number)
    return np.array(found, np.uint32)
