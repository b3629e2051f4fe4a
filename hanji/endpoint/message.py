"""Requests and replies as values, and their cache: one file a reply, named by its request."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path

import msgspec

from hanji.errors import OutputError
from hanji.seeds import stable_hex

__all__ = ["FAULTS", "Cache", "Message", "Reply", "Request"]

FAULTS = (
    "rate_limited",  # 429
    "server_error",  # 5xx
    "refused",  # another status: this request will never do
    "connection",  # no answer began
    "timeout",
    "truncated",  # the answer broke off
    "bad_json",
    "too_large",  # the answer is no completion of any use
    "empty_choices",  # no choice, or one without text
)


class Message(msgspec.Struct, frozen=True):
    """One turn of a chat."""

    role: str
    content: str


class Request(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One chat completion that is asked for."""

    model: str
    messages: tuple[Message, ...]
    temperature: float
    top_p: float
    max_tokens: int
    seed: int
    stop: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> str:
        """The identity: 32 hexadecimal characters of everything that is asked, not of where."""
        turns = [part for turn in self.messages for part in (turn.role, turn.content)]
        numbers = float(self.temperature), float(self.top_p), self.max_tokens, self.seed
        return stable_hex(
            "request/1", self.model, *numbers, len(turns), *turns, len(self.stop), *self.stop
        )

    def body(self) -> dict[str, object]:
        """Return the JSON body of `POST /chat/completions`."""
        body: dict[str, object] = {
            "model": self.model,
            "messages": [{"role": turn.role, "content": turn.content} for turn in self.messages],
            "temperature": self.temperature,
            "top_p": self.top_p,
            "max_tokens": self.max_tokens,
            "seed": self.seed,
        }
        return body | {"stop": list(self.stop)} if self.stop else body


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What came back: a text, or the kind of the fault that the last attempt met."""

    text: str = ""
    finish_reason: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    fault: str = ""


class Cache:
    """Replies on disk, in 256 directories; a damaged file counts as absent.

    Writes are atomic against a kill. They are not forced to the disk one by one: a file that a
    power failure emptied is asked for again.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._made: set[str] = set()  # folders

    def path(self, digest: str) -> Path:
        """Return where the reply to the request with `digest` stands."""
        return self.directory / digest[:2] / f"{digest}.json"

    def get(self, request: Request) -> Reply | None:
        """Return the reply to a request, or None."""
        try:
            return msgspec.json.decode(self.path(request.digest).read_bytes(), type=Reply)
        except (OSError, msgspec.MsgspecError):
            return None

    def put(self, digest: str, reply: Reply) -> None:
        """Keep a reply.

        Raises:
            OutputError: if the disk refuses.
        """
        folder = f"{self.directory}/{digest[:2]}"
        aside = f"{folder}/{digest}.{os.getpid()}.aside"
        data = msgspec.json.encode(reply)
        try:
            if folder not in self._made:
                os.makedirs(folder, exist_ok=True)
                self._made.add(folder)
            file = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
            try:
                while data:
                    data = data[os.write(file, data) :]
            finally:
                os.close(file)
            os.replace(aside, f"{folder}/{digest}.json")
        except OSError as error:
            raise OutputError(
                f"{self.directory}: replies cannot be kept ({error.strerror}); free space there "
                "or name another directory"
            ) from None
