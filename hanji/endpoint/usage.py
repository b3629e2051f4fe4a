"""What a job takes: estimated before the start, bounded while it runs, counted as it is spent."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from hanji.endpoint.message import Reply, Request
from hanji.endpoint.settings import Endpoint
from hanji.errors import RecipeError

__all__ = ["Budget", "Estimate", "Usage", "at_most_in", "estimate"]

TOKENS_PER_TURN = 16  # of a chat template, generously
BYTES_PER_TOKEN = 3.5  # of UTF-8 in a modern multilingual vocabulary, about


class Usage(msgspec.Struct, kw_only=True):
    """Counts of a job.

    Attributes:
        sent: attempts that went out.
        answered: replies that came back.
        cached: replies that were at hand from before.
        tokens_in: tokens asked, by the endpoint's own count; of cached replies too.
        tokens_out: tokens answered, likewise.
        money: what they cost.
        faults: attempts that met a fault, by kind; most of them were made good by another one.
        failed: requests given up, by the kind of their last fault.
    """

    sent: int = 0
    answered: int = 0
    cached: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    money: float = 0.0
    faults: dict[str, int] = {}
    failed: dict[str, int] = {}

    def __str__(self) -> str:
        parts = [f"{self.sent:,} sent", f"{self.answered:,} answered", f"{self.cached:,} cached"]
        parts.append(f"{self.tokens_in:,} + {self.tokens_out:,} tokens")
        parts += [f"{self.money:,.4f} in money"] if self.money else []
        for name, counts in (("faults met", self.faults), ("given up", self.failed)):
            kinds = ", ".join(f"{kind} {n:,}" for kind, n in sorted(counts.items()))
            parts += [f"{name}: {kinds}"] if kinds else []
        return "; ".join(parts)


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """What a job may take: about so many tokens asked, at most so many answered and so much."""

    requests: int
    tokens_in: int
    tokens_out_at_most: int
    money_at_most: float

    def __str__(self) -> str:
        tokens = f"{self.requests:,} requests, about {self.tokens_in:,} tokens asked"
        money = f", at most {self.money_at_most:,.2f} in money" if self.money_at_most else ""
        return f"{tokens}, at most {self.tokens_out_at_most:,} answered{money}"


def at_most_in(request: Request) -> int:
    """Bound the tokens of a prompt: a byte-level vocabulary has no token below one byte."""
    return sum(len(turn.content.encode()) + TOKENS_PER_TURN for turn in request.messages)


def about_in(request: Request) -> int:
    """Guess the tokens of a prompt."""
    return int(at_most_in(request) / BYTES_PER_TOKEN) + 1


def estimate(requests: Iterable[Request], settings: Endpoint) -> Estimate:
    """Estimate a job before it starts."""
    count = tokens_in = tokens_out = 0
    for request in requests:
        count += 1
        tokens_in += about_in(request)
        tokens_out += request.max_tokens
    return Estimate(
        requests=count,
        tokens_in=tokens_in,
        tokens_out_at_most=tokens_out,
        money_at_most=settings.price(tokens_in, tokens_out),
    )


class Budget:
    """A hard limit: a request goes out only if the most that it can take is still there.

    What is in flight counts with its upper bound, so the budget is never passed; an attempt whose
    answer was lost is counted as if it had been answered in full.
    """

    def __init__(self, settings: Endpoint, usage: Usage) -> None:
        self._settings, self._usage = settings, usage
        self._in = self._out = 0  # in flight, at most
        self._lost_in = self._lost_out = 0

    def lacks(self, request: Request) -> str:
        """Return the key of the budget that cannot bear a request now, or nothing."""
        settings, usage = self._settings, self._usage
        if settings.budget_tokens is None and settings.budget_money is None:
            return ""
        tokens_in = usage.tokens_in + self._lost_in + self._in + at_most_in(request)
        tokens_out = usage.tokens_out + self._lost_out + self._out + request.max_tokens
        if settings.budget_tokens is not None and tokens_in + tokens_out > settings.budget_tokens:
            return "budget_tokens"
        money = settings.price(tokens_in, tokens_out)
        if settings.budget_money is not None and money > settings.budget_money:
            return "budget_money"
        return ""

    def begin(self, request: Request) -> None:
        """Reserve the most that a request can take."""
        self._in += at_most_in(request)
        self._out += request.max_tokens

    def end(self, request: Request, reply: Reply | None) -> None:
        """Replace a reservation by what was taken: None where that is not known."""
        tokens_in, tokens_out = at_most_in(request), request.max_tokens
        self._in -= tokens_in
        self._out -= tokens_out
        if reply is None:
            self._lost_in += tokens_in
            self._lost_out += tokens_out
        else:
            self.count(reply)

    def count(self, reply: Reply) -> None:
        """Count the tokens of a reply."""
        usage = self._usage
        usage.tokens_in += reply.tokens_in
        usage.tokens_out += reply.tokens_out
        usage.money = self._settings.price(usage.tokens_in, usage.tokens_out)

    @property
    def flying(self) -> bool:
        """Whether something is in flight."""
        return self._out > 0

    def spent(self, name: str, cache: object) -> RecipeError:
        """Return the error that says that a budget is spent."""
        usage, settings = self._usage, self._settings
        tokens = usage.tokens_in + usage.tokens_out
        lost = self._lost_in + self._lost_out
        taken = f"{tokens:,} tokens" if name == "budget_tokens" else f"{usage.money:,.4f}"
        if lost:
            taken += f" and {lost:,} tokens of lost answers"
        limit = settings.budget_tokens if name == "budget_tokens" else settings.budget_money
        return RecipeError(
            f"endpoint.{name}: {limit} cannot bear the next request after {taken}; the replies so "
            f"far stay in {cache}; raise it and give the same command again"
        )
