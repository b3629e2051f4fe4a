"""The overview: every stage in one table, sizes by language, and the flow into the mixes."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from hanji.page import charts
from hanji.page.gather import Part
from hanji.page.parts.common import Section, dropped

__all__ = ["flow_edges", "overview"]

COMPONENTS = {"rehearsal": "document/1", "reasoning": "thought/1", "long": "long/1"}
NAMES = {"document/1": "curated", "thought/1": "reasoning", "long/1": "long documents"}


def overview(parts: Sequence[Part]) -> Section:
    """Return the first section of the page."""
    rows: list[list[charts.Cell]] = []
    for part in parts:
        manifest = part.dataset.manifest
        total = manifest.report.total()
        size = sum(shard.bytes for shard in manifest.shards if shard.split in ("data", "files"))
        rows.append(
            [part.name, manifest.kind, total.read, total.made, total.kept, dropped(total),
             sum(total.failed.values()), f"{size / 1e6:,.1f}", manifest.fingerprint[:8]]
        )  # fmt: skip
    head = ["stage", "kind", "read", "made", "kept", "dropped", "failed", "MB", "recipe"]
    blocks = [charts.table(head, rows), *_sizes(parts)]
    columns, edges = flow_edges(parts)
    if edges:
        blocks.append(
            charts.flow("From sources to mixes: documents; into a mix, draws", columns, edges)
        )
    versions = sorted({part.dataset.manifest.version for part in parts})
    lead = (
        f"Made by hanji {', '.join(versions)}. read + made = kept + dropped + failed, row by row."
    )
    return Section("overview", "Overview", lead, tuple(blocks))


def _sizes(parts: Sequence[Part]) -> list[Markup]:
    """Tabulate rows and bytes by language, and tokens where a stage counted them."""
    kinds = [p for p in parts if p.dataset.manifest.kind in NAMES]
    langs = sorted({lang for part in kinds for lang in part.dataset.langs if lang})
    if not langs:
        return []
    rows: list[list[charts.Cell]] = []
    for part in kinds:
        for what in ("rows", "MB"):
            row: list[charts.Cell] = [f"{part.name}, {what}"]
            for lang in langs:
                shards = part.dataset.shards(lang=lang)
                n = sum(shard.rows if what == "rows" else shard.bytes for shard in shards)
                row.append(n if what == "rows" else f"{n / 1e6:,.1f}")
            rows.append(row)
    for part in parts:
        cells = part.dataset.manifest.facts.get("cells")
        if isinstance(cells, list):
            tokens = {lang: sum(c["drawn"] for c in cells if c["lang"] == lang) for lang in langs}
            rows.append([f"{part.name}, tokens", *tokens.values()])
    return [charts.table(["by language", *langs], rows)]


def flow_edges(parts: Sequence[Part]) -> tuple[list[list[str]], dict[tuple[str, str], int]]:
    """Return the columns and edges of the flow, every count from a report.

    Sources flow into what is kept, dropped and failed by the reports of curation; components flow
    into mixes by the mixes' own reports, whose sources are named "component/source".
    """
    edges: dict[tuple[str, str], int] = {}
    for part in parts:
        manifest = part.dataset.manifest
        for name, _, tally in manifest.report.items():
            source = name
            if manifest.kind == "document/1":
                counts = {
                    NAMES[manifest.kind]: tally.kept,
                    "dropped": dropped(tally),
                    "failed": sum(tally.failed.values()),
                }
            elif manifest.kind == "packed/1":
                component, _, _ = name.partition("/")
                source = NAMES.get(COMPONENTS.get(component, ""), component)
                counts = {part.name: tally.kept}
            else:
                continue
            for target, n in counts.items():
                if n:
                    edges[source, target] = edges.get((source, target), 0) + n
    made = [n for n in (*NAMES.values(), "dropped", "failed") if any(n in edge for edge in edges)]
    targets = {right for _, right in edges}
    sources = [left for left, _ in edges if left not in made]
    mixes = [part.name for part in parts if part.name in targets]
    columns = [list(dict.fromkeys(sources)), made, mixes]
    return [column for column in columns if column], edges
