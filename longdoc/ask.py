"""Ask an OpenAI-compatible endpoint the probes of a dataset, by the client that synthesis uses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec

from hanji.endpoint import Endpoint, Message, Request, ask
from hanji.errors import InputError
from hanji.manifest import Dataset, write_atomically
from hanji.progress import SILENT, Progress

__all__ = ["ask_probes"]


def ask_probes(
    probes: Path, settings: Endpoint, cache_dir: Path, out: Path, progress: Progress = SILENT
) -> Path:
    """Ask every probe and write the answers, one line each, in the order of the probes.

    Args:
        probes: a dataset of probe/1.
        settings: the endpoint; temperature 0 is what a gate wants.
        cache_dir: replies; those at hand are not asked for again.
        out: the answers file.
        progress: shows tokens as they are spent.

    Returns:
        `out`.

    Raises:
        InputError: if some probes got no answer; those at hand are kept, and nothing is written.
    """
    dataset = Dataset.open(probes, "probe/1")
    ids: list[str] = []
    lines: list[bytes] = []
    faults: Counter[str] = Counter()
    for (_, reply), name in zip(
        ask(_requests(dataset, settings, ids), settings, cache_dir, progress, name="probes"),
        _each(ids),
    ):
        if reply.fault:
            faults[reply.fault] += 1
        else:
            lines.append(msgspec.json.encode({"id": name, "answer": reply.text}) + b"\n")
    if faults:
        kinds = ", ".join(f"{kind} {n:,}" for kind, n in sorted(faults.items()))
        raise InputError(
            f"{settings.url}: {faults.total():,} probes got no answer ({kinds}); give the same "
            "command again, the others are not asked again"
        )
    write_atomically(out, b"".join(lines))
    return out


def _requests(dataset: Dataset, settings: Endpoint, ids: list[str]) -> Iterator[Request]:
    """Yield a request a probe; its id goes to `ids`, since requests are read ahead of replies."""
    for batch in dataset.batches(columns=["id", "prompt", "answer_room"]):
        for row in batch.to_pylist():
            ids.append(row["id"])
            turn = Message("user", row["prompt"])
            yield settings.request([turn], seed=0, max_tokens=row["answer_room"])


def _each(ids: list[str]) -> Iterator[str]:
    """Yield the ids as they are added; `zip` asks for one only behind its reply."""
    at = 0
    while at < len(ids):
        yield ids[at]
        at += 1
