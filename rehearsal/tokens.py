"""Tokenise every document once: ids beside the counts, cached as datasets of their own.

The three components of a mix are read from their stages' directories and written below `tokens/` as
`tokens/1`: id, language, source, quality and token ids. All stages of a recipe draw from them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa

from hanji.errors import RecipeError
from hanji.execution import Execution
from hanji.manifest import Commit, Dataset, Manifest
from hanji.report import Report
from hanji.schema import make_schema
from hanji.shards import ShardSet
from hanji.tokens import Tokenizer

__all__ = ["COMPONENTS", "TOKENS", "Component", "tokenise"]

BATCH_CHARS = 4 << 20


class Component(msgspec.Struct, frozen=True):
    """Where a component of the mix comes from."""

    name: str
    directory: str
    kind: str
    skip_heldout: bool


COMPONENTS = (
    Component("rehearsal", "curate", "document/1", True),
    Component("reasoning", "reasoning", "thought/1", False),
    Component("long", "longdoc", "long/1", False),
)

TOKENS: pa.Schema = make_schema(
    "tokens/1",
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("lang", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("quality", pa.float32(), nullable=False),
        pa.field("n_tokens", pa.int64(), nullable=False),
        pa.field("ids", pa.large_list(pa.uint32()), nullable=False),
    ],
)


def tokenise(
    component: Component, root: Path, out: Path, tokenizer: Tokenizer, execution: Execution
) -> Dataset:
    """Tokenise one component of the run below `root` into `out`, or find it done.

    Documents of the held-out split are left out and counted as dropped.

    Raises:
        RecipeError: if the component's stage was not made.
    """
    place = root / component.directory
    if not place.exists():
        raise RecipeError(
            f"{place}: does not exist, so the component '{component.name}' has no source; "
            "make its stage or set its share to 0"
        )
    dataset = Dataset.open(place, component.kind)
    commit = Commit.begin(
        out,
        stage=f"tokens-{component.name}",
        kind="tokens/1",
        section={"component": component.name},
        inputs=[dataset.manifest, tokenizer.digest],
        replace=True,  # a cache: another tokenizer's counts are of no use
    )
    if commit.finished is None:
        _write(component, dataset, tokenizer, commit, execution)
    return Dataset.open(out, "tokens/1")


def _write(
    component: Component,
    dataset: Dataset,
    tokenizer: Tokenizer,
    commit: Commit,
    execution: Execution,
) -> Manifest:
    report = Report()
    shards = ShardSet(commit.work, TOKENS, rows_per_batch=200)
    names = ["id", "text", "lang", "source", "quality"]
    total = dataset.rows
    with execution.progress.phase(f"tokenise {component.name}", total, "documents") as phase:
        for lang in dataset.langs:
            for rows in _pieces(dataset, lang, names):
                ids = tokenizer.encode([str(row["text"]) for row in rows])
                heldout = [
                    component.skip_heldout and dataset.is_heldout(str(r["id"])) for r in rows
                ]
                batch = _batch(component, rows, ids, heldout, report)
                shards.write(lang, batch)
                phase.advance(len(rows), batch.num_rows)
    facts = {"tokenizer": tokenizer.digest}
    return commit.finish(TOKENS, shards.close(), report, facts)


def _pieces(dataset: Dataset, lang: str, names: Sequence[str]) -> Iterator[list[dict[str, object]]]:
    """Yield rows of about `BATCH_CHARS` characters at a time."""
    piece: list[dict[str, object]] = []
    n_chars = 0
    for batch in dataset.batches(lang=lang):
        have = [name for name in names if name in batch.schema.names]
        for row in batch.select(have).to_pylist():
            piece.append(row)
            n_chars += len(row["text"])
            if n_chars >= BATCH_CHARS:
                yield piece
                piece, n_chars = [], 0
    if piece:
        yield piece


def _batch(
    component: Component,
    rows: Sequence[dict[str, object]],
    ids: Sequence[np.ndarray[tuple[int, ...], np.dtype[np.uint32]]],
    heldout: Sequence[bool],
    report: Report,
) -> pa.RecordBatch:
    keep = []
    for i, row in enumerate(rows):
        source, lang = str(row.get("source", component.name)), str(row["lang"])
        report.read(source, lang)
        if heldout[i]:
            report.drop(source, lang, "held_out", "held_out")
        elif len(ids[i]) == 0:
            report.drop(source, lang, "tokens", "no_tokens")
        else:
            report.kept(source, lang)
            keep.append(i)
    lengths = np.array([len(ids[i]) for i in keep], np.int64)
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))
    flat = np.concatenate([ids[i] for i in keep]) if keep else np.empty(0, np.uint32)
    return pa.RecordBatch.from_arrays(
        [
            pa.array([rows[i]["id"] for i in keep], pa.string()),
            pa.array([rows[i]["lang"] for i in keep], pa.string()),
            pa.array([rows[i].get("source", component.name) for i in keep], pa.string()),
            pa.array([rows[i].get("quality", 1.0) for i in keep], pa.float32()),
            pa.array(lengths),
            pa.LargeListArray.from_arrays(offsets, pa.array(flat)),
        ],
        schema=TOKENS,
    )
