"""Main text of HTML pages: both extractors against main text that was marked by eye.

python benchmarks/html_extract.py [--data DIR] [--pages 30] [--json PATH]

The marks are elements: for the three manuals, whose pages are all built alike, the element that
holds the text and the navigation inside it that is none; for each of the pages of the open web the
element of its article, found by reading the page. Scores are of words (of characters in Japanese),
counted with repeats: precision is the share of the extracted that is marked, recall the share of
the marked that is extracted.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import zstandard
from resiliparse.parse.html import HTMLTree

from hanji.schema import LANGS
from pipelines.read.charset import decode
from pipelines.read.html import text_of

ROOT = Path(__file__).resolve().parent.parent
EXTRACTORS = ("resiliparse", "trafilatura")

# source: (the element of the text, elements in it that are navigation)
MANUALS = {
    "gimp-help": (
        "body",
        ".navheader, .navfooter, .reportbug",
    ),
    "debian-handbook": ("body", "#banner, .docnav, #title, #breadcrumbs, .toc"),
    "apache-httpd-manual": (
        "#page-content",
        ".toplang, .bottomlang, #quickview, .top, #footer, #comments_section",
    ),
}
SHARED = ".sharedaddy, .jp-relatedposts, script, style, noscript, form"
WEB = {
    "1337kultur.de.picard": ".entry-content",
    "1hundetagebuch.wordpress.com.langer": ".post-content",
    "alexanderlasch.wordpress.com.sprachgeschichte": ".entry",
    "archive.org.medialepfade.de.medienpaedagogin": ".entry-content",
    "arsnova.thm.de.frag": ".entry-content",
    "bibliothek2null.de.mai": "article",
    "bloghaus.hypotheses.org.2320": ".entry-content",
    "creativecommons.org": ".entry-content",
    "damianduchamps.wordpress.com.hbdi": ".post",
    "de.globalvoices.org.nicaragua": ".entry",
    "digitalcourage.de-Muendigkeit": "article",
    "disfunctions.de.podcasts": ".post",
    "en.wikipedia.org.tsne": "#mw-content-text",
    "ethify.org.vegetarier": "article",
    "flowfx.de.tmux": ".entry-content",
    "ihrwebprofi.at.publikumsvoting": ".entry",
    "jan-grosser.de.xum1541": "article",
    "journal.3960.org.firefox": "[itemprop=articleBody]",
    "rete-mirabile.net.15jahre": ".entry-content",
    "ritinardo.wordpress.com.btw17": ".entry-content",
    "rueda.wikidot.com.enchufla": "#page-content",
    "spontis.de.jahrzehnt": "article",
}
IN_WEB = {"en.wikipedia.org.tsne": ".mw-editsection, .navbox, .reflist, .mw-references-wrap, .toc"}


def marked(html: str, main: str, without: str) -> str:
    """Return the text of the marked element."""
    tree = HTMLTree.parse(html)
    element = tree.document.query_selector(main)
    if element is None:
        return ""  # an index page without text
    for query in (without, SHARED):
        for node in element.query_selector_all(query) if query else []:
            if node.parent is not None:
                node.parent.remove_child(node)
    return str(element.text)


def pages(data: Path, limit: int) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield (language, source, page, main element, elements left out)."""
    for lang in LANGS:
        seen: Counter[str] = Counter()
        with zstandard.open(data / "html" / f"{lang}.jsonl.zst", "rt", encoding="utf-8") as file:
            for line in file:
                row = json.loads(line)
                seen[row["source"]] += 1
                if seen[row["source"]] <= limit:
                    yield lang, row["source"], row["html"], *MANUALS[row["source"]]
    for line in (data / "raw_html" / "index.jsonl").read_text().splitlines():
        row = json.loads(line)
        name = Path(row["file"]).name.removeprefix("web-").removesuffix(".html")
        if name in WEB:
            decoded = decode((data / row["file"]).read_bytes(), None)
            assert decoded is not None, row["file"]
            yield row["lang"], "web", decoded[0], WEB[name], IN_WEB.get(name, "")


def score(found: str, truth: str, lang: str) -> tuple[float, float, float]:
    """Return (precision, recall, F1) of words, of characters in Japanese."""
    parts = (lambda t: "".join(t.split())) if lang == "ja" else str.split
    a, b = Counter(parts(found)), Counter(parts(truth))
    both = sum((a & b).values())
    precision, recall = both / max(a.total(), 1), both / max(b.total(), 1)
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--pages", type=int, default=30, help="of each language and manual")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    scores: dict[tuple[str, str, str], list[tuple[float, float, float]]] = defaultdict(list)
    seconds: Counter[str] = Counter()
    size = 0
    for lang, source, html, element, without in pages(given.data, given.pages):
        truth = marked(html, element, without)
        if not truth.strip():
            continue
        size += len(html.encode())
        for extractor in EXTRACTORS:
            start = time.process_time()
            found, _ = text_of(html, extractor)
            seconds[extractor] += time.process_time() - start
            scores[lang, source, extractor].append(score(found, truth, lang))
    rows = []
    print(f"{'':4}{'':22}{'':>6}" + "".join(f"{name:^28}" for name in EXTRACTORS))
    print(f"{'':4}{'':22}{'pages':>6}" + f"{'precision':>10}{'recall':>9}{'F1':>9}" * 2)
    keys = sorted({(lang, source) for lang, source, _ in scores})
    for lang, source in [*keys, *((lang, "all") for lang in LANGS)]:
        line = ""
        n = 0
        row: dict[str, object] = {"lang": lang, "source": source}
        for extractor in EXTRACTORS:
            found_ = [
                mean(scores[lang, s, extractor])
                for one, s in keys
                if one == lang and source in (s, "all")
            ]
            n = sum(len(scores[one, s, extractor]) for one, s in keys if one == lang
                    and source in (s, "all"))  # fmt: skip
            precision, recall, f1 = mean(found_)
            row[extractor] = {"precision": precision, "recall": recall, "f1": f1}
            line += f"{precision:>10.3f}{recall:>9.3f}{f1:>9.3f}"
        row["pages"] = n
        rows.append(row)
        print(f"{lang:4}{source:22}{n:>6}{line}")
    rates = {name: size / seconds[name] / 1e6 for name in EXTRACTORS}
    print("  ".join(f"{name}: {rate:.1f} MB/s" for name, rate in rates.items()))
    if given.json:
        given.json.write_text(json.dumps({"rows": rows, "mb_per_s": rates}, indent=1) + "\n")


def mean(rows: list[tuple[float, float, float]]) -> tuple[float, float, float]:
    """Average each of the three."""
    a, b, c = (sum(row[i] for row in rows) / max(len(rows), 1) for i in range(3))
    return a, b, c


if __name__ == "__main__":
    main()
