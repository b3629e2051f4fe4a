"""What a procedural task is."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np

from hanji.schema import Lang

__all__ = ["Problem", "Task"]


class Problem(msgspec.Struct, frozen=True):
    """A problem in a language, with its steps and its answer as it is written there."""

    question: str
    thinking: str
    answer: str


class Task(msgspec.Struct, frozen=True):
    """A kind of problem.

    Attributes:
        name: of the task.
        version: raised whenever the same seed gives another text.
        make: (language, difficulty 1 to 5, generator) -> problem.
        check: (language, problem) -> whether an independent path finds the same answer.
    """

    name: str
    version: int
    make: Callable[[Lang, int, np.random.Generator], Problem]
    check: Callable[[Lang, Problem], bool]
