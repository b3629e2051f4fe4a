"""Drafts: documents on their way through the steps, and the files of a unit that they end in."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pyarrow as pa

from hanji.contamination.index import Hit
from hanji.shards import ShardWriter
from pipelines import dedup
from pipelines.columns import (
    CLEAN,
    CONTAMINATION,
    KEYS,
    PERMUTATIONS,
    QUARANTINE,
    REJECTED,
    SAMPLE_CHARS,
)
from pipelines.dedup.weights import LOST, lost_path
from pipelines.language import Guess
from pipelines.models import Scores
from pipelines.read import Fault, Record
from pipelines.section import Curate
from pipelines.units import Unit

__all__ = ["Draft", "Writers"]

AT_ONCE = 256  # rows


class Draft(msgspec.Struct):
    """A document on its way through the steps."""

    id: str
    record: Record
    source: str
    text: str
    guess: Guess
    n_masked: int = 0
    scores: Scores = Scores()

    @property
    def lang(self) -> str:
        """The language that was found."""
        return self.guess.lang


class Writers:
    """The files of a unit."""

    def __init__(self, unit: Unit) -> None:
        def writer(path: str, schema: pa.Schema) -> ShardWriter:
            return ShardWriter(unit.clean.parent, path, schema)

        self._clean = writer(unit.clean.name, CLEAN)
        self._rejected = writer(unit.rejected.name, REJECTED)
        self._quarantine = writer(unit.quarantine.name, QUARANTINE)
        self._keys = writer(unit.keys.name, KEYS)
        self._leaks = writer(unit.contamination.name, CONTAMINATION)
        self._waiting: list[dict[str, object]] = []  # rejected; a batch of one row costs 70 us
        self._lost: ShardWriter | None = None
        self._lost_path = lost_path(unit)

    def clean(self, batch: pa.RecordBatch) -> None:
        """Write documents that passed."""
        self._clean.write(batch)

    def keys(self, batch: pa.RecordBatch) -> None:
        """Write their matching keys."""
        self._keys.write(batch)

    def lost(self, drafts: Sequence[Draft], section: Curate) -> None:
        """Keep the bands of documents that quality removed, for the rates by cluster size."""
        if drafts:
            if self._lost is None:
                self._lost = ShardWriter(self._lost_path.parent, self._lost_path.name, LOST)
            texts = pa.array([draft.text for draft in drafts], pa.large_string())
            langs = [draft.lang for draft in drafts]
            bands, _ = dedup.near_keys(texts, langs, section.duplicates.near, PERMUTATIONS)
            self._lost.write(pa.RecordBatch.from_arrays([pa.array(langs), bands], schema=LOST))

    def reject(self, draft: Draft, step: str, reason: str, value: float, threshold: float) -> None:
        """Write why a document was dropped."""
        row = {
            "id": draft.id,
            "source": draft.source,
            "lang": draft.lang,
            "step": step,
            "reason": reason,
            "value": value,
            "threshold": threshold,
            "kept_id": "",
            "sample": draft.text[:SAMPLE_CHARS],
        }
        self._waiting.append(row)
        if len(self._waiting) == AT_ONCE:
            self._write_rejected()

    def _write_rejected(self) -> None:
        self._rejected.write(pa.RecordBatch.from_pylist(self._waiting, schema=REJECTED))
        self._waiting.clear()

    def leak(self, draft: Draft, hit: Hit, action: str) -> None:
        """Write a run that a document shares with an evaluation set."""
        row = {
            "id": draft.id,
            "source": draft.source,
            "lang": draft.lang,
            **{name: getattr(hit, name) for name in hit.__struct_fields__},
            "action": action,
        }
        self._leaks.write(pa.RecordBatch.from_pylist([row], schema=CONTAMINATION))

    def quarantine(self, source: str, fault: Fault) -> None:
        """Write what could not be read."""
        row = {
            "source": source,
            "file": fault.file,
            "offset": fault.offset,
            "reason": fault.reason,
            "message": fault.message,
        }
        self._quarantine.write(pa.RecordBatch.from_pylist([row], schema=QUARANTINE))

    def close(self) -> None:
        """Finish the files."""
        self._write_rejected()
        always = self._clean, self._rejected, self._quarantine, self._keys, self._leaks
        for writer in (*always, self._lost):
            if writer is not None:
                writer.close()
