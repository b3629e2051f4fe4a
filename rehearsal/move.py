"""Move token ids from where they lie to where the packing puts them, at the speed of memory.

A component's ids stand in Arrow files; each file is one memory map, seen here as one array of
uint32, and each row is a place in it. A kernel copies every document of a batch of sequences and
sets the end-of-text token behind it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hanji.errors import InputError
from hanji.kernels import njit
from hanji.manifest import Dataset
from rehearsal.pack import Packing

__all__ = ["Rows", "fill", "move"]

Int = npt.NDArray[np.int64]
Ids = npt.NDArray[np.unsignedinteger]


@njit
def _move(out: Ids, place: Int, source: Ids, begin: Int, n: Int, last: int) -> None:
    for k in range(len(place)):
        at, m = place[k], n[k]
        # Views with indexes from zero: the compiler turns this loop into wide moves.
        there, here = out[at : at + m], source[begin[k] : begin[k] + m]
        for j in range(m):
            there[j] = here[j]
        out[at + m] = last


def move(out: Ids, place: Int, source: Ids, begin: Int, n: Int, last: int) -> None:
    """Copy `n[k]` ids from `source[begin[k]:]` to `out[place[k]:]`, each followed by `last`.

    Args:
        out: uint16 or uint32 [positions], written to.
        place: int64[k], first positions in `out`.
        source: uint32 [ids].
        begin: int64[k], first ids in `source`.
        n: int64[k], ids of each document, without the end-of-text token.
        last: the end-of-text token.

    Raises:
        ValueError: if a document would be read or written outside of the arrays.
    """
    if len(place) and (
        min(place.min(), begin.min(), n.min()) < 0
        or (place + n + 1).max() > len(out)
        or (begin + n).max() > len(source)
    ):
        raise ValueError("a document lies outside of its array")
    _move(out, place, source, begin, n, last)


def fill(packing: Packing, values: Ids, offsets: Int, context: int, last: int) -> Ids:
    """Return packed sequences of documents that lie in memory.

    Args:
        packing: of the documents' lengths, each with one end-of-text token more.
        values: uint16 or uint32 [tokens], all documents one after another.
        offsets: int64[documents + 1], where each begins in `values`.
        context: positions of a sequence.
        last: the end-of-text token, and the padding.

    Returns:
        [sequences, context], of the type of `values`.
    """
    out = np.empty(packing.n_bins * context, values.dtype)
    n = np.diff(offsets)
    place = packing.bins * context + packing.starts
    by_place = np.argsort(place)  # written from front to back
    move(out, place[by_place], values, offsets[:-1][by_place], n[by_place], last)
    sequences = out.reshape(-1, context)
    for number in np.flatnonzero(packing.used < context):
        sequences[number, packing.used[number] :] = last
    return sequences


class Rows:
    """Where the token ids of a dataset of tokens/1 lie: row -> (file, place, count).

    Attributes:
        files: one uint32 view of each shard's memory map.
        file: int32[rows], which of them.
        begin: int64[rows], first id in that view.
    """

    def __init__(self, dataset: Dataset) -> None:
        self.files: list[Ids] = []
        self._maps: list[pa.Buffer] = []  # kept alive for the views
        files, begins = [np.empty(0, np.int32)], [np.empty(0, np.int64)]
        for path in dataset.paths():
            whole = pa.memory_map(str(path)).read_buffer()
            self._maps.append(whole)
            self.files.append(np.frombuffer(whole, np.uint8)[: whole.size & ~3].view(np.uint32))
            reader = pa.ipc.open_file(whole)
            for i in range(reader.num_record_batches):
                ids = reader.get_batch(i)["ids"]
                values = ids.values.buffers()[1]
                first = 0 if values is None else values.address - whole.address
                if not 0 <= first < max(whole.size, 1) or first % 4:
                    raise InputError(f"{path}: its token ids are not plain; make the stage again")
                begins.append(first // 4 + ids.offsets.to_numpy()[:-1].astype(np.int64))
                files.append(np.full(len(ids), len(self.files) - 1, np.int32))
        self.file, self.begin = np.concatenate(files), np.concatenate(begins)
