"""A local endpoint that speaks the protocol and needs no model: for tests, benchmarks and trials.

    python -m hanji.endpoint.stub --port 8000 --latency 0.2

It answers each chat with its last message, after a while. A script makes it misbehave: it takes
the request's body and gives an `Answer`, which may be a fault. It is no server for the open net.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import threading
from collections.abc import Callable, Sequence

import msgspec

__all__ = ["Answer", "Asked", "Stub", "completion"]


class Turn(msgspec.Struct, frozen=True):
    """One message."""

    role: str
    content: str


class Asked(msgspec.Struct, frozen=True):
    """The body of a request, as far as scripts look at it."""

    model: str
    messages: tuple[Turn, ...]
    seed: int = 0
    max_tokens: int = 0
    stop: tuple[str, ...] = ()


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the endpoint sends.

    Attributes:
        body: bytes of the body.
        status: of HTTP.
        headers: further headers.
        delay: seconds before the answer.
        cut: bytes after which the connection is closed, or None.
    """

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = {}
    delay: float = 0.0
    cut: int | None = None


def completion(
    text: str, finish_reason: str = "stop", tokens_in: int = 10, tokens_out: int = 20
) -> bytes:
    """Return the body of a completion with one choice."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "finish_reason": finish_reason,
    }
    usage = {"prompt_tokens": tokens_in, "completion_tokens": tokens_out}
    head = {"id": "stub", "object": "chat.completion", "created": 0, "model": "stub"}
    return msgspec.json.encode(head | {"choices": [choice], "usage": usage})


def echo(asked: Asked) -> Answer:
    """Answer with the last message."""
    return Answer(body=completion(asked.messages[-1].content))


class Stub:
    """A server on a loopback socket, in a thread of its own; a context manager.

    Attributes:
        asked: the requests that came in, in order.
        heads: their headers, as sent.
        url: the base address.
    """

    def __init__(
        self, script: Callable[[Asked], Answer] = echo, *, latency: float = 0.0, port: int = 0
    ) -> None:
        self.asked: list[Asked] = []
        self.heads: list[str] = []
        self.url = ""
        self._script, self._latency, self._port = script, latency, port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Stub:
        self._thread.start()
        start = asyncio.start_server(self._serve, "127.0.0.1", self._port, limit=1 << 26)
        self._server = asyncio.run_coroutine_threadsafe(start, self._loop).result()
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = 0
                for line in head.split("\r\n"):
                    name, _, value = line.partition(":")
                    if name.lower() == "content-length":
                        length = int(value)
                asked = msgspec.json.decode(await reader.readexactly(length), type=Asked)
                self.asked.append(asked)
                self.heads.append(head)
                answer = self._script(asked)
                await asyncio.sleep(self._latency + answer.delay)
                data = _head(answer) + answer.body
                if answer.cut is not None:
                    writer.write(data[: len(data) - len(answer.body) + answer.cut])
                    await writer.drain()
                    return
                writer.write(data)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return
        finally:
            writer.close()


def _head(answer: Answer) -> bytes:
    lines = [f"HTTP/1.1 {answer.status} Scripted", "Content-Type: application/json"]
    lines += [f"Content-Length: {len(answer.body)}"]
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until standard input ends or the process is stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds")
    chosen = parser.parse_args(arguments)
    with Stub(latency=chosen.latency, port=chosen.port) as stub:
        sys.stdout.write(stub.url + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
