"""Training mixes on the page: planned against drawn, packing, repeats, one sequence as a strip."""

from __future__ import annotations

from markupsafe import Markup

from hanji.page import charts
from hanji.page.gather import Part, sample
from hanji.page.parts.common import Row, heading, sides

__all__ = ["blocks"]


def blocks(part: Part) -> list[Markup]:
    """Return what the page says of packed sequences."""
    facts = part.dataset.manifest.facts
    cells = facts.get("cells")
    if not isinstance(cells, list):
        return []
    by_lang: dict[str, dict[str, float]] = {}
    rows: list[list[charts.Cell]] = []
    for cell in cells:
        counts = by_lang.setdefault(cell["lang"], {})
        counts[cell["component"]] = counts.get(cell["component"], 0) + cell["drawn"]
        miss = (cell["planned"] - cell["drawn"]) / cell["planned"] if cell["planned"] else 0.0
        bucket = f" from {cell['bucket']:,} tokens" if cell["bucket"] else ""
        rows.append(
            [f"{cell['component']}{bucket}", cell["lang"], cell["planned"], cell["drawn"],
             f"{miss:.3%}", cell["available"], cell["documents"], f"{cell['repeats']:.2f}"]
        )  # fmt: skip
    head = ["component", "language", "planned", "drawn", "missed", "available", "documents",
            "repeats"]  # fmt: skip
    used, positions = facts.get("used", 0), facts.get("positions", 0)
    assert isinstance(used, int)
    assert isinstance(positions, int)
    return [
        Markup("<p>{} sequences of {} tokens; {} of {} positions used ({}), the rest is padding at "
               "the end.</p>").format(
            f"{facts['sequences']:,}", f"{facts['context']:,}", f"{used:,}", f"{positions:,}",
            f"{used / max(positions, 1):.2%}",
        ),
        charts.stacked("Tokens drawn by language and component", by_lang),
        charts.table(head, rows),
        *_lengths(facts),
        *_repeats(facts),
        *_strip(part),
        *_samples(facts),
    ]  # fmt: skip


def _samples(facts: dict[str, object]) -> list[Markup]:
    samples = facts.get("samples")
    if not isinstance(samples, list) or not samples:
        return []
    columns: dict[str, list[Row]] = {}
    for row in samples:
        columns.setdefault(row["component"], []).append(row)
    return [heading("The first drawn document of each component and language"), sides(columns)]


def _lengths(facts: dict[str, object]) -> list[Markup]:
    lengths = facts.get("lengths")
    if not isinstance(lengths, dict):
        return []
    return [
        charts.histogram(
            "Documents by tokens (each bar twice as wide as the one before)",
            lengths["edges"],
            {"documents": lengths["counts"]},
        )
    ]


def _repeats(facts: dict[str, object]) -> list[Markup]:
    repeats = facts.get("repeats")
    if not isinstance(repeats, dict):
        return []
    rows: list[list[charts.Cell]] = [
        [source, n["documents"], n["draws"], f"{n['draws'] / max(n['documents'], 1):.2f}",
         n["most"]]
        for source, n in sorted(repeats.items())
    ]  # fmt: skip
    head = ["source", "documents drawn", "draws", "mean repeats", "most of one document"]
    return [charts.table(head, rows)]


def _strip(part: Part) -> list[Markup]:
    rows = sample(part.dataset, "data", ("docs", "n_padding"), 1)
    if not rows:
        return []
    docs, padding = rows[0]["docs"], rows[0]["n_padding"]
    assert isinstance(docs, list)
    parts = [
        (f"{doc['lang']} {doc['source_id'][:8]}", doc["end"] - doc["start"], doc["component"])
        for doc in docs
    ]
    parts += [("padding", padding, "padding")] if isinstance(padding, int) and padding else []
    return [charts.strip("The first packed sequence, document by document", parts)]
