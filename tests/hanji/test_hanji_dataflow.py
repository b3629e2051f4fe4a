"""Workers that share no disk: a store of objects, and the job that Dataflow would get."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LANGS = {
    "en": "The boats came home before the storm and everyone counted the sails from the wall",
    "ko": "배들은 폭풍이 오기 전에 돌아왔고 모두가 성벽에서 돛을 세었다 그리고 밤이 왔다",
    "ja": "嵐の前に船は港へ戻り、人々は城壁から帆を数えた。そして静かな夜が訪れ、灯りがともった。",
    "vi": "Những con thuyền trở về trước cơn bão và mọi người đếm cánh buồm từ trên tường thành",
    "de": "Die Boote kamen vor dem Sturm nach Hause und alle zählten die Segel von der Mauer aus",
    "es": "Los barcos volvieron a casa antes de la tormenta y todos contaron las velas del muro",
}

# A store of objects below a directory: no rename, no append, no directories, calls are counted.
STORE = """
import hashlib, io, os
from pathlib import Path
from fsspec import AbstractFileSystem

HOME = Path(os.environ["FAKE_STORE"])

class FakeStore(AbstractFileSystem):
    protocol = "fake"

    def _path(self, path):
        return HOME / self._strip_protocol(path).strip("/")

    def _count(self, call):
        with open(HOME.parent / "calls", "a") as file:
            file.write(call + "\\n")

    def _facts(self, file):
        facts = file.stat()
        return {"name": str(file.relative_to(HOME)), "size": facts.st_size, "type": "file",
                "etag": str(facts.st_mtime_ns)}

    def info(self, path, **_):
        self._count("info")
        file = self._path(path)
        if file.is_file():
            return self._facts(file)
        if any(one.is_file() for one in file.rglob("*")):
            return {"name": str(file.relative_to(HOME)), "size": 0, "type": "directory"}
        raise FileNotFoundError(path)

    def ls(self, path, detail=True, **_):
        self._count("ls")
        names = [self.info(str(one.relative_to(HOME))) for one in sorted(self._path(path).glob("*"))
                 if one.is_file() or any(x.is_file() for x in one.rglob("*"))]
        return names if detail else [one["name"] for one in names]

    def _open(self, path, mode="rb", **_):
        if mode != "rb":
            raise OSError("objects are put whole")
        self._count("get")
        return open(self._path(path), "rb")

    def _put(self, path, data):
        self._count("put")
        file = self._path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        aside = file.with_name(f".{file.name}.{os.getpid()}.{id(data)}")
        aside.write_bytes(data)
        aside.replace(file)

    def pipe_file(self, path, value, **_):
        self._put(path, value)

    def put_file(self, lpath, rpath, **_):
        self._put(rpath, Path(lpath).read_bytes())

    def cp_file(self, path1, path2, **_):
        self._put(path2, self._path(path1).read_bytes())

    def rm_file(self, path):
        self._count("rm")
        self._path(path).unlink()

    _rm = rm_file

    def rm(self, path, recursive=False, maxdepth=None):
        for one in list(self._path(path).rglob("*")):
            if one.is_file():
                self.rm_file(str(one.relative_to(HOME)))

    def mv(self, *_, **__):
        raise OSError("a store of objects has no rename")

    move = rename = mv
"""


def text(lang: str, i: int) -> str:
    words = LANGS[lang].split()
    turned = words[i % len(words) :] + words[: i % len(words)]
    return f"{LANGS[lang]}. {i} {' '.join(turned[::-1])}. {LANGS[lang]} {i * 7}. {i * 31}."


@pytest.fixture
def store(tmp_path: Path) -> dict[str, str]:
    """The environment in which `fake://` is a store that all processes share."""
    code = tmp_path / "code"
    (code / "fakestore-1.0.dist-info").mkdir(parents=True)
    (code / "fakestore.py").write_text(STORE)
    (code / "fakestore-1.0.dist-info" / "METADATA").write_text("Name: fakestore\nVersion: 1.0\n")
    (code / "fakestore-1.0.dist-info" / "entry_points.txt").write_text(
        "[fsspec.specs]\nfake=fakestore.FakeStore\n"
    )
    (tmp_path / "store").mkdir()
    for lang in LANGS:
        rows = [{"id": f"{lang}{i}", "text": text(lang, i % 30)} for i in range(40)]
        data = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        path = tmp_path / "store" / "in" / f"{lang}.jsonl"
        path.parent.mkdir(exist_ok=True)
        path.write_text(data)
    for kind, place in (("local", tmp_path / "store" / "in"), ("fake", "fake://in")):
        (tmp_path / f"{kind}.yaml").write_text(
            f"sources: [{{name: docs, path: '{place}/*.jsonl'}}]\n"
            "curate: {quality: {rules: [gopher]}, duplicates: {partitions: 3, lines: {}}}\n"
        )
    path = f"{ROOT}{os.pathsep}{code}"
    return {"PYTHONPATH": path, "FAKE_STORE": str(tmp_path / "store")}


def shards(directory: Path) -> dict[str, bytes]:
    files = sorted(p for p in directory.rglob("*.arrow"))
    return {str(p.relative_to(directory)): p.read_bytes() for p in files}


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_workers_that_share_a_store_alone_write_the_same_bytes(
    hanji, store: dict[str, str], tmp_path: Path, workers: int
) -> None:  # type: ignore[no-untyped-def]
    local = hanji("curate", tmp_path / "local.yaml", "-o", tmp_path / "out", env=store)
    assert local.code == 0, local.err
    ran = hanji(
        "curate", tmp_path / "fake.yaml", "-o", "fake://run", "--workers", workers, env=store
    )
    assert ran.code == 0, ran.err
    assert "fake://run" in ran.out
    made = shards(tmp_path / "store" / "run")
    assert made == shards(tmp_path / "out")
    assert len(made) >= 7
    left = {p.name for p in (tmp_path / "store" / "run").rglob("*") if p.is_file()}
    assert left == {Path(name).name for name in made} | {"manifest.json", "README.md"}
    before = (tmp_path / "calls").read_text().count("put")
    again = hanji("curate", tmp_path / "fake.yaml", "-o", "fake://run", env=store)
    assert again.code == 0, again.err
    assert (tmp_path / "calls").read_text().count("put") == before  # found finished


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["-o", "out"], "-o out is on this machine's disk"),
        (["-o", "gs://b/out"], "fakes/*.jsonl is on this machine's disk"),
    ],
)
def test_places_that_dataflow_cannot_reach_are_told_first(
    hanji, tmp_path: Path, given: list[str], message: str
) -> None:  # type: ignore[no-untyped-def]
    pytest.importorskip("apitools", reason="needs the extra 'gcp'")
    options = ["--project=paper-mill", "--region=europe-west1", "--temp_location=gs://bucket/t"]
    ran = hanji(
        "curate", "--input", "fakes/*.jsonl", *given, "--runner", "DataflowRunner", "--", *options,
    )  # fmt: skip
    assert ran.code == 2
    assert message in ran.err


def test_a_whole_run_is_refused_in_a_store(hanji, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    ran = hanji("run", "recipes/demo.yaml", "-o", "memory://b/out")
    assert ran.code == 2
    assert "memory://b/out is not on this machine's disk, and only curate writes there" in ran.err


def test_what_beam_itself_refuses_is_one_sentence(hanji, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    pytest.importorskip("apitools", reason="needs the extra 'gcp'")
    ran = hanji(
        "curate", "--input", "http://127.0.0.1:9/a.jsonl", "-o", "gs://bucket/o",
        "--runner", "DataflowRunner", "--", "--project=p", "--region=europe-west1",
        "--temp_location=gs://b/t",
    )  # fmt: skip
    assert ran.code == 2
    assert "has to be gs://BUCKET/DIRECTORY, it is gs://b/t" in ran.err
    assert "Traceback" not in ran.err


@pytest.fixture
def served(store: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """The inputs behind a web server on this machine."""
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1"]
    server = subprocess.Popen(
        command, cwd=tmp_path / "store" / "in", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        port = server.stdout.readline().split("port ")[1].split()[0]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.communicate()


def dry(hanji, served: str, job: Path, *more: str):  # type: ignore[no-untyped-def]
    return hanji(
        "curate", "--input", f"{served}/ko.jsonl", "-o", "gs://bucket/run", *more,
        "--runner", "DataflowRunner", "--", "--project=paper-mill", "--region=europe-west1",
        "--temp_location=gs://bucket/t", "--dry_run=True", f"--dataflow_job_file={job}",
    )  # fmt: skip


def test_the_job_of_dataflow_is_built_without_a_key(hanji, served: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    pytest.importorskip("apitools", reason="needs the extra 'gcp'")
    from apache_beam.portability.api import beam_runner_api_pb2

    ran = dry(hanji, served, tmp_path / "job.pb", "--workers", "7")
    assert ran.code == 0, ran.err
    assert "the job of 'clean' is built" in ran.err
    job = beam_runner_api_pb2.Pipeline.FromString((tmp_path / "job.pb").read_bytes())
    urns = {one.urn for one in job.components.environments.values()}
    assert urns == {"beam:env:docker:v1"}
    assert any("ForEach" in one.unique_name for one in job.components.transforms.values())


WORKER = """
    import sys
    from pathlib import Path
    from apache_beam.options.pipeline_options import PipelineOptions
    from apache_beam.portability.api import beam_runner_api_pb2 as api
    from apache_beam.runners.portability.fn_api_runner import FnApiRunner
    from apache_beam.transforms.environments import SubprocessSDKEnvironment

    job = api.Pipeline.FromString(Path(sys.argv[1]).read_bytes())
    command = f"cd / && env -u PYTHONPATH {sys.argv[2]} -m apache_beam.runners.worker.sdk_worker_main"
    there = SubprocessSDKEnvironment.from_command_string(command).to_runner_api(None)
    for name, one in job.components.environments.items():
        if one.urn == "beam:env:docker:v1":
            del one.dependencies[:]
            one.urn, one.payload = there.urn, there.payload
    result = FnApiRunner().run_via_runner_api(job, PipelineOptions())
    result.wait_until_finish()
    print(result.state)
"""


@pytest.mark.slow
def test_the_job_runs_in_an_environment_of_our_wheel_alone(
    hanji, served: str, tmp_path: Path
) -> None:  # type: ignore[no-untyped-def]
    """Its worker stands in another directory and knows only the wheel and its pins."""
    pytest.importorskip("apitools", reason="needs the extra 'gcp'")
    clean = os.environ.get("HANJI_CLEAN_PYTHON") or clean_python(tmp_path)
    # The place of the job has to be one that a worker here can write: a directory as file://.
    script = textwrap.dedent(
        f"""
        from pathlib import Path
        from hanji.errors import DryRun
        from hanji.execution import Execution
        from pipelines.curate import curate
        from pipelines.read.source import Source
        from pipelines.section import Curate
        Execution.require_shared = lambda *_: None
        options = ("--project=paper-mill", "--region=europe-west1", "--temp_location=gs://bucket/t", "--dry_run=True",
                   "--dataflow_job_file={tmp_path}/job.pb")
        how = Execution(runner="DataflowRunner", beam_options=options)
        try:
            curate((Source(name="w", path="{served}/ko.jsonl"),), Curate(), Path(),
                   Path("{tmp_path}/out"), how)
        except DryRun as done:
            print(done)
        """
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for command in (
        [sys.executable, "-c", script],
        [sys.executable, "-c", textwrap.dedent(WORKER), tmp_path / "job.pb", clean],
    ):
        ran = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        assert ran.returncode == 0, ran.stderr[-3000:]
    assert "DONE" in ran.stdout
    done = tmp_path / "out" / ".work-dry-run" / "units" / "000000.done.json"
    assert json.loads(done.read_bytes())["report"]


def clean_python(tmp_path: Path) -> str:
    """Make an environment of our wheel and its pins; skip where no package index answers."""
    python = tmp_path / "clean" / "bin" / "python"
    wheels = tmp_path / "wheels"
    pins = tmp_path / "pins.txt"
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "clean"], check=True)
    frozen = subprocess.run(
        [sys.executable, "-m", "pip", "freeze", "--exclude-editable"], check=True,
        capture_output=True, text=True,
    ).stdout  # fmt: skip
    pins.write_text("\n".join(line for line in frozen.splitlines() if " @ " not in line))
    for command in (
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", wheels, ROOT],
        [python, "-m", "pip", "install", "-q", "-c", pins, "--find-links", wheels, "hanji"],
    ):
        ran = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
        if ran.returncode:
            pytest.skip(f"no environment can be made here: {ran.stderr.strip()[-200:]}")
    return str(python)


def test_dataflow_without_its_extra_is_told(hanji, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    if importlib.util.find_spec("apitools"):
        pytest.skip("the extra 'gcp' is installed")
    ran = dry(hanji, "http://127.0.0.1:9", tmp_path / "job.pb")
    assert ran.code == 2
    assert "pip install 'hanji[gcp]'" in ran.err
