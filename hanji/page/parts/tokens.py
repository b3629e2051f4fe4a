"""The tokenizer on the page: bytes per token, superwords, and a box in which one types."""

from __future__ import annotations

import base64
import re
import zlib
from pathlib import Path

import msgspec
from markupsafe import Markup

from hanji.page import charts
from hanji.page.gather import Part
from hanji.page.parts.common import heading

__all__ = ["blocks", "embedded"]

MOST_BYTES = 2_500_000  # of the embedded tokenizer on the page
SUPERWORDS = 60
PLACEHOLDER = "종이 한 장을 만드는 데는 시간이 걸립니다. Making paper takes time."


def blocks(part: Part) -> list[Markup]:
    """Return what the page says of a tokenizer."""
    facts = part.dataset.manifest.facts
    found = [*_bytes_per_token(facts), *_allotment(facts), *_superwords(facts)]
    data = embedded(part.dataset.directory / "tokenizer.json")
    if data is None:
        note = Markup("<p class='lead'>This tokenizer cannot be tried in the page: its patterns or "
                      "its size do not allow it.</p>")  # fmt: skip
        return [*found, note]
    return [
        *found,
        heading("Try it"),
        Markup(
            "<div class='try' data-tokenizer='{0}'><label for='try-{1}'>Text</label>"
            "<textarea id='try-{1}' rows='3' maxlength='5000'>{2}</textarea>"
            "<p class='meta' aria-live='polite'></p><p class='tokens' dir='auto'></p></div>"
        ).format(data, part.name.replace("/", "-"), PLACEHOLDER),
    ]


def _bytes_per_token(facts: dict[str, object]) -> list[Markup]:
    value = facts.get("bytes_per_token")
    if not isinstance(value, dict) or not value:
        return []
    if all(isinstance(each, dict) for each in value.values()):  # by tokenizer
        rows: list[list[charts.Cell]] = []
        langs = sorted({lang for each in value.values() for lang in each})
        for name, each in value.items():
            rows.append([name, *(f"{each[lang]:.2f}" if lang in each else "" for lang in langs)])
        return [charts.table(["bytes per token", *langs], rows)]
    return [charts.bars("Bytes per token on held-out text", value, "bytes")]


def _allotment(facts: dict[str, object]) -> list[Markup]:
    value = facts.get("superword_allotment")
    if not isinstance(value, dict) or not value:
        return []
    rows: list[list[charts.Cell]] = [
        [group, counts["quota"], counts["superwords"]] for group, counts in value.items()
    ]
    return [charts.table(["group", "quota", "superwords"], rows)]


def _superwords(facts: dict[str, object]) -> list[Markup]:
    value = facts.get("superwords_by_lang", facts.get("superword_examples"))
    if not isinstance(value, dict) or not value:
        return []
    found = [heading("Superwords, the most frequent first")]
    for group, words in value.items():
        shown = Markup(" ").join(
            Markup("<span class='token'>{}</span>").format(str(word).replace(" ", "␣"))
            for word in list(words)[:SUPERWORDS]
        )
        found.append(Markup("<p><strong>{}</strong> {}</p>").format(str(group), shown))
    return found


def embedded(path: Path) -> str | None:
    """Pack a byte-level BPE tokenizer for the page's script: base64 of deflated JSON.

    Returns:
        None if there is none, if it is larger than `MOST_BYTES`, or if its pattern has parts that
        a browser's regular expressions do not know.
    """
    try:
        whole = msgspec.json.decode(path.read_bytes())
        steps = whole["pre_tokenizer"]["pretokenizers"]
        pattern = next(step["pattern"]["Regex"] for step in steps if step["type"] == "Split")
        vocab, merges = whole["model"]["vocab"], whole["model"]["merges"]
    except (OSError, msgspec.DecodeError, KeyError, TypeError, StopIteration):
        return None
    if whole["model"].get("type") != "BPE" or "(?>" in pattern:
        return None
    # A possessive quantifier only forbids to go back; in our flat patterns that changes nothing.
    browser = re.sub(r"([*+?}])\+", r"\1", pattern)
    pairs = [m if isinstance(m, str) else " ".join(m) for m in merges]
    data = msgspec.json.encode(
        {
            "pattern": browser,
            "vocab": vocab,
            "merges": pairs,
            "whole": bool(whole["model"].get("ignore_merges")),
        }
    )
    packed = base64.b64encode(zlib.compress(data, 9)).decode()
    return packed if len(packed) <= MOST_BYTES else None
