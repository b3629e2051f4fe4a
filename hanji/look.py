"""Look into datasets and shards: schema, counts, a page of documents, one document by its id.

A document is found by a scan of the id columns alone, memory-mapped: no index is kept. Texts are
shown cut; `Found` keeps the whole row.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hanji.errors import RecipeError
from hanji.manifest import Dataset
from hanji.schema import Lang, kind_of
from hanji.shards import read_batches, read_table

__all__ = ["Found", "Summary", "differences", "find", "page", "summary"]

SPLITS = ("data", "rejected", "quarantine")
ID_CHARS = 32
# Words, and single signs; Han and kana, which stand without blanks, one by one.
_WORDS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+|\W")


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What a directory or a shard holds."""

    path: str
    kind: str
    stage: str
    fingerprint: str
    columns: dict[str, str]
    rows: dict[str, dict[str, int]]  # by split and language
    reasons: dict[str, dict[str, int]]  # dropped by step and reason
    failed: dict[str, int]
    bytes: int


class Found(msgspec.Struct, frozen=True):
    """One row with the place it was found at; for a duplicate, against the document that stays.

    `differences` are pieces of both texts in order: (" ", in both), ("-", only in this one),
    ("+", only in the one that stays).
    """

    split: str
    path: str
    row: int
    values: dict[str, object]
    differences: tuple[tuple[str, str], ...] = ()


def summary(path: Path) -> Summary:
    """Describe a dataset's directory, or one shard.

    Raises:
        RecipeError: if a directory is no dataset.
        InputError: if a file is no shard.
    """
    if path.is_file():
        table = read_table(path)
        rows: dict[str, dict[str, int]] = {"data": {}}
        for lang, n in _counts(table).items():
            rows["data"][lang] = n
        return Summary(
            path=str(path),
            kind=kind_of(table.schema),
            stage="",
            fingerprint="",
            columns={field.name: str(field.type) for field in table.schema},
            rows=rows,
            reasons={},
            failed={},
            bytes=path.stat().st_size,
        )
    manifest = Dataset.open(path).manifest
    total = manifest.report.total()
    by_split: dict[str, dict[str, int]] = {}
    for shard in manifest.shards:
        langs = by_split.setdefault(shard.split, {})
        langs[shard.lang] = langs.get(shard.lang, 0) + shard.rows
    return Summary(
        path=str(path),
        kind=manifest.kind,
        stage=manifest.stage,
        fingerprint=manifest.fingerprint,
        columns=manifest.columns,
        rows=by_split,
        reasons=total.dropped,
        failed=total.failed,
        bytes=sum(shard.bytes for shard in manifest.shards),
    )


def _counts(table: pa.Table) -> dict[str, int]:
    if "lang" not in table.schema.names:
        return {"": table.num_rows}
    counts = pc.value_counts(table["lang"].combine_chunks()).to_pylist()
    return {str(item["values"]): int(item["counts"]) for item in counts}


def _files(path: Path, split: str | None, lang: Lang | None) -> Iterator[tuple[str, Path]]:
    if path.is_file():
        yield "data", path
        return
    dataset = Dataset.open(path)
    for name in [split] if split else SPLITS:
        for shard in dataset.shards(name):
            if lang is None or shard.lang in ("", lang):
                yield name, dataset.directory / shard.path


def find(path: Path, row_id: str) -> list[Found]:
    """Find the rows with an id (or the beginning of one) in all splits.

    A rejected duplicate comes with its differences from the document that was kept.

    Raises:
        RecipeError: if there is none.
    """
    found = [_against_kept(path, hit) for hit in _hits(path, row_id)]
    if not found:
        raise RecipeError(f"{path}: holds no row with id '{row_id}'; give an id or its beginning")
    return found


def _hits(path: Path, row_id: str) -> Iterator[Found]:
    whole = len(row_id) == ID_CHARS
    wanted = _scalar(row_id)
    for split, file in _files(path, None, None):
        start = 0
        for batch in read_batches(file):
            if "id" in batch.schema.names:
                ids = batch["id"]
                same = pc.equal(ids, wanted) if whole else pc.starts_with(ids, row_id)
                if pc.any(same).as_py():
                    for i in pc.indices_nonzero(same).to_pylist():
                        row = batch.slice(i, 1).to_pylist()[0]
                        yield Found(split, str(file), start + i, row)
            start += batch.num_rows


def _scalar(text: str) -> pa.Scalar:
    """Return an Arrow string; made of a Python one it would import pandas, half a second."""
    data = text.encode()
    ends = np.array([0, len(data)], np.int32)
    return pa.StringArray.from_buffers(1, pa.py_buffer(ends), pa.py_buffer(data))[0]


def _against_kept(path: Path, hit: Found) -> Found:
    kept_id = hit.values.get("kept_id")
    if not kept_id:
        return hit
    sample = str(hit.values.get("sample", ""))
    for kept in _hits(path, str(kept_id)):
        if kept.split == "data":
            # Of the rejected text only its beginning was kept.
            text = str(kept.values.get("text", ""))[: len(sample)]
            return msgspec.structs.replace(hit, differences=tuple(differences(sample, text)))
    return hit


def differences(first: str, second: str) -> Iterator[tuple[str, str]]:
    """Compare two texts word by word, and character by character where words are not spaced.

    >>> list(differences("a red hat", "a blue hat"))
    [(' ', 'a '), ('-', 'red'), ('+', 'blue'), (' ', ' hat')]
    """
    left, right = _WORDS.findall(first), _WORDS.findall(second)
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            yield " ", "".join(left[a:b])
            continue
        if b > a:
            yield "-", "".join(left[a:b])
        if d > c:
            yield "+", "".join(right[c:d])


def page(
    path: Path,
    *,
    split: str = "data",
    lang: Lang | None = None,
    reason: str | None = None,
    columns: Sequence[str] = (),
    skip: int = 0,
    n: int = 10,
) -> list[dict[str, object]]:
    """Return `n` rows of a split after `skip`, of one language and one reason if given."""
    rows: list[dict[str, object]] = []
    for _, file in _files(path, split, lang):
        for batch in read_batches(file):
            chosen = batch
            for name, value in (("lang", lang), ("reason", reason)):
                if value is not None and name in batch.schema.names:
                    chosen = chosen.filter(pc.equal(chosen[name], value))
            passed = min(skip, chosen.num_rows)
            skip -= passed
            chosen = chosen.slice(passed, n - len(rows))
            have = [name for name in columns if name in chosen.schema.names]
            rows += (chosen.select(have) if columns else chosen).to_pylist()
            if len(rows) >= n:
                return rows
    return rows
