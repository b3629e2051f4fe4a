"""Weights by cluster size: the formula, and a run whose removed documents count."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanji.execution import Execution
from hanji.manifest import Dataset, Manifest
from pipelines.curate import curate
from pipelines.dedup.weights import MOST, weights_by_size
from pipelines.read.source import Source
from pipelines.section import Curate, Duplicates, Quality


def test_the_least_removed_size_weighs_most_and_bad_ones_weigh_one() -> None:
    documents = np.full(20, 1_000.0)
    removed = np.linspace(100, 900, 20)
    rate, weight = weights_by_size(removed, documents)
    assert weight[0] == MOST
    assert (weight[rate >= 0.48] == 1).all()
    assert (np.diff(weight[1:]) <= 1e-9).all()
    assert (weights_by_size(removed * 0, documents)[1] == 1).all()
    assert (weights_by_size(removed / 1_000, documents / 1_000)[1] == 1).all()  # too few


counts = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=1, max_size=12)


@given(counts)
def test_weights_equal_a_slow_reference(pairs: list[tuple[int, int]]) -> None:
    removed = np.array([a for a, _ in pairs], float)
    documents = np.array([a + b for a, b in pairs], float)
    rate, weight = weights_by_size(removed, documents)
    assert ((weight >= 1) & (weight <= MOST)).all()
    whole = sum(removed) / max(sum(documents), 1)
    for i in range(len(pairs)):
        five = range(max(0, i - 2), min(len(pairs), i + 3))
        near = sum(documents[k] for k in five)
        assert rate[i] == pytest.approx(sum(removed[k] for k in five) / max(near, 1))
        error = (whole * (1 - whole) / max(near, 1)) ** 0.5
        assert (weight[i] > 1) == (whole - rate[i] > 3 * error and near >= 100)


def text(i: int, n: int) -> str:
    return " ".join(f"the sheet{i}x{k} was dried and" for k in range(n)) + "."


def run(folder: Path, out: str, **duplicates: object) -> Manifest:
    section = Curate(
        quality=Quality(rules=("gopher",), limits={"en": {"n_words_min": 50, "stop_words": 0}}),
        personal_data=None,
        duplicates=Duplicates(**duplicates),  # type: ignore[arg-type]
    )
    source = Source(name="docs", path=str(folder / "in.jsonl"))
    return curate((source,), section, Path(), folder / out, Execution())


def test_removed_documents_count_in_the_rates(tmp_path: Path) -> None:
    """Of 200 lone documents half are too short; the 40 clusters of three lose none."""
    texts = [text(i, 20 if i % 2 else 5) for i in range(200)]
    texts += [text(1_000 + i, 60) + " It rained." * k for i in range(40) for k in range(3)]
    rows = ({"id": str(i), "text": t} for i, t in enumerate(texts))
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    run(tmp_path, "off")
    table = [r for b in Dataset.open(tmp_path / "off").batches() for r in b.to_pylist()]
    assert {row["weight"] for row in table} == {1.0}
    manifest = run(tmp_path, "on", reweight=True)
    manifest.report.check()
    facts = manifest.facts["weights"]
    assert isinstance(facts, dict)
    english = facts["en"]
    assert english["removed"] == pytest.approx(100 / 320, abs=1e-3)
    assert list(english["sizes"]) == ["1", "3"]
    run(tmp_path, "again", reweight=True, partitions=3)
    one, two = (
        [r for b in Dataset.open(tmp_path / name).batches() for r in b.to_pylist()]
        for name in ("on", "again")
    )
    assert one == two
    assert len(one) == 140
