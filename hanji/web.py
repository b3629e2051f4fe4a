"""A file of the web, read in order over HTTP: resumed after an error, never taken short.

A download that ends early looks like a whole one to most readers. Here the length that the server
states is counted, a lost connection is resumed by a range of the same version of the file, and a
server that states no length at all is refused, since nothing would tell the end from a tear.
"""

from __future__ import annotations

import errno
import http.client
import io
import time
import urllib.error
import urllib.request
from typing import Any, BinaryIO, cast

import msgspec

__all__ = ["Head", "head", "stream"]

TRIES = 4
WAIT = 0.5  # seconds before the second try, doubled for each further one
TIMEOUT = 60.0  # seconds without a byte
AGAIN = (408, 425, 429, 500, 502, 503, 504)  # statuses that may pass
NO_HEAD = (403, 405, 501)  # statuses of servers that answer GET alone


class Head(msgspec.Struct, frozen=True):
    """What a server says of a file: its size (-1 where it does not) and the mark of its version."""

    size: int
    mark: str  # empty where neither an ETag nor a time is stated


def _mark(headers: Any) -> str:
    said = [f"{key}={headers[key]}" for key in ("ETag", "Last-Modified") if headers[key]]
    return " ".join(said)


def _refused(url: str, reason: str) -> OSError:
    return OSError(errno.EIO, reason, url)


def _ask(url: str, method: str, headers: dict[str, str]) -> http.client.HTTPResponse:
    """Send one request, again after what may pass.

    Raises:
        OSError: with the server's status or the reason.
    """
    request = urllib.request.Request(  # noqa: S310 the callers' URLs are http and https
        url,
        method=method,
        headers={"Accept-Encoding": "identity", "User-Agent": "hanji", **headers},
    )
    for tried in range(1, TRIES + 1):
        try:
            answer = urllib.request.urlopen(request, timeout=TIMEOUT)  # noqa: S310
            return cast(http.client.HTTPResponse, answer)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code not in AGAIN or tried == TRIES:
                raise _refused(url, f"the server answers {error.code}") from None
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            if tried == TRIES:
                reason = getattr(error, "reason", None) or error
                raise _refused(url, f"the server does not answer ({reason})") from None
        time.sleep(WAIT * 2 ** (tried - 1))
    raise AssertionError("unreachable")


def head(url: str) -> Head:
    """Ask for a file's size and version.

    Raises:
        OSError: if there is no such file or no answer.
    """
    try:
        with _ask(url, "HEAD", {}) as answer:
            size = answer.headers["Content-Length"]
    except OSError as error:
        if not any(str(error.strerror).endswith(str(status)) for status in NO_HEAD):
            raise
        with _ask(url, "GET", {"Range": "bytes=0-0"}) as answer:
            whole = answer.headers["Content-Range"] or ""
            size = whole.rpartition("/")[2] if whole else answer.headers["Content-Length"]
    return Head(int(size) if size and size.isdigit() else -1, _mark(answer.headers))


class _Stream(io.RawIOBase):
    def __init__(self, url: str, mark: str) -> None:
        self._url, self._mark = url, mark
        self._at, self._size, self._failed = 0, -1, 0
        self._answer = self._connect()

    def readable(self) -> bool:
        return True

    def _connect(self) -> http.client.HTTPResponse:
        """Ask for the file from where we are, and check that it is the same version."""
        headers = {}
        if self._at:
            if not self._mark:
                raise _refused(self._url, f"broke after {self._at:,} bytes, cannot be resumed")
            headers = {"Range": f"bytes={self._at}-"}
        answer = _ask(self._url, "GET", headers)
        if answer.headers["Content-Encoding"] not in (None, "identity"):
            raise _refused(self._url, "the server packs the answer, which was not asked for")
        mark = _mark(answer.headers)
        if self._mark and mark != self._mark:
            raise _refused(self._url, "changed while it was read; start again")
        self._mark = mark
        length = answer.headers["Content-Length"]
        if answer.status == 206:
            start = (answer.headers["Content-Range"] or "").removeprefix("bytes ").partition("-")[0]
            if start != str(self._at):
                raise _refused(self._url, f"the server sends bytes from {start}, not {self._at}")
            return answer
        if length is None and not answer.chunked:
            raise _refused(
                self._url,
                "the server states no length, so a torn download would look like a whole one; "
                "fetch the file and give its path",
            )
        self._size = int(length) if length is not None else -1
        skipped = 0
        while skipped < self._at and (data := answer.read(min(1 << 20, self._at - skipped))):
            skipped += len(data)
        return answer

    def readinto(self, buffer: Any) -> int:
        while True:
            try:
                data = self._answer.read(len(buffer))
            except (OSError, http.client.HTTPException) as error:
                data, reason = b"", str(error) or type(error).__name__
            else:
                if data or not len(buffer) or self._size in (-1, self._at):
                    break
                reason = "the connection ended"
            self._failed += 1
            if self._failed >= TRIES:
                of = f" of {self._size:,}" if self._size >= 0 else ""
                raise _refused(self._url, f"ended after {self._at:,}{of} bytes ({reason})")
            time.sleep(WAIT * 2 ** (self._failed - 1))
            self._answer.close()
            self._answer = self._connect()
        buffer[: len(data)] = data
        self._at += len(data)
        self._failed = 0 if data else self._failed
        return len(data)

    def close(self) -> None:
        if not self.closed and hasattr(self, "_answer"):
            self._answer.close()
        super().close()


def stream(url: str, mark: str = "") -> BinaryIO:
    """Open a file of the web to read it once, in order.

    Args:
        url: http:// or https://.
        mark: of the version that is expected; empty for any.

    Raises:
        OSError: if it cannot be had, now or while reading.
    """
    return io.BufferedReader(_Stream(url, mark), 1 << 20)
