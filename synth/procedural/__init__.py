"""Problems made by code: exact steps, and an answer that a second path computes again.

A task is a module-level `Task`: `make` draws a problem from a seed and writes it in a language;
`check` reads the numbers back out of the question's words and answers it in another way.
"""

from __future__ import annotations

from synth.procedural.addition import ADDITION
from synth.procedural.counting import COUNTING
from synth.procedural.currency import CURRENCY
from synth.procedural.dates import DATES
from synth.procedural.graph import GRAPH
from synth.procedural.interest import INTEREST
from synth.procedural.linear import LINEAR
from synth.procedural.multiplication import MULTIPLICATION
from synth.procedural.ordering import ORDERING
from synth.procedural.percent import PERCENT
from synth.procedural.schedule import SCHEDULE
from synth.procedural.sets import SETS
from synth.procedural.strings import STRINGS
from synth.procedural.subtraction import SUBTRACTION
from synth.procedural.syllogism import SYLLOGISM
from synth.procedural.table import TABLE
from synth.procedural.task import Problem, Task
from synth.procedural.units import UNITS

__all__ = ["TASKS", "Problem", "Task"]

TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        ADDITION,
        DATES,
        PERCENT,
        SUBTRACTION,
        MULTIPLICATION,
        UNITS,
        INTEREST,
        CURRENCY,
        LINEAR,
        SETS,
        ORDERING,
        SCHEDULE,
        TABLE,
        STRINGS,
        GRAPH,
        COUNTING,
        SYLLOGISM,
    )
}
