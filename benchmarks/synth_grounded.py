"""Measure the grounded family against a local endpoint: its throughput as share of the endpoint's.

    python benchmarks/synth_grounded.py --requests 2000 --json out.json

The endpoint runs in a process of its own and answers after `--latency` seconds. Its own throughput
is what a bare client gets from it in the same run, with as many connections as are in flight: raw
bytes over sockets, nothing parsed. Ours is `ask` with its cache, from an empty directory; `cached`
is the same again, from the cache. Repeats alternate, the best of each counts, as other load on the
machine only slows down. `checks` is what joining and checking takes, on one core, sample by sample.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from hanji.endpoint import Endpoint, Message, Reply, Request, Usage, ask
from hanji.schema import LANGS, Document, document_id
from synth.grounded.join import Joiner
from synth.grounded.plan import plan
from synth.grounded.prompts import Prompts
from synth.mismatch import Corpus
from synth.section import Grounded, Markers

ROOT = Path(__file__).resolve().parents[1]


@contextlib.contextmanager
def endpoint(latency: float) -> Iterator[str]:
    """Run the local endpoint in a process of its own; yield its address."""
    command = [sys.executable, "-m", "hanji.endpoint.stub", "--latency", str(latency)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.kill()


async def bare(url: str, bodies: list[bytes], concurrency: int) -> None:
    """Send bodies over as many connections as are allowed, and read whole answers."""
    parts = urlsplit(url)
    head = f"POST {parts.path}/chat/completions HTTP/1.1\r\nHost: {parts.netloc}\r\n"
    waiting = iter(bodies)

    async def connection() -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        for body in waiting:
            writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            answer = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(answer.split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
        writer.close()

    await asyncio.gather(*(connection() for _ in range(concurrency)))


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return the wall and CPU seconds that the work takes."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def throughput(chosen: argparse.Namespace) -> dict[str, float]:
    """Measure bare, ours and cached in turn."""
    best: dict[str, tuple[float, float]] = {}
    with endpoint(chosen.latency) as url, tempfile.TemporaryDirectory() as place:
        settings = Endpoint(url=url, model="m", concurrency=chosen.concurrency)
        text = "x" * chosen.chars
        asked: list[Request] = [
            settings.request([Message("user", f"{n} {text}")], n) for n in range(chosen.requests)
        ]
        bodies = [msgspec.json.encode(request.body()) for request in asked]
        list(ask(asked[:64], settings, Path(place) / "warm"))
        for repeat in range(chosen.repeats):
            cache, usage = Path(place) / str(repeat), Usage()
            rounds: dict[str, Callable[[], object]] = {
                "bare": lambda: asyncio.run(bare(url, bodies, chosen.concurrency)),
                "ours": lambda: list(ask(asked, settings, cache, usage=usage)),  # noqa: B023
                "cached": lambda: list(ask(asked, settings, cache)),  # noqa: B023
            }
            for name, work in rounds.items():
                best[name] = min(best.get(name, (1e9, 1e9)), timed(work))
            assert usage.answered == chosen.requests
    count = chosen.requests
    return {
        "ideal_per_s": chosen.concurrency / chosen.latency,
        "bare_per_s": count / best["bare"][0],
        "ours_per_s": count / best["ours"][0],
        "share": best["bare"][0] / best["ours"][0],
        "ours_cpu_ms": 1e3 * best["ours"][1] / count,
        "cached_per_s": count / best["cached"][0],
        "cached_cpu_ms": 1e3 * best["cached"][1] / count,
    }


def checks(samples: int) -> dict[str, float]:
    """Measure joining and checking over the sample corpus, in CPU milliseconds a sample."""
    found = {}
    settings = Grounded(endpoint=Endpoint(url="", model="m"))
    for lang in LANGS:
        lines = (ROOT / f"recipes/demo/docs/{lang}.jsonl").read_text("utf-8").rstrip("\n")
        texts = [json.loads(line)["text"] for line in lines.split("\n")]
        documents = [
            Document(id=document_id("b", str(n)), text=text, lang=lang)
            for n, text in enumerate(texts)
        ]
        prompts = Prompts.load([lang])
        corpus = Corpus(lang, ((d.id, d.text) for d in documents))
        joiner = Joiner(settings, prompts, Markers(), 1, corpus)
        jobs = [plan(document, settings, prompts, 1) for document in documents]
        replies = [Reply(text=job.document.text[::2] * 3, finish_reason="stop") for job in jobs]
        joiner.thought(jobs[0], replies[:1])
        _, cpu = timed(
            lambda jobs=jobs, replies=replies, joiner=joiner: [
                joiner.thought(jobs[n % len(jobs)], [replies[n % len(jobs)]])
                for n in range(samples)
            ]
        )
        found[lang] = 1e3 * cpu / samples
    return found


def options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=2_000)
    parser.add_argument("--latency", type=float, default=0.2, help="seconds")
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--chars", type=int, default=2_000, help="characters of a prompt")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--samples", type=int, default=100, help="checked in each language")
    parser.add_argument("--json", type=Path, help="write the figures there")
    return parser.parse_args(arguments)


def main() -> None:
    chosen = options()
    speed = throughput(chosen)
    print(f"{'requests/s':12} {'ideal':>8} {'bare':>8} {'ours':>8} {'share':>7} {'CPU ms':>7}")
    print(
        f"{'':12} {speed['ideal_per_s']:8.0f} {speed['bare_per_s']:8.0f} "
        f"{speed['ours_per_s']:8.0f} {speed['share']:7.1%} {speed['ours_cpu_ms']:7.2f}"
    )
    print(f"{'cached':12} {speed['cached_per_s']:26.0f} {'':7} {speed['cached_cpu_ms']:7.2f}")
    check = checks(chosen.samples)
    print("CPU ms a check: " + ", ".join(f"{lang} {ms:.1f}" for lang, ms in check.items()))
    if chosen.json:
        figures = {
            "benchmark": "synth_grounded",
            "python": platform.python_version(),
            "machine": platform.machine(),
            "requests": chosen.requests,
            "latency_s": chosen.latency,
            "concurrency": chosen.concurrency,
            **speed,
            "check_cpu_ms": check,
        }
        chosen.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
