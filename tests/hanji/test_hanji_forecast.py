"""The plan: estimates that follow from the input, prices from a file, nothing written."""

from __future__ import annotations

import importlib
import json
from importlib.resources import files
from pathlib import Path

import msgspec
import pytest

from hanji.forecast import Given, forecast
from hanji.manifest import Manifest
from hanji.recipe import Recipe
from hanji.stages import STAGES


@pytest.fixture(scope="module")
def recipe(root: Path) -> Recipe:
    return Recipe.load(root / "recipes" / "demo.yaml")


def test_the_sources_are_estimated_near_to_the_truth(recipe: Recipe, demo: Path) -> None:
    made = forecast(recipe, demo)
    report = Manifest.load(demo / "curate").report
    for source in made.sources:
        read = sum(
            t.read - sum(t.failed.values()) for name, _, t in report.items() if name == source.name
        )
        assert read / 1.5 <= source.documents <= read * 1.5, source
    text = sum(source.text_bytes for source in made.sources)
    real = sum(shard.bytes for shard in Manifest.load(demo / "curate").shards)
    assert real / 3 <= text <= real * 3


def test_every_stage_has_its_forecast_and_nothing_is_written(
    recipe: Recipe, tmp_path: Path
) -> None:
    made = forecast(recipe, tmp_path / "run")
    assert [stage.section for stage in made.stages] == [stage.section for stage in STAGES]
    assert all(stage.state == "to be made" for stage in made.stages)
    assert all(stage.work.output > 0 for stage in made.stages)
    assert made.seconds == pytest.approx(sum(stage.work.seconds for stage in made.stages))
    assert not (tmp_path / "run").exists()


def test_finished_stages_take_no_time(recipe: Recipe, demo: Path) -> None:
    made = forecast(recipe, demo)
    assert all(stage.state.startswith("there") for stage in made.stages)
    assert made.seconds == 0


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.section)
def test_more_text_and_a_slower_machine_take_longer(recipe: Recipe, stage) -> None:
    work = importlib.import_module(f"{stage.package}.forecast").forecast
    rates = json.loads(files("hanji").joinpath("rates.json").read_text())[stage.section]
    small = Given(100, 1_000_000, 0.9, 5e6, 1.0)
    large = msgspec.structs.replace(small, documents=10_000, text_bytes=100_000_000)
    slow = msgspec.structs.replace(small, rate=1e6, speed=0.2)
    assert work(recipe, large, rates).seconds >= work(recipe, small, rates).seconds
    assert work(recipe, slow, rates).seconds == pytest.approx(
        5 * work(recipe, small, rates).seconds
    )
    assert work(recipe, large, rates).output >= work(recipe, small, rates).output


def test_the_cost_follows_from_the_price_list(recipe: Recipe, tmp_path: Path) -> None:
    made = forecast(recipe, tmp_path)
    prices = json.loads(files("hanji").joinpath("prices.json").read_text())
    cost = made.dataflow
    assert cost is not None
    assert cost.vcpu_hours == pytest.approx(made.stages[0].work.seconds / 3600)
    assert cost.dollars == pytest.approx(
        cost.vcpu_hours * prices["vcpu_hour"]
        + cost.vcpu_hours * prices["memory_gb_per_vcpu"] * prices["memory_gb_hour"]
        + cost.shuffle_gb * prices["shuffle_gb"]
    )


def test_a_language_model_costs_tokens_and_money(recipe: Recipe, tmp_path: Path) -> None:
    endpoint = {"url": "http://localhost:8000/v1", "model": "m", "max_tokens": 1000,
                "price_in": 1.0, "price_out": 4.0}  # fmt: skip
    sections = {**recipe.sections, "reasoning": {"grounded": {"endpoint": endpoint}}}
    made = forecast(msgspec.structs.replace(recipe, sections=sections), tmp_path)
    work = next(stage.work for stage in made.stages if stage.section == "reasoning")
    assert work.tokens > 0
    assert 1.0 <= work.money / (work.tokens / 1e6) <= 4.0
