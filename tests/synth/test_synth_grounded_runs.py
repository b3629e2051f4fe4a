"""The grounded family through its commands: killed and resumed, batched, its key kept secret."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import yaml

from hanji.endpoint import Endpoint, Message
from hanji.endpoint.stub import Answer, Asked, Stub
from hanji.manifest import Dataset

ROOT = Path(__file__).resolve().parents[2]
Script = Callable[[Asked], Answer]


def recipe(path: Path, stub: Stub, **more: object) -> Path:
    endpoint = {"url": stub.url, "model": "m", "concurrency": 8, "timeout_s": 10.0, **more}
    grounded = {"endpoint": endpoint, "modes": ["append", "interleave"], "max_document_chars": 150}
    families = {"extractive": None, "procedural": None, "grounded": grounded}
    path.write_text(yaml.safe_dump({"reasoning": families}))
    return path


def content(directory: Path) -> dict[str, bytes]:
    files = [path for path in directory.rglob("*") if path.is_file()]
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in files}


@pytest.mark.parametrize("kills", [3, pytest.param(10, marks=pytest.mark.slow)])
def test_kill_nine_loses_nothing_and_sends_nothing_twice(
    source: Path, model: Script, tmp_path: Path, kills: int
) -> None:
    moments = random.Random(7)
    out = tmp_path / "out"
    with Stub(model, latency=0.03) as stub:
        path = recipe(tmp_path / "recipe.yaml", stub)
        command = [sys.executable, "-m", "hanji", "synth", "run", str(path), "--input", str(source)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        settings = Endpoint(url="", model="m")

        def run(target: Path, kill_after: int | None) -> int:
            begun = len(stub.asked)
            process = subprocess.Popen(
                [*command, "-o", str(target)], env=environment, cwd=tmp_path,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            while kill_after is not None and process.poll() is None:
                if len(stub.asked) - begun >= kill_after:
                    time.sleep(moments.random() * 0.05)
                    process.send_signal(signal.SIGKILL)
                    break
                time.sleep(0.002)
            return process.wait()

        def digests(some: list[Asked]) -> list[str]:
            return [
                settings.request(
                    [Message(t.role, t.content) for t in asked.messages], asked.seed, asked.stop
                ).digest
                for asked in some
            ]

        killed = 0
        for _ in range(kills):
            cached = {p.stem for p in (tmp_path / "out.replies").rglob("*.json")}
            before = len(stub.asked)
            killed += run(out, moments.randrange(1, 12)) == -signal.SIGKILL
            assert not cached & set(digests(stub.asked[before:]))
        cached = {p.stem for p in (tmp_path / "out.replies").rglob("*.json")}
        before = len(stub.asked)
        assert run(out, None) == 0
        assert not cached & set(digests(stub.asked[before:]))
        assert killed >= min(kills, 3)
        counts = Counter(digests(stub.asked))
        assert sum(counts.values()) - len(counts) <= 8 * killed  # at most what was in flight
        assert run(tmp_path / "whole", None) == 0
    assert content(out) == content(tmp_path / "whole")
    assert Dataset.open(out).rows > 20


def test_a_run_goes_through_the_batch_format(
    hanji: Callable[..., object], source: Path, model: Script, tmp_path: Path
) -> None:
    with Stub(model) as stub:
        path = recipe(tmp_path / "recipe.yaml", stub)
        flags = ["--input", source, "--replies", tmp_path / "replies"]
        done = hanji("synth", "requests", path, *flags, "-o", tmp_path / "in.jsonl", "--json")
        written = json.loads(done.out)
        results = []
        for line in (tmp_path / "in.jsonl").read_text().splitlines():
            request = json.loads(line)
            body = model(msgspec.convert(request["body"], Asked, strict=False)).body
            response = {"status_code": 200, "body": json.loads(body)}
            results.append({"custom_id": request["custom_id"], "response": response})
        (tmp_path / "out.jsonl").write_text("\n".join(map(json.dumps, results)))
        done = hanji("synth", "replies", tmp_path / "out.jsonl", "--replies", tmp_path / "replies")
        assert done.code == 0, done.err
        assert f"answered {written['written']}" in done.out
        done = hanji("synth", "run", path, *flags, "-o", tmp_path / "out")
        assert done.code == 0, done.err
        assert stub.asked == []
    assert Dataset.open(tmp_path / "out").rows > 20


def test_the_key_stands_in_no_file_and_no_message(
    hanji: Callable[..., object], source: Path, model: Script, tmp_path: Path
) -> None:
    key = "sk-test-Zq81LmN"
    flags = ["--family", "grounded", "--model", "m", "--input", source, "--langs", "en,ja"]
    with Stub(model) as stub:
        some = [*flags, "--endpoint", stub.url, "--key-env", "MY_KEY", "-o", tmp_path / "out"]
        missing = hanji("synth", "run", *some)
        assert missing.code == 2
        assert "MY_KEY is not set" in missing.err
        done = hanji("synth", "run", *some, env={"MY_KEY": key})
        assert done.code == 0, done.err
        assert all(f"Bearer {key}" in head for head in stub.heads)
    assert key not in done.out + done.err
    assert all(key.encode() not in data for data in content(tmp_path).values())


def test_bad_settings_are_one_sentence_with_exit_code_two(
    hanji: Callable[..., object], source: Path, tmp_path: Path
) -> None:
    flags = ["--input", source, "-o", tmp_path / "out"]
    grounded = ["--family", "grounded"]
    for more, message in (
        ([*grounded], "needs --endpoint URL and --model NAME"),
        ([*grounded, "--endpoint", "ftp://x/v1", "--model", "m"], "give an http"),
        ([*grounded, "--endpoint", "http://10.1.2.3/v1", "--model", "m"], "allow_private"),
        ([*grounded, "--endpoint", "http://127.0.0.1:9/v1", "--model", "m", "--langs", "xx"], "xx"),
    ):
        done = hanji("synth", "run", *more, *flags)
        assert done.code == 2
        assert message in done.err
        assert "Traceback" not in done.err
