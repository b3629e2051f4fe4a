"""One attempt on the wire: the `openai` client sends it, what comes back is a reply or a fault."""

from __future__ import annotations

import asyncio
import email.utils
import os
import ssl
import time
from typing import TYPE_CHECKING

import msgspec

from hanji.endpoint.cap import TooLarge, transport
from hanji.endpoint.message import Reply, Request
from hanji.endpoint.settings import Endpoint
from hanji.errors import HanjiError, RecipeError

if TYPE_CHECKING:
    from openai import AsyncOpenAI, Omit

__all__ = ["Attempt", "Wire", "parse"]


PER_POOL = 8  # connections


class _Message(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    message: _Message | None = None
    finish_reason: str | None = None


class _Tokens(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Completion(msgspec.Struct):
    choices: list[_Choice] | None = None
    usage: _Tokens | None = None


_decoder = msgspec.json.Decoder(_Completion, strict=False)


def parse(data: bytes) -> Reply:
    """Read the body of a completion; a body that is none gives a reply with its fault."""
    try:
        completion = _decoder.decode(data)
    except msgspec.MsgspecError:
        return Reply(fault="bad_json")
    except UnicodeDecodeError:
        return Reply(fault="bad_json")
    tokens = completion.usage or _Tokens()
    tokens_in, tokens_out = max(tokens.prompt_tokens or 0, 0), max(tokens.completion_tokens or 0, 0)
    choice = (completion.choices or [_Choice()])[0]
    text = (choice.message and choice.message.content) or ""
    reason = choice.finish_reason or ""
    lacking = not text.strip() and reason != "length"  # a length may end inside hidden reasoning
    return Reply(
        text=text,
        finish_reason=reason,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        fault="empty_choices" if lacking else "",
    )


class Attempt(msgspec.Struct, frozen=True):
    """What one attempt gave.

    Attributes:
        reply: with a text or a fault.
        wait: seconds that the endpoint asks to wait, 0 where it says nothing.
        lost: whether an answer may have been made, and paid, that did not arrive.
        fatal: an error that no other request would escape.
    """

    reply: Reply
    wait: float = 0.0
    lost: bool = False
    fatal: HanjiError | None = None


class Wire:
    """The clients of one endpoint; they live in one event loop.

    A pool of connections looks at all of them for each request, so that 64 in one pool cost a third
    of the time; a pool here holds about eight (measured: benchmarks/synth_grounded.py).
    """

    def __init__(self, settings: Endpoint, key: str) -> None:
        self._settings, self._key = settings, key
        self._clients: list[AsyncOpenAI] = []
        self._sent = 0
        self._headers: dict[str, str | Omit] = {}

    def _client(self) -> AsyncOpenAI:
        if not self._clients:
            self._open()
        self._sent += 1
        return self._clients[self._sent % len(self._clients)]

    def _open(self) -> None:
        from openai import AsyncOpenAI, DefaultAsyncHttpxClient, Omit

        settings = self._settings
        # What the environment holds for another endpoint does not go to this one.
        custom = os.environ.get("OPENAI_CUSTOM_HEADERS", "").splitlines()
        names = [line.partition(":")[0].strip() for line in custom if ":" in line]
        self._headers = {name: Omit() for name in ("OpenAI-Organization", "OpenAI-Project", *names)}
        self._headers["Accept-Encoding"] = "identity"
        if not self._key:
            self._headers["Authorization"] = Omit()
        security = ssl.create_default_context()
        for _ in range(max(1, settings.concurrency // PER_POOL)):
            client = AsyncOpenAI(
                api_key=self._key or "none",
                base_url=settings.url,
                timeout=settings.timeout_s,
                max_retries=0,
                http_client=DefaultAsyncHttpxClient(
                    transport=transport(security),
                    follow_redirects=False,
                ),
            )
            self._clients.append(client)

    async def close(self) -> None:
        """Close the connections."""
        for client in self._clients:
            await client.close()

    async def send(self, request: Request) -> Attempt:
        """Send a request once; every fault comes back as a value, without the server's words."""
        import openai

        client = self._client()
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                data = await client.post(
                    "/chat/completions",
                    body=request.body(),
                    cast_to=bytes,
                    options={"follow_redirects": False, "headers": self._headers},
                )
        except (TimeoutError, openai.APITimeoutError):
            return Attempt(Reply(fault="timeout"), lost=True)
        except TooLarge:
            return Attempt(Reply(fault="too_large"), lost=True)
        except openai.APIConnectionError as error:
            if _is_too_large(error):
                return Attempt(Reply(fault="too_large"), lost=True)
            broken = _is_truncation(error)
            return Attempt(Reply(fault="truncated" if broken else "connection"), lost=broken)
        except openai.APIStatusError as error:
            return self._status(error.status_code, error.response.headers)
        reply = parse(data)
        if self._key and self._key in reply.text:  # an endpoint that echoes what it was sent
            reply = msgspec.structs.replace(reply, text=reply.text.replace(self._key, "[key]"))
        return Attempt(reply, lost=reply.fault == "bad_json")

    def _status(self, status: int, headers: object) -> Attempt:
        wait = _retry_after(headers)
        if status in (401, 403):
            variable = self._settings.key_env
            hint = f"check what {variable} holds" if variable else "name the key's variable there"
            fatal = RecipeError(
                f"endpoint.key_env: the endpoint refuses the key ({status}); {hint}"
            )
            return Attempt(Reply(fault="refused"), fatal=fatal)
        if status in (404, 405) or 300 <= status < 400:
            fatal = RecipeError(
                f"endpoint.url: answered {status} for model '{self._settings.model}'; check the "
                "address (it ends in /v1, most often) and the model's name"
            )
            return Attempt(Reply(fault="refused"), fatal=fatal)
        if status == 429:
            return Attempt(Reply(fault="rate_limited"), wait=wait)
        if status >= 500 or status in (408, 409, 425):
            return Attempt(Reply(fault="server_error"), wait=wait)
        return Attempt(Reply(fault="refused"))


def _is_too_large(error: BaseException) -> bool:
    cause = error.__cause__
    while cause is not None and not isinstance(cause, TooLarge):
        cause = cause.__cause__
    return cause is not None


def _is_truncation(error: BaseException) -> bool:
    cause, words = error.__cause__, ""
    while cause is not None:
        words, cause = words + str(cause), cause.__cause__
    return "complete message body" in words or "incomplete chunked read" in words


def _retry_after(headers: object) -> float:
    """Read Retry-After: seconds, milliseconds in its variant, or a date (RFC 9110, 10.2.3)."""
    get = getattr(headers, "get", None)
    if get is None:
        return 0.0
    for name, scale in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        value = str(get(name) or "").strip()
        if value.replace(".", "", 1).isdigit():
            return float(value) * scale
    try:
        when = email.utils.parsedate_to_datetime(str(get("retry-after") or ""))
    except (TypeError, ValueError):
        return 0.0
    return max(0.0, when.timestamp() - time.time())
