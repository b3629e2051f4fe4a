"""The asking as a Beam transform, so that many workers share one job.

    batches | Think(settings, langs, seed, replies="/mnt/shared/replies", workers=8, batches=400)

Every worker runs the same asynchronous client over its batches. Limits are shared out beforehand,
since workers do not speak with each other: concurrency and rates among the workers, budgets among
the batches, so that together they never pass what the recipe says. Replies are kept in `replies`
(a directory that the workers share, or one of each worker) and emitted as well, so that the
process that started the job can keep them: then `make` joins and checks from its cache.

The quota of a language is not looked at here: give only the documents that are wanted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import apache_beam as beam
import msgspec
import pyarrow as pa

import hanji.beam.batches  # noqa: F401  registers the coder of record batches
from hanji.beam.ticker import Ticker
from hanji.endpoint import Endpoint, Reply, Request, ask
from hanji.endpoint.message import Cache
from hanji.errors import HanjiError
from hanji.schema import Document, Lang, rows
from synth.grounded.answers import read_question
from synth.grounded.plan import answer_requests, plan
from synth.grounded.prompts import Prompts
from synth.section import Grounded

__all__ = ["Replied", "Think", "keep", "share_out", "think"]


class Replied(msgspec.Struct, frozen=True):
    """A request's digest and its reply, which may be a fault."""

    digest: str
    reply: Reply


def think(
    documents: Iterable[Document], settings: Grounded, prompts: Prompts, seed: int, replies: Path
) -> Iterator[Replied]:
    """Ask about documents, in both rounds, and yield every reply.

    Raises:
        HanjiError: as `ask`.
    """
    jobs = [plan(document, settings, prompts, seed) for document in documents]
    answered: dict[str, Reply] = {}

    def send(requests: Sequence[Request]) -> Iterator[Replied]:
        for request, reply in ask(requests, settings.endpoint, replies):
            answered[request.digest] = reply
            yield Replied(request.digest, reply)

    questions = {job.document.id: job.question for job in jobs if job.question is not None}
    yield from send([*(r for job in jobs for r in job.thoughts), *questions.values()])
    second: list[Request] = []
    for job in jobs:
        question = questions.get(job.document.id)
        asked = read_question(answered[question.digest].text) if question is not None else None
        if asked is not None:
            second += answer_requests(job, asked[0], settings, prompts, seed)
    yield from send(second)


def share_out(endpoint: Endpoint, workers: int, batches: int) -> Endpoint:
    """Return the limits of one worker and, for budgets, of one batch."""

    def part(value: int | None, among: int) -> int | None:
        return None if value is None else max(1, value // among)

    money = endpoint.budget_money
    return msgspec.structs.replace(
        endpoint,
        concurrency=max(1, endpoint.concurrency // workers),
        requests_per_minute=part(endpoint.requests_per_minute, workers),
        tokens_per_minute=part(endpoint.tokens_per_minute, workers),
        budget_tokens=part(endpoint.budget_tokens, batches),
        budget_money=None if money is None else money / batches,
    )


class Think(beam.PTransform):  # type: ignore[misc]
    """Ask about the documents of each record batch; emit `Replied` values as JSON.

    Args:
        settings: of the family; its prompts are read where the pipeline is built.
        langs: of the documents.
        seed: of every draw.
        replies: directory of the cache, as the workers see it.
        workers: that run at once.
        batches: in the collection.
        base: what `settings.prompts` is relative to.
    """

    def __init__(
        self,
        settings: Grounded,
        langs: Sequence[Lang],
        seed: int,
        replies: str,
        *,
        workers: int = 1,
        batches: int = 1,
        base: Path = Path(),
    ) -> None:
        super().__init__()
        own = base / settings.prompts if settings.prompts else None
        endpoint = share_out(settings.endpoint, workers, batches)
        settings = msgspec.structs.replace(settings, endpoint=endpoint)
        self._do = _Think(settings, Prompts.load(langs, own), seed, replies)

    def expand(self, batches: beam.PCollection) -> beam.PCollection:
        """Ask; the reshuffle spreads the batches over the workers."""
        return batches | beam.Reshuffle() | beam.ParDo(self._do).with_output_types(bytes)


class _Think(beam.DoFn):  # type: ignore[misc]
    """Settings travel, the client is opened in the worker; a key is read there, never sent."""

    def __init__(self, settings: Grounded, prompts: Prompts, seed: int, replies: str) -> None:
        super().__init__()
        self._settings = msgspec.json.encode(settings)
        self._prompts, self._seed, self._replies = prompts, seed, replies

    def process(self, batch: pa.RecordBatch) -> Iterator[bytes]:
        settings = msgspec.json.decode(self._settings, type=Grounded)
        replies, ticker = Path(self._replies), Ticker.here()
        if ticker.stopped:
            return
        try:
            for replied in think(rows(batch), settings, self._prompts, self._seed, replies):
                yield msgspec.json.encode(replied)
        except HanjiError as error:
            if not ticker.tell(error):
                raise


def keep(replied: Iterable[bytes], replies: Path) -> int:
    """Keep emitted replies in a cache; return how many there were, faults left out."""
    cache, count = Cache(replies), 0
    for data in replied:
        value = msgspec.json.decode(data, type=Replied)
        if not value.reply.fault:
            cache.put(value.digest, value.reply)
            count += 1
    return count
