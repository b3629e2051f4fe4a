"""Near-duplicate problems are dropped, others of the same template are not."""

from __future__ import annotations

from pathlib import Path

from hanji.execution import Execution
from synth.alike import Seen
from synth.make import make
from synth.section import Procedural, Reasoning

LONG = (
    "A mill grinds barley for three villages, and each of them sends its carts on another day of "
    "the week, so that the miller never has to wait. How many sacks does he grind in {n} weeks?"
)


def test_a_question_that_repeats_another_is_pointed_out() -> None:
    seen = Seen(0.95)
    assert seen.repeats(["a", "a"], [LONG.format(n=4), LONG.format(n=4) + "!"]) == [False, True]
    assert seen.repeats(["a"], [LONG.format(n=4).upper()]) == [True]
    assert seen.repeats(["b"], [LONG.format(n=4)]) == [False]  # another task
    assert seen.repeats(["a"], ["이 문제는 전혀 다르다. 몇 개입니까?"]) == [False]


def test_what_was_dropped_is_not_compared_with() -> None:
    seen = Seen(0.999)
    first, second = LONG.format(n=4), LONG.format(n=5)
    assert seen.repeats(["a"] * 3, [first, second, second]) == [False, False, True]


def test_a_run_counts_near_duplicates_and_keeps_them_apart(tmp_path: Path) -> None:
    loose = Procedural(tasks=("ordering", "schedule"), count=200, near_duplicate=0.6)
    section = Reasoning(procedural=loose, extractive=None, langs=("en", "ko"))
    manifest = make(section, None, tmp_path / "out", Execution())
    total = manifest.report.total()
    assert total.dropped["duplicates"]["near_duplicate"] > 0
    assert total.made == total.kept + total.dropped["duplicates"]["near_duplicate"]
    missed = manifest.facts["missed"]
    assert isinstance(missed, dict)
    assert sum(n for langs in missed.values() for n in langs.values()) == 800 - manifest.rows
