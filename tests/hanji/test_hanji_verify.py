"""`hanji verify` finds every injected fault, and says nothing of a sound dataset."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from hanji.errors import RecipeError
from hanji.manifest import Manifest
from hanji.seeds import rng
from hanji.verify import verify


@pytest.fixture
def dataset(demo: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "curate"
    shutil.copytree(demo / "curate", copy)
    return copy


def a_shard(dataset: Path, n: int = 0) -> Path:
    return sorted(dataset.glob("data/*/*.arrow"))[n]


def flip(dataset: Path) -> str:
    path = a_shard(dataset)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    return path.relative_to(dataset).as_posix()


def cut(dataset: Path) -> str:
    path = a_shard(dataset, 1)
    path.write_bytes(path.read_bytes()[:-1])
    return path.relative_to(dataset).as_posix()


def lengthen(dataset: Path) -> str:
    path = a_shard(dataset, 1)
    path.write_bytes(path.read_bytes() + b"\0")
    return path.relative_to(dataset).as_posix()


def remove(dataset: Path) -> str:
    path = a_shard(dataset, 2)
    path.unlink()
    return path.relative_to(dataset).as_posix()


def add(dataset: Path) -> str:
    path = a_shard(dataset).with_name("part-00099-of-00100.arrow")
    path.write_bytes(b"hello")
    return path.relative_to(dataset).as_posix()


def add_beside(dataset: Path) -> str:
    (dataset / "notes.txt").write_text("mine")
    return "notes.txt"


def double(dataset: Path) -> str:
    manifest = Manifest.load(dataset)
    shard = manifest.shards[0]
    twice = msgspec.structs.replace(manifest, shards=(*manifest.shards, shard))
    (dataset / "manifest.json").write_bytes(twice.encode())
    return shard.path


def exchange(dataset: Path) -> str:
    first, second = a_shard(dataset), a_shard(dataset, 1)
    data = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(data)
    return first.relative_to(dataset).as_posix()


def leave_behind(dataset: Path) -> str:
    (dataset / ".work-0123456789ab").mkdir()
    return ".work-0123456789ab"


def test_a_sound_dataset_has_no_fault(dataset: Path) -> None:
    result = verify(dataset)
    assert result.faults == ()
    assert result.files == len(Manifest.load(dataset).shards)


@pytest.mark.parametrize(
    ("inject", "kinds"),
    [
        (flip, {"changed"}),
        (cut, {"truncated"}),
        (lengthen, {"longer"}),
        (remove, {"missing"}),
        (add, {"foreign"}),
        (add_beside, {"foreign"}),
        (double, {"doubled"}),
        (exchange, {"truncated", "longer"}),
        (leave_behind, {"foreign"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_every_injected_fault_is_found(
    dataset: Path, inject: Callable[[Path], str], kinds: set[str]
) -> None:
    path = inject(dataset)
    faults = verify(dataset).faults
    assert path in {fault.path for fault in faults}
    assert {fault.fault for fault in faults} == kinds


def test_any_single_flipped_bit_is_found(dataset: Path) -> None:
    path = a_shard(dataset)
    whole = path.read_bytes()
    draws = rng("flip", 1)
    for _ in range(60):
        data = bytearray(whole)
        data[int(draws.integers(len(data)))] ^= 1 << int(draws.integers(8))
        path.write_bytes(data)
        assert [fault.fault for fault in verify(dataset).faults] == ["changed"]


def test_the_command_exits_with_1_and_names_each_fault(dataset: Path, hanji) -> None:
    paths = [flip(dataset), cut(dataset), add(dataset)]
    done = hanji("verify", dataset)
    assert done.code == 1
    for path in paths:
        assert path in done.out
    assert "Traceback" not in done.err


def test_a_damaged_manifest_is_one_sentence(dataset: Path) -> None:
    path = dataset / "manifest.json"
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(RecipeError, match="is damaged"):
        verify(dataset)
