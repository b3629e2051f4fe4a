"""What is asked about a document: which part of it, in which mode, behind which fence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from hanji.endpoint import Message, Request
from hanji.schema import Document, Lang
from hanji.seeds import pick, stable_hash, stable_hex, uniform
from hanji.text.sentences import sentences
from synth.grounded.prompts import Prompts
from synth.section import Grounded

__all__ = ["Job", "answer_requests", "jobs", "plan"]

STOP = "</think>"  # arXiv 2509.20186


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One document's work.

    Attributes:
        document: its text as it is used, cut where it was too long.
        mode: where the thoughts stand.
        parts: of the text, one but in the mode interleave.
        fence: the line around the document in the prompt.
        thoughts: a request for each part, then one across parts if there are several.
        question: the request for a question, or None.
        version: of the prompts.
    """

    document: Document
    mode: str
    parts: tuple[str, ...]
    fence: str
    thoughts: tuple[Request, ...]
    question: Request | None
    version: int


def jobs(
    documents: Iterable[Document], settings: Grounded, prompts: Prompts, seed: int
) -> Iterator[Job]:
    """Plan the work over documents: those that the share draws, up to the quota of a language."""
    planned: dict[Lang, int] = {}
    for document in documents:
        if planned.get(document.lang, 0) >= settings.max_per_lang:
            continue
        if uniform("grounded", seed, document.id) >= settings.share:
            continue
        if len(document.text.strip()) < settings.least_document_chars:
            continue
        planned[document.lang] = planned.get(document.lang, 0) + 1
        yield plan(document, settings, prompts, seed)


def plan(document: Document, settings: Grounded, prompts: Prompts, seed: int) -> Job:
    """Plan the work over one document."""
    lang, text = document.lang, document.text.strip()
    mode = pick(settings.modes, "mode", seed, document.id)
    most = settings.max_parts if mode == "interleave" else 1
    parts = _parts(text, lang, settings.max_document_chars, most)
    used = msgspec.structs.replace(document, text="".join(parts).strip())
    fence = _fence(used, seed)
    think = prompts.by[lang, "think"]

    def request(text: str, *names: str | int) -> Request:
        draws = stable_hash("grounded", seed, document.id, mode, *names)
        turns = [Message("user", text)]
        stop = () if names[0] == "question" else (STOP,)
        return settings.endpoint.request(turns, draws, stop)

    thoughts = [
        request(think.render(part.strip(), fence), "think", at) for at, part in enumerate(parts)
    ]
    if len(parts) > 1:
        thoughts.append(request(prompts.by[lang, "across"].render(used.text, fence), "across"))
    question = None
    if settings.questions:
        question = request(prompts.by[lang, "question"].render(used.text, fence), "question")
    return Job(
        document=used,
        mode=mode,
        parts=tuple(parts),
        fence=fence,
        thoughts=tuple(thoughts),
        question=question,
        version=think.version,
    )


def answer_requests(
    job: Job, question: str, settings: Grounded, prompts: Prompts, seed: int
) -> list[Request]:
    """Return the independent requests for an answer to a question."""
    text = prompts.by[job.document.lang, "answer"].render(job.document.text, job.fence, question)
    return [
        settings.endpoint.request(
            [Message("user", text)], stable_hash("answer", seed, job.document.id, number)
        )
        for number in range(settings.samples)
    ]


def _parts(text: str, lang: Lang, most_chars: int, most: int) -> list[str]:
    """Cut a text at ends of sentences into parts of at most `most_chars`; the rest is left out."""
    pieces = [
        (start, min(start + most_chars, end))  # a sentence that is longer is cut where it must be
        for begin, end in sentences(text, lang)
        for start in range(begin, end, most_chars)
    ]
    spans: list[tuple[int, int]] = []
    for begin, end in pieces:
        if spans and end - spans[-1][0] <= most_chars:
            spans[-1] = spans[-1][0], end
        elif len(spans) < most:
            spans.append((begin, end))
        else:
            break
    return [text[begin:end] for begin, end in spans]


def _fence(document: Document, seed: int) -> str:
    """Draw a line that the document does not hold, so that it cannot close its own fence."""
    number = 0
    while True:
        mark = stable_hex("fence", seed, document.id, number)[:20]
        if mark not in document.text:
            return f"===== {mark} ====="
        number += 1
