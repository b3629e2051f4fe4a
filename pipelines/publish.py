"""Publish: clean documents and decisions become the final shards, part by part.

A part is one shard of one language: the kept rows of a run of units, planned by their sizes
before anything is written, so that any number of workers writes the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import apache_beam as beam
import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from hanji.beam.run import run
from hanji.beam.ticker import Ticker
from hanji.beam.units import ForEach, Units
from hanji.execution import Execution
from hanji.places import place
from hanji.report import Report
from hanji.shards import Shard, ShardSet, ShardWriter, part_name, read_batches, read_table
from pipelines.clean import HISTOGRAMS, UnitAccount
from pipelines.columns import CONTAMINATION, CURATED, QUARANTINE, REJECTED, SAMPLE_CHARS
from pipelines.compare import EMPTIED, REASONS, Decisions
from pipelines.dedup.cut import apply_cuts, cut_counts
from pipelines.dedup.weights import rates, weigh, weights_of
from pipelines.langs import language
from pipelines.quality.rules import RULES
from pipelines.section import Curate
from pipelines.units import Unit

__all__ = ["Part", "facts", "publish"]


class Part(msgspec.Struct, frozen=True):
    """One output shard: which rows (start, end) of which units' clean shards are looked at."""

    lang: str
    number: int
    count: int
    pieces: tuple[tuple[str, int, int, int], ...]  # clean shard, unit, start row, end row
    decisions: str
    work: str

    @property
    def path(self) -> str:
        """The shard's path below the work directory."""
        return f"data/{self.lang}/{part_name(self.number, self.count)}"


def publish(
    units: Sequence[Unit],
    decisions: Decisions,
    report: Report,
    section: Curate,
    work: Path,
    execution: Execution,
) -> list[Shard]:
    """Write the final shards and complete the account.

    Args:
        units: all units, clean.
        decisions: which documents stay.
        report: counts of the clean step; kept and dropped documents are added to it.
        section: the size of a shard.
        work: the stage's scratch directory; shards are written below it.
        execution: where and how fast.

    Returns:
        The shards of the splits data, rejected, quarantine and contamination.
    """
    weigh(units, decisions, section.duplicates, work, execution)
    parts = _parts(units, decisions, section.shard_bytes, work)

    def build(pipeline: beam.Pipeline) -> None:
        _ = pipeline | Units(parts) | ForEach(write_part, Part)

    if parts:
        total = sum(end - start for part in parts for _, _, start, end in part.pieces)
        run(build, execution, name="publish", total=total, unit="rows")
    shards = [
        msgspec.json.decode((work / f"{part.path}.json").read_bytes(), type=Shard) for part in parts
    ]
    for part in parts:
        (work / f"{part.path}.json").unlink()
    leaks = (unit.contamination for unit in units)
    return [
        *shards,
        *_rejected(units, decisions, report, work),
        *_gathered((unit.quarantine for unit in units), QUARANTINE, "quarantine", work),
        *_gathered(leaks, CONTAMINATION, "contamination", work),
    ]


def _parts(units: Sequence[Unit], decisions: Decisions, shard_bytes: int, work: Path) -> list[Part]:
    """Plan the output shards from sizes and decisions, in order of (unit, row)."""
    open_pieces: dict[str, list[tuple[str, int, int, int]]] = {}
    open_bytes: dict[str, int] = {}
    closed: dict[str, list[tuple[tuple[str, int, int, int], ...]]] = {}
    for unit in units:
        start = 0
        for batch in read_batches(unit.clean, ["lang", "n_bytes"]):
            end = start + batch.num_rows
            kept = decisions.kept(unit.number, start, end)
            langs = batch["lang"].to_numpy(zero_copy_only=False)
            sizes = batch["n_bytes"].to_numpy()
            for lang in sorted(set(langs[kept])):
                open_pieces.setdefault(lang, []).append((str(unit.clean), unit.number, start, end))
                size = open_bytes.get(lang, 0) + int(sizes[kept & (langs == lang)].sum())
                open_bytes[lang] = size
                if size >= shard_bytes:
                    closed.setdefault(lang, []).append(tuple(open_pieces.pop(lang)))
                    open_bytes[lang] = 0
            start = end
    for lang, pieces in open_pieces.items():
        closed.setdefault(lang, []).append(tuple(pieces))
    return [
        Part(lang, number, len(groups), pieces, str(decisions.path), str(work))
        for lang, groups in sorted(closed.items())
        for number, pieces in enumerate(groups)
    ]


def write_part(part: Part, ticker: Ticker) -> Iterable[bytes]:
    """Write one output shard and, beside it, its description."""
    decisions = Decisions.load(Path(part.decisions))
    writer = ShardWriter(Path(part.work), part.path, CURATED, lang=part.lang)
    for path, rows in _by_shard(part.pieces):
        table = read_table(path)
        for unit, start, end in rows:
            chosen = table.slice(start, end - start)
            keep = decisions.kept(unit, start, end)
            keep &= chosen["lang"].to_numpy() == part.lang
            chosen = apply_cuts(part.work, unit, start, chosen)
            sizes = decisions.sizes(unit, start, end)[keep]
            weights = weights_of(place(part.work), unit, start + np.flatnonzero(keep))
            chosen = chosen.filter(pa.array(keep))
            chosen = chosen.append_column(CURATED.field("cluster_size"), [pa.array(sizes)])
            writer.write(chosen.append_column(CURATED.field("weight"), [pa.array(weights)]))
            ticker.advance(end - start, int(keep.sum()))
    shard = writer.close()
    (place(part.work) / f"{part.path}.json").write_bytes(msgspec.json.encode(shard))
    yield b""


def _by_shard(
    pieces: Iterable[tuple[str, int, int, int]],
) -> Iterable[tuple[str, list[tuple[int, int, int]]]]:
    found: dict[str, list[tuple[int, int, int]]] = {}
    for path, unit, start, end in pieces:
        found.setdefault(path, []).append((unit, start, end))
    return found.items()


def _rejected(
    units: Sequence[Unit], decisions: Decisions, report: Report, work: Path
) -> list[Shard]:
    """Gather the rejections of all units, count kept and duplicate documents."""
    shards = ShardSet(work, REJECTED, split="rejected")
    for unit in units:
        for batch in read_batches(unit.rejected):
            shards.write("", batch)
        start = 0
        for batch in read_batches(unit.clean):
            end = start + batch.num_rows
            kept = decisions.kept(unit.number, start, end)
            _count(report, batch.filter(pa.array(kept)), "")
            for code, reason in REASONS.items():
                lost = decisions.lost(unit.number, start, end, code)
                if lost.any():
                    rows = batch.filter(pa.array(lost))
                    _count(report, rows, reason)
                    winners = decisions.winners(unit.number, start, end)[lost]
                    ids = [""] * len(winners) if code == EMPTIED else _ids(winners, units)
                    shards.write("", _duplicates(rows, reason, ids))
            start = end
    return shards.close()


def _count(report: Report, rows: pa.RecordBatch, reason: str) -> None:
    pairs = (
        pa.Table.from_batches([rows]).group_by(["source", "lang"]).aggregate([([], "count_all")])
    )
    for row in pairs.to_pylist():
        if reason:
            report.drop(row["source"], row["lang"], "duplicates", reason, row["count_all"])
        else:
            report.kept(row["source"], row["lang"], row["count_all"])


def _duplicates(rows: pa.RecordBatch, reason: str, kept_ids: Sequence[str]) -> pa.RecordBatch:
    n = rows.num_rows
    columns: Mapping[str, object] = {
        "step": ["duplicates"] * n,
        "reason": [reason] * n,
        "value": [0.0] * n,
        "threshold": [0.0] * n,
        "kept_id": kept_ids,
        "sample": pc.utf8_slice_codeunits(rows["text"], 0, SAMPLE_CHARS).cast(pa.string()),
    }
    arrays = [columns[f.name] if f.name in columns else rows[f.name] for f in REJECTED]
    arrays = [
        a if isinstance(a, pa.Array) else pa.array(a, f.type) for a, f in zip(arrays, REJECTED)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=REJECTED)


def _ids(documents: npt.NDArray[np.uint64], units: Sequence[Unit]) -> list[str]:
    found: dict[int, str] = {}
    for number in np.unique(documents >> np.uint64(32)):
        mine = documents[documents >> np.uint64(32) == number]
        rows = (mine & np.uint64(0xFFFFFFFF)).astype(np.int64)
        ids = read_table(units[int(number)].clean, ["id"])["id"].take(pa.array(rows)).to_pylist()
        found.update(zip(mine.tolist(), ids))
    return [found[document] for document in documents.tolist()]


def _gathered(paths: Iterable[Path], schema: pa.Schema, split: str, work: Path) -> list[Shard]:
    """Gather a kind of file of all units to one split."""
    shards = ShardSet(work, schema, split=split)
    for path in paths:
        for batch in read_batches(path):
            shards.write("", batch)
    return shards.close()


def facts(
    units: Sequence[Unit],
    accounts: Sequence[UnitAccount],
    decisions: Decisions,
    section: Curate,
) -> dict[str, object]:
    """Gather the numbers of the report page: histograms, masked data, cluster sizes, cuts."""
    histograms: dict[str, dict[str, list[int]]] = {}
    masked: dict[str, dict[str, int]] = {}
    for account in accounts:
        for lang, metrics in account.histograms.items():
            for metric, counts in metrics.items():
                sums = histograms.setdefault(lang, {}).setdefault(metric, [0] * len(counts))
                histograms[lang][metric] = [a + b for a, b in zip(sums, counts)]
        for lang, kinds in account.masked.items():
            for kind, n in kinds.items():
                masked.setdefault(lang, {})[kind] = masked.get(lang, {}).get(kind, 0) + n
    return {
        "heldout_share": section.heldout_share,
        "histograms": histograms,
        "histogram_edges": {metric: list(edges) for metric, edges in HISTOGRAMS.items()},
        "limits": {lang: _limits(lang, section) for lang in sorted(histograms)},
        "masked": masked,
        "cluster_sizes": decisions.cluster_sizes(),
        "cut": cut_counts(units),
        "weights": msgspec.to_builtins(rates(decisions.path.parent)),
    }


def _limits(lang: str, section: Curate) -> dict[str, list[float]]:
    """List the limits that each metric of a language was compared with."""
    if section.quality is None:
        return {}
    own = {**language(lang).limits, **section.quality.limits.get(lang, {})}
    found: dict[str, list[float]] = {}
    for rule in RULES:
        if rule.family in section.quality.rules:
            found.setdefault(rule.metric, []).append(own[rule.limit])
    return found
