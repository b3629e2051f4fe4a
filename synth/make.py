"""Make reasoning data: generate, verify, keep apart what fails, write with the report's law."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import msgspec

from hanji.contamination.sets import digest_of
from hanji.endpoint import Usage
from hanji.errors import RecipeError
from hanji.execution import Execution
from hanji.manifest import Commit, Dataset, Manifest
from hanji.report import Report
from hanji.schema import Document, Lang
from hanji.seeds import rng, uniform
from hanji.shards import ShardSet
from hanji.tokens import Tokenizer
from synth import extractive
from synth.alike import Seen
from synth.grounded.make import Grounding
from synth.procedural import TASKS
from synth.sample import REJECTED, THOUGHT, Sample, Span, Verdict, sample_id, to_batch
from synth.section import Extractive, Markers, Procedural, Reasoning
from synth.verify import verify

__all__ = ["assemble", "from_documents", "from_seeds", "make"]

BATCH = 500
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


def make(
    section: Reasoning,
    curated: Path | None,
    out: Path,
    execution: Execution,
    *,
    base: Path = Path(),
    replies: Path | None = None,
    usage: Usage | None = None,
    tokenizer: Path | None = None,
) -> Manifest:
    """Make the reasoning data of a recipe.

    Args:
        section: families, tasks, counts.
        curated: a dataset of document/1 for the extractive and grounded families, or None.
        out: the dataset's directory.
        execution: where and how fast.
        base: what the recipe's paths are relative to.
        replies: the cache of an endpoint's replies; default is beside `out`.
        usage: is filled with what an endpoint was asked.
        tokenizer: that counts tokens, where the recipe names none.

    Raises:
        RecipeError: if there is nothing to make, or the documents are missing.
        OutputError: if `out` holds something else.
    """
    if section.extractive is None and section.procedural is None and section.grounded is None:
        raise RecipeError(
            "reasoning: no family is asked for; set extractive, procedural or grounded"
        )
    unknown = [lang for lang in section.langs if lang not in extractive._WORDS]
    if unknown:
        known = ", ".join(extractive._WORDS)
        raise RecipeError(f"reasoning.langs: '{unknown[0]}' has no templates; there are {known}")
    dataset, grounding = None, None
    if section.extractive is not None or section.grounded is not None:
        if curated is None:
            family = "extractive" if section.extractive is not None else "grounded"
            raise RecipeError(f"the {family} family needs documents; give --input DIR")
        dataset = Dataset.open(curated, "document/1")
    inputs: list[Manifest | str] = [dataset.manifest] if dataset is not None else []
    if section.grounded is not None and dataset is not None:
        replies = replies or out.with_name(f"{out.name}.replies")
        grounding = Grounding.of(section, dataset, replies, base, usage)
        inputs.append(grounding.prompts.digest)
    chosen = base / section.tokenizer if section.tokenizer is not None else tokenizer
    counting = Tokenizer.load(chosen) if chosen is not None else None
    inputs += [counting.digest] if counting is not None else []
    inputs += [digest_of(one, base) for one in section.decontaminate]
    commit = Commit.begin(
        out,
        stage="reasoning",
        kind="thought/1",
        section=_identity(section),
        inputs=inputs,
        replace=execution.replace,
    )
    if commit.finished is not None:
        return commit.finished
    if grounding is not None:
        if execution.workers > 1 or execution.runner != "FnApiRunner":
            grounding.spread(execution)
        grounding.ask(execution.progress)
    return _write(section, dataset, grounding, commit, execution, counting)


def _identity(section: Reasoning) -> Reasoning:
    """Return the section without what says only where a model is, how fast and for how much."""
    if section.grounded is None:
        return section
    settings = msgspec.structs.replace(
        section.grounded, endpoint=section.grounded.endpoint.identity(), prompts=""
    )
    return msgspec.structs.replace(section, grounded=settings)


def _write(
    section: Reasoning,
    dataset: Dataset | None,
    grounding: Grounding | None,
    commit: Commit,
    execution: Execution,
    tokenizer: Tokenizer | None,
) -> Manifest:
    report = Report()
    chat = section.markers if section.messages else None
    kept = ShardSet(commit.work, THOUGHT)
    rejected = ShardSet(commit.work, REJECTED, split="rejected")
    counts: dict[str, dict[str, dict[str, int]]] = {}
    with execution.progress.phase("reasoning", None, "samples") as phase:
        for lang in section.langs:
            for group in _groups(_judged(section, dataset, grounding, report, lang)):
                _count(group, report, counts)
                for target, schema, wanted in ((kept, THOUGHT, True), (rejected, REJECTED, False)):
                    chosen = [pair for pair in group if pair[1].passed is wanted]
                    if chosen:
                        samples, results = zip(*chosen)
                        batch = to_batch(samples, results, schema, chat=chat, tokenizer=tokenizer)
                        target.write(lang if wanted else "", batch)
                phase.advance(len(group), sum(verdict.passed for _, verdict in group))
    shards = [*kept.close(), *rejected.close()]
    facts: dict[str, object] = {"counts": counts, "missed": missed(section, counts)}
    if grounding is not None:
        facts["grounded"] = grounding.facts()
    return commit.finish(THOUGHT, shards, report, facts)


def missed(
    section: Reasoning, counts: Mapping[str, Mapping[str, Mapping[str, int]]]
) -> dict[str, dict[str, int]]:
    """Count, by task and language, the problems that the recipe asks for and that are not there.

    A difficulty with few different problems runs out: nothing is made twice to fill a quota.
    """
    if section.procedural is None:
        return {}
    found: dict[str, dict[str, int]] = {}
    for task in section.procedural.tasks:
        for lang in section.langs:
            passed = counts.get(f"procedural/{task}", {}).get(lang, {}).get("passed", 0)
            if passed < section.procedural.count:
                found.setdefault(task, {})[lang] = section.procedural.count - passed
    return found


Judged = tuple[Sample, Verdict]


def _judged(
    section: Reasoning,
    dataset: Dataset | None,
    grounding: Grounding | None,
    report: Report,
    lang: Lang,
) -> Iterator[Judged]:
    markers = section.markers
    if section.procedural is not None:
        seen = Seen(section.procedural.near_duplicate)
        problems = from_seeds(section.procedural, lang, markers, section.seed)
        while group := list(islice(problems, BATCH)):
            again = seen.repeats([s.task for s in group], [s.question for s in group])
            for sample, repeats in zip(group, again):
                verdict = verify(sample, markers)
                yield (
                    sample,
                    Verdict(False, "near_duplicate", verdict.checks) if repeats else verdict,
                )
    if section.extractive is not None and dataset is not None:
        documents = (d for d in dataset.documents(lang) if not dataset.is_heldout(d.id))
        for sample in from_documents(documents, section.extractive, markers, section.seed):
            yield sample, verify(sample, markers)
    if grounding is not None:
        yield from grounding.samples(lang, report)


def _groups(judged: Iterable[Judged]) -> Iterator[list[Judged]]:
    group: list[Judged] = []
    for pair in judged:
        group.append(pair)
        if len(group) == BATCH:
            yield group
            group = []
    if group:
        yield group


def _count(
    group: Sequence[Judged], report: Report, counts: dict[str, dict[str, dict[str, int]]]
) -> None:
    for sample, verdict in group:
        source = f"{sample.family}/{sample.task}"
        report.made(source, sample.lang)
        if verdict.passed:
            report.kept(source, sample.lang)
        else:
            step = "duplicates" if verdict.reason == "near_duplicate" else "verify"
            report.drop(source, sample.lang, step, verdict.reason)
        cell = counts.setdefault(source, {}).setdefault(sample.lang, {"passed": 0, "failed": 0})
        cell["passed" if verdict.passed else "failed"] += 1
