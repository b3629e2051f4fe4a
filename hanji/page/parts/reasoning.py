"""Reasoning data on the page: verdicts by task and language, samples accepted and rejected."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc
from markupsafe import Markup

from hanji.page import charts
from hanji.page.gather import Part, sample
from hanji.page.parts.common import heading, sides

__all__ = ["blocks"]

SAMPLES = 4
LOOKED_AT = 200_000  # rows of which lengths are taken


def blocks(part: Part) -> list[Markup]:
    """Return what the page says of thinking-augmented samples."""
    counts = part.dataset.manifest.facts.get("counts")
    found: list[Markup] = []
    if isinstance(counts, dict) and counts:
        by_task = {
            task: {lang: verdicts.get("passed", 0) for lang, verdicts in sorted(langs.items())}
            for task, langs in sorted(counts.items())
        }
        found.append(charts.stacked("Samples that passed, by task and language", by_task))
        rows: list[list[charts.Cell]] = []
        for task, langs in sorted(counts.items()):
            passed = sum(verdicts.get("passed", 0) for verdicts in langs.values())
            failed = sum(verdicts.get("failed", 0) for verdicts in langs.values())
            rows.append([task, passed, failed, f"{passed / max(passed + failed, 1):.2%}"])
        found.append(charts.table(["task", "passed", "failed", "share"], rows))
    found += _lengths(part)
    found += _grounded(part)
    missed = part.dataset.manifest.facts.get("missed")
    if isinstance(missed, dict) and missed:
        gaps: list[list[charts.Cell]] = [
            [task, lang, n] for task, langs in missed.items() for lang, n in sorted(langs.items())
        ]
        found += [
            heading("Quotas that were not met: there are no more different problems"),
            charts.table(["task", "language", "missing"], gaps),
        ]
    kept = [
        row
        for lang in part.dataset.langs
        for row in sample(part.dataset, "data", ("lang", "family", "task", "text"), 1, lang)
    ]
    rejected = sample(
        part.dataset, "rejected", ("lang", "family", "task", "reason", "verdicts", "text"), SAMPLES
    )
    shown = sides({"Accepted": kept, "Rejected": rejected})
    return [*found, heading("Samples"), shown] if shown else found


def _grounded(part: Part) -> list[Markup]:
    """Show how the checks judged what a model wrote, and the mismatch control."""
    facts = part.dataset.manifest.facts.get("grounded")
    if not isinstance(facts, dict):
        return []
    rows: list[list[charts.Cell]] = []
    for name, cell in facts.get("checks", {}).items():
        passed, failed = cell.get("passed", 0), cell.get("failed", 0)
        rows.append([name, passed, failed, f"{failed / max(passed + failed, 1):.2%}"])
    tokens = f"{facts.get('tokens_in', 0):,} tokens asked, {facts.get('tokens_out', 0):,} answered"
    found = [
        heading(f"Checks of what {facts.get('model', 'the model')} wrote ({tokens})"),
        charts.table(["check", "passed", "failed", "share failed"], rows),
    ]
    curves = facts.get("mismatch_auc", {})
    if curves:
        found += [
            heading("Mismatch control: AUC of the own document against random ones"),
            charts.table(
                ["language", "AUC"], [[lang, f"{auc:.4f}"] for lang, auc in curves.items()]
            ),
        ]
    return found


def _lengths(part: Part) -> list[Markup]:
    """Draw how long the thinking is, by family."""
    lengths: dict[str, list[int]] = {}
    seen = 0
    for batch in part.dataset.batches(columns=["family", "thinking"]):
        sizes = pc.utf8_length(batch["thinking"]).to_pylist()
        for family, n in zip(batch["family"].to_pylist(), sizes):
            lengths.setdefault(family, []).append(n)
        seen += batch.num_rows
        if seen >= LOOKED_AT:
            break
    if not lengths:
        return []
    edges = [2**k for k in range(4, 17)]
    top = edges[-1] - 1
    series = {
        family: np.histogram(np.clip(sizes, edges[0], top), edges)[0].tolist()
        for family, sizes in sorted(lengths.items())
    }
    caption = "Characters of thinking (each bar twice as wide as the one before)"
    return [charts.histogram(caption, edges, series)]
