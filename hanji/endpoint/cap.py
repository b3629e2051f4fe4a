"""A cap on the bytes of an answer, below the client: an endless one costs no memory.

The client's own library for HTTP is used, whichever its version stands on; so the classes are made
when a client is opened.
"""

from __future__ import annotations

import importlib
import ssl
from collections.abc import AsyncIterator
from functools import cache
from types import ModuleType
from typing import Any

__all__ = ["MAX_REPLY_BYTES", "TooLarge", "transport"]

MAX_REPLY_BYTES = 16 << 20  # 8,000 tokens of thought are about 50 KB
MAX_PACKED_BYTES = MAX_REPLY_BYTES // 16  # of an answer that is packed though none was asked for


class TooLarge(Exception):
    """The answer is over the cap."""


@cache
def _http() -> ModuleType:
    from openai import DefaultAsyncHttpxClient

    base = DefaultAsyncHttpxClient.__mro__[1]
    return importlib.import_module(base.__module__.partition(".")[0])


@cache
def _stream() -> type[Any]:
    class Stream(_http().AsyncByteStream):  # type: ignore[misc]
        def __init__(self, inner: Any, room: int) -> None:
            self._inner, self._room = inner, room

        async def __aiter__(self) -> AsyncIterator[bytes]:
            left = self._room
            async for part in self._inner:
                left -= len(part)
                if left < 0:
                    raise TooLarge(f"over {self._room:,} bytes")
                yield part

        async def aclose(self) -> None:
            await self._inner.aclose()

    return Stream


@cache
def _transport() -> type[Any]:
    class Transport(_http().AsyncHTTPTransport):  # type: ignore[misc]
        async def handle_async_request(self, request: Any) -> Any:
            response = await super().handle_async_request(request)
            packed = response.headers.get("content-encoding", "identity") != "identity"
            room = MAX_PACKED_BYTES if packed else MAX_REPLY_BYTES
            response.stream = _stream()(response.stream, room)
            return response

    return Transport


def transport(security: ssl.SSLContext) -> Any:
    """Open a transport whose answers end in `TooLarge` where they pass the cap."""
    return _transport()(verify=security)
