"""Curation on the page: profile histograms with their limits, duplicates, samples at the border."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from markupsafe import Markup

from hanji.page import charts
from hanji.page.gather import Part, sample
from hanji.page.parts.common import Row, heading, sides

__all__ = ["blocks", "nearest"]

LOOKED_AT = 200_000  # rows of a split that are looked at for samples
SAMPLES = 3  # of each reason
QUARANTINED = 20
REASONS = 12  # with samples, the most frequent first


def blocks(part: Part) -> list[Markup]:
    """Return what the page says of curated documents."""
    return [
        *_histograms(part),
        *_clusters(part),
        *_masked(part),
        *_cuts(part),
        *_contamination(part),
        *_ledger(part),
        *_border(part),
        *_quarantine(part),
        *_samples(part),
    ]


def _cuts(part: Part) -> list[Markup]:
    """Count what was cut out of documents because it stands elsewhere too."""
    cuts = part.dataset.manifest.facts.get("cut")
    if not isinstance(cuts, dict) or not any(sum(cell.values()) for cell in cuts.values()):
        return []
    names = ["documents", "lines", "paragraphs", "substrings", "bytes", "emptied"]
    rows: list[list[charts.Cell]] = [
        [lang, *(cell.get(name, 0) for name in names)] for lang, cell in sorted(cuts.items())
    ]
    title = heading("Repeated text that was cut out of documents")
    return [title, charts.table(["language", *names], rows)]


def _contamination(part: Part) -> list[Markup]:
    """Count by benchmark what stood in documents."""
    found = part.dataset.manifest.facts.get("contamination")
    if not isinstance(found, dict):
        return []
    rows: list[list[charts.Cell]] = []
    for name, cell in sorted(found.items()):
        langs = ", ".join(f"{lang} {n:,}" for lang, n in cell["documents"].items())
        rows.append([name, cell["items"], cell["items_found"], cell["too_short"], langs or "none"])
    head = ["benchmark", "items", "found", "too short to look for", "documents with an item"]
    return [heading("Evaluation sets"), charts.table(head, rows)]


def _ledger(part: Part) -> list[Markup]:
    """Show the account of every source and language, step by step."""
    report = part.dataset.manifest.report
    steps = list(dict.fromkeys(
        step for langs in report.by.values() for tally in langs.values() for step in tally.dropped
    ))  # fmt: skip
    rows: list[list[charts.Cell]] = []
    for source, langs in sorted(report.by.items()):
        for lang, tally in sorted(langs.items()):
            dropped = [sum(tally.dropped.get(step, {}).values()) for step in steps]
            failed = sum(tally.failed.values())
            rows.append([source, lang, tally.read, *dropped, failed, tally.kept])
    if not rows:
        return []
    table = charts.table(["source", "language", "read", *steps, "failed", "kept"], rows)
    return [
        Markup("<details><summary>{}</summary>{}</details>").format(
            "Account of every source and language, step by step", table
        )
    ]


def _samples(part: Part) -> list[Markup]:
    rows = [
        row
        for lang in part.dataset.langs
        for row in sample(
            part.dataset, "data", ("id", "lang", "source", "quality", "text"), 1, lang
        )
    ]
    shown = sides({"Kept": rows})
    return [heading("Samples of what was kept"), shown] if shown else []


def _histograms(part: Part) -> list[Markup]:
    facts = part.dataset.manifest.facts
    histograms, edges, limits = (
        facts.get(name) for name in ("histograms", "histogram_edges", "limits")
    )
    if not (isinstance(histograms, dict) and isinstance(edges, dict) and isinstance(limits, dict)):
        return []
    found = [heading("What was measured, and the limits")]
    for metric, (low, high) in edges.items():
        series = {lang: counts[metric] for lang, counts in sorted(histograms.items())}
        n = len(next(iter(series.values()), []))
        lines = {lang: limits.get(lang, {}).get(metric, []) for lang in series}
        marks = sorted({limit for values in lines.values() for limit in values})
        caption = f"{metric.replace('_', ' ')}, documents in their language"
        bars = charts.histogram(caption, np.linspace(low, high, n + 1).tolist(), series, marks)
        said = "; ".join(
            f"{lang} {', '.join(charts.number(limit) for limit in values)}"
            for lang, values in lines.items()
            if values
        )
        found += [bars, Markup("<p class='meta'>Limits: {}</p>").format(said)] if said else [bars]
    return found


def _clusters(part: Part) -> list[Markup]:
    sizes = part.dataset.manifest.facts.get("cluster_sizes")
    if not isinstance(sizes, dict) or not sizes:
        return []
    ordered = {f"{size} documents": sizes[size] for size in sorted(sizes, key=int)[:24]}
    return [charts.bars("Clusters of duplicates by size", ordered, "clusters")]


def _masked(part: Part) -> list[Markup]:
    masked = part.dataset.manifest.facts.get("masked")
    if not isinstance(masked, dict) or not masked:
        return []
    return [charts.stacked("Personal data found, by language and kind", masked)]


def nearest(part: Part, split: str, reason: str, n: int) -> list[Row]:
    """Find the rejected rows of a reason whose value is nearest to their limit."""
    found: list[tuple[float, int, Row]] = []
    names = ["id", "lang", "reason", "value", "threshold", "sample"]
    order = 0
    for batch in _looked_at(part, split, names):
        for row in batch.filter(pc.equal(batch["reason"], reason)).to_pylist():
            distance = -abs(row["value"] - row["threshold"])
            heapq.heappush(found, (distance, order := order - 1, row))
            if len(found) > n:
                heapq.heappop(found)
    return [row for _, _, row in sorted(found, reverse=True)]


def _kept_nearest(part: Part, metric: str, n: int) -> list[Row]:
    """Find the kept documents whose number is nearest to a limit of their language."""
    limits = part.dataset.manifest.facts.get("limits")
    if not isinstance(limits, dict):
        return []
    found: list[tuple[float, int, Row]] = []
    order = 0
    for batch in _looked_at(part, "data", ["id", "lang", metric, "text"]):
        values = batch[metric].to_numpy(zero_copy_only=False).astype(np.float64)
        langs = batch["lang"].to_numpy(zero_copy_only=False)
        distance = np.full(len(values), np.inf)
        for lang in set(langs.tolist()):
            for limit in limits.get(lang, {}).get(metric, []):
                scale = abs(limit) or 1.0
                away = np.where(langs == lang, np.abs(values - limit) / scale, np.inf)
                distance = np.minimum(distance, away)
        for i in np.argsort(distance, kind="stable")[:n]:
            if np.isfinite(distance[i]):
                row = batch.slice(int(i), 1).to_pylist()[0]
                heapq.heappush(found, (-float(distance[i]), order := order - 1, row))
                if len(found) > n:
                    heapq.heappop(found)
    return [row for _, _, row in sorted(found, reverse=True)]


def _looked_at(part: Part, split: str, names: list[str]) -> Iterator[pa.RecordBatch]:
    left = LOOKED_AT
    for batch in part.dataset.batches(split, columns=names):
        yield batch.slice(0, left)
        left -= batch.num_rows
        if left <= 0:
            return


def _border(part: Part) -> list[Markup]:
    """Show, for each reason, dropped documents beside kept ones at the same limit."""
    total = part.dataset.manifest.report.total()
    counts = [
        (n, step, reason)
        for step, reasons in total.dropped.items()
        for reason, n in reasons.items()
    ]
    columns = part.dataset.manifest.columns
    found = [heading("Kept and dropped, nearest to each limit")] if counts else []
    for n, step, reason in sorted(counts, key=lambda c: (-c[0], c[2]))[:REASONS]:
        rejected = nearest(part, "rejected", reason, SAMPLES)
        metric = METRICS.get(reason, reason)
        kept: list[Row] = []
        if step == "quality" and metric in columns:
            kept = _kept_nearest(part, metric, SAMPLES)
        dropped_rows = [
            {k: v for k, v in row.items() if k not in ("reason", "sample")}
            | {"text": row["sample"]}
            for row in rejected
        ]
        title = f"{step}: {reason.replace('_', ' ')}, {n:,} documents"
        found.append(
            Markup("<details><summary>{}</summary>{}</details>").format(
                title, sides({"Dropped": dropped_rows, "Kept": kept})
            )
        )
    return found


# The number behind a reason, where their names differ (pipelines.quality.rules).
METRICS = {
    "too_few_words": "n_words",
    "too_many_words": "n_words",
    "words_too_short": "mean_word_length",
    "words_too_long": "mean_word_length",
    "too_many_hashes": "hashes_per_word",
    "too_many_ellipses": "ellipses_per_word",
    "too_many_bullets": "bullet_lines",
    "too_many_ellipsis_lines": "ellipsis_lines",
    "too_few_letters": "alpha_words",
    "too_few_stop_words": "stop_words",
    "too_few_line_ends": "punctuated_lines",
    "too_many_short_lines": "short_lines",
    "too_many_lines": "lines_per_word",
    "too_few_sentences": "n_sentences",
    "too_many_curly_brackets": "curly_brackets_per_word",
    "javascript_notice": "javascript_lines",
    "policy_notice": "policy_lines",
    "placeholder_text": "placeholder_texts",
    "unsure_language": "lang_score",
    "mixed_languages": "other_share",
}


def _quarantine(part: Part) -> list[Markup]:
    names = ("source", "file", "offset", "reason", "message")
    rows = sample(part.dataset, "quarantine", names, QUARANTINED)
    if not rows:
        return []
    total = sum(shard.rows for shard in part.dataset.shards("quarantine"))
    cells = [
        [v if isinstance(v, int) else str(v) for v in (row[name] for name in names)] for row in rows
    ]
    return [
        heading(f"Quarantine: {total:,} records that could not be read"),
        charts.table(list(names), cells),
    ]
