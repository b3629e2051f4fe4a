"""Mix one stage: plan, draw, pack, write sequences of exactly the context length.

A sequence holds whole documents, each followed by the tokenizer's end-of-text token, and padding
(that same token) only at its end. Beside the ids stand `cu_seqlens`, the borders of the documents
(the padding is a last segment of its own), and where each document came from. Position ids restart
at each border; the loss is taken on everything but the padding, which `n_padding` counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hanji.execution import Execution
from hanji.manifest import Commit, Dataset, Manifest
from hanji.schema import make_schema
from hanji.seeds import rng
from hanji.shards import Shard, ShardWriter, part_name
from hanji.tokens import Tokenizer
from rehearsal.account import account, facts_of, samples_of
from rehearsal.draw import draw
from rehearsal.items import Items, column, groups, windows
from rehearsal.move import Ids, Rows, move
from rehearsal.pack import Packing, pack_grouped
from rehearsal.plan import Inventory, plan
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
        (cell.component, draw(stage, cell, inventories[cell.component], section.seed))
        for cell in planned.cells
    ]
    items = windows(stage, inventories, drawn)
    packing = pack_grouped(items.length, groups(stage, items, inventories), stage.context)
    order = rng("sequences", section.seed, stage.name).permutation(packing.n_bins)
    writer = _Sequences(stage, inventories, tokenizer, eot)
    shards = writer.write(items, packing, order, section.shard_tokens, commit.work, execution)
    report = account(items, inventories)
    facts = facts_of(planned, items, packing, inventories, stage)
    facts["samples"] = samples_of(items, inventories, writer.rows, tokenizer)
    schema = packed_schema(tokenizer.dtype, stage.context)
    return commit.finish(schema, shards, report, facts)


class _Sequences:
    """Fills sequences from the memory-mapped token ids."""

    def __init__(
        self, stage: Stage, inventories: Mapping[str, Inventory], tokenizer: Tokenizer, eot: int
    ) -> None:
        self._context, self._eot, self._dtype = stage.context, eot, tokenizer.dtype
        self._inventories = inventories
        self.rows = {name: Rows(inventory.dataset) for name, inventory in inventories.items()}

    def write(
        self,
        items: Items,
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
                for start in range(0, len(mine), per_batch):
                    bins = mine[start : start + per_batch]
                    inside = [members[borders[b] : borders[b + 1]] for b in bins]
                    shard.write(self._batch(items, packing, inside, schema))
                    phase.advance(len(bins))
                n_used = int(packing.used[mine].sum())
                shards.append(msgspec.structs.replace(shard.close(), tokens=n_used))
        return shards

    def _batch(
        self, items: Items, packing: Packing, inside: Sequence[Int], schema: pa.Schema
    ) -> pa.RecordBatch:
        """Make the sequences whose windows are `inside`, in the order of their places."""
        at = np.concatenate([np.empty(0, np.int64), *inside])
        counts = np.array([len(each) for each in inside], np.int64)
        sequence = np.repeat(np.arange(len(inside)), counts)
        start, length = packing.starts[at], items.length[at]
        flat = np.full(len(inside) * self._context, self._eot, self._dtype)
        self._fill(flat, items, at, sequence * self._context + start)
        used = packing.used[packing.bins[at[np.cumsum(counts) - 1]]] if len(at) else counts
        ends = [0, *np.cumsum(counts).tolist()]
        stop = start + length
        borders = [
            [0, *stop[a:b].tolist(), *([self._context] if used[i] < self._context else [])]
            for i, (a, b) in enumerate(pairwise(ends))
        ]
        docs = pa.StructArray.from_arrays(
            [
                pa.array(column(items, self._inventories, "ids", at), pa.string()),
                pa.array(start, pa.int32()),
                pa.array(stop, pa.int32()),
                pa.array(items.from_token[at], pa.int64()),
                pa.array([items.names[number] for number in items.component[at]], pa.string()),
                pa.array(column(items, self._inventories, "lang", at), pa.string()),
            ],
            fields=list(DOCS),
        )
        ids = pa.FixedSizeListArray.from_arrays(pa.array(flat), type=schema.field("input_ids").type)
        return pa.RecordBatch.from_arrays(
            [
                ids,
                pa.array(borders, pa.list_(pa.int32())),
                pa.array(self._context - used, pa.int32()),
                pa.ListArray.from_arrays(pa.array(ends, pa.int32()), docs),
            ],
            schema=schema,
        )

    def _fill(self, out: Ids, items: Items, at: Int, place: Int) -> None:
        """Copy the windows from each file that they lie in."""
        n = items.length[at] - 1
        for number, name in enumerate(items.names):
            rows = self.rows[name]
            mine = np.flatnonzero(items.component[at] == number)
            index = items.index[at[mine]]
            begin = rows.begin[index] + items.from_token[at[mine]]
            for file in np.unique(rows.file[index]):
                here = rows.file[index] == file
                chosen = mine[here]
                move(out, place[chosen], rows.files[file], begin[here], n[chosen], self._eot)
