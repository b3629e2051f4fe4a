"""Texts of clean units by their document numbers: over the memory map, one at a time, no copy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hanji.shards import read_table

__all__ = ["Texts", "document_number"]

U64 = npt.NDArray[np.uint64]
ROW = 0xFFFFFFFF


def document_number(unit: int, rows: npt.NDArray[np.int64]) -> U64:
    """Number documents by (unit, row): the unit in the high 32 bits."""
    return (np.uint64(unit) << np.uint64(32)) | rows.astype(np.uint64)


class Texts:
    """Texts and languages of documents, given the units' clean shards by unit number."""

    def __init__(self, shards: Sequence[str] | Mapping[int, str]) -> None:
        self._shards = shards
        self._tables: dict[int, tuple[npt.NDArray[np.int64], list[pa.RecordBatch]]] = {}

    def of(self, document: int) -> tuple[npt.NDArray[np.uint8], str]:
        """Return the UTF-8 of a document, a view of its shard, and its language."""
        unit, row = document >> 32, document & ROW
        if unit not in self._tables:
            self._tables.clear()  # one map at a time: ask for documents in their order
            batches = read_table(self._shards[unit], ["text", "lang"]).to_batches()
            starts = np.cumsum([0, *(batch.num_rows for batch in batches)])
            self._tables[unit] = starts, batches
        starts, batches = self._tables[unit]
        number = int(np.searchsorted(starts, row, side="right")) - 1
        at = row - int(starts[number])
        texts = batches[number]["text"]
        offsets = np.frombuffer(texts.buffers()[1], np.int64)
        start, end = offsets[texts.offset + at : texts.offset + at + 2]
        if start == end:
            return np.empty(0, np.uint8), batches[number]["lang"][at].as_py()
        data = np.frombuffer(texts.buffers()[2], np.uint8)[start:end]
        return data, batches[number]["lang"][at].as_py()
