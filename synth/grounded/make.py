"""The grounded family from documents to samples: ask everything, then read the cache and check.

Asking and checking are two passes: while requests are in flight nothing else takes the processor,
and after a kill the second pass simply comes later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from hanji.contamination.index import load
from hanji.endpoint import Estimate, Reply, Request, Usage, ask, estimate
from hanji.endpoint.message import Cache
from hanji.endpoint.settings import check as check_endpoint
from hanji.errors import RecipeError
from hanji.execution import Execution
from hanji.manifest import Dataset
from hanji.progress import SILENT, Progress
from hanji.report import Report
from hanji.schema import Document, Lang
from synth.grounded.answers import read_question
from synth.grounded.join import Joiner
from synth.grounded.plan import Job, answer_requests, jobs
from synth.grounded.prompts import Prompts
from synth.mismatch import Corpus, auc
from synth.sample import Sample, Verdict
from synth.section import Grounded, Reasoning

__all__ = ["Grounding"]


class Grounding:
    """One run of the family over a curated dataset.

    Args:
        section: languages, markers, seed and the family's settings.
        dataset: of document/1.
        replies: directory of the cache.
        prompts: of the languages.
        usage: is filled while requests are sent.
        base: what paths of evaluation sets are relative to.

    Raises:
        RecipeError: if the endpoint may not be asked, or there is no document to ask about.
    """

    def __init__(
        self,
        section: Reasoning,
        settings: Grounded,
        dataset: Dataset,
        replies: Path,
        prompts: Prompts,
        usage: Usage | None = None,
        base: Path = Path(),
    ) -> None:
        check_endpoint(settings.endpoint)
        self._base = base
        self._section, self._settings, self._dataset = section, settings, dataset
        self._replies, self._cache, self.prompts = replies, Cache(replies), prompts
        self._failed: dict[str, str] = {}  # digest of a request to the kind of its fault
        self._likeness: dict[Lang, tuple[list[float], list[float]]] = {}
        self._checks: dict[str, dict[str, int]] = {}
        self._tokens = [0, 0]
        self.usage = usage if usage is not None else Usage()

    @classmethod
    def of(
        cls,
        section: Reasoning,
        dataset: Dataset,
        replies: Path,
        base: Path = Path(),
        usage: Usage | None = None,
    ) -> Grounding:
        """Open a run as a recipe describes it; `base` is where the recipe stands."""
        assert section.grounded is not None
        own = base / section.grounded.prompts if section.grounded.prompts else None
        prompts = Prompts.load(section.langs, own)
        return cls(section, section.grounded, dataset, replies, prompts, usage, base)

    def jobs(self, lang: Lang) -> Iterator[Job]:
        """Yield the work over the documents of a language."""
        yield from jobs(self._documents(lang), self._settings, self.prompts, self._section.seed)

    def _documents(self, lang: Lang) -> Iterator[Document]:
        dataset = self._dataset
        return (d for d in dataset.documents(lang) if not dataset.is_heldout(d.id))

    def requests(self) -> Iterator[Request]:
        """Yield the first round: thoughts and questions."""
        for lang in self._section.langs:
            for job in self.jobs(lang):
                yield from job.thoughts
                if job.question is not None:
                    yield job.question

    def answers(self) -> Iterator[Request]:
        """Yield the second round: answers to the questions whose replies are at hand."""
        if self._settings.questions:
            for lang in self._section.langs:
                for job in self.jobs(lang):
                    asked = self._asked(job)
                    if asked is not None:
                        yield from self._answers(job, asked[0])

    def _asked(self, job: Job) -> tuple[str, str] | None:
        reply = self._cache.get(job.question) if job.question is not None else None
        return read_question(reply.text) if reply is not None else None

    def _answers(self, job: Job, question: str) -> list[Request]:
        return answer_requests(job, question, self._settings, self.prompts, self._section.seed)

    def estimate(self) -> Estimate:
        """Estimate the job, answers to questions included.

        Raises:
            RecipeError: if there is no document to ask about.
        """
        found = estimate(self.requests(), self._settings.endpoint)
        if not found.requests:
            raise RecipeError(
                f"{self._dataset.directory}: holds no document to ask about in "
                f"{', '.join(self._section.langs)}; lower grounded.least_document_chars or choose "
                "other languages"
            )
        if not self._settings.questions:
            return found
        rounds = (job for lang in self._section.langs for job in self.jobs(lang))
        more = estimate(
            (r for job in rounds for r in self._answers(job, "?" * 100)), self._settings.endpoint
        )
        return Estimate(
            requests=found.requests + more.requests,
            tokens_in=found.tokens_in + more.tokens_in,
            tokens_out_at_most=found.tokens_out_at_most + more.tokens_out_at_most,
            money_at_most=found.money_at_most + more.money_at_most,
        )

    def spread(self, execution: Execution) -> None:
        """Let several workers fill the cache; `ask` then finds the replies there."""
        from synth.grounded.spread import ask_spread, slices

        section, settings = self._section, self._settings
        wanted = {job.document.id for lang in section.langs for job in self.jobs(lang)}
        todo = slices(self._dataset, section.langs, wanted)
        ask_spread(
            todo, settings, section.langs, section.seed, self._replies, self._base, execution
        )

    def ask(self, progress: Progress = SILENT) -> None:
        """Send what is not cached, both rounds."""
        planned = self.estimate()
        total = planned.tokens_in + planned.tokens_out_at_most
        self._send(self.requests(), progress, f"ask: {planned}", total)
        if self._settings.questions:
            self._send(self.answers(), progress, "ask: answers", None)

    def _send(
        self, requests: Iterable[Request], progress: Progress, name: str, total: int | None
    ) -> None:
        endpoint = self._settings.endpoint
        for request, reply in ask(
            requests,
            endpoint,
            self._replies,
            progress,
            usage=self.usage,
            name=name,
            total_tokens=total,
        ):
            if reply.fault:
                self._failed[request.digest] = reply.fault

    def samples(self, lang: Lang, report: Report) -> Iterator[tuple[Sample, Verdict]]:
        """Yield the samples of a language with their verdicts; what failed goes to the report."""
        settings, section = self._settings, self._section
        corpus = Corpus(lang, ((job.document.id, job.document.text) for job in self.jobs(lang)))
        index = load(section.decontaminate, self._base) if section.decontaminate else None
        joiner = Joiner(settings, self.prompts, section.markers, section.seed, corpus, index)
        for job in self.jobs(lang):
            replies = self._gather(job.thoughts, f"grounded/{job.mode}", lang, report)
            if replies is not None:
                yield self._seen(lang, joiner, job, replies)
            if job.question is not None:
                yield from self._question(joiner, job, job.question, lang, report)

    def _question(
        self, joiner: Joiner, job: Job, request: Request, lang: Lang, report: Report
    ) -> Iterator[tuple[Sample, Verdict]]:
        source = "grounded/question"
        if self._gather([request], source, lang, report) is None:
            return
        asked = self._asked(job)
        if asked is None:
            report.made(source, lang)
            report.fail(source, lang, "no_question")
            return
        requests = self._answers(job, asked[0])
        replies = self._gather(requests, source, lang, report)
        if replies is not None:
            sample, verdict, _ = joiner.question(job, asked, requests, replies)
            self._count(verdict, replies)
            yield sample, verdict

    def _gather(
        self, requests: Iterable[Request], source: str, lang: Lang, report: Report
    ) -> list[Reply] | None:
        """Read the replies of one sample; where one is missing the sample has failed."""
        found = []
        for request in requests:
            reply = self._cache.get(request)
            if reply is None:
                report.made(source, lang)
                report.fail(source, lang, self._failed.get(request.digest, "no_reply"))
                return None
            found.append(reply)
        return found

    def _seen(
        self, lang: Lang, joiner: Joiner, job: Job, replies: list[Reply]
    ) -> tuple[Sample, Verdict]:
        sample, verdict, case = joiner.thought(job, replies)
        own, other = self._likeness.setdefault(lang, ([], []))
        if case.others:
            own.append(case.likeness)
            other += case.others
        self._count(verdict, replies)
        return sample, verdict

    def _count(self, verdict: Verdict, replies: Iterable[Reply]) -> None:
        for name, passed in verdict.checks.items():
            cell = self._checks.setdefault(name, {"passed": 0, "failed": 0})
            cell["passed" if passed else "failed"] += 1
        for reply in replies:
            self._tokens[0] += reply.tokens_in
            self._tokens[1] += reply.tokens_out

    def facts(self) -> dict[str, object]:
        """Return what the manifest tells of the family; the same after any number of kills."""
        curves = {
            lang: round(auc(own, other), 4)
            for lang, (own, other) in sorted(self._likeness.items())
            if own and other
        }
        return {
            "model": self._settings.endpoint.model,
            "tokens_in": self._tokens[0],
            "tokens_out": self._tokens[1],
            "checks": self._checks,
            "mismatch_auc": curves,
        }
