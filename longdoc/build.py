"""Build the long-document dataset: natural documents, whole, in buckets of token counts.

A document that is longer than the window is cut only at natural borders, the largest that serve:
headings first, then blank lines, then line ends, then sentences. The parts keep their order, their
count and the id of their parent; joined they are the document to the byte. Nothing is truncated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import msgspec
import pyarrow as pa

from hanji.errors import RecipeError
from hanji.execution import Execution
from hanji.manifest import Commit, Dataset, Manifest
from hanji.report import Report
from hanji.schema import DOCUMENT, Document, make_schema, to_batch
from hanji.seeds import stable_hex
from hanji.shards import ShardSet
from hanji.text.sentences import sentences
from hanji.tokens import Tokenizer
from longdoc.section import Build

__all__ = ["LONG", "Part", "build", "parts_of"]

LONG: pa.Schema = make_schema(
    "long/1",
    [
        pa.field("n_tokens", pa.int64(), nullable=False),
        pa.field("bucket", pa.string(), nullable=False),
        pa.field("origin", pa.string(), nullable=False),  # natural or composed
        pa.field("parent_id", pa.string(), nullable=False),
        pa.field("part", pa.int32(), nullable=False),
        pa.field("parts", pa.int32(), nullable=False),
        pa.field("quality", pa.float32(), nullable=False),
    ],
    DOCUMENT,
)

# Borders from the largest to the smallest; a cut falls before the match.
_BORDERS = (
    re.compile(
        r"^(?:# |PART |Part |Teil |Parte |Phần |제\s?\d+\s?(?:부|편)"
        r"|第[一二三四五六七八九十\d]+[部編])",
        re.M,
    ),
    re.compile(
        r"^(?:##? |CHAPTER |Chapter |Kapitel |Capítulo |CAPÍTULO |Chương |제\s?\d+\s?장"
        r"|第[一二三四五六七八九十\d]+章)",
        re.M,
    ),
    re.compile(r"^#{3,6} ", re.M),
    re.compile(r"(?<=\n\n)(?=\S)"),
    re.compile(r"(?<=\n)(?=\S)"),
)


class Part(msgspec.Struct, frozen=True):
    """Characters start to end of a document, and how many tokens they are on their own."""

    start: int
    end: int
    n_tokens: int


def bucket_name(n_tokens: int, buckets: tuple[int, ...]) -> str:
    """Name the bucket of a token count, or return an empty string.

    >>> bucket_name(20_000, (8192, 16384, 32768)), bucket_name(10, (8192,))
    ('16384-32768', '')
    """
    for low, high in zip(buckets, [*buckets[1:], None], strict=True):
        if n_tokens >= low and (high is None or n_tokens < high):
            return f"{low}-{high or ''}"
    return ""


def parts_of(text: str, lang: str, window: int, tokenizer: Tokenizer) -> list[Part]:
    """Cut a text into parts of at most `window` tokens, at natural borders.

    Returns:
        Parts that cover the text in order; one if it fits.

    Raises:
        RecipeError: if one sentence alone is longer than the window.
    """
    n = int(tokenizer.counts([text])[0])
    if n <= window:
        return [Part(0, len(text), n)]
    pieces = _pieces(text, 0, len(text), lang, window, tokenizer, 0)
    return list(_joined(text, pieces, window, tokenizer))


def _pieces(
    text: str, start: int, end: int, lang: str, window: int, tokenizer: Tokenizer, level: int
) -> list[Part]:
    """Cut text[start:end] by borders of `level` and below, until each piece fits."""
    n = int(tokenizer.counts([text[start:end]])[0])
    if n <= window:
        return [Part(start, end, n)]
    if level > len(_BORDERS):
        raise RecipeError(
            f"a sentence of {n:,} tokens is longer than the window of {window:,}; "
            "raise longdoc.build.window"
        )
    if level == len(_BORDERS):
        cuts = [start + a for a, _ in sentences(text[start:end], lang)][1:]
    else:
        cuts = [start + m.start() for m in _BORDERS[level].finditer(text[start:end]) if m.start()]
    borders = [start, *cuts, end]
    return [
        piece
        for a, b in pairwise(borders)
        for piece in _pieces(text, a, b, lang, window, tokenizer, level + 1)
    ]


def _joined(text: str, pieces: list[Part], window: int, tokenizer: Tokenizer) -> Iterator[Part]:
    """Join neighbours while they fit, so that there are few parts and they are large."""
    first = 0
    while first < len(pieces):
        last, n = first + 1, pieces[first].n_tokens
        while last < len(pieces) and n + pieces[last].n_tokens <= window:
            n += pieces[last].n_tokens
            last += 1
        joined = _counted(text, pieces[first].start, pieces[last - 1].end, tokenizer)
        # Tokens at the seams may fall another way: pieces apart are not always as many together.
        while joined.n_tokens > window and last - first > 1:
            last -= 1
            joined = _counted(text, pieces[first].start, pieces[last - 1].end, tokenizer)
        yield joined
        first = last


def _counted(text: str, start: int, end: int, tokenizer: Tokenizer) -> Part:
    return Part(start, end, int(tokenizer.counts([text[start:end]])[0]))


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
    report = Report()
    shards = ShardSet(commit.work, LONG, rows_per_batch=20)
    histogram: dict[str, dict[str, int]] = {}
    cut = 0
    with execution.progress.phase("longdoc", dataset.rows, "documents") as phase:
        for document, quality in _documents(dataset):
            report.read(document.source, document.lang)
            kept = 0
            if dataset.is_heldout(document.id):
                report.drop(document.source, document.lang, "held_out", "held_out")
            elif len(document.text.encode()) < section.buckets[0]:
                # A token has at least one byte: what has fewer bytes has fewer tokens.
                report.drop(document.source, document.lang, "length", "too_short")
            else:
                kept = _keep(document, quality, section, tokenizer, report, shards, histogram)
                cut += kept > 1
            phase.advance(1, kept)
    facts = {"buckets": histogram, "cut": cut, "truncated": 0, "tokenizer": tokenizer.digest}
    return commit.finish(LONG, shards.close(), report, facts)


def _documents(dataset: Dataset) -> Iterator[tuple[Document, float]]:
    names = [*Document.__struct_fields__, "quality"]
    for batch in dataset.batches():
        have = batch.select([name for name in names if name in batch.schema.names])
        for row in have.to_pylist():
            quality = row.pop("quality", 1.0)
            yield Document(**row), quality


def _keep(
    document: Document,
    quality: float,
    section: Build,
    tokenizer: Tokenizer,
    report: Report,
    shards: ShardSet,
    histogram: dict[str, dict[str, int]],
) -> int:
    """Write a document's parts; return how many there are, 0 if it is too short."""
    found = parts_of(document.text, document.lang, section.window, tokenizer)
    if len(found) == 1 and found[0].n_tokens < section.buckets[0]:
        report.drop(document.source, document.lang, "length", "too_short")
        return 0
    report.made(document.source, document.lang, len(found) - 1)
    report.kept(document.source, document.lang, len(found))
    for number, part in enumerate(found):
        # The last part of a long document may be short; it is kept, so that no byte is lost.
        bucket = bucket_name(part.n_tokens, section.buckets) or f"0-{section.buckets[0]}"
        counts = histogram.setdefault(document.lang, {})
        counts[bucket] = counts.get(bucket, 0) + 1
        whole = len(found) == 1
        row = msgspec.structs.replace(
            document,
            id=document.id if whole else stable_hex("part", document.id, number),
            text=document.text[part.start : part.end],
        )
        columns = {
            "n_tokens": [part.n_tokens],
            "bucket": [bucket],
            "origin": ["natural"],
            "parent_id": [document.id],
            "part": [number],
            "parts": [len(found)],
            "quality": [quality],
        }
        shards.write(document.lang, to_batch([row], LONG, columns))
    return len(found)
