"""The `longdoc` stage of a run: long documents in `longdoc/`, probes in `probes/`.

Probes to train on go to `probes-train/`.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from hanji.execution import Execution
from hanji.manifest import Manifest
from hanji.recipe import Recipe
from longdoc.build import build
from longdoc.probe import probe
from longdoc.section import Longdoc

__all__ = ["run"]


def run(recipe: Recipe, root: Path, execution: Execution) -> list[Manifest]:
    """Build the recipe's long documents and probes below `root`."""
    section = recipe.section("longdoc", Longdoc)
    curated, tokenizer = root / "curate", root / "tokenizer"
    made = [build(section.build, curated, tokenizer, root / "longdoc", execution)]
    if section.probe is not None:
        place = root / "probes"
        made.append(probe(section.probe, section.seed, curated, tokenizer, place, execution))
    if section.probe is not None and section.train:
        grid = msgspec.structs.replace(section.probe, split="train")
        place = root / "probes-train"
        made.append(probe(grid, section.seed, curated, tokenizer, place, execution))
    return made
