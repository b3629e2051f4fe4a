"""The tokenizer on the page: bytes per token, superwords, and a box in which one types."""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from markupsafe import Markup

from hanji.errors import RecipeError
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
    judged = _judged(part.dataset.directory)
    found = [*_heldout(facts), *judged, *_allotment(facts), *_examples(facts)]
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


def _heldout(facts: dict[str, object]) -> list[Markup]:
    """Show what the tokenizer does on the held-out text of each language."""
    value = facts.get("heldout")
    if not isinstance(value, dict) or not value:
        return []
    head = ["language", "bytes per token", "tokens per word", "superwords among tokens", "bytes"]
    rows: list[list[charts.Cell]] = [
        [lang, f"{found['bytes_per_token']:.2f}", f"{found['tokens_per_word']:.2f}",
         f"{found['superword_share']:.1%}", found["bytes"]]
        for lang, found in sorted(value.items())
    ]  # fmt: skip
    rates = {
        lang: float(f"{found['bytes_per_token']:.2f}") for lang, found in sorted(value.items())
    }
    words = {
        lang: [f"{word} ×{n:,}" for word, n in found["top_superwords"]]
        for lang, found in sorted(value.items())
        if found["top_superwords"]
    }
    return [
        charts.bars("Bytes per token on held-out text", rates, "bytes"),
        charts.table(head, rows),
        *_words("Superwords used most on held-out text", words),
    ]


def _judged(directory: Path) -> list[Markup]:
    """Compare with baselines, where the JSON of `hanji tokenizer eval` stands beside."""
    path = directory.parent / f"{directory.name}-eval.json"
    if not path.is_file():
        return [
            Markup("<p class='lead'>No baselines yet: <code>hanji tokenizer eval {0} --input "
                   "CURATED --baseline train:tokenizers --json &gt; {1}</code> puts them here.</p>"
                   ).format(
                directory.name, path.name
            )
        ]  # fmt: skip
    try:
        found = msgspec.json.decode(path.read_bytes())["tokenizers"]
        langs = sorted({lang for each in found for lang in each["by_lang"]})
        rows: list[list[charts.Cell]] = [
            [Path(each["name"]).name, each["vocab_size"],
             *(f"{each['by_lang'][lang]['bytes_per_token']:.2f}" if lang in each["by_lang"] else ""
               for lang in langs)]
            for each in found
        ]  # fmt: skip
    except (OSError, msgspec.DecodeError, KeyError, TypeError):
        raise RecipeError(f"{path}: is no output of hanji tokenizer eval; make it again") from None
    charts_of = [
        charts.bars(f"Bytes per token, {lang}", {str(row[0]): float(str(row[2 + i])) for row in rows
                                                 if row[2 + i]}, "bytes")
        for i, lang in enumerate(langs)
    ]  # fmt: skip
    folded = Markup("<details><summary>A chart a language</summary>{}</details>")
    return [
        heading("Against baselines: bytes per token on held-out text"),
        charts.table(["tokenizer", "vocabulary", *langs], rows),
        folded.format(Markup("").join(charts_of)),
    ]


def _allotment(facts: dict[str, object]) -> list[Markup]:
    value = facts.get("superword_allotment")
    if not isinstance(value, dict) or not value:
        return []
    rows: list[list[charts.Cell]] = [
        [group, counts["quota"], counts["superwords"]] for group, counts in value.items()
    ]
    return [charts.table(["group", "quota", "superwords"], rows)]


def _words(title: str, groups: Mapping[str, Sequence[str]]) -> list[Markup]:
    """Show tokens by language or group, blanks made visible."""
    found = [heading(title)] if groups else []
    for group, words in groups.items():
        shown = Markup(" ").join(
            Markup("<span class='token'>{}</span>").format(str(word).replace(" ", "␣"))
            for word in list(words)[:SUPERWORDS]
        )
        found.append(Markup("<p><strong>{}</strong> {}</p>").format(str(group), shown))
    return found


def _examples(facts: dict[str, object]) -> list[Markup]:
    value = facts.get("superword_examples")
    return _words(
        "The first superwords that were learned", value if isinstance(value, dict) else {}
    )


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
