"""Errors, one tree by consequence.

```
HanjiError
├── DryRun        0  the job was built, as was asked for, and not started
├── CheckFailed   1  a check that was asked for said no
├── RecipeError   2  fix what was asked for: the recipe, a flag, or the file that a flag names
├── OutputError   2  the output directory cannot be used, or the disk said no
└── InputError    3  a source is not what it claims to be
    └── StepError 3  one document cannot pass one step
```

Each message names the place, the value and the repair, in one sentence. The number is the exit
code of the command; it never shows a traceback for one of these:

    try:
        ...
    except HanjiError as error:
        sys.exit(error.exit_code)
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "CheckFailed",
    "DryRun",
    "HanjiError",
    "InputError",
    "OutputError",
    "RecipeError",
    "StepError",
    "nearest",
]


class HanjiError(Exception):
    """Base of everything that Hanji raises on purpose."""

    exit_code = 3


class DryRun(HanjiError):
    """The job was built, as was asked for, and not started."""

    exit_code = 0


class CheckFailed(HanjiError):
    """A check that was asked for said no."""

    exit_code = 1


class RecipeError(HanjiError):
    """What was asked for cannot be done: fix the recipe, the flag or the file that it names."""

    exit_code = 2


class OutputError(HanjiError):
    """The output cannot be written there, or does not balance."""

    exit_code = 2


class InputError(HanjiError):
    """A source is not what it claims to be."""

    exit_code = 3


class StepError(InputError):
    """One document cannot pass one step; the others can."""


def nearest(name: str, names: Iterable[str]) -> str:
    """Say which valid name was probably meant, as the tail of a sentence.

    >>> nearest("langs", ["lang", "source"])
    "; did you mean 'lang'?"
    >>> nearest("x", ["lang", "source"])
    '; valid are lang, source'
    """
    options = sorted(names)
    close = difflib.get_close_matches(name, options, n=1, cutoff=0.6)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; valid are {', '.join(options)}" if options else ""
