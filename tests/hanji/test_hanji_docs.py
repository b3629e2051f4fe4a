"""The documentation says what is: its commands run, its links lead somewhere, its pages are fresh."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hanji.__main__ import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
GUIDES = [
    "README.md", "docs/quickstart.md", "docs/curate.md", "docs/tokenizer.md", "docs/synth.md",
    "docs/longdoc.md", "docs/rehearsal.md", "docs/report.md",
]  # fmt: skip


def blocks(page: Path, language: str) -> list[str]:
    """Return the fenced blocks of a language; `sh` ones need more than the repository holds."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S)


@pytest.fixture
def workplace(demo: Path, tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A directory that looks like the repository after `make demo`, and its environment."""
    place = tmp_path / "place"
    place.mkdir()
    (place / "recipes").symlink_to(ROOT / "recipes")
    shutil.copytree(demo, place / "demo-out")
    programs = tmp_path / "bin"
    programs.mkdir()
    hanji = programs / "hanji"
    hanji.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m hanji "$@"\n')
    hanji.chmod(0o755)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    return place, {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 150


@pytest.mark.parametrize("name", GUIDES)
def test_every_block_of_a_guide_runs(workplace: tuple[Path, dict[str, str]], name: str) -> None:
    place, environment = workplace
    page = ROOT / name
    found = 0
    for language, program in (("bash", ["bash", "-euo", "pipefail", "-c"]),
                              ("python", [sys.executable, "-c"])):  # fmt: skip
        for block in blocks(page, language):
            lines = [line for line in block.splitlines() if not line.startswith("make ")]
            script = "\n".join(lines).replace(".venv/bin/hanji", "hanji")
            done = subprocess.run(
                [*program, script], cwd=place, env=environment, capture_output=True, text=True,
                timeout=300, check=False,
            )  # fmt: skip
            assert done.returncode == 0, f"{block}\n{done.stderr}"
            found += 1
    assert found


def test_every_link_leads_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)", page.read_text("utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_command_that_is_named_exists() -> None:
    for page in PAGES:
        for name in re.findall(r"^(?:\.venv/bin/)?hanji ([a-z]+)", page.read_text("utf-8"), re.M):
            assert name in COMMANDS, f"{page.name}: hanji {name}"


def test_every_product_has_a_guide() -> None:
    for name in ("curate", "tokenizer", "synth", "longdoc", "rehearsal", "report"):
        assert blocks(ROOT / "docs" / f"{name}.md", "bash"), name


def test_the_generated_pages_are_fresh() -> None:
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_every_target_that_is_named_is_in_the_makefile() -> None:
    made = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    for page in PAGES:
        for name in re.findall(r"`make ([a-z-]+)`|^make ([a-z-]+)$", page.read_text("utf-8"), re.M):
            assert (name[0] or name[1]) in made, f"{page.name}: make {name}"
