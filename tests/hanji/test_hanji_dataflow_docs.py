"""The paper about scale is computed, and the template says what the command knows."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from hanji.beam.ticker import Ticker
from hanji.deploy.launch import OURS, arguments
from pipelines.clean import Clean
from pipelines.compare import Emit
from pipelines.read.source import Source, plan
from pipelines.section import Curate, Duplicates
from pipelines.units import Unit

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "hanji" / "deploy"


def scale() -> dict[str, object]:
    """Run the blocks of the page, one after another."""
    known: dict[str, object] = {}
    page = (ROOT / "docs" / "scale.md").read_text("utf-8")
    found = re.findall(r"^```python\n(.*?)^```$", page, re.M | re.S)
    assert len(found) >= 5
    for block in found:
        exec(compile(block, "docs/scale.md", "exec"), known)
    return known


def test_the_formulas_of_the_page_hold() -> None:
    scale()


def test_rows_of_the_shuffle_are_of_the_size_that_the_page_says(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    words = "the of and to in that is was for it with as his on be at by had not are".split()
    texts = [" ".join(rng.choice(words, 300)) + f" {i}." for i in range(300)]
    path = tmp_path / "a.jsonl"
    path.write_text(
        "".join(json.dumps({"id": str(i), "text": t}) + "\n" for i, t in enumerate(texts))
    )
    section = Curate(quality=None)
    unit = Unit(0, tuple(plan([Source(name="s", path=str(path))])), str(tmp_path))
    list(Clean(section)(unit, Ticker(None)))
    blocks = [batch for _, batch in Emit(Duplicates(partitions=1))(unit, Ticker(None))]
    known = scale()
    from hanji.shards import read_table

    n = read_table(unit.keys, ["rank"]).num_rows
    assert n > 200
    assert sum(batch.nbytes for batch in blocks) / n == pytest.approx(known["ROW"], rel=0.02)
    assert unit.keys.stat().st_size / n == pytest.approx(known["keys_file"], rel=0.05)


def test_the_template_names_options_of_the_command() -> None:
    from pipelines.command import documents

    spec = json.loads((DEPLOY / "metadata.json").read_bytes())
    assert set(spec) == {"name", "description", "parameters"}
    options = {name.lstrip("-") for param in documents.params for name in param.opts}
    names = [parameter["name"] for parameter in spec["parameters"]]
    assert len(set(names)) == len(names)
    assert {name for name in names if name not in ("recipe", "sdk_container_image")} == set(OURS)
    assert set(OURS) <= options
    for parameter in spec["parameters"]:
        assert parameter["label"]
        assert parameter["helpText"]
        assert set(parameter) <= {"name", "label", "helpText", "isOptional", "regexes"}
        for pattern in parameter.get("regexes", ()):
            re.compile(pattern)


def test_the_launcher_calls_the_command() -> None:
    given = [
        "--input=gs://b/*.jsonl", "--output=gs://b/run", "--workers=4", "--runner=DataflowRunner",
        "--project=p", "--temp_location=gs://b/t",
    ]  # fmt: skip
    assert arguments(given) == [
        "curate", "--input=gs://b/*.jsonl", "--output=gs://b/run", "--workers=4",
        "--runner=DataflowRunner", "--", "--project=p", "--temp_location=gs://b/t",
    ]  # fmt: skip


def test_the_container_holds_what_it_names() -> None:
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    version = re.search(r"^apache-beam==([\d.]+)", (ROOT / "requirements.lock").read_text(), re.M)
    assert version is not None
    assert f"beam_python3.11_sdk:{version[1]}" in text
    assert f"apache-beam[gcp]=={version[1]}" in text
    entry = re.search(r"FLEX_TEMPLATE_PYTHON_PY_FILE=/opt/hanji/(\S+)", text)
    assert entry is not None
    assert (ROOT / entry[1]).is_file()
