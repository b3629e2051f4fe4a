"""Write long documents, natural and composed, and keep the account of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import msgspec
import pyarrow as pa

from hanji.execution import Execution
from hanji.manifest import Dataset
from hanji.report import Report
from hanji.schema import DOCUMENT, Document, make_schema, to_batch
from hanji.seeds import stable_hex
from hanji.shards import Shard, ShardSet
from hanji.tokens import Tokenizer
from longdoc.compose import Composed, Short, Stored, compose, compose_parallel
from longdoc.cut import Part, parts_of
from longdoc.dependency import dependency
from longdoc.section import Build

__all__ = ["LONG", "Row", "Writer", "bucket_name"]

SEED = 1  # of the order in which short documents are looked at
Row = tuple[Document, float, pa.RecordBatch, int]  # with the quality, and where it stands

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
        pa.field("dependency", pa.float32(), nullable=False),  # longdoc.dependency, 0 to 1
        pa.field("members", pa.list_(pa.string()), nullable=False),  # ids, of a composed document
    ],
    DOCUMENT,
)


def bucket_name(n_tokens: int, buckets: tuple[int, ...]) -> str:
    """Name the bucket of a token count, or return an empty string.

    >>> bucket_name(20_000, (8192, 16384, 32768)), bucket_name(10, (8192,))
    ('16384-32768', '')
    """
    for low, high in zip(buckets, [*buckets[1:], None], strict=True):
        if n_tokens >= low and (high is None or n_tokens < high):
            return f"{low}-{high or ''}"
    return ""


class Writer:
    """Writes long documents and keeps the account of them."""

    def __init__(self, section: Build, dataset: Dataset, tokenizer: Tokenizer, work: Path) -> None:
        self._section, self._dataset, self._tokenizer = section, dataset, tokenizer
        self.report = Report()
        self._shards = ShardSet(work, LONG, rows_per_batch=20)
        self._buckets: dict[str, dict[str, int]] = {}
        self._tokens: dict[str, dict[str, int]] = {}
        self._origins: dict[str, dict[str, int]] = {}
        self._sources: dict[str, dict[str, int]] = {}
        self._cut = 0
        self._shorts: dict[str, list[Stored]] = {}

    def natural(self, group: Sequence[Row]) -> int:
        """Write the natural long documents of a group; return how many rows that are."""
        least = self._section.buckets[0]
        counted = [
            # A token has at least one byte: what has fewer bytes has fewer tokens. Those that may
            # be composed are counted all the same.
            not self._dataset.is_heldout(document.id)
            and (self._is_composed_for(document) or len(document.text.encode()) >= least)
            for document, *_ in group
        ]
        chosen = [row for row, wanted in zip(group, counted) if wanted]
        sizes = iter(self._tokenizer.counts([document.text for document, *_ in chosen]).tolist())
        kept = 0
        for (document, quality, batch, at), wanted in zip(group, counted):
            self.report.read(document.source, document.lang)
            n = int(next(sizes)) if wanted else 0
            if self._dataset.is_heldout(document.id):
                self.report.drop(document.source, document.lang, "held_out", "held_out")
            elif n < least:
                self._short(
                    document, Stored(batch, at, n, quality, Short(document, n, quality).key)
                )
            else:
                kept += self._long(document, quality, n)
        return kept

    def _is_composed_for(self, document: Document) -> bool:
        settings = self._section.compose
        return settings is not None and document.lang in settings.langs

    def _short(self, document: Document, stored: Stored) -> None:
        if self._is_composed_for(document) and stored.n_tokens:
            self._shorts.setdefault(document.lang, []).append(stored)
        else:
            self.report.drop(document.source, document.lang, "length", "too_short")

    def _long(self, document: Document, quality: float, n_tokens: int) -> int:
        score = dependency(document.text)
        if score < self._section.min_dependency:
            self.report.drop(document.source, document.lang, "dependency", "low_dependency")
            return 0
        parts = [Part(0, len(document.text), n_tokens)]
        if n_tokens > self._section.window:
            parts = parts_of(document.text, document.lang, self._section.window, self._tokenizer)
            self._cut += 1
        self.report.made(document.source, document.lang, len(parts) - 1)
        self.report.kept(document.source, document.lang, len(parts))
        for number, part in enumerate(parts):
            whole = len(parts) == 1
            row = msgspec.structs.replace(
                document,
                id=document.id if whole else stable_hex("part", document.id, number),
                text=document.text[part.start : part.end],
            )
            self._write(row, part.n_tokens, quality, score, "natural", document.id,
                        (number, len(parts)), ())  # fmt: skip
        return len(parts)

    def composed(self, execution: Execution) -> None:
        """Compose documents for what the natural ones leave short; count the members as dropped."""
        settings = self._section.compose
        if settings is None:
            return
        edges = [*self._section.buckets, self._section.window]
        buckets = list(pairwise(edges))
        used: set[str] = set()
        total = sum(map(len, self._shorts.values()))
        with execution.progress.phase("compose", total, "short documents") as phase:
            for lang, shorts in sorted(self._shorts.items()):
                have = self._tokens.get(lang, {})
                missing = {
                    f"{low}-{high}": settings.tokens
                    - have.get(bucket_name(low, self._section.buckets), 0)
                    for low, high in buckets
                }
                for made in compose(shorts, missing, buckets, settings, self._tokenizer, SEED):
                    self._put(made, used)
                phase.advance(len(shorts))
        if settings.cross_lingual:
            rest = {
                lang: [short for short in shorts if short.key[0] not in used]
                for lang, shorts in self._shorts.items()
            }
            for made in compose_parallel(rest, buckets[0], self._tokenizer, SEED):
                self._put(made, used)
        for lang, shorts in sorted(self._shorts.items()):
            for short in shorts:
                is_member = short.key[0] in used
                step, reason = ("composed", "member") if is_member else ("length", "too_short")
                self.report.drop(short.key[1], lang, step, reason)

    def _put(self, made: Composed, used: set[str]) -> None:
        """Write a composed document and remember its members."""
        document = made.document
        used.update(made.members)
        self.report.made(document.source, document.lang)
        self.report.kept(document.source, document.lang)
        score = dependency(document.text)
        self._write(
            document, made.n_tokens, made.quality, score, "composed", "", (0, 1), made.members
        )

    def _write(
        self,
        document: Document,
        n_tokens: int,
        quality: float,
        score: float,
        origin: str,
        parent: str,
        part: tuple[int, int],
        members: Sequence[str],
    ) -> None:
        # The last part of a long document may be short; it is kept, so that no byte is lost.
        first = self._section.buckets[0]
        bucket = bucket_name(n_tokens, self._section.buckets) or f"0-{first}"
        for counts, name, more in (
            (self._buckets, bucket, 1),
            (self._tokens, bucket, n_tokens),
            (self._origins, origin, 1),
            (self._sources, document.source, 1),
        ):
            mine = counts.setdefault(document.lang, {})
            mine[name] = mine.get(name, 0) + more
        columns = {
            "n_tokens": [n_tokens],
            "bucket": [bucket],
            "origin": [origin],
            "parent_id": [parent],
            "part": [part[0]],
            "parts": [part[1]],
            "quality": [quality],
            "dependency": [score],
            "members": [list(members)],
        }
        self._shards.write(document.lang, to_batch([document], LONG, columns))

    def facts(self) -> dict[str, object]:
        """Return the numbers of the report page."""
        return {
            "buckets": self._buckets,
            "tokens": self._tokens,
            "origins": self._origins,
            "sources": self._sources,
            "cut": self._cut,
            "missing": self._missing(),
        }

    def _missing(self) -> dict[str, dict[str, int]]:
        """Count the tokens that buckets still lack: there were no more documents to compose."""
        settings = self._section.compose
        found: dict[str, dict[str, int]] = {}
        for lang in settings.langs if settings is not None else ():
            for low in self._section.buckets:
                name = bucket_name(low, self._section.buckets)
                lack = (settings.tokens if settings else 0) - self._tokens.get(lang, {}).get(
                    name, 0
                )
                if lack > 0:
                    found.setdefault(lang, {})[name] = lack
        return found

    def close(self) -> list[Shard]:
        """Finish the shards."""
        return self._shards.close()
