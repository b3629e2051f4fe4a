"""JSON lines and the task folder: they load with nothing of ours, and hold the same probes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import datasets
import jinja2
import pytest
import yaml

from hanji.execution import Execution
from hanji.manifest import Dataset
from longdoc.probe import probe
from longdoc.score import score
from longdoc.section import Gate, Probe

GRID = Probe(kinds=("single", "order", "none"), lengths=(640,), depths=(0, 100), langs=("en", "ja"))


@pytest.fixture(scope="module")
def probes(
    curated: Path, tokenizer_paths: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    out = tmp_path_factory.mktemp("harness") / "probes"
    probe(GRID, 5, curated, tokenizer_paths["byte"], out, Execution())
    return out


def rows_of(directory: Path) -> dict[str, dict[str, Any]]:
    batches = Dataset.open(directory).batches()
    return {row["id"]: row for batch in batches for row in batch.to_pylist()}


def test_the_task_folder_loads_as_lm_eval_loads_it(
    probes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(probes / "lm-eval")
    group = yaml.safe_load(Path("hanji_probes.yaml").read_text(encoding="utf-8"))
    assert set(group["task"]) == {f"hanji_probes_{kind}" for kind in GRID.kinds}
    rows, seen = rows_of(probes), set()
    for kind in GRID.kinds:
        task = yaml.safe_load(Path(f"{kind}.yaml").read_text(encoding="utf-8"))
        assert task["task"] in group["task"]
        loaded = datasets.load_dataset(
            task["dataset_path"], cache_dir=str(tmp_path), **task["dataset_kwargs"]
        )[task["test_split"]]
        for doc in loaded:
            row = rows[doc["id"]]
            seen.add(doc["id"])
            prompt = jinja2.Environment(keep_trailing_newline=True).from_string(task["doc_to_text"])
            assert prompt.render(**doc) == row["prompt"]
            target = jinja2.Template(task["doc_to_target"]).render(**doc)
            assert row["completion"].strip() == target
            assert task["generation_kwargs"]["max_gen_toks"] >= row["answer_room"]
    assert seen == set(rows)


def test_every_file_is_in_the_manifest(probes: Path) -> None:
    import hashlib

    files = {shard.path: shard for shard in Dataset.open(probes).shards("files")}
    assert set(files) == {
        "lm-eval/README.md",
        "lm-eval/hanji_probes.yaml",
        *(f"lm-eval/{kind}.{end}" for kind in GRID.kinds for end in ("yaml", "jsonl")),
    }
    for path, shard in files.items():
        data = (probes / path).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (shard.bytes, shard.sha256)


def test_samples_that_lm_eval_logged_are_scored(probes: Path, tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for row in rows_of(probes).values():
            sample = {"doc_id": 0, "doc": {"id": row["id"], "prompt": "..."}, "resps": [[""]],
                      "filtered_resps": [row["completion"].strip()], "exact_match": 1.0}  # fmt: skip
            file.write(json.dumps(sample) + "\n")
    result = score(probes, path, Gate(lower_bound=0.5))
    assert result.verdict == "GREEN"


def test_messages_hold_prompt_and_answer(
    curated: Path, tokenizer_paths: dict[str, Path], tmp_path: Path
) -> None:
    grid = Probe(kinds=("single",), lengths=(640,), depths=(50,), langs=("ko",), jsonl="messages")
    probe(grid, 5, curated, tokenizer_paths["byte"], tmp_path / "p", Execution())
    (row,) = rows_of(tmp_path / "p").values()
    line = json.loads((tmp_path / "p/lm-eval/single.jsonl").read_text(encoding="utf-8"))
    assert [turn["role"] for turn in line["messages"]] == ["user", "assistant"]
    assert line["messages"][0]["content"] == row["prompt"]
    assert "prompt" not in line


def test_training_probes_are_no_task(
    curated: Path, tokenizer_paths: dict[str, Path], tmp_path: Path
) -> None:
    grid = Probe(kinds=("single",), lengths=(640,), depths=(50,), langs=("ko",), split="train")
    probe(grid, 5, curated, tokenizer_paths["byte"], tmp_path / "p", Execution())
    assert not (tmp_path / "p/lm-eval").exists()
    (row,) = rows_of(tmp_path / "p").values()
    line = json.loads((tmp_path / "p/jsonl/single.jsonl").read_text(encoding="utf-8"))
    assert line["prompt"] + line["completion"] == row["prompt"] + row["completion"]
    assert row["split"] == "train"


def test_no_json_lines_where_none_are_wanted(
    curated: Path, tokenizer_paths: dict[str, Path], tmp_path: Path
) -> None:
    grid = Probe(kinds=("single",), lengths=(640,), depths=(50,), langs=("ko",), jsonl="none")
    probe(grid, 5, curated, tokenizer_paths["byte"], tmp_path / "p", Execution())
    assert not list((tmp_path / "p").rglob("*.jsonl"))
