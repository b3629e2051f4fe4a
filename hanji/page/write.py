"""Write the page: sections in a template, style and script inside the file."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

import jinja2

from hanji.manifest import write_atomically
from hanji.page.gather import find
from hanji.page.parts import sections

__all__ = ["html", "write"]


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(_asset("page.html.j2"))


def _asset(name: str) -> str:
    return files("hanji.page").joinpath(name).read_text(encoding="utf-8")


def html(directories: Sequence[Path]) -> str:
    """Return the page of the datasets, or runs, in `directories`.

    Raises:
        RecipeError: if one of them is no finished dataset.
    """
    parts = find(directories)
    return _template().render(
        title=" + ".join(directory.resolve().name for directory in directories),
        sections=sections(parts),
        style=_asset("page.css"),
        script=_asset("page.js"),
    )


def write(directories: Sequence[Path], out: Path) -> Path:
    """Write the page to `out` and return its path."""
    write_atomically(out, html(directories).encode("utf-8", "replace"))
    return out
