"""Build the long-document dataset: natural documents, whole, in buckets of token counts.

A document that is longer than the window is cut only at natural borders; the parts keep their
order, their count and the id of their parent; joined they are the document to the byte. Nothing is
truncated. Where natural documents are few, short ones may be composed (`longdoc.compose`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hanji.errors import RecipeError
from hanji.execution import Execution
from hanji.manifest import Commit, Dataset, Manifest
from hanji.schema import Document
from hanji.tokens import Tokenizer
from longdoc.section import Build
from longdoc.writer import LONG, Row, Writer

__all__ = ["build"]

GROUP_CHARS = 4 << 20  # counted together


def build(
    section: Build, curated: Path, tokenizer_path: Path, out: Path, execution: Execution
) -> Manifest:
    """Build the long documents of a curated dataset.

    Args:
        section: buckets and window.
        curated: a dataset of document/1; its held-out documents are left to the probes.
        tokenizer_path: a tokenizer.json or its directory.
        out: the dataset's directory.
        execution: where and how fast.

    Raises:
        RecipeError: if buckets do not rise, or an input is missing.
        OutputError: if `out` holds something else.
    """
    if list(section.buckets) != sorted(set(section.buckets)) or not section.buckets:
        raise RecipeError(f"longdoc.build.buckets: {section.buckets} do not rise; sort them")
    dataset = Dataset.open(curated, "document/1")
    tokenizer = Tokenizer.load(tokenizer_path)
    commit = Commit.begin(
        out,
        stage="longdoc",
        kind="long/1",
        section=section,
        inputs=[dataset.manifest, tokenizer.digest],
        replace=execution.replace,
    )
    if commit.finished is not None:
        return commit.finished
    writer = Writer(section, dataset, tokenizer, commit.work)
    with execution.progress.phase("longdoc", dataset.rows, "documents") as phase:
        for group in _groups(dataset):
            phase.advance(len(group), writer.natural(group))
    writer.composed(execution)
    facts = {**writer.facts(), "truncated": 0, "tokenizer": tokenizer.digest}
    return commit.finish(LONG, writer.close(), writer.report, facts)


def _groups(dataset: Dataset) -> Iterator[list[Row]]:
    """Yield documents with their quality, about `GROUP_CHARS` characters at a time."""
    names = [*Document.__struct_fields__, "quality"]
    group: list[Row] = []
    n_chars = 0
    for batch in dataset.batches():
        have = batch.select([name for name in names if name in batch.schema.names])
        for at, row in enumerate(have.to_pylist()):
            quality = row.pop("quality", 1.0)
            group.append((Document(**row), quality, batch, at))
            n_chars += len(row["text"])
            if n_chars >= GROUP_CHARS:
                yield group
                group, n_chars = [], 0
    if group:
        yield group
