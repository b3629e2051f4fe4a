"""The OpenAI batch format: requests as JSON lines, results read back into the cache."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from hanji.endpoint.message import Cache, Reply, Request
from hanji.endpoint.wire import parse
from hanji.errors import InputError, OutputError, RecipeError

__all__ = ["read_batch", "write_batch"]

URL = "/v1/chat/completions"


class _Response(msgspec.Struct):
    status_code: int
    body: msgspec.Raw


class _Result(msgspec.Struct):
    custom_id: str
    response: _Response | None = None


def write_batch(
    requests: Iterable[Request], path: str | Path, cache_dir: str | Path | None = None
) -> int:
    """Write requests as JSON lines, each named by its digest and written once.

    Args:
        requests: what is asked.
        path: the file.
        cache_dir: requests whose replies are there are left out.

    Returns:
        How many lines were written.

    Raises:
        OutputError: if the file cannot be written.
    """
    cache = Cache(Path(cache_dir)) if cache_dir is not None else None
    seen: set[str] = set()
    try:
        with Path(path).open("wb") as file:
            for request in requests:
                if request.digest in seen or (cache is not None and cache.get(request)):
                    continue
                seen.add(request.digest)
                line = {"custom_id": request.digest, "method": "POST", "url": URL}
                file.write(msgspec.json.encode(line | {"body": request.body()}) + b"\n")
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror}); check the path") from None
    return len(seen)


def read_batch(path: str | Path, cache_dir: str | Path) -> dict[str, int]:
    """Read a file of results into the cache.

    Returns:
        Counts: "answered", and each kind of fault.

    Raises:
        RecipeError: if the file cannot be read.
        InputError: if a line is none of the batch format.
    """
    cache, counts = Cache(Path(cache_dir)), {"answered": 0}
    try:
        with Path(path).open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                digest, reply = _result(line, f"{path}:{number}")
                if not reply.fault:
                    cache.put(digest, reply)
                kind = reply.fault or "answered"
                counts[kind] = counts.get(kind, 0) + 1
    except OSError as error:
        raise RecipeError(f"{path}: cannot be read ({error.strerror}); check the path") from None
    return counts


def _result(line: bytes, where: str) -> tuple[str, Reply]:
    try:
        result = msgspec.json.decode(line, type=_Result)
    except msgspec.DecodeError as error:
        raise InputError(f"{where}: is no line of a batch's results ({error})") from None
    if not (len(result.custom_id) == 32 and result.custom_id.isalnum()):
        raise InputError(
            f"{where}: custom_id is no digest of hanji's; give the results of its file"
        )
    if result.response is None:
        return result.custom_id, Reply(fault="refused")
    status = result.response.status_code
    if status != 200:
        kinds = {429: "rate_limited"}
        kind = kinds.get(status, "server_error" if status >= 500 else "refused")
        return result.custom_id, Reply(fault=kind)
    return result.custom_id, parse(bytes(result.response.body))
