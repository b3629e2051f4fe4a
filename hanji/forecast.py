"""Forecast a run: inputs found, documents and time by a sample of real work, what is reused."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, cast

import msgspec

from hanji.errors import RecipeError
from hanji.manifest import Manifest
from hanji.recipe import Recipe
from hanji.stages import check

__all__ = ["Forecast", "SourceForecast", "StageForecast", "forecast"]

SAMPLER = "pipelines.sample"  # has sample(recipe) -> (sources, bytes per second)


class SourceForecast(msgspec.Struct, frozen=True):
    """What a source holds, documents and text estimated from the head of its files."""

    name: str
    files: int
    bytes: int
    documents: int
    text_bytes: int


class StageForecast(msgspec.Struct, frozen=True):
    """Whether a stage would be made."""

    section: str
    state: str


class Forecast(msgspec.Struct, frozen=True):
    """What a recipe would do."""

    sources: tuple[SourceForecast, ...]
    stages: tuple[StageForecast, ...]
    rate: float  # bytes of text per second and worker
    seconds: float


class _Sampler(Protocol):
    def __call__(self, recipe: Recipe) -> tuple[Sequence[SourceForecast], float]: ...


def forecast(recipe: Recipe, root: Path) -> Forecast:
    """Forecast a run of `recipe` below `root`; nothing is written.

    Raises:
        RecipeError: if the recipe is wrong or a source matches no file.
    """
    stages = check(recipe)
    sources: Sequence[SourceForecast] = ()
    rate = 0.0
    if recipe.has("sources"):
        sampler = cast(_Sampler, importlib.import_module(SAMPLER).sample)
        sources, rate = sampler(recipe)
    states = tuple(StageForecast(s.section, _state(root, s.section)) for s in stages)
    text = sum(source.text_bytes for source in sources)
    return Forecast(tuple(sources), states, rate, text / rate if rate else 0.0)


def _state(root: Path, section: str) -> str:
    place = root / section
    if not place.exists():
        return "to be made"
    try:
        manifest = Manifest.load(place)
    except RecipeError:
        return "unfinished, goes on" if any(place.glob(".work-*")) else "to be made"
    return f"stands there ({manifest.rows:,} rows), reused if recipe and input are the same"
