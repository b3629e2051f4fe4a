"""Mix one stage: plan, draw, pack, write sequences of exactly the context length.

A sequence holds whole documents, each followed by the tokenizer's end-of-text token, and padding
(that same token) only at its end. Beside the ids stand `cu_seqlens`, the borders of the documents
(the padding is a last segment of its own), and where each document came from. Position ids restart
at each border; the loss is taken on everything but the padding, which `n_padding` counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hanji.execution import Execution
from hanji.manifest import Commit, Dataset, Manifest
from hanji.report import Report
from hanji.schema import make_schema
from hanji.seeds import rng
from hanji.shards import Shard, ShardWriter, part_name, read_table
from hanji.tokens import Tokenizer
from rehearsal.draw import draw
from rehearsal.pack import Packing, pack
from rehearsal.plan import Inventory, Plan, plan
from rehearsal.section import Rehearsal, Stage

__all__ = ["mix", "packed_schema"]

Int = npt.NDArray[np.int64]

DOCS = pa.struct(
    [
        pa.field("source_id", pa.string(), nullable=False),
        pa.field("start", pa.int32(), nullable=False),  # first position in the sequence
        pa.field("end", pa.int32(), nullable=False),  # behind its end-of-text token
        pa.field("from_token", pa.int64(), nullable=False),  # of the document; 0 unless it was cut
        pa.field("component", pa.string(), nullable=False),
        pa.field("lang", pa.string(), nullable=False),
    ]
)


def packed_schema(dtype: type[np.unsignedinteger], context: int) -> pa.Schema:
    """Return the schema of packed sequences: fixed-size ids, borders, provenance."""
    ids = pa.list_(pa.field("item", pa.from_numpy_dtype(dtype), nullable=False), context)
    return make_schema(
        "packed/1",
        [
            pa.field("input_ids", ids, nullable=False),
            pa.field("cu_seqlens", pa.list_(pa.int32()), nullable=False),
            pa.field("n_padding", pa.int32(), nullable=False),
            pa.field("docs", pa.list_(DOCS), nullable=False),
        ],
    )


class _Item(msgspec.Struct, frozen=True):
    """One window of a drawn document."""

    component: str
    index: int  # into the inventory
    from_token: int
    length: int  # positions, the end-of-text token included


def mix(
    stage: Stage,
    section: Rehearsal,
    tokens: Mapping[str, Dataset],
    tokenizer: Tokenizer,
    out: Path,
    execution: Execution,
) -> Manifest:
    """Make the sequences of one stage.

    Args:
        stage: the stage.
        section: seed and size of shards.
        tokens: tokens datasets by component.
        tokenizer: the tokenizer that they were made with.
        out: the dataset's directory.
        execution: where and how fast.

    Raises:
        RecipeError: if the plan cannot be met.
        OutputError: if `out` holds something else.
    """
    eot = tokenizer.eot_id
    commit = Commit.begin(
        out,
        stage=f"rehearsal-{stage.name}",
        kind="packed/1",
        section={"stage": stage, "seed": section.seed, "shard_tokens": section.shard_tokens},
        inputs=[dataset.manifest for _, dataset in sorted(tokens.items())],
        replace=execution.replace,
    )
    if commit.finished is not None:
        return commit.finished
    inventories = {name: Inventory.of(name, dataset) for name, dataset in tokens.items()}
    planned = plan(stage, inventories)
    planned.check()
    drawn = [
        (cell, draw(stage, cell, inventories[cell.component], section.seed))
        for cell in planned.cells
    ]
    items = [
        item
        for cell, indexes in drawn
        for item in _items(stage, inventories[cell.component], cell.component, indexes)
    ]
    packing = pack([item.length for item in items], stage.context)
    order = rng("sequences", section.seed, stage.name).permutation(packing.n_bins)
    writer = _Sequences(stage, inventories, tokenizer, eot)
    shards = writer.write(items, packing, order, section.shard_tokens, commit.work, execution)
    report = _report(items, inventories)
    facts = _facts(planned, items, packing, inventories, stage)
    schema = packed_schema(tokenizer.dtype, stage.context)
    return commit.finish(schema, shards, report, facts)


def _items(stage: Stage, inventory: Inventory, component: str, indexes: Int) -> list[_Item]:
    items: list[_Item] = []
    room = stage.context - 1
    for index in indexes.tolist():
        n = int(inventory.n_tokens[index])
        items += [
            _Item(component, index, start, min(room, n - start) + 1) for start in range(0, n, room)
        ]
    return items


class _Sequences:
    """Fills sequences from the memory-mapped token ids."""

    def __init__(
        self, stage: Stage, inventories: Mapping[str, Inventory], tokenizer: Tokenizer, eot: int
    ) -> None:
        self._context, self._eot, self._dtype = stage.context, eot, tokenizer.dtype
        self._inventories = inventories
        self._ids = {name: _Ids(inventory.dataset) for name, inventory in inventories.items()}

    def write(
        self,
        items: Sequence[_Item],
        packing: Packing,
        order: Int,
        shard_tokens: int,
        directory: Path,
        execution: Execution,
    ) -> list[Shard]:
        """Write the sequences in `order`, in shards of about `shard_tokens`."""
        members = np.lexsort([packing.starts, packing.bins])
        borders = np.searchsorted(packing.bins[members], np.arange(packing.n_bins + 1))
        per_shard = max(1, shard_tokens // self._context)
        n_shards = max(1, -(-packing.n_bins // per_shard))
        per_batch = max(1, (1 << 20) // self._context)
        schema = packed_schema(self._dtype, self._context)
        shards = []
        with execution.progress.phase("pack", packing.n_bins, "sequences") as phase:
            for number in range(n_shards):
                name = f"data/{part_name(number, n_shards)}"
                shard = ShardWriter(directory, name, schema, rows_per_batch=per_batch)
                mine = order[number * per_shard : (number + 1) * per_shard]
                n_used = 0
                for start in range(0, len(mine), per_batch):
                    bins = mine[start : start + per_batch]
                    inside = [members[borders[b] : borders[b + 1]] for b in bins]
                    shard.write(self._batch([[items[i] for i in m] for m in inside], schema))
                    n_used += int(packing.used[bins].sum())
                    phase.advance(len(bins))
                shards.append(msgspec.structs.replace(shard.close(), tokens=n_used))
        return shards

    def _batch(self, sequences: Sequence[Sequence[_Item]], schema: pa.Schema) -> pa.RecordBatch:
        ids = np.full((len(sequences), self._context), self._eot, dtype=self._dtype)
        borders, padding, docs = [], [], []
        for row, sequence in zip(ids, sequences):
            at, ends, rows = 0, [0], []
            for item in sequence:
                n = item.length - 1
                row[at : at + n] = self._ids[item.component].window(item.index, item.from_token, n)
                inventory = self._inventories[item.component]
                rows.append(
                    {
                        "source_id": inventory.ids[item.index],
                        "start": at,
                        "end": at + item.length,
                        "from_token": item.from_token,
                        "component": item.component,
                        "lang": inventory.lang[item.index],
                    }
                )
                at += item.length
                ends.append(at)
            if at < self._context:
                ends.append(self._context)
            borders.append(ends)
            padding.append(self._context - at)
            docs.append(rows)
        flat = pa.array(ids.reshape(-1))
        return pa.RecordBatch.from_arrays(
            [
                pa.FixedSizeListArray.from_arrays(flat, type=schema.field("input_ids").type),
                pa.array(borders, pa.list_(pa.int32())),
                pa.array(padding, pa.int32()),
                pa.array(docs, pa.list_(DOCS)),
            ],
            schema=schema,
        )


class _Ids:
    """Token ids of a dataset by row, over the memory map."""

    def __init__(self, dataset: Dataset) -> None:
        self._chunks, self._first = [], []
        first = 0
        for path in dataset.paths():
            for chunk in read_table(path, ["ids"])["ids"].chunks:
                self._first.append(first)
                self._chunks.append((chunk.offsets.to_numpy(), chunk.values.to_numpy()))
                first += len(chunk)

    def window(self, index: int, start: int, n: int) -> npt.NDArray[np.uint32]:
        """Return `n` ids of a row from `start` on."""
        number = int(np.searchsorted(self._first, index, side="right")) - 1
        offsets, values = self._chunks[number]
        begin = int(offsets[index - self._first[number]]) + start
        ids: npt.NDArray[np.uint32] = values[begin : begin + n]
        return ids


def _report(items: Sequence[_Item], inventories: Mapping[str, Inventory]) -> Report:
    """Every drawn window is made and kept; the source is the component's."""
    report = Report()
    for item in items:
        inventory = inventories[item.component]
        source, lang = (
            f"{item.component}/{inventory.source[item.index]}",
            inventory.lang[item.index],
        )
        report.made(source, str(lang))
        report.kept(source, str(lang))
    return report


def _facts(
    planned: Plan,
    items: Sequence[_Item],
    packing: Packing,
    inventories: Mapping[str, Inventory],
    stage: Stage,
) -> dict[str, object]:
    """Gather the numbers of the report page: plan against drawn, packing, repeats, lengths."""
    got: dict[tuple[str, str, int], int] = {}
    per_document: dict[tuple[str, int], int] = {}
    buckets = sorted(bucket.at_least for bucket in stage.buckets)
    for item in items:
        inventory = inventories[item.component]
        n = int(inventory.n_tokens[item.index])
        bucket = 0
        if item.component == "long" and buckets:
            bucket = max((b for b in buckets if b <= n), default=0)
        key = item.component, str(inventory.lang[item.index]), bucket
        got[key] = got.get(key, 0) + item.length
        if item.from_token == 0:
            document = item.component, item.index
            per_document[document] = per_document.get(document, 0) + 1
    repeats: dict[str, dict[str, float]] = {}
    for (component, index), n in per_document.items():
        source = f"{component}/{inventories[component].source[index]}"
        counts = repeats.setdefault(source, {"documents": 0, "draws": 0, "most": 0})
        counts["documents"] += 1
        counts["draws"] += n
        counts["most"] = max(counts["most"], n)
    positions = packing.n_bins * stage.context
    lengths = np.array([item.length for item in items], np.int64)
    edges = [1 << k for k in range(4, 20)]
    return {
        "context": stage.context,
        "planned_tokens": planned.tokens,
        "cells": [
            {
                "component": cell.component,
                "lang": cell.lang,
                "bucket": cell.bucket,
                "planned": cell.target,
                "drawn": got.get((cell.component, cell.lang, cell.bucket), 0),
                "available": cell.available,
                "documents": cell.documents,
                "repeats": round(cell.repeats, 4),
            }
            for cell in planned.cells
        ],
        "left_out": planned.left_out,
        "sequences": packing.n_bins,
        "positions": positions,
        "used": int(packing.used.sum()),
        "efficiency": round(float(packing.used.sum()) / positions, 6) if positions else 1.0,
        "repeats": {source: repeats[source] for source in sorted(repeats)},
        "lengths": {
            "edges": edges,
            "counts": np.histogram(lengths, edges)[0].tolist(),
        },
    }
