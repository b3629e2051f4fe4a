"""The Beam floor: the same result for any number of workers, errors in our own words."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import apache_beam as beam
import msgspec
import numpy as np
import pyarrow as pa
import pytest
from apache_beam import coders
from hypothesis import given
from hypothesis import strategies as st

from hanji.beam.batches import RecordBatchCoder
from hanji.beam.run import options, run
from hanji.beam.shuffle import Block, Grouped, split
from hanji.beam.ticker import Ticker
from hanji.beam.units import ForEach, Units
from hanji.errors import HanjiError, InputError, RecipeError
from hanji.execution import Execution


class Unit(msgspec.Struct, frozen=True):
    number: int
    directory: str


def keys_of(unit: Unit, ticker: Ticker) -> Iterable[Block]:
    """Emit keys of which each stands in several units."""
    keys = (np.arange(unit.number, 500, 3) % 97).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    ticker.advance(len(keys))
    yield from split(pa.RecordBatch.from_pydict({"key": keys}), keys, 5)


class Count(msgspec.Struct, frozen=True):
    directory: str

    def __call__(self, rows: pa.Table) -> Iterable[pa.RecordBatch]:
        keys, counts = np.unique(rows["key"].to_numpy(), return_counts=True)
        path = Path(self.directory) / f"{keys[0]}.txt"
        path.write_text("\n".join(f"{k} {c}" for k, c in zip(keys, counts)))
        yield pa.RecordBatch.from_pydict({"n": [len(keys)]})


def fail_at_three(unit: Unit, ticker: Ticker) -> Iterable[bytes]:
    if unit.number == 3:
        raise InputError("part 3 is torn; fetch it again")
    yield b""


def die_at_three(unit: Unit, ticker: Ticker) -> Iterable[bytes]:
    if unit.number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    yield b""


def touch(unit: Unit, ticker: Ticker) -> Iterable[bytes]:
    (Path(unit.directory) / f"{unit.number}.{os.getpid()}.{os.getppid()}").touch()
    yield b""


def counts(directory: Path, workers: int) -> dict[str, str]:
    directory.mkdir()
    units = [Unit(i, str(directory)) for i in range(8)]

    def build(pipeline: beam.Pipeline) -> None:
        _ = pipeline | Units(units) | ForEach(keys_of, Unit, Block) | Grouped(Count(str(directory)))

    run(build, Execution(workers=workers), name="count")
    return {path.name: path.read_text() for path in sorted(directory.iterdir())}


def test_a_columnar_group_is_the_same_for_any_number_of_workers(tmp_path: Path) -> None:
    one = counts(tmp_path / "1", 1)
    lines = [line.split() for text in one.values() for line in text.split("\n")]
    expected = np.unique(
        np.concatenate([np.arange(i, 500, 3) % 97 for i in range(8)]), return_counts=True
    )
    assert sorted(int(n) for _, n in lines) == sorted(expected[1].tolist())
    assert counts(tmp_path / "2", 2) == one


def test_two_workers_are_two_processes(tmp_path: Path) -> None:
    units = [Unit(i, str(tmp_path)) for i in range(16)]

    def build(pipeline: beam.Pipeline) -> None:
        _ = pipeline | Units(units) | ForEach(touch, Unit)

    run(build, Execution(workers=2), name="touch")
    names = [path.name.split(".") for path in tmp_path.iterdir()]
    assert sorted(int(number) for number, _, _ in names) == list(range(16))
    assert len({pid for _, pid, _ in names}) == 2


def test_workers_of_all_pipelines_are_forked_from_one_process(tmp_path: Path) -> None:
    units = [Unit(i, str(tmp_path)) for i in range(16)]

    def build(pipeline: beam.Pipeline) -> None:
        _ = pipeline | Units(units) | ForEach(touch, Unit)

    for _ in range(2):
        run(build, Execution(workers=2), name="touch")
    names = [path.name.split(".") for path in tmp_path.iterdir()]
    assert len({pid for _, pid, _ in names}) == 4
    (parent,) = {int(parent) for _, _, parent in names}
    assert parent != os.getpid()


def test_a_worker_that_is_killed_ends_the_run_in_one_sentence(tmp_path: Path) -> None:
    units = [Unit(i, str(tmp_path)) for i in range(8)]

    def build(pipeline: beam.Pipeline) -> None:
        _ = pipeline | Units(units) | ForEach(die_at_three, Unit)

    with pytest.raises(HanjiError, match=r"^a worker ended with signal 9, perhaps for want of mem"):
        run(build, Execution(workers=2), name="die")


def test_a_folder_of_the_same_name_is_not_taken_for_ours(root: Path, tmp_path: Path) -> None:
    for name in ("pipelines", "hanji", "tokenizer"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("open('taken', 'w').close()")
    (tmp_path / "in.jsonl").write_text('{"id": "1", "text": "the boats came home"}\n')
    done = subprocess.run(
        [sys.executable, "-P", "-m", "hanji", "curate", "--input", "in.jsonl", "-o", "out",
         "--workers", "2"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(root)}, capture_output=True,
        encoding="utf-8", timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "taken").exists()


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_a_worker_arrives_as_it_was_raised(tmp_path: Path, workers: int) -> None:
    units = [Unit(i, str(tmp_path)) for i in range(8)]

    def build(pipeline: beam.Pipeline) -> None:
        _ = pipeline | Units(units) | ForEach(fail_at_three, Unit)

    with pytest.raises(InputError, match=r"^part 3 is torn; fetch it again$"):
        run(build, Execution(workers=workers), name="fail")


def test_runners_are_checked_before_anything_runs() -> None:
    with pytest.raises(RecipeError, match="use FnApiRunner"):
        options(Execution(runner="DirectRunner"))
    with pytest.raises(RecipeError, match="did you mean 'DataflowRunner'"):
        options(Execution(runner="DataFlowRunner"))


@given(st.lists(st.integers(0, 2**64 - 1), max_size=200), st.integers(1, 9))
def test_split_loses_nothing_and_keeps_keys_together(keys: list[int], n: int) -> None:
    array = np.array(keys, dtype=np.uint64)
    batch = pa.RecordBatch.from_arrays(
        [pa.array(array), pa.array(range(len(keys)), pa.int64())], names=["key", "row"]
    )
    home: dict[int, int] = {}
    seen: list[int] = []
    for partition, block in split(batch, array, n):
        assert 0 <= partition < n
        for key, row in zip(block["key"].to_pylist(), block["row"].to_pylist()):
            assert home.setdefault(key, partition) == partition
            assert keys[row] == key
            seen.append(row)
    assert sorted(seen) == list(range(len(keys)))


def test_batches_have_a_coder_of_their_own() -> None:
    assert isinstance(coders.registry.get_coder(pa.RecordBatch), RecordBatchCoder)
    batch = pa.RecordBatch.from_pydict({"text": ["한지", None], "n": [1, 2]})
    coder = RecordBatchCoder()
    assert coder.decode(coder.encode(batch)).equals(batch)
    assert coder.encode(batch) == coder.encode(coder.decode(coder.encode(batch)))
