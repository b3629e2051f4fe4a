"""Forecast a run: inputs found, documents, time, memory and size, what is reused, what it costs.

The sources are sampled, and a few seconds of real work compare this machine with the one of
`rates.json`; each product then says what its stage would take. Prices of Dataflow stand in
`prices.json`. All of it is an estimate, and nothing is written.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Protocol, cast

import msgspec

from hanji.errors import RecipeError
from hanji.manifest import Manifest
from hanji.recipe import Recipe
from hanji.stages import Stage, check

__all__ = ["Dataflow", "Forecast", "Given", "Rates", "SourceForecast", "StageForecast", "Work",
           "forecast"]  # fmt: skip

SAMPLER = "pipelines.forecast"  # has sample(recipe) -> (sources, bytes per second, share kept)
Rates = Mapping[str, float]


class SourceForecast(msgspec.Struct, frozen=True):
    """What a source holds, documents and text estimated from the head of its files."""

    name: str
    files: int
    bytes: int
    documents: int
    text_bytes: int


class Given(msgspec.Struct, frozen=True):
    """What the stages start from.

    Attributes:
        documents: in the sources.
        text_bytes: of their text.
        kept: share of the bytes that curation keeps.
        rate: bytes of text per second that one worker of this machine cleans.
        speed: of this machine against the one of `rates.json`.
    """

    documents: int
    text_bytes: int
    kept: float
    rate: float
    speed: float

    @property
    def kept_bytes(self) -> float:
        """Bytes of curated text."""
        return self.text_bytes * self.kept


class Work(msgspec.Struct, frozen=True):
    """What a stage would take on one worker."""

    seconds: float
    memory: int  # bytes, at most
    output: int  # bytes
    note: str = ""
    shuffle_bytes: int = 0
    tokens: int = 0  # asked of a language model
    money: float = 0.0  # for them, in the currency of the recipe's prices


class StageForecast(msgspec.Struct, frozen=True):
    """Whether a stage would be made, and what it would take."""

    section: str
    state: str
    work: Work


class Dataflow(msgspec.Struct, frozen=True):
    """What curation would cost on Dataflow, by list prices."""

    vcpu_hours: float
    shuffle_gb: float
    dollars: float
    prices: str


class Forecast(msgspec.Struct, frozen=True):
    """What a recipe would do."""

    sources: tuple[SourceForecast, ...]
    stages: tuple[StageForecast, ...]
    rate: float  # bytes of text per second and worker
    seconds: float  # all stages that would be made, on one worker
    dataflow: Dataflow | None


class _Prices(msgspec.Struct, frozen=True):
    source: str
    as_of: str
    vcpu_hour: float
    memory_gb_hour: float
    shuffle_gb: float
    memory_gb_per_vcpu: float


class _Sampler(Protocol):
    def __call__(self, recipe: Recipe) -> tuple[Sequence[SourceForecast], float, float]: ...


class _Forecasts(Protocol):
    def __call__(self, recipe: Recipe, given: Given, rates: Rates) -> Work: ...


def forecast(recipe: Recipe, root: Path) -> Forecast:
    """Forecast a run of `recipe` below `root`; nothing is written.

    Raises:
        RecipeError: if the recipe is wrong or a source matches no file.
    """
    stages = check(recipe)
    sources: Sequence[SourceForecast] = ()
    rate, kept = 0.0, 1.0
    if recipe.has("sources"):
        sampler = cast(_Sampler, importlib.import_module(SAMPLER).sample)
        sources, rate, kept = sampler(recipe)
    rates = msgspec.json.decode(_asset("rates.json"), type=dict[str, dict[str, float] | str])
    reference = _of(rates, "curate")["bytes_per_second"]
    given = Given(
        sum(source.documents for source in sources),
        sum(source.text_bytes for source in sources),
        kept,
        rate,
        rate / reference if rate else 1.0,
    )
    made = tuple(_stage(stage, recipe, given, rates, root) for stage in stages)
    seconds = sum(stage.work.seconds for stage in made if not stage.state.startswith("there"))
    return Forecast(tuple(sources), made, rate, seconds, _dataflow(made, given))


def _asset(name: str) -> bytes:
    return files("hanji").joinpath(name).read_bytes()


def _of(rates: Mapping[str, Mapping[str, float] | str], section: str) -> Rates:
    found = rates.get(section, {})
    return found if not isinstance(found, str) else {}


def _stage(
    stage: Stage,
    recipe: Recipe,
    given: Given,
    rates: Mapping[str, Mapping[str, float] | str],
    root: Path,
) -> StageForecast:
    work = cast(_Forecasts, importlib.import_module(f"{stage.package}.forecast").forecast)
    own = _of(rates, stage.section)
    return StageForecast(stage.section, _state(root, stage.section), work(recipe, given, own))


def _dataflow(stages: Sequence[StageForecast], given: Given) -> Dataflow | None:
    """Estimate curation on Dataflow: worker hours and shuffled bytes by list prices."""
    curate = next((stage for stage in stages if stage.section == "curate"), None)
    if curate is None or not given.rate:
        return None
    prices = msgspec.json.decode(_asset("prices.json"), type=_Prices)
    hours = curate.work.seconds / 3600
    shuffle = curate.work.shuffle_bytes / 1e9
    dollars = (
        hours * (prices.vcpu_hour + prices.memory_gb_per_vcpu * prices.memory_gb_hour)
        + shuffle * prices.shuffle_gb
    )
    return Dataflow(hours, shuffle, dollars, f"{prices.source}, {prices.as_of}")


def _state(root: Path, section: str) -> str:
    place = root / section
    if not place.exists():
        return "to be made"
    try:
        Manifest.load(place)
    except RecipeError:
        below = [path for path in place.iterdir() if (path / "manifest.json").exists()]
        if below:
            return f"there ({len(below)} parts), reused if unchanged"
        return "unfinished, goes on" if any(place.glob("**/.work-*")) else "to be made"
    return "there, reused if unchanged"
