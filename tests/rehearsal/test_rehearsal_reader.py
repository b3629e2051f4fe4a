"""The reader: every sequence once an epoch, whatever the ranks; each export read by its own reader."""

from __future__ import annotations

import itertools
import json
import struct
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hanji.errors import RecipeError
from hanji.execution import Execution
from hanji.manifest import Dataset
from rehearsal.export.write import export
from rehearsal.reader import Reader
from rehearsal.section import Rehearsal, Stage
from rehearsal.stage import run_stage

STAGE = Stage(name="r", context=256, tokens=20_000, langs={"en": 0.5, "ko": 0.5}, max_repeats=8)


@pytest.fixture(scope="module")
def packed(run_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("packed") / "out"
    stage = Stage(
        name="r",
        context=256,
        tokens=20_000,
        langs={"en": 0.5, "ko": 0.5},
        max_repeats=8,
        cut_longer=True,
    )
    run_stage(Rehearsal(shard_tokens=4_096), stage, run_root, out, Execution())
    return out


def ids_of(packed: Path) -> np.ndarray:
    rows = [r for b in Dataset.open(packed).batches(columns=["input_ids"]) for r in b.to_pylist()]
    return np.array([row["input_ids"] for row in rows])


def key(ids: np.ndarray) -> bytes:
    return np.asarray(ids).astype(np.int64).tobytes()


def test_each_epoch_gives_every_sequence_once(packed: Path) -> None:
    every = sorted(key(row) for row in ids_of(packed))
    reader = Reader(packed, seed=3, epochs=2)
    seen = [key(sequence.input_ids) for sequence in reader]
    assert sorted(seen[: len(every)]) == every
    assert sorted(seen[len(every) :]) == every
    assert seen[: len(every)] != seen[len(every) :]


@pytest.mark.parametrize("world", [1, 2, 3, 7])
def test_ranks_divide_the_line_without_overlap(packed: Path, world: int) -> None:
    whole = [key(s.input_ids) for s in Reader(packed, seed=3, epochs=3)]
    ranks = [
        [key(s.input_ids) for s in Reader(packed, rank=r, world_size=world, seed=3, epochs=3)]
        for r in range(world)
    ]
    woven = [ranks[i % world][i // world] for i in range(len(whole))]
    assert woven == whole


@pytest.mark.parametrize(("before", "after"), [(1, 4), (4, 1), (3, 5)])
def test_a_job_goes_on_with_another_world_size(packed: Path, before: int, after: int) -> None:
    whole = [key(s.input_ids) for s in Reader(packed, seed=5, epochs=3)]
    readers = [Reader(packed, rank=r, world_size=before, seed=5, epochs=3) for r in range(before)]
    streams = [iter(reader) for reader in readers]
    steps = 11
    seen = [key(next(streams[r]).input_ids) for _ in range(steps) for r in range(before)]
    states = {reader.state() for reader in readers}
    assert len(states) == 1
    state = states.pop()
    resumed = [
        [
            key(s.input_ids)
            for s in Reader(packed, rank=r, world_size=after, seed=5, epochs=3, state=state)
        ]
        for r in range(after)
    ]
    n_left = len(whole) - len(seen)
    seen += [resumed[i % after][i // after] for i in range(n_left)]
    assert seen == whole


def test_ids_are_views_and_masks_follow_the_borders(packed: Path) -> None:
    reader = Reader(packed, seed=None)
    sequence = reader.at(0)
    assert not sequence.input_ids.flags.owndata
    positions, borders = sequence.position_ids, sequence.cu_seqlens
    for start, end in itertools.pairwise(borders):
        assert positions[start:end].tolist() == list(range(end - start))
    assert sequence.loss_mask.sum() == 256 - sequence.n_padding


def test_a_wrong_rank_or_state_is_refused(packed: Path) -> None:
    with pytest.raises(RecipeError, match="rank 2 is not below the world size 2"):
        Reader(packed, rank=2, world_size=2)
    state = Reader(packed, seed=1).state()
    with pytest.raises(RecipeError, match="another seed"):
        Reader(packed, seed=2, state=state)


def test_a_data_loader_of_torch_divides_the_sequences_among_its_workers(packed: Path) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")

    class Sequences(torch.utils.data.IterableDataset):
        def __iter__(self):
            for sequence in Reader(packed, seed=3):
                yield torch.from_numpy(sequence.input_ids.astype(np.int64))

    for workers in (0, 2):
        loader = torch.utils.data.DataLoader(Sequences(), batch_size=None, num_workers=workers)
        rows = sorted(tuple(row.tolist()) for row in loader)
        assert rows == sorted(map(tuple, ids_of(packed)))


def test_a_small_model_learns_from_the_shards(packed: Path) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    torch.manual_seed(1)
    embedding, head = torch.nn.Embedding(400, 32), torch.nn.Linear(32, 400)
    optimiser = torch.optim.Adam([*embedding.parameters(), *head.parameters()], lr=0.02)
    losses = []
    for sequence in Reader(packed, seed=1, epochs=4):
        ids = torch.from_numpy(sequence.input_ids.astype(np.int64))
        mask = torch.from_numpy(sequence.loss_mask[1:] & (sequence.position_ids[1:] > 0))
        each = torch.nn.functional.cross_entropy(head(embedding(ids[:-1])), ids[1:],
                                                 reduction="none")  # fmt: skip
        loss = each[mask].mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert np.mean(losses[-5:]) < 0.7 * losses[0]


def exported(packed: Path, form: str, tmp_path: Path) -> Path:
    manifest = export(packed, form, tmp_path / form, Execution())
    assert manifest.facts["sequences"] == len(ids_of(packed))
    assert export(packed, form, tmp_path / form, Execution()) == manifest
    return tmp_path / form


def test_arrow_is_read_by_a_memory_map(packed: Path, tmp_path: Path) -> None:
    out = exported(packed, "arrow", tmp_path)
    tables = [pa.ipc.open_file(pa.memory_map(str(p))).read_all() for p in Dataset.open(out).paths()]
    rows = [row for table in tables for row in table["input_ids"].to_pylist()]
    assert np.array_equal(rows, ids_of(packed))


def test_hf_is_read_by_load_from_disk(packed: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    loaded = datasets.load_from_disk(str(exported(packed, "hf", tmp_path)))
    assert np.array_equal(loaded["input_ids"][:], ids_of(packed))


def test_parquet_is_read_by_pyarrow(packed: Path, tmp_path: Path) -> None:
    out = exported(packed, "parquet", tmp_path)
    rows = [r for p in Dataset.open(out).paths() for r in pq.read_table(p)["input_ids"].to_pylist()]
    assert np.array_equal(rows, ids_of(packed))


def test_megatron_is_read_as_its_format_says(packed: Path, tmp_path: Path) -> None:
    out = exported(packed, "megatron", tmp_path)
    rows = []
    for index in sorted(out.glob("*.idx")):
        data = index.read_bytes()
        assert data[:9] == b"MMIDIDX\x00\x00"
        version, code, n, n_documents = struct.unpack_from("<QBQQ", data, 9)
        assert (version, code, n_documents) == (1, 8, n + 1)
        at = 9 + struct.calcsize("<QBQQ")
        sizes = np.frombuffer(data, np.int32, n, at)
        pointers = np.frombuffer(data, np.int64, n, at + 4 * n)
        documents = np.frombuffer(data, np.int64, n + 1, at + 12 * n)
        assert documents.tolist() == list(range(n + 1))
        tokens = index.with_suffix(".bin").read_bytes()
        rows += [np.frombuffer(tokens, np.uint16, s, p) for s, p in zip(sizes, pointers)]
    assert np.array_equal(rows, ids_of(packed))


def test_mds_is_read_as_its_format_says(packed: Path, tmp_path: Path) -> None:
    out = exported(packed, "mds", tmp_path)
    index = json.loads((out / "index.json").read_text())
    assert index["version"] == 2
    rows = []
    for shard in index["shards"]:
        data = (out / shard["raw_data"]["basename"]).read_bytes()
        assert len(data) == shard["raw_data"]["bytes"]
        n = int(np.frombuffer(data, np.uint32, 1)[0])
        assert n == shard["samples"]
        offsets = np.frombuffer(data, np.uint32, n + 1, 4)
        assert shard["column_encodings"] == ["ndarray:uint16:256"]
        rows += [np.frombuffer(data[a:b], np.uint16) for a, b in itertools.pairwise(offsets)]
    assert np.array_equal(rows, ids_of(packed))


def test_mds_is_read_by_streaming(packed: Path, tmp_path: Path) -> None:
    streaming = pytest.importorskip("streaming", reason="mosaicml-streaming is not installed")
    out = exported(packed, "mds", tmp_path)
    dataset = streaming.StreamingDataset(local=str(out), batch_size=1, shuffle=False)
    assert np.array_equal([row["input_ids"] for row in dataset], ids_of(packed))
