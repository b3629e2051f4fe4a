"""Verification: each check is a named function of a sample, the first no is the reason."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from hanji.text.numbers import parse_number
from synth.procedural import TASKS, Problem
from synth.sample import Sample, Verdict
from synth.section import Markers

__all__ = ["CHECKS", "verify"]

Check = Callable[[Sample, Markers], bool]
_NUMBER = r"\d[\d.,]*\d|\d"
_EQUATION = re.compile(
    rf"(?P<a>{_NUMBER})(?P<u>[^\d\s]*| €| đồng)? (?P<op>[+−×÷]) \$?(?P<b>{_NUMBER})[^\d=]*= "
    rf"\$?(?P<c>{_NUMBER})"
)


def well_formed(sample: Sample, markers: Markers) -> bool:
    """Thinking and answer are there, and the markers stand once each, in order."""
    begin, end = sample.text.count(markers.begin), sample.text.count(markers.end)
    ordered = sample.text.find(markers.begin) < sample.text.find(markers.end)
    return bool(sample.thinking.strip() and sample.answer.strip()) and begin == end == 1 and ordered


def quotes_occur(sample: Sample, markers: Markers) -> bool:
    """Every source span lies in the document, and the thinking quotes it to the letter."""
    del markers
    for span in sample.source_spans:
        quote = sample.document[span.start : span.end]
        if not quote or quote not in sample.thinking:
            return False
    return sample.family == "procedural" or bool(sample.source_spans)


def arithmetic_holds(sample: Sample, markers: Markers) -> bool:
    """Every `a op b = c` in the thinking is true, with the numbers of the language."""
    del markers
    for match in _EQUATION.finditer(sample.thinking):
        if match.start() and sample.thinking[: match.start()].rstrip().endswith(("+", "×", "−")):
            continue  # a longer chain: its tail is no equation of its own
        a, b, c = (parse_number(match.group(name), sample.lang) for name in "abc")
        if a is None or b is None or c is None or _apply(a, match.group("op"), b) != c:
            return False
    return True


def _apply(a: Decimal, op: str, b: Decimal) -> Decimal | None:
    match op:
        case "+":
            return a + b
        case "−":
            return a - b
        case "×":
            return a * b
        case _:
            return a / b if b else None


def numbers_are_grounded(sample: Sample, markers: Markers) -> bool:
    """The answer's numbers stand in the thinking, which works them out."""
    del markers
    if sample.family == "procedural":
        return True
    return all(number in sample.thinking for number in re.findall(_NUMBER, sample.answer))


def answer_is_recomputed(sample: Sample, markers: Markers) -> bool:
    """A second path, from the question's words alone, finds the same answer."""
    del markers
    if sample.family != "procedural":
        return True
    problem = Problem(sample.question, sample.thinking, sample.answer)
    return TASKS[sample.task].check(sample.lang, problem)


CHECKS: dict[str, Check] = {
    "well_formed": well_formed,
    "quotes_occur": quotes_occur,
    "arithmetic_holds": arithmetic_holds,
    "numbers_are_grounded": numbers_are_grounded,
    "answer_is_recomputed": answer_is_recomputed,
}


def verify(sample: Sample, markers: Markers) -> Verdict:
    """Apply every check to a sample."""
    results = {name: check(sample, markers) for name, check in CHECKS.items()}
    failed = [name for name, passed in results.items() if not passed]
    return Verdict(not failed, failed[0] if failed else "", results)
