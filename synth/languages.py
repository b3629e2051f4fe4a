"""The samples of one language: generated, verified, written, counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

import msgspec

from hanji.manifest import Dataset
from hanji.report import Report
from hanji.schema import Lang
from hanji.shards import ShardSet
from hanji.tokens import Tokenizer
from synth.alike import Seen
from synth.generate import from_documents, from_seeds
from synth.grounded.make import Grounding
from synth.sample import REJECTED, THOUGHT, Sample, Verdict, to_batch
from synth.section import Reasoning
from synth.verify import verify

__all__ = ["Account", "Counts", "write"]

BATCH = 500

Counts = dict[str, dict[str, dict[str, int]]]  # family/task: language: passed, failed


class Account(msgspec.Struct):
    """What was made: the report, and the verdicts by task and language."""

    report: Report = msgspec.field(default_factory=Report)
    counts: Counts = {}

    def add(self, other: Account) -> None:
        """Add the account of another language."""
        self.report.merge(other.report)
        for source, langs in other.counts.items():
            self.counts.setdefault(source, {}).update(langs)


def write(
    lang: Lang,
    section: Reasoning,
    dataset: Dataset | None,
    grounding: Grounding | None,
    tokenizer: Tokenizer | None,
    kept: ShardSet,
    rejected: ShardSet,
    advance: Callable[[int, int], None],
) -> Account:
    """Write the samples of a language.

    Args:
        lang: the language.
        section: what is made.
        dataset: of documents, for the extractive family.
        grounding: of the grounded family.
        tokenizer: that counts tokens.
        kept: gets what passes.
        rejected: gets what does not.
        advance: is told how many were made, and how many of these passed.
    """
    account = Account()
    chat = section.markers if section.messages else None
    for group in _groups(_judged(section, dataset, grounding, account.report, lang)):
        _count(group, account.report, account.counts)
        for target, schema, wanted in ((kept, THOUGHT, True), (rejected, REJECTED, False)):
            chosen = [pair for pair in group if pair[1].passed is wanted]
            if chosen:
                samples, results = zip(*chosen)
                batch = to_batch(samples, results, schema, chat=chat, tokenizer=tokenizer)
                target.write(lang if wanted else "", batch)
        advance(len(group), sum(verdict.passed for _, verdict in group))
    return account


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


def _count(group: Sequence[Judged], report: Report, counts: Counts) -> None:
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
