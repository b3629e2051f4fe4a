"""Other engines: the same pipeline on Python's portable runner, and its job for Dataflow."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

WAIT = 60.0  # seconds for a service to come up


def text(lang: str, i: int) -> str:
    words = {
        "en": "The boats came home before the storm and everyone counted the sails from the wall",
        "ko": "배들은 폭풍이 오기 전에 돌아왔고 모두가 성벽에서 돛을 세었다 그리고 밤이 왔다",
        "de": "Die Boote kamen vor dem Sturm nach Hause und alle zählten die Segel von der Mauer aus",
    }[lang].split()
    turned = words[i % len(words) :] + words[: i % len(words)]
    return f"{' '.join(turned)}. {i} {' '.join(reversed(words))}. {' '.join(turned[::2])} {i * 7}."


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    for lang in ("en", "ko", "de"):
        rows = [{"id": f"{lang}{i}", "text": text(lang, i % 30)} for i in range(40)]
        data = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (tmp_path / f"{lang}.jsonl").write_text(data)
    path = tmp_path / "recipe.yaml"
    path.write_text(
        "sources: [{name: docs, path: '*.jsonl'}]\n"
        "curate: {quality: {rules: [gopher]}, duplicates: {partitions: 3, lines: {}}}\n"
    )
    return path


@pytest.fixture
def services(tmp_path: Path) -> Iterator[list[str]]:
    """A job service and a pool of workers, each a process of its own in another directory."""
    port_file = tmp_path / "port"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        pool_port = free.getsockname()[1]
    # The pool starts `python` from PATH.
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    beam = [sys.executable, "-m", "apache_beam.runners"]
    commands = [
        [*beam[:2], f"{beam[2]}.portability.local_job_service_main", f"--port_file={port_file}"],
        [*beam[:2], f"{beam[2]}.worker.worker_pool_main", f"--service_port={pool_port}"],
    ]
    started = [
        subprocess.Popen(
            command, cwd="/", env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for command in commands
    ]  # fmt: skip
    try:
        end = time.monotonic() + WAIT
        while time.monotonic() < end:
            with socket.socket() as probe:
                up = probe.connect_ex(("127.0.0.1", pool_port)) == 0
            if up and port_file.is_file() and port_file.read_text().strip():
                break
            time.sleep(0.2)
        yield [
            f"--job_endpoint=localhost:{port_file.read_text().strip()}",
            "--environment_type=EXTERNAL",
            f"--environment_config=localhost:{pool_port}",
        ]
    finally:
        for process in started:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(WAIT)


def everything(directory: Path) -> dict[str, bytes]:
    files = sorted(p for p in directory.rglob("*") if p.is_file())
    return {str(p.relative_to(directory)): p.read_bytes() for p in files}


@pytest.mark.slow
def test_workers_of_a_portable_runner_write_the_same_bytes(
    recipe: Path, services: list[str], tmp_path: Path, hanji
) -> None:  # type: ignore[no-untyped-def]
    local = hanji("curate", recipe, "-o", tmp_path / "local")
    assert local.code == 0, local.err
    # A relative output directory: the workers stand in another one.
    there = hanji(
        "curate", recipe, "-o", "portable", "--runner", "PortableRunner", "--", *services,
        cwd=tmp_path,
    )  # fmt: skip
    assert there.code == 0, there.err
    assert everything(tmp_path / "portable") == everything(tmp_path / "local")
    assert len(everything(tmp_path / "local")) >= 5


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--region=r", "--temp_location=gs://b/t"], "--runner DataflowRunner: needs --project"),
        (["--project=p", "--temp_location=gs://b/t"], "needs --region"),
        (["--project=p", "--region=r"], "needs --temp_location"),
        (["--project=p", "--region=r", "--temp_location=/tmp/x"], "temp_location has to be gs://"),
    ],
)
def test_what_dataflow_needs_is_told_before_anything_is_read(
    given: list[str], message: str, recipe: Path, tmp_path: Path, hanji
) -> None:  # type: ignore[no-untyped-def]
    ran = hanji(
        "curate", recipe, "-o", tmp_path / "out", "--runner", "DataflowRunner", "--", *given
    )
    assert ran.code == 2
    assert message in ran.err
    assert "Traceback" not in ran.err
    assert not (tmp_path / "out").exists()
