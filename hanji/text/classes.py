"""The class of every code point, as the regex engine of `tokenizers` sees it.

`classes.json` lists where the class changes, as that engine (Oniguruma) reported it. A newer
Unicode version in the engine would shift a few new characters; a test compares the two.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

__all__ = ["BLANK", "BREAK", "LOWER", "MARK", "NUMBER", "OTHER", "SPACE", "UPPER", "class_table"]

OTHER, UPPER, LOWER, LETTER, MARK, NUMBER, SPACE, BLANK, BREAK = range(9)
# UPPER: Lu Lt; LOWER: Ll; LETTER: Lm Lo; SPACE: U+0020; BLANK: other white space; BREAK: \r \n


@functools.cache
def class_table() -> npt.NDArray[np.uint8]:
    """Return the class of each code point, shape (0x110000,)."""
    runs = json.loads(Path(__file__).with_name("classes.json").read_text())
    starts = np.array([start for start, _ in runs] + [0x110000])
    kinds = np.array([kind for _, kind in runs], dtype=np.uint8)
    table = np.repeat(kinds, np.diff(starts))
    table.setflags(write=False)
    return table
