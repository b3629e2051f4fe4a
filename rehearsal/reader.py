"""Read packed sequences in a training job: shuffled, divided among ranks, resumable.

The sequences of all epochs form one endless line: epoch e is a permutation drawn from (seed, e).
Rank r of w takes positions base + r, base + r + w, ... of the line. The state is the position
alone, so a job that stops at any step goes on with any number of ranks and neither loses nor
repeats a sequence. Ids are views into the memory map: nothing is copied.

    reader = Reader("out/rehearsal/32k", rank=rank, world_size=world_size, seed=1)
    for sequence in reader:
        step(sequence.input_ids, sequence.cu_seqlens)
        if saving:
            state = reader.state()
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from hanji.errors import RecipeError
from hanji.manifest import Dataset
from hanji.seeds import rng
from hanji.shards import read_batches

__all__ = ["Reader", "Sequence", "State"]


class State(msgspec.Struct, frozen=True):
    """Where a reader stands: the first position of the line that no rank has taken."""

    fingerprint: str
    seed: int
    position: int


class Sequence(msgspec.Struct, frozen=True):
    """One packed sequence.

    Attributes:
        input_ids: uint16 or uint32 [context], a view.
        cu_seqlens: int32 [segments + 1], borders of the documents; the last one is the context.
        n_padding: positions of padding at the end.
    """

    input_ids: npt.NDArray[np.unsignedinteger]
    cu_seqlens: npt.NDArray[np.int32]
    n_padding: int

    @property
    def position_ids(self) -> npt.NDArray[np.int32]:
        """Positions that restart at each border: int32 [context]."""
        lengths = np.diff(self.cu_seqlens)
        starts = np.repeat(self.cu_seqlens[:-1], lengths)
        return (np.arange(len(starts)) - starts).astype(np.int32)

    @property
    def loss_mask(self) -> npt.NDArray[np.bool_]:
        """True where the loss is taken: everywhere but the padding; bool [context]."""
        mask = np.ones(len(self.input_ids), dtype=np.bool_)
        mask[len(mask) - self.n_padding :] = False
        return mask


class Reader:
    """An iterable over the sequences that belong to one rank.

    Args:
        directory: a dataset of packed/1.
        rank: of this process, from 0.
        world_size: number of processes.
        seed: of the order; None keeps the order of the shards.
        epochs: how often the data is read; None never ends.
        state: where another reader stood.

    Raises:
        RecipeError: if the rank is not below the world size, or the state is of other data.
    """

    def __init__(
        self,
        directory: str | Path,
        *,
        rank: int = 0,
        world_size: int = 1,
        seed: int | None = 0,
        epochs: int | None = 1,
        state: State | None = None,
    ) -> None:
        if not 0 <= rank < world_size:
            raise RecipeError(f"rank {rank} is not below the world size {world_size}")
        self._dataset = Dataset.open(directory, "packed/1")
        self._rank, self._world, self._seed, self._epochs = rank, world_size, seed, epochs
        self._base = self._steps = 0
        if state is not None:
            ours = self._dataset.manifest.fingerprint
            if state.fingerprint != ours or state.seed != self._seed_number:
                raise RecipeError(f"{directory}: the state is of other data or another seed")
            self._base = state.position
        self._ids: list[npt.NDArray[np.unsignedinteger]] = []
        self._borders: list[tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]] = []
        self._padding: list[npt.NDArray[np.int32]] = []
        self._first: list[int] = []
        first = 0
        for path in self._dataset.paths():
            for batch in read_batches(path, ["input_ids", "cu_seqlens", "n_padding"]):
                ids, borders = batch["input_ids"], batch["cu_seqlens"]
                flat = ids.flatten().to_numpy()
                self._ids.append(flat.reshape(-1, ids.type.list_size))
                self._borders.append((borders.offsets.to_numpy(), borders.values.to_numpy()))
                self._padding.append(batch["n_padding"].to_numpy())
                self._first.append(first)
                first += batch.num_rows
        self._n = first

    def __len__(self) -> int:
        """Sequences of one epoch, over all ranks."""
        return self._n

    @property
    def _seed_number(self) -> int:
        return -1 if self._seed is None else self._seed

    def state(self) -> State:
        """Return where all ranks stand, if each has taken as many sequences as this one."""
        return State(
            self._dataset.manifest.fingerprint,
            self._seed_number,
            self._base + self._steps * self._world,
        )

    def __iter__(self) -> Iterator[Sequence]:
        """Yield this rank's sequences from where the reader stands."""
        worker, workers = _torch_worker()
        start = self._base + self._steps * self._world + self._rank
        epoch, order = -1, np.empty(0, np.int64)
        for step in range(sys.maxsize):
            position = start + step * self._world
            if self._n == 0 or (self._epochs and position >= self._epochs * self._n):
                return
            if position // self._n != epoch:
                epoch = position // self._n
                order = self._order(epoch)
            self._steps += 1
            if step % workers == worker:
                yield self.at(int(order[position % self._n]))

    def _order(self, epoch: int) -> npt.NDArray[np.int64]:
        if self._seed is None:
            return np.arange(self._n)
        return rng("reader", self._seed, epoch).permutation(self._n)

    def at(self, number: int) -> Sequence:
        """Return sequence `number` in the order of the shards."""
        piece = int(np.searchsorted(self._first, number, side="right")) - 1
        row = number - self._first[piece]
        offsets, values = self._borders[piece]
        return Sequence(
            self._ids[piece][row],
            values[offsets[row] : offsets[row + 1]],
            int(self._padding[piece][row]),
        )


def _torch_worker() -> tuple[int, int]:
    """Return (number, count) of this DataLoader worker, where torch is in use."""
    data = sys.modules.get("torch.utils.data")
    info = data.get_worker_info() if data is not None else None
    return (info.id, info.num_workers) if info is not None else (0, 1)
