"""What several parts of the page share: the section itself, accounts, sample cards, facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

import msgspec
from markupsafe import Markup

from hanji.page import charts
from hanji.page.gather import Part
from hanji.report import Tally

__all__ = ["Row", "Section", "by_lang", "card", "dropped", "facts", "heading", "reasons", "sides"]

SAMPLE_CHARS = 600  # of a document's text on the page
MOST_FACTS = 20_000  # characters
Row = Mapping[str, object]


class Section(msgspec.Struct, frozen=True):
    """A part of the page with its heading and its blocks of safe HTML."""

    anchor: str
    title: str
    lead: str
    blocks: tuple[Markup, ...]


def heading(text: str) -> Markup:
    """Return a heading within a section."""
    return Markup(f"<h3>{escape(text)}</h3>")


def dropped(tally: Tally) -> int:
    """Sum what was dropped."""
    return sum(sum(reasons.values()) for reasons in tally.dropped.values())


def by_lang(part: Part) -> Markup:
    """Draw the funnel: kept, dropped by step and failed, a row a language."""
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


def reasons(part: Part) -> list[Markup]:
    """List why rows were dropped, by source and language."""
    rows: list[list[charts.Cell]] = []
    for source, lang, tally in part.dataset.manifest.report.items():
        for step, counts in sorted(tally.dropped.items()):
            rows += [[source, lang, step, reason, n] for reason, n in sorted(counts.items())]
        rows += [[source, lang, "failed", reason, n] for reason, n in sorted(tally.failed.items())]
    if not rows:
        return []
    head = ["source", "language", "step", "reason", "n"]
    return [
        Markup("<details><summary>Why rows were dropped, by source and language</summary>")
        + charts.table(head, rows)
        + Markup("</details>")
    ]


def facts(part: Part) -> list[Markup]:
    """Show the stage's own numbers as they stand in the manifest."""
    found = part.dataset.manifest.facts
    if not found:
        return []
    text = msgspec.json.format(msgspec.json.encode(found, order="sorted"), indent=2).decode()
    if len(text) > MOST_FACTS:
        text = text[:MOST_FACTS] + "\n… (cut; all of it is in the manifest)"
    return [
        Markup(
            "<details><summary>Facts of the stage</summary>"
            f"<pre tabindex='0'>{escape(text)}</pre></details>"
        )
    ]


def sides(columns: Mapping[str, Sequence[Row]], text: str = "text") -> Markup:
    """Show rows side by side, a column a title."""
    shown = [
        f"<div class='samples'><h4>{escape(title)}</h4>{''.join(card(row, text) for row in rows)}"
        "</div>"
        for title, rows in columns.items()
        if rows
    ]
    return Markup(f"<div class='sides'>{''.join(shown)}</div>" if shown else "")


def card(row: Row, text: str = "text", hidden: Iterable[str] = ()) -> str:
    """Show one row: its numbers in small print, its text escaped and made visible."""
    whole = str(row.get(text, ""))
    about = [
        f"{name} {charts.number(value) if isinstance(value, int | float) else visible(str(value))}"
        for name, value in row.items()
        if name != text and name not in hidden and value not in (None, "")
    ]
    lang = escape(str(row.get("lang", "")), quote=True)
    shown = visible(whole[:SAMPLE_CHARS]) + ("…" if len(whole) > SAMPLE_CHARS else "")
    return (
        f"<article><p class='meta'>{escape(' · '.join(about))}</p>"
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
