"""Generate samples: problems drawn from seeds, trajectories over documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from hanji.schema import Document, Lang
from hanji.seeds import rng, uniform
from synth import extractive
from synth.procedural import TASKS
from synth.sample import Sample, Span, sample_id
from synth.section import Extractive, Markers, Procedural

__all__ = ["assemble", "from_documents", "from_seeds"]

RETRIES = 20  # draws for a problem that was not made before


def assemble(document: str, question: str, thinking: str, answer: str, markers: Markers) -> str:
    """Join the parts of a sample: document, question, thinking between markers, answer."""
    head = "\n\n".join(part for part in (document, question) if part)
    return f"{head}\n\n{markers.begin}\n{thinking}\n{markers.end}\n\n{answer}"


def from_seeds(settings: Procedural, lang: Lang, markers: Markers, seed: int) -> Iterator[Sample]:
    """Yield `settings.count` different problems of each task in a language."""
    for name in settings.tasks:
        task, seen = TASKS[name], set[str]()
        for number in range(settings.count):
            difficulty = settings.difficulties[number % len(settings.difficulties)]
            for attempt in range(RETRIES):
                draws = rng("procedural", seed, name, task.version, lang, number, attempt)
                problem = task.make(lang, difficulty, draws)
                if problem.question not in seen:
                    break
            else:
                continue  # the problems of this difficulty are used up; the report says so
            seen.add(problem.question)
            text = assemble("", problem.question, problem.thinking, problem.answer, markers)
            yield Sample(
                id=sample_id(name, task.version, lang, seed, number),
                lang=lang,
                family="procedural",
                task=name,
                difficulty=difficulty,
                question=problem.question,
                thinking=problem.thinking,
                answer=problem.answer,
                text=text,
                generator=name,
                version=task.version,
                seed=seed,
            )


def from_documents(
    documents: Iterable[Document], settings: Extractive, markers: Markers, seed: int
) -> Iterator[Sample]:
    """Yield extractive samples over documents."""
    made: dict[Lang, int] = {}
    for document in documents:
        if uniform("extractive", seed, document.id) >= settings.share:
            continue
        for found in extractive.trajectories(document, seed):
            if made.get(document.lang, 0) >= settings.max_per_lang:
                break
            made[document.lang] = made.get(document.lang, 0) + 1
            begin, end = _window(document, found.facts)
            part = document.text[begin:end]
            spans = tuple(Span(fact.start - begin, fact.end - begin) for fact in found.facts)
            names = (document.id, found.task, seed)
            yield Sample(
                id=sample_id(extractive.GENERATOR, extractive.VERSION, *names),
                lang=document.lang,
                family="extractive",
                task=found.task,
                source_id=document.id,
                source_spans=spans,
                document=part,
                question=found.question,
                thinking=found.thinking,
                answer=found.answer,
                text=assemble(part, found.question, found.thinking, found.answer, markers),
                generator=extractive.GENERATOR,
                version=extractive.VERSION,
                seed=seed,
            )


WINDOW_CHARS = 6_000  # of a document in a sample; longer ones give the part around the facts


def _window(document: Document, facts: Sequence[extractive.Fact]) -> tuple[int, int]:
    """Choose the part of a document that a sample shows: all of it, or whole lines around facts."""
    if len(document.text) <= WINDOW_CHARS:
        return 0, len(document.text)
    first, last = min(fact.start for fact in facts), max(fact.end for fact in facts)
    room = max(0, WINDOW_CHARS - (last - first)) // 2
    begin = document.text.rfind("\n", 0, max(0, first - room)) + 1
    end = document.text.find("\n", min(len(document.text), last + room))
    return begin, end if end >= 0 else len(document.text)
