"""Procedural problems: every answer is found again by an independent path."""

from __future__ import annotations

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanji.schema import LANGS
from hanji.seeds import rng
from synth.generate import from_seeds
from synth.procedural import TASKS
from synth.section import Markers, Procedural
from synth.verify import verify

CASES = [(name, lang) for name in TASKS for lang in LANGS]


@pytest.mark.parametrize(("name", "lang"), CASES)
def test_every_answer_is_found_again(name: str, lang: str) -> None:
    task = TASKS[name]
    for number in range(50):
        problem = task.make(lang, 1 + number % 5, rng("test", name, lang, number))
        assert task.check(lang, problem), problem
        for text in (problem.question, problem.thinking, problem.answer):
            assert text == text.strip()
            assert text
            assert not re.search(r"[{}]|  |\bNone\b", text), problem


@pytest.mark.parametrize(("name", "lang"), CASES)
def test_a_wrong_answer_is_caught(name: str, lang: str) -> None:
    task = TASKS[name]
    for number in range(50):
        problem = task.make(lang, 3, rng("test", name, lang, number))
        other = task.make(lang, 3, rng("test", name, lang, number + 1000))
        wrong = {other.answer, "", "?", f"{problem.answer}7", f"7{problem.answer}", "{"}
        for answer in wrong - {problem.answer}:
            assert not task.check(lang, msgspec.structs.replace(problem, answer=answer)), (
                problem,
                answer,
            )


@pytest.mark.parametrize(("name", "lang"), CASES)
def test_a_question_of_another_kind_is_refused(name: str, lang: str) -> None:
    problem = TASKS[name].make(lang, 3, rng("test", name, lang))
    for text in ("", "?", "12", "1 2 3 4 5 6 7 8 9", problem.answer):
        assert not TASKS[name].check(lang, msgspec.structs.replace(problem, question=text))


@pytest.mark.parametrize(("name", "lang"), CASES)
def test_difficulty_makes_a_problem_harder(name: str, lang: str) -> None:
    lengths = [
        sum(
            len(TASKS[name].make(lang, difficulty, rng("test", lang, number)).thinking)
            for number in range(60)
        )
        for difficulty in (1, 3, 5)
    ]
    assert lengths[0] < lengths[1] < lengths[2]


@pytest.mark.parametrize(("name", "lang"), CASES)
def test_a_kind_has_room_for_many_problems(name: str, lang: str) -> None:
    generator = rng("room", name, lang)
    for difficulty in range(1, 6):
        made = {TASKS[name].make(lang, difficulty, generator).question for _ in range(60)}
        assert len(made) > 50


@given(st.sampled_from(CASES), st.integers(1, 5), st.integers(0, 2**32))
def test_a_problem_belongs_to_its_seed(case: tuple[str, str], difficulty: int, seed: int) -> None:
    name, lang = case
    one = TASKS[name].make(lang, difficulty, rng(seed))
    assert one == TASKS[name].make(lang, difficulty, rng(seed))
    assert TASKS[name].check(lang, one)


@pytest.mark.parametrize("lang", LANGS)
def test_samples_are_different_verified_and_stable(lang: str) -> None:
    settings, markers = Procedural(count=120), Markers()
    samples = list(from_seeds(settings, lang, markers, 1))
    assert samples == list(from_seeds(settings, lang, markers, 1))
    assert len({sample.id for sample in samples}) == len(samples) == 120 * len(TASKS)
    assert len({sample.text for sample in samples}) == len(samples)
    for sample in samples:
        verdict = verify(sample, markers)
        assert verdict.passed, (sample, verdict)


def test_numbers_are_written_as_the_language_does() -> None:
    by_lang = {
        lang: " ".join(
            s.text
            for s in from_seeds(
                Procedural(tasks=("addition",), difficulties=(5,), count=20), lang, Markers(), 1
            )
        )
        for lang in LANGS
    }
    for lang in ("de", "es", "vi"):
        assert "." in by_lang[lang]
        assert not re.search(r"\d,\d{3}\b", by_lang[lang])
    for lang in ("en", "ko", "ja"):
        assert re.search(r"\d,\d{3}\b", by_lang[lang])
