"""Parts of the page: each turns datasets into headings, charts, tables and samples."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import msgspec
from markupsafe import Markup

from hanji.page import charts
from hanji.page.gather import Part, sample
from hanji.report import Tally

__all__ = ["Section", "sections"]

SAMPLE_CHARS = 600  # of a document's text on the page
SAMPLES = 6
TITLES = {
    "document/1": "Curation",
    "tokenizer/1": "Tokenizer",
    "thought/1": "Reasoning data",
    "long/1": "Long documents",
    "probe/1": "Needle probes",
    "packed/1": "Training mix",
}


class Section(msgspec.Struct, frozen=True):
    """A part of the page with its heading and its blocks of safe HTML."""

    anchor: str
    title: str
    lead: str
    blocks: tuple[Markup, ...]


def sections(parts: Sequence[Part]) -> list[Section]:
    """Return the overview and one section a dataset."""
    return [_overview(parts), *(_dataset(part) for part in parts)]


def _dropped(tally: Tally) -> int:
    return sum(sum(reasons.values()) for reasons in tally.dropped.values())


def _overview(parts: Sequence[Part]) -> Section:
    rows: list[list[charts.Cell]] = []
    for part in parts:
        manifest = part.dataset.manifest
        total = manifest.report.total()
        size = sum(shard.bytes for shard in manifest.shards if shard.split in ("data", "files"))
        rows.append(
            [part.name, manifest.kind, total.read, total.made, total.kept, _dropped(total),
             sum(total.failed.values()), f"{size / 1e6:,.1f}", manifest.fingerprint[:8]]
        )  # fmt: skip
    head = ["stage", "kind", "read", "made", "kept", "dropped", "failed", "MB", "fingerprint"]
    blocks = [charts.table(head, rows)]
    curated = next((p for p in parts if p.dataset.manifest.kind == "document/1"), None)
    if curated is not None:
        blocks.append(_sources_flow(curated))
    version = parts[0].dataset.manifest.version if parts else ""
    return Section("overview", "Overview", f"Made by hanji {version}.", tuple(blocks))


def _sources_flow(part: Part) -> Markup:
    edges: dict[tuple[str, str], int] = {}
    sources, langs = [], []
    for source, lang, tally in part.dataset.manifest.report.items():
        sources.append(source)
        for name, n in (
            (f"kept {lang}", tally.kept),
            ("dropped", _dropped(tally)),
            ("failed", sum(tally.failed.values())),
        ):
            if n:
                edges[source, name] = edges.get((source, name), 0) + n
                langs.append(name)
    columns = [list(dict.fromkeys(sources)), sorted(set(langs))]
    return charts.flow("Documents from sources to languages", columns, edges)


def _dataset(part: Part) -> Section:
    manifest = part.dataset.manifest
    blocks = [_by_lang(part), *_reasons(part), *_facts(part), *_samples(part)]
    title = f"{TITLES.get(manifest.kind, manifest.kind)}: {part.name}"
    lead = f"{manifest.rows:,} rows in {len(manifest.shards):,} files."
    anchor = part.name.replace("/", "-")
    return Section(anchor, title, lead, tuple(block for block in blocks if block))


def _by_lang(part: Part) -> Markup:
    tallies = part.dataset.manifest.report.by_lang()
    if not tallies:
        return Markup("")
    rows = {
        lang: {
            "kept": tally.kept,
            **{step: sum(reasons.values()) for step, reasons in sorted(tally.dropped.items())},
            "failed": sum(tally.failed.values()),
        }
        for lang, tally in tallies.items()
    }
    return charts.stacked("Kept and dropped by language and step", rows)


def _reasons(part: Part) -> list[Markup]:
    report = part.dataset.manifest.report
    rows: list[list[charts.Cell]] = []
    for source, lang, tally in report.items():
        for step, reasons in sorted(tally.dropped.items()):
            rows += [[source, lang, step, reason, n] for reason, n in sorted(reasons.items())]
        rows += [[source, lang, "failed", reason, n] for reason, n in sorted(tally.failed.items())]
    if not rows:
        return []
    head = ["source", "language", "step", "reason", "n"]
    return [Markup("<h3>Why documents were dropped</h3>"), charts.table(head, rows)]


def _facts(part: Part) -> list[Markup]:
    facts = part.dataset.manifest.facts
    if not facts:
        return []
    text = msgspec.json.format(msgspec.json.encode(facts, order="sorted"), indent=2).decode()
    shown = (
        text if len(text) < 40_000 else text[:40_000] + "\n… (cut; all of it is in the manifest)"
    )
    return [
        Markup(
            "<details><summary>Facts of the stage</summary>"
            f"<pre tabindex='0'>{escape(shown)}</pre></details>"
        )
    ]


def _samples(part: Part) -> list[Markup]:
    blocks: list[Markup] = []
    kept = sample(part.dataset, "data", ("id", "lang", "text", "quality"), SAMPLES)
    rejected = sample(
        part.dataset,
        "rejected",
        ("id", "lang", "step", "reason", "value", "threshold", "sample"),
        SAMPLES,
    )
    for title, rows in (("Kept", kept), ("Dropped", rejected)):
        if rows and ("text" in rows[0] or "sample" in rows[0]):
            cards = "".join(_card(row) for row in rows)
            blocks.append(Markup(f"<div class='samples'><h3>{title}</h3>{cards}</div>"))
    if not blocks:
        return []
    return [Markup(f"<div class='sides'>{Markup('').join(blocks)}</div>")]


def _card(row: dict[str, object]) -> str:
    text = str(row.get("text", row.get("sample", "")))
    facts = [
        f"{name} {charts.number(value) if isinstance(value, int | float) else value}"
        for name, value in row.items()
        if name not in ("text", "sample") and value not in (None, "")
    ]
    lang = escape(str(row.get("lang", "")))
    shown = visible(text[:SAMPLE_CHARS]) + ("…" if len(text) > SAMPLE_CHARS else "")
    return (
        f"<article><p class='meta'>{escape(' · '.join(facts))}</p>"
        f"<p class='doc' lang='{lang}' dir='auto'>{escape(shown)}</p></article>"
    )


def visible(text: str) -> str:
    r"""Show control characters and direction marks, which could hide or turn text.

    >>> visible("a\x00b\u202ec")
    'a␀b⟨U+202E⟩c'
    """
    return "".join(_visible(char) for char in text)


def _visible(char: str) -> str:
    code = ord(char)
    if code < 32 and char not in "\n\t":
        return chr(0x2400 + code)
    if code == 0x7F or 0x80 <= code < 0xA0 or 0x200B <= code <= 0x200F:
        return f"⟨U+{code:04X}⟩"
    if 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069 or code == 0xFEFF:
        return f"⟨U+{code:04X}⟩"
    return char
