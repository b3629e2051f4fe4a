"""Text of HTML pages: the main content by resiliparse, or by trafilatura.

A page that nests deeper than browsers allow is refused before it is parsed, since extraction takes
time in the square of the depth.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Literal

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

__all__ = ["MAX_DEPTH", "Extractor", "depth_of", "text_of"]

Extractor = Literal["resiliparse", "trafilatura"]
MAX_DEPTH = 512  # Chromium's own limit of nested elements
LOOKED_AT = 2_000  # pages with fewer tags than this are not deep enough to be slow

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,30})")
# Elements that hold nothing, and those that often close without being told to.
_VOID = frozenset(
    "area base br col embed hr img input link meta param source track wbr "
    "p li dt dd option tr td th".split()
)


def depth_of(html: str) -> int:
    """Estimate how deep the elements of a page nest: opened and not yet closed, at most."""
    depth = deepest = 0
    for close, name in _TAG.findall(html):
        if name.lower() in _VOID:
            continue
        depth = max(0, depth - 1) if close else depth + 1
        deepest = max(deepest, depth)
    return deepest


def text_of(html: str, extractor: Extractor = "resiliparse") -> tuple[str, str]:
    """Return the main text of a page and its title.

    Raises:
        ValueError: if the page nests too deep; the message says how deep.
    """
    if html.count("<") >= LOOKED_AT and (depth := depth_of(html)) > MAX_DEPTH:
        raise ValueError(f"its elements nest {depth:,} deep, over {MAX_DEPTH}")
    tree = HTMLTree.parse(html)
    title = " ".join((tree.title or "").split())
    if extractor == "trafilatura":
        found = _trafilatura()(html, include_comments=False, include_tables=True)
        return found or "", title
    text: str = extract_plain_text(
        tree,
        main_content=True,
        alt_texts=False,
        links=False,
        form_fields=False,
        noscript=False,
        comments=False,
    )
    return text, title


@cache
def _trafilatura():  # type: ignore[no-untyped-def]
    """Import trafilatura when it is asked for: it takes half a second."""
    from trafilatura import extract

    return extract
