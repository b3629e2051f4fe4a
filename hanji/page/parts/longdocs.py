"""Long documents and probes on the page: lengths, buckets, and heat maps with the verdict."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
from markupsafe import Markup

from hanji.errors import RecipeError
from hanji.page import charts
from hanji.page.gather import Part, sample
from hanji.page.parts.common import heading, sides

__all__ = ["SCORE", "blocks", "probe_blocks"]

SCORE = "score.json"  # beside a probe dataset, as `hanji longdoc score -o` wrote it
MOST_ROWS = 2_000_000


def blocks(part: Part) -> list[Markup]:
    """Return what the page says of long documents."""
    facts = part.dataset.manifest.facts
    buckets = facts.get("buckets")
    found: list[Markup] = []
    if isinstance(buckets, dict) and buckets:
        names = sorted({name for counts in buckets.values() for name in counts},
                       key=lambda name: int(name.split("-")[0]))  # fmt: skip
        rows = {
            lang: {name: counts.get(name, 0) for name in names}
            for lang, counts in sorted(buckets.items())
        }
        found.append(charts.stacked("Documents by bucket of tokens", rows))
    lengths: dict[str, list[int]] = {}
    origins: dict[str, dict[str, float]] = {}
    seen = 0
    for batch in part.dataset.batches(columns=["lang", "n_tokens", "origin"]):
        langs = batch["lang"].to_pylist()
        for lang, n, origin in zip(
            langs, batch["n_tokens"].to_pylist(), batch["origin"].to_pylist()
        ):
            lengths.setdefault(lang, []).append(n)
            counts = origins.setdefault(lang, {})
            counts[origin] = counts.get(origin, 0) + 1
        seen += batch.num_rows
        if seen >= MOST_ROWS:
            break
    if lengths:
        top = max(max(values) for values in lengths.values())
        low = min(min(values) for values in lengths.values())
        edges = np.geomspace(max(low, 1), top + 1, 25)
        series = {
            lang: np.histogram(values, edges)[0].tolist()
            for lang, values in sorted(lengths.items())
        }
        found.append(
            charts.histogram(
                "Tokens of a document (each bar wider by a factor)", edges.tolist(), series
            )
        )
        found.append(charts.stacked("Natural and composed documents", origins))
    sources = facts.get("sources")
    if isinstance(sources, dict) and sources:
        rows_: list[list[charts.Cell]] = [
            [lang, source, n]
            for lang, counts in sorted(sources.items())
            for source, n in sorted(counts.items())
        ]
        found.append(charts.table(["language", "source", "documents"], rows_))
    truncated = facts.get("truncated", 0)
    found.append(Markup("<p>Truncated documents: {}.</p>").format(str(truncated)))
    return found


def probe_blocks(part: Part) -> list[Markup]:
    """Return what the page says of probes: the heat maps if they were scored, else samples."""
    found: list[Markup] = []
    path = part.dataset.directory / SCORE
    beside = part.dataset.directory.parent / f"{part.dataset.directory.name}-{SCORE}"
    for place in (path, beside):
        if place.is_file():
            found += _scored(place)
            break
    else:
        found.append(
            Markup(
                "<p class='lead'>Not scored yet: <code>hanji longdoc score {} ANSWERS.jsonl "
                "-o {}</code> draws the heat map here.</p>"
            ).format(part.dataset.directory.name, f"{part.dataset.directory.name}-{SCORE}")
        )
    rows = [
        row
        for lang in part.dataset.langs
        for row in sample(
            part.dataset, "data", ("lang", "kind", "length", "depth", "answer", "prompt"), 1, lang
        )
    ]
    shown = [{k: v for k, v in row.items() if k != "prompt"} | {"text": _around(row)}
             for row in rows]  # fmt: skip
    return [*found, heading("Samples: the end of a prompt"), sides({"Probes": shown})]


def _around(row: dict[str, object]) -> str:
    return "…" + str(row["prompt"])[-400:]


def _scored(path: Path) -> list[Markup]:
    try:
        score = msgspec.json.decode(path.read_bytes())
        cells, verdict = score["cells"], score["verdict"]
        parts = {"kinds": score["kinds"], "langs": score["langs"]}
    except (OSError, msgspec.DecodeError, KeyError, TypeError):
        raise RecipeError(f"{path}: is no score of hanji; score the probes again") from None
    found = [
        Markup("<p class='verdict v-{0}'>The light is <strong>{0}</strong>.</p>").format(verdict)
    ]
    if score["misses"]:
        missed = Markup("").join(Markup("<li>{}</li>").format(miss) for miss in score["misses"])
        found.append(Markup("<ul>{}</ul>").format(missed))
    found.append(_map("Share right by length (tokens) and depth (%)", cells))
    maps = [
        _map(f"{name}: share right by length and depth", more)
        for name, more in sorted((score.get("maps") or {}).items())
    ]
    if maps:
        summary = Markup("<details><summary>By language and kind: {} maps</summary>")
        found.append(summary.format(len(maps)) + Markup("").join(maps) + Markup("</details>"))
    rows: list[list[charts.Cell]] = [
        [name, cell["right"], cell["n"], f"{cell['low']:.3f} to {cell['high']:.3f}"]
        for group in parts.values()
        for name, cell in group.items()
    ]
    found.append(charts.table(["part", "right", "probes", "95% interval"], rows))
    return found


def _map(caption: str, cells: dict[str, dict[str, float]]) -> Markup:
    names = [name.split("/") for name in cells]
    lengths = sorted({length for length, _ in names}, key=int)
    depths = sorted({depth for _, depth in names}, key=float)
    values = {}
    for name, cell in cells.items():
        length, depth = name.split("/")
        share = cell["right"] / cell["n"] if cell["n"] else 0.0
        values[f"{int(length):,}", depth] = share, f"{share:.2f}"
    return charts.heat_map(caption, depths, [f"{int(length):,}" for length in lengths], values)
