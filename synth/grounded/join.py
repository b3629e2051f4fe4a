"""Join a document and its thoughts to a sample, and lay out what the checks look at."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from hanji.contamination.index import Index
from hanji.endpoint import Reply, Request
from synth.checks import Case, check
from synth.claims import quotations
from synth.grounded.answers import read_answer, vote
from synth.grounded.plan import Job
from synth.grounded.prompts import Prompts
from synth.mismatch import Corpus
from synth.sample import Sample, Span, Verdict, sample_id
from synth.section import Grounded, Markers

__all__ = ["Joiner"]

_OPENING = re.compile(r"^\s*<think>\s*")
_CLOSING = re.compile(r"\s*</think>\s*$")


class Joiner(msgspec.Struct, frozen=True):
    """Settings of joining; `corpus` is of the documents of one language, `index` of benchmarks."""

    settings: Grounded
    prompts: Prompts
    markers: Markers
    seed: int
    corpus: Corpus
    index: Index | None = None

    def thought(self, job: Job, replies: Sequence[Reply]) -> tuple[Sample, Verdict, Case]:
        """Join a document with its thoughts."""
        said = [_bare(reply.text) for reply in replies]
        marked = [f"{self.markers.begin}\n{thought}\n{self.markers.end}" for thought in said]
        match job.mode:
            case "prefix":
                pieces = [*marked, job.document.text]
            case "interleave":
                parts = [part.strip() for part in job.parts]
                pieces = [piece for pair in zip(parts, marked) for piece in pair]
                pieces += marked[len(parts) :]
            case _:
                pieces = [job.document.text, *marked]
        sample = self._sample(job, job.mode, job.thoughts, replies)
        sample = msgspec.structs.replace(
            sample,
            thinking="\n\n".join(said),
            text="\n\n".join(pieces),
            source_spans=_spans(job, said),
        )
        return self._verify(job, sample, replies, len(said), 1.0)

    def question(
        self,
        job: Job,
        asked: tuple[str, str],
        requests: Sequence[Request],
        replies: Sequence[Reply],
    ) -> tuple[Sample, Verdict, Case]:
        """Join a document, a question about it, and the answer that most replies give."""
        question, first = asked
        read = [read_answer(_bare(reply.text)) for reply in replies]
        votes = vote([first, *(answer for _, answer in read)], job.document.lang)
        chosen = next((number - 1 for number in votes.voters if number > 0), 0)
        thinking, answer = read[chosen]
        sample = self._sample(job, "question", [requests[chosen]], [replies[chosen]])
        begin, end = self.markers.begin, self.markers.end
        pieces = [job.document.text, question, f"{begin}\n{thinking}\n{end}", answer]
        sample = msgspec.structs.replace(
            sample,
            question=question,
            thinking=thinking,
            answer=answer,
            text="\n\n".join(pieces),
            source_spans=_spans(job, [thinking]),
        )
        return self._verify(job, sample, [replies[chosen]], 1, votes.share)

    def _sample(
        self, job: Job, task: str, requests: Sequence[Request], replies: Sequence[Reply]
    ) -> Sample:
        endpoint, document = self.settings.endpoint, job.document
        names = (document.id, task, endpoint.model, self.seed)
        sampling = {
            "temperature": endpoint.temperature,
            "top_p": endpoint.top_p,
            "max_tokens": endpoint.max_tokens,
            "seeds": [request.seed for request in requests],
            "tokens_in": sum(reply.tokens_in for reply in replies),
            "tokens_out": sum(reply.tokens_out for reply in replies),
        }
        return Sample(
            id=sample_id("grounded", job.version, *names),
            lang=document.lang,
            family="grounded",
            task=task,
            source_id=document.id,
            document=document.text,
            thinking="",
            answer="",
            text="",
            generator="grounded",
            version=job.version,
            seed=self.seed,
            model=endpoint.model,
            sampling=msgspec.json.encode(sampling).decode(),
        )

    def _verify(
        self, job: Job, sample: Sample, replies: Sequence[Reply], thoughts: int, agreement: float
    ) -> tuple[Sample, Verdict, Case]:
        document, lang = job.document, job.document.lang
        own, others = self.corpus.compare(sample.thinking, document.id, document.text)
        begin = sample.text.count(self.markers.begin)
        end = sample.text.count(self.markers.end)
        tasks = ("question", "answer") if sample.task == "question" else ("think", "across")
        lines = [line for task in tasks for line in self.prompts.by[lang, task].secrets]
        case = Case(
            lang=lang,
            document=document.text,
            thinking=sample.thinking,
            question=sample.question,
            answer=sample.answer,
            finish_reasons=tuple(reply.finish_reason for reply in replies),
            secrets=(job.fence.strip("= "), *lines),
            balanced=begin == end == thoughts,
            likeness=own,
            others=tuple(others),
            agreement=agreement,
            leaks=self._leaks(f"{sample.question}\n{sample.thinking}\n{sample.answer}"),
        )
        results = check(case, self.settings.thresholds)
        failed = [name for name, passed in results.items() if not passed]
        return sample, Verdict(not failed, failed[0] if failed else "", results), case

    def _leaks(self, said: str) -> float:
        hits = self.index.hits(said) if self.index is not None else []
        return max((hit.overlap for hit in hits), default=0.0)


def _bare(text: str) -> str:
    """Take off the tags around a whole thought; tags within it stay, and are found."""
    return _CLOSING.sub("", _OPENING.sub("", text)).strip()


def _spans(job: Job, said: Sequence[str]) -> tuple[Span, ...]:
    """Return where the quotations stand in the document, those that do to the letter."""
    text, spans = job.document.text, set[tuple[int, int]]()
    for thought in said:
        for quote in quotations(thought, job.document.lang):
            start = text.find(quote)
            if start >= 0:
                spans.add((start, start + len(quote)))
    return tuple(Span(*span) for span in sorted(spans))
