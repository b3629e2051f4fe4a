"""Evaluation sets: items from JSONL, Parquet, Arrow or a dataset of ours, or hashes alone.

A list of hashes says nothing of the items' texts, so a private set can be given to others.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from hanji.contamination.settings import EvaluationSet
from hanji.contamination.units import is_wide, runs, units_of
from hanji.errors import InputError, RecipeError
from hanji.manifest import Dataset, write_atomically
from hanji.places import place
from hanji.seeds import stable_hex
from hanji.shards import read_batches

__all__ = ["CHARS", "WORDS", "Item", "digest_of", "items_of", "write_hashes"]

WORDS = 13  # Brown and others 2020 (GPT-3), appendix C
CHARS = 50  # EXAONE 3.5 (arXiv 2412.04862)
SHORT_WORDS, SHORT_CHARS = 8, 20  # an item of fewer units cannot be told from ordinary text
MANY_WIDE = 0.3  # share of Hangul, Kana and Han from which characters are compared
FORMAT = "hanji.hashes/1"


class Item(msgspec.Struct, frozen=True):
    """Hashes of an item: of all runs of a window's length, or of the whole of a short one."""

    id: str
    by_chars: bool
    n_units: int
    keys: tuple[int, ...]  # runs in their order; of a short item one, of its first units
    whole: int = 0  # of a short item


def window(by_chars: bool) -> tuple[int, int]:
    """Return (units of a window, least units of a short item)."""
    return (CHARS, SHORT_CHARS) if by_chars else (WORDS, SHORT_WORDS)


def _item(id_: str, text: str) -> Item:
    data = text.encode("utf-8", "replace")
    by_chars = is_wide(data) >= MANY_WIDE
    units = units_of(data, by_chars)
    long, short = window(by_chars)
    if units.n >= long:
        return Item(id_, by_chars, units.n, tuple(runs(units, long).tolist()))
    if units.n < short:
        return Item(id_, by_chars, units.n, ())
    (first,) = runs(units, short)[:1].tolist()
    (whole,) = runs(units, units.n).tolist()
    return Item(id_, by_chars, units.n, (first,), whole)


def items_of(one: EvaluationSet, base: Path = Path()) -> list[Item]:
    """Read and hash the items of a set.

    Raises:
        RecipeError: if its file does not exist or is of no known kind.
        InputError: if the file is damaged, or lacks a key.
    """
    path = place(one.path, base)
    if not path.exists():
        raise RecipeError(f"evaluation set '{one.name}': {path} does not exist; check the path")
    if path.name.endswith(".hashes"):
        return _hashed(one, path)
    items = []
    for number, row in enumerate(_rows(one, path)):
        missing = [key for key in one.keys if not isinstance(row.get(key), str)]
        if missing:
            raise InputError(
                f"{path}, item {number}: has no text '{missing[0]}'; set `keys` of the evaluation "
                f"set '{one.name}' (it has {', '.join(sorted(row))})"
            )
        text = "\n".join(str(row[key]) for key in one.keys)
        items.append(_item(str(row.get(one.id_key, number)), text))
    return items


def _rows(one: EvaluationSet, path: Path) -> Iterator[dict[str, object]]:
    columns = (*one.keys, one.id_key)
    if path.is_dir():
        for batch in Dataset.open(path).batches():
            yield from batch.select([c for c in columns if c in batch.schema.names]).to_pylist()
    elif path.suffix == ".arrow":
        for batch in read_batches(path):
            yield from batch.select([c for c in columns if c in batch.schema.names]).to_pylist()
    elif path.suffix == ".parquet":
        try:
            yield from pq.read_table(io.BytesIO(path.read_bytes())).to_pylist()
        except (pa.ArrowInvalid, OSError) as error:
            raise InputError(f"{path}: is no readable Parquet file ({error})") from None
    elif ".jsonl" in path.name or ".ndjson" in path.name:
        yield from _lines(path)
    else:
        raise RecipeError(
            f"evaluation set '{one.name}': {path.name} is of no known kind; give .jsonl, .parquet, "
            ".arrow, .hashes or a dataset's directory"
        )


def _lines(path: Path) -> Iterator[dict[str, object]]:
    data = path.read_bytes()
    try:
        if path.suffix == ".gz":
            data = gzip.decompress(data)
        elif path.suffix == ".zst":
            data = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data)).read()
    except (OSError, EOFError, zstandard.ZstdError) as error:
        raise InputError(f"{path}: cannot be unpacked ({error})") from None
    for number, line in enumerate(data.splitlines()):
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise InputError(f"{path}, line {number + 1}: is no JSON ({error})") from None
        if not isinstance(row, dict):
            raise InputError(f"{path}, line {number + 1}: is no object")
        yield row


def _hashed(one: EvaluationSet, path: Path) -> list[Item]:
    head, *rows = path.read_bytes().splitlines() or [b""]
    try:
        if orjson.loads(head) != {"format": FORMAT, "words": WORDS, "chars": CHARS}:
            raise InputError(f"{path}: was made with other windows; make it again")
        return [msgspec.json.decode(row, type=Item) for row in rows]
    except (orjson.JSONDecodeError, msgspec.DecodeError) as error:
        raise InputError(f"{path}: is no list of hashes ({error})") from None


def write_hashes(one: EvaluationSet, path: Path, base: Path = Path()) -> int:
    """Write a set as a list of hashes (`path` ends in .hashes); return the number of items.

    Items are numbered, so that neither their texts nor their names are told.
    """
    lines = [orjson.dumps({"format": FORMAT, "words": WORDS, "chars": CHARS})]
    items = items_of(one, base)
    for number, item in enumerate(items):
        lines.append(msgspec.json.encode(msgspec.structs.replace(item, id=str(number))))
    write_atomically(path, b"\n".join(lines) + b"\n")
    return len(items)


@cache
def digest_of(one: EvaluationSet, base: Path = Path()) -> str:
    """Name a set by its settings and the hashes of its items."""
    parts = [msgspec.json.encode(item) for item in items_of(one, base)]
    return stable_hex(one.name, *one.keys, *parts)
