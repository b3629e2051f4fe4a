"""Ask many requests at once and give their replies in order.

An event loop in a thread of its own sends; the caller's thread takes the replies. Requests are
read a window ahead, so a list that does not fit in memory may be asked.

    cached? -> a slot of the cap -> room in the budget -> the rates -> send -> cache
                    ^------------- back-off, outside the slot --------|
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, wait
from pathlib import Path

from hanji.endpoint.message import Cache, Reply, Request
from hanji.endpoint.settings import Endpoint, check, key_of
from hanji.endpoint.usage import Budget, Usage, about_in
from hanji.endpoint.wire import Attempt, Wire
from hanji.errors import HanjiError, InputError, RecipeError
from hanji.progress import SILENT, Progress
from hanji.seeds import uniform

__all__ = ["ask"]

AHEAD = 8  # windows of requests in flight that are read ahead
FIRST_WAIT, MOST_WAIT = 0.5, 60.0  # seconds of back-off
MOST_RETRY_AFTER = 600.0  # seconds; an endpoint that asks for more has said no


def ask(
    requests: Iterable[Request],
    settings: Endpoint,
    cache_dir: str | Path,
    progress: Progress = SILENT,
    *,
    usage: Usage | None = None,
    name: str = "ask",
    total_tokens: int | None = None,
) -> Iterator[tuple[Request, Reply]]:
    """Ask an endpoint.

    Args:
        requests: what is asked; read as it goes. Equal requests are sent once.
        settings: where, how fast, for how much.
        cache_dir: replies; those at hand are not asked for again.
        progress: shows tokens as they are spent.
        usage: is filled while the job runs.
        name: of the phase of progress.
        total_tokens: of the whole job at most, for progress.

    Returns:
        Each request with its reply, in the order of the requests; a reply whose `fault` is set is
        one that all attempts failed to get, and is not kept.

    Raises:
        RecipeError: if the endpoint may not be asked, refuses the key, or the budget is spent.
        InputError: if the endpoint stopped answering.
        OutputError: if replies cannot be kept.
    """
    check(settings)
    counted = usage if usage is not None else Usage()
    asker = _Asker(settings, key_of(settings), Cache(Path(cache_dir)), counted)
    return _in_order(requests, asker, progress, name, total_tokens)


def _in_order(
    requests: Iterable[Request],
    asker: _Asker,
    progress: Progress,
    name: str,
    total: int | None,
) -> Iterator[tuple[Request, Reply]]:
    window: deque[tuple[Request, Future[Reply]]] = deque()
    waiting = iter(requests)
    most = AHEAD * asker.settings.concurrency
    with progress.phase(name, total, "tokens") as phase, _loop() as loop:
        try:
            while True:
                while len(window) < most and (request := next(waiting, None)) is not None:
                    future = asyncio.run_coroutine_threadsafe(asker.reply(request), loop)
                    window.append((request, future))
                if not window:
                    return
                request, future = window.popleft()
                reply = future.result()
                phase.advance(reply.tokens_in + reply.tokens_out)
                yield request, reply
        except HanjiError as error:
            # Nothing more is sent; what is in flight is paid for, so it is waited for.
            loop.call_soon_threadsafe(asker.stop, error)
            wait([future for _, future in window])
            raise
        finally:
            for _, future in window:
                future.cancel()
            asyncio.run_coroutine_threadsafe(asker.wire.close(), loop).result()


@contextlib.contextmanager
def _loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Run an event loop in a thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="endpoint", daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        asyncio.run_coroutine_threadsafe(_end_tasks(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def _end_tasks() -> None:
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class _Asker:
    """State of one job; every coroutine runs in one loop, so nothing is locked."""

    def __init__(self, settings: Endpoint, key: str, cache: Cache, usage: Usage) -> None:
        self.settings, self.cache, self.usage = settings, cache, usage
        self.wire = Wire(settings, key)
        self._budget = Budget(settings, usage)
        self._slots = asyncio.Semaphore(settings.concurrency)
        self._changed = asyncio.Condition()
        self._requests = _Pace(settings.requests_per_minute)
        self._tokens = _Pace(settings.tokens_per_minute)
        self._resume_at = 0.0  # monotonic; set by Retry-After for everyone
        self._twins: dict[str, asyncio.Future[Reply]] = {}
        self._given_up = 0  # in a row
        self._stopped: HanjiError | None = None
        self._stop = asyncio.Event()

    def stop(self, error: HanjiError) -> None:
        """Send nothing more."""
        self._stopped = self._stopped or error
        self._stop.set()

    async def _pause(self, seconds: float) -> None:
        """Wait, but not longer than the job goes on."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)

    async def reply(self, request: Request) -> Reply:
        """Return the reply to a request: of the cache, of its twin in flight, or asked for."""
        twin = self._twins.get(request.digest)
        if twin is not None:
            return await asyncio.shield(twin)
        cached = self.cache.get(request)
        if cached is not None:
            self.usage.cached += 1
            self._budget.count(cached)
            return cached
        future = asyncio.get_running_loop().create_future()
        self._twins[request.digest] = future
        try:
            reply = await self._ask(request)
        except BaseException as error:
            if isinstance(error, HanjiError):
                self.stop(error)
                future.set_exception(error)
                future.exception()  # seen, also where no twin waits
            else:
                future.cancel()
            raise
        else:
            future.set_result(reply)
            return reply
        finally:
            del self._twins[request.digest]

    async def _ask(self, request: Request) -> Reply:
        fault = Reply()
        for attempt in range(self.settings.retries + 1):
            async with self._slots:
                result = await self._attempt(request)
                reply = result.reply
                if not reply.fault:  # kept before the slot is free: a kill costs no more than those
                    self.cache.put(request.digest, reply)
            if not reply.fault:
                self.usage.answered += 1
                self._given_up = 0
                return reply
            fault = Reply(fault=reply.fault)
            self.usage.faults[reply.fault] = self.usage.faults.get(reply.fault, 0) + 1
            if result.fatal is not None:
                raise result.fatal
            if reply.fault == "refused" or result.wait > MOST_RETRY_AFTER:
                break
            if attempt < self.settings.retries:
                most = min(MOST_WAIT, FIRST_WAIT * 2**attempt)
                jitter = uniform("back-off", request.digest, attempt)
                await self._pause(result.wait or most * (0.5 + jitter / 2))
        self._give_up(fault.fault)
        return fault

    def _give_up(self, kind: str) -> None:
        self.usage.failed[kind] = self.usage.failed.get(kind, 0) + 1
        if kind == "refused":
            return
        self._given_up += 1
        if not self.usage.answered and kind == "connection":
            raise RecipeError(
                f"endpoint.url: {self.settings.url} cannot be reached; start the server or check "
                "the address"
            )
        if self._given_up >= max(8, self.settings.concurrency):
            raise InputError(
                f"endpoint.url: {self._given_up} requests in a row were given up, the last by "
                f"'{kind}'; the replies so far stay in {self.cache.directory}; give the same "
                "command again when the endpoint answers"
            )

    async def _attempt(self, request: Request) -> Attempt:
        async with self._changed:
            while lacking := self._budget.lacks(request):
                if not self._budget.flying:
                    raise self._budget.spent(lacking, self.cache.directory)
                await self._changed.wait()
            self._budget.begin(request)
        result: Attempt | None = None
        try:
            await self._requests.take(1)
            await self._tokens.take(about_in(request) + request.max_tokens)
            while (pause := self._resume_at - time.monotonic()) > 0 and self._stopped is None:
                await self._pause(pause)
            if self._stopped is not None:
                raise self._stopped
            self.usage.sent += 1
            result = await self.wire.send(request)
        finally:
            sent_and_lost = result is not None and result.lost
            taken = result.reply if result is not None else Reply()
            self._budget.end(request, None if sent_and_lost else taken)
            async with self._changed:
                self._changed.notify_all()
        unused = about_in(request) + request.max_tokens - taken.tokens_in - taken.tokens_out
        self._tokens.give_back(max(0, unused))
        if result.wait and result.wait <= MOST_RETRY_AFTER:
            self._resume_at = max(self._resume_at, time.monotonic() + result.wait)
        return result


class _Pace:
    """A rate a minute as times between takes; up to a second's worth may go at once."""

    def __init__(self, per_minute: int | None) -> None:
        self._seconds = 60 / per_minute if per_minute else 0.0
        self._free_at = 0.0

    async def take(self, n: int) -> None:
        """Wait until `n` units may be taken."""
        if not self._seconds:
            return
        now = time.monotonic()
        self._free_at = max(self._free_at, now - 1.0)
        ready = self._free_at
        self._free_at += n * self._seconds
        if ready > now:
            await asyncio.sleep(ready - now)

    def give_back(self, n: int) -> None:
        """Return units that were not needed."""
        self._free_at -= n * self._seconds
