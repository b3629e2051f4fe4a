"""Parts of the page, one module a kind of dataset."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from markupsafe import Markup

from hanji.page.gather import Part
from hanji.page.parts import curation, longdocs, mixes, reasoning, tokens
from hanji.page.parts.common import Section, by_lang, facts, reasons
from hanji.page.parts.overview import overview

__all__ = ["Section", "sections"]

_KINDS: dict[str, tuple[str, Callable[[Part], Sequence[Markup]]]] = {
    "document/1": ("Curation", curation.blocks),
    "tokenizer/1": ("Tokenizer", tokens.blocks),
    "thought/1": ("Reasoning data", reasoning.blocks),
    "long/1": ("Long documents", longdocs.blocks),
    "probe/1": ("Needle probes", longdocs.probe_blocks),
    "packed/1": ("Training mix", mixes.blocks),
}


def sections(parts: Sequence[Part]) -> list[Section]:
    """Return the overview and one section a dataset; exports are in the overview alone."""
    shown = [part for part in parts if part.dataset.manifest.kind != "export/1"]
    return [overview(parts), *(_section(part) for part in shown)]


def _section(part: Part) -> Section:
    manifest = part.dataset.manifest
    title, own = _KINDS.get(manifest.kind, (manifest.kind, lambda _: ()))
    lead = f"{manifest.rows:,} rows in {len(manifest.shards):,} files."
    blocks = [by_lang(part), *own(part), *reasons(part), *facts(part)]
    anchor = part.name.replace("/", "-")
    return Section(anchor, f"{title}: {part.name}", lead, tuple(block for block in blocks if block))
