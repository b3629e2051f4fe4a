"""The page in a real browser: no error, no request, the theme, the tokenizer box, the keyboard."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import tokenizers

from hanji.manifest import Manifest
from hanji.page.write import write

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")

TYPED = [
    "The quiet harbour of the town, 1887!",
    "조용한 항구에서 배가 떠났다. 12월 3일",
    "El puente de piedra — ¿quién lo hizo?",
    "Die alte Brücke über den Fluss, größer als 3,5 m.",
    "静かな港で船を待っていた。２０２４年",
    "Bến cảng yên tĩnh bên sông",
    "  two  spaces\tand\n\nlines 🙂 <b>&amp;</b>",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


class Watched:
    """A page of the browser, and what it complained of or asked for."""

    def __init__(self, browser, path: Path, width: int = 1000, scheme: str = "light") -> None:
        size = {"width": width, "height": 800}
        self.page = browser.new_page(viewport=size, color_scheme=scheme)
        self.errors: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri())
        self.page.wait_for_load_state("load")


@pytest.fixture(scope="module")
def path(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write([demo], tmp_path_factory.mktemp("page") / "report.html")


def test_it_opens_with_no_error_and_no_request(browser, path: Path) -> None:
    watched = Watched(browser, path)
    assert watched.errors == []
    assert [
        url for url in watched.requests if not url.startswith(("file:", "data:", "blob:"))
    ] == []
    assert len([url for url in watched.requests if url.startswith("file:")]) == 1


def test_the_numbers_are_the_manifests(browser, path: Path, demo: Path) -> None:
    watched = Watched(browser, path)
    rows = watched.page.locator("#overview tbody tr").all_inner_texts()
    total = Manifest.load(demo / "curate").report.total()
    row = next(row for row in rows if row.startswith("curate\t"))
    assert [f"{total.read:,}", f"{total.kept:,}"] == [row.split("\t")[2], row.split("\t")[4]]


def test_the_theme_follows_the_system_and_the_button(browser, path: Path) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    light = Watched(browser, path).page.evaluate(paper)
    dark = Watched(browser, path, scheme="dark").page
    assert dark.evaluate(paper) != light
    dark.click("#theme")
    assert dark.evaluate(paper) == light
    assert dark.get_attribute("#theme", "aria-pressed") == "false"


def test_what_is_typed_is_cut_as_the_tokenizer_cuts_it(browser, path: Path, demo: Path) -> None:
    watched = Watched(browser, path)
    watched.page.wait_for_selector(".try[data-ready]")
    stock = tokenizers.Tokenizer.from_file(str(demo / "tokenizer" / "tokenizer.json"))
    for text in TYPED:
        watched.page.fill(".try textarea", text)
        ids = watched.page.eval_on_selector_all(
            ".tokens .token", "spans => spans.map(span => Number(span.dataset.id))"
        )
        assert ids == stock.encode(text, add_special_tokens=False).ids, text
    assert watched.errors == []


def test_a_phone_shows_it_without_scrolling_sideways(browser, path: Path) -> None:
    page = Watched(browser, path, width=360).page
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_keyboard_reaches_the_content_and_the_details(browser, path: Path) -> None:
    page = Watched(browser, path).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.focus("details summary")
    page.keyboard.press("Enter")
    assert page.evaluate("document.querySelector('details').open") is True


def test_the_heat_map_shows_the_share_of_each_cell(browser, demo: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(demo / "probes", run / "probes")
    cells = {f"{n}/{d}": {"right": r, "n": 4, "low": 0.0, "high": 1.0}
             for n, d, r in [(512, 0, 4), (512, 50, 1), (1024, 0, 2), (1024, 50, 0)]}  # fmt: skip
    part = {"right": 7, "n": 16, "low": 0.2, "high": 0.7}
    score = {"verdict": "RED", "misses": ["cell 1024/50: 0.000"], "total": part,
             "kinds": {"single": part}, "langs": {"ko": part}, "cells": cells}  # fmt: skip
    (run / "probes-score.json").write_text(json.dumps(score))
    page = Watched(browser, write([run], tmp_path / "page.html")).page
    figure = page.locator("figure", has_text="Share right by length")
    assert figure.locator("svg text.v").all_text_contents() == ["1.00", "0.25", "0.50", "0.00"]
    fills = figure.locator("svg rect").evaluate_all("r => r.map(x => x.style.fillOpacity)")
    assert [float(fill) for fill in fills] == [0, 0.75, 0.5, 1]
    assert page.locator(".verdict").inner_text() == "The light is RED."
