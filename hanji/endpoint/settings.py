"""Where replies come from and what they may cost. Light: recipes are decoded from it."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlsplit

import msgspec

from hanji.endpoint.message import Message, Request
from hanji.errors import RecipeError

__all__ = ["Endpoint", "check", "key_of"]

Positive = Annotated[int, msgspec.Meta(ge=1)]
Price = Annotated[float, msgspec.Meta(ge=0)]


class Endpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An OpenAI-compatible endpoint: which model, how fast, how often again, for how much."""

    url: str
    """Base address with its version, such as http://localhost:8000/v1."""
    model: str
    """Model, as the endpoint names it."""
    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] = 0.6
    """Temperature of sampling (arXiv 2509.20186)."""
    top_p: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.9
    """Nucleus of sampling (arXiv 2509.20186)."""
    max_tokens: Positive = 8192
    """Most tokens of a reply (arXiv 2509.20186)."""
    concurrency: Positive = 64
    """Requests in flight at once."""
    requests_per_minute: Positive | None = None
    """Most requests sent in a minute."""
    tokens_per_minute: Positive | None = None
    """Most tokens in a minute, asked and answered."""
    retries: Annotated[int, msgspec.Meta(ge=0, le=20)] = 5
    """Further attempts behind a fault that may pass."""
    timeout_s: Annotated[float, msgspec.Meta(gt=0)] = 600.0
    """Seconds for one attempt, its whole answer included."""
    key_env: str = ""
    """Environment variable that holds the key; empty: no key is sent."""
    allow_private: bool = False
    """Allow private and link-local addresses; this machine itself is always allowed."""
    price_in: Price = 0.0
    """Price of a million tokens asked, in your currency."""
    price_out: Price = 0.0
    """Price of a million tokens answered."""
    budget_tokens: int | None = None
    """Most tokens that may be spent, replies at hand from before included."""
    budget_money: float | None = None
    """Most money that may be spent, likewise."""

    def request(
        self,
        messages: Sequence[Message],
        seed: int,
        stop: Sequence[str] = (),
        max_tokens: int | None = None,
    ) -> Request:
        """Return a request with this model and these parameters; `seed` is cut to 31 bits."""
        return Request(
            model=self.model,
            messages=tuple(messages),
            temperature=self.temperature,
            top_p=self.top_p,
            max_tokens=max_tokens or self.max_tokens,
            seed=seed & 0x7FFFFFFF,
            stop=tuple(stop),
        )

    def identity(self) -> Endpoint:
        """Return the settings that decide what a reply says; the others are set to nothing.

        This is what a manifest may hold: no address, no speed, no price.
        """
        return Endpoint(
            url="",
            model=self.model,
            temperature=self.temperature,
            top_p=self.top_p,
            max_tokens=self.max_tokens,
        )

    def price(self, tokens_in: int, tokens_out: int) -> float:
        """Return what tokens cost."""
        return (tokens_in * self.price_in + tokens_out * self.price_out) / 1e6


def check(settings: Endpoint) -> None:
    """Refuse an endpoint that may not be asked, before anything is sent.

    Raises:
        RecipeError: naming the key.
    """
    for name, budget in (
        ("budget_tokens", settings.budget_tokens),
        ("budget_money", settings.budget_money),
    ):
        if budget is not None and budget <= 0:
            raise RecipeError(f"endpoint.{name}: {budget} buys nothing; give more, or leave it out")
    if settings.budget_money is not None and not (settings.price_in or settings.price_out):
        raise RecipeError(
            "endpoint.budget_money: needs a price; set price_in and price_out per million tokens"
        )
    if not settings.model:
        raise RecipeError("endpoint.model: is empty; name the model that the endpoint serves")
    _check_address(settings)
    key_of(settings)


def _check_address(settings: Endpoint) -> None:
    try:
        parts = urlsplit(settings.url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise RecipeError("endpoint.url: is no address; write http://HOST:PORT/v1") from None
    if parts.username is not None or parts.query or parts.fragment:
        raise RecipeError(
            "endpoint.url: holds a name, a key or a query; leave them out and name the environment "
            "variable of the key in key_env"
        )
    if parts.scheme not in ("http", "https") or not host:
        raise RecipeError(
            f"endpoint.url: '{settings.url}' is not allowed; give an http:// or https:// address"
        )
    try:
        found = socket.getaddrinfo(host, port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise RecipeError(f"endpoint.url: the host '{host}' is not found; check the name") from None
    for *_, address in found:
        if not _allowed(str(address[0]), settings.allow_private):
            raise RecipeError(
                f"endpoint.url: '{host}' is the private or link-local address {address[0]}; set "
                "endpoint.allow_private in the recipe if that is meant"
            )


def _allowed(address: str, private: bool) -> bool:
    number = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(number, ipaddress.IPv6Address) and number.ipv4_mapped is not None:
        number = number.ipv4_mapped
    if number.is_loopback:
        return True
    if number.is_unspecified or number.is_multicast:
        return False
    return number.is_global or private


def key_of(settings: Endpoint) -> str:
    """Read the key from the environment; empty where none is asked for.

    Raises:
        RecipeError: if the variable is not set, or holds no key. The message names the variable.
    """
    if not settings.key_env:
        return ""
    if not settings.key_env.replace("_", "").isalnum() or settings.key_env[0].isdigit():
        raise RecipeError("endpoint.key_env: is no name of a variable; a key itself never goes in")
    key = os.environ.get(settings.key_env, "").strip()
    if not key:
        raise RecipeError(
            f"endpoint.key_env: the environment variable {settings.key_env} is not set; export the "
            "key there"
        )
    if not key.isascii() or not key.isprintable() or " " in key:
        raise RecipeError(f"endpoint.key_env: what {settings.key_env} holds is no key; set it anew")
    return key
