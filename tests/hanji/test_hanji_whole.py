"""The whole recipe on the sample corpus: every product in its place, readable without our code."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pytest

from hanji.manifest import Dataset, Manifest
from hanji.page.gather import find
from hanji.schema import LANGS
from hanji.verify import verify

STAGES = {
    "curate": "document/1",
    "tokenizer": "tokenizer/1",
    "reasoning": "thought/1",
    "longdoc": "long/1",
    "probes": "probe/1",
    "rehearsal/short": "packed/1",
    "rehearsal/long": "packed/1",
}
HUB_SIZES = {"n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M"}
SHARED = Path("recipes/shared-data.yaml")


def content(root: Path) -> dict[str, str]:
    """Return the checksum of every file that counts."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def load_everywhere(root: Path, cache: Path) -> int:
    """Load every data shard by `datasets` and by a memory map; return how many sets were loaded."""
    import datasets

    loaded = 0
    for part in find([root]):
        directory, manifest = part.dataset.directory, part.dataset.manifest
        arrow = [s for s in manifest.shards if s.path.endswith(".arrow") and s.split == "data"]
        for shard in arrow:
            mapped = pa.ipc.open_file(pa.memory_map(str(directory / shard.path)))
            assert sum(mapped.get_batch(i).num_rows for i in range(mapped.num_record_batches)) == (
                shard.rows
            )
        for lang in sorted({shard.lang for shard in arrow}):
            table = datasets.load_dataset(
                str(directory), lang or None, split="train", cache_dir=str(cache / part.name)
            )
            assert table.num_rows == sum(s.rows for s in arrow if s.lang == lang)
            loaded += 1
    return loaded


def test_every_product_stands_in_its_place(demo: Path) -> None:
    for name, kind in STAGES.items():
        assert Manifest.load(demo / name).kind == kind, name
    assert (demo / "tokenizer" / "tokenizer.json").exists()


@pytest.mark.parametrize("name", STAGES)
def test_nothing_is_lost_in_silence(demo: Path, name: str) -> None:
    report = Manifest.load(demo / name).report
    report.check(name)
    for source, langs in report.by.items():
        for lang, tally in langs.items():
            out = tally.kept + sum(sum(r.values()) for r in tally.dropped.values())
            assert tally.read + tally.made == out + sum(tally.failed.values()), (source, lang)


def test_every_planted_fault_is_found(demo: Path) -> None:
    manifest = Manifest.load(demo / "curate")
    total = manifest.report.total()
    assert sorted(total.dropped) == ["duplicates", "language", "quality"]
    assert {"exact_duplicate", "near_duplicate"} <= set(total.dropped["duplicates"])
    assert total.failed == {"invalid_json": 6, "invalid_utf8": 6}
    assert set(Dataset(demo / "curate", manifest).langs) == set(LANGS)
    masked = manifest.facts["masked"]
    assert isinstance(masked, dict)
    assert all(masked[lang]["email"] > 0 for lang in LANGS)


def test_what_curation_rejected_is_listed_with_its_reason(demo: Path) -> None:
    dataset = Dataset.open(demo / "curate")
    total = dataset.manifest.report.total()
    rejected = [row for batch in dataset.batches("rejected") for row in batch.to_pylist()]
    assert len(rejected) == sum(sum(r.values()) for r in total.dropped.values())
    assert all(row["id"] and row["step"] and row["reason"] for row in rejected)
    failed = [row for batch in dataset.batches("quarantine") for row in batch.to_pylist()]
    assert len(failed) == sum(total.failed.values())
    assert all(row["file"] and row["offset"] >= 0 and row["message"] for row in failed)


def test_every_dataset_loads_without_our_code(demo: Path, tmp_path: Path) -> None:
    assert load_everywhere(demo, tmp_path) >= 6 * 4 + 2


def test_the_tokenizer_loads_in_stock_libraries(demo: Path) -> None:
    import tokenizers

    loaded = tokenizers.Tokenizer.from_file(str(demo / "tokenizer" / "tokenizer.json"))
    for text in ("a quiet harbour", "조용한 항구", "Grüße", "静かな港", "bến cảng", "¿qué?"):
        assert loaded.decode(loaded.encode(text).ids) == text


def test_every_file_is_as_its_manifest_says(demo: Path) -> None:
    for part in find([demo]):
        assert verify(part.dataset.directory).faults == ()


def test_a_second_run_makes_nothing_anew(demo: Path, tmp_path: Path, hanji) -> None:
    copy = tmp_path / "run"
    shutil.copytree(demo, copy)
    before = {path: path.stat().st_mtime_ns for path in copy.rglob("*.arrow")}
    assert hanji("run", "recipes/demo.yaml", "-o", copy).code == 0
    assert {path: path.stat().st_mtime_ns for path in copy.rglob("*.arrow")} == before
    assert content(copy) == content(demo)


@pytest.mark.slow
def test_any_number_of_workers_gives_the_same_bytes(demo: Path, tmp_path: Path, hanji) -> None:
    for workers in (1, 2, 8):
        out = tmp_path / f"workers-{workers}"
        done = hanji("run", "recipes/demo.yaml", "-o", out, "--workers", str(workers))
        assert done.code == 0, done.err
        assert content(out) == content(demo)


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [1.5, 2.5, 3.5, 4.5])
def test_a_killed_run_goes_on_to_the_same_bytes(
    demo: Path, tmp_path: Path, hanji, seconds: float
) -> None:
    root = Path(__file__).resolve().parents[2]
    args = [sys.executable, "-m", "hanji", "run", "recipes/demo.yaml", "-o", str(tmp_path / "run")]
    with subprocess.Popen(
        args, cwd=root, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True
    ) as process:
        time.sleep(seconds)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    done = hanji("run", "recipes/demo.yaml", "-o", tmp_path / "run")
    assert done.code == 0, done.err
    assert content(tmp_path / "run") == content(demo)


def test_an_interrupt_is_one_sentence(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    args = [sys.executable, "-m", "hanji", "run", "recipes/demo.yaml", "-o", str(tmp_path / "run")]
    with subprocess.Popen(
        args,
        cwd=root,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
        encoding="utf-8",
        # a shell starts its background jobs with the interrupt ignored, and children inherit that
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        deadline = time.monotonic() + 60
        while not (tmp_path / "run" / "curate").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "the same command goes on from here" in err
    assert "Traceback" not in err


@pytest.mark.slow
def test_the_whole_recipe_runs_on_real_text(shared_data: Path, tmp_path: Path, hanji) -> None:
    root = Path(__file__).resolve().parents[2]
    recipe = tmp_path / "shared-data.yaml"
    text = (root / SHARED).read_text(encoding="utf-8")
    recipe.write_text(text.replace("../../shared/data", str(shared_data)), encoding="utf-8")
    out = tmp_path / "run"
    done = hanji("run", recipe, "-o", out, "--workers", "2", "--json", timeout=3000)
    assert done.code == 0, done.err
    assert {row["stage"] for row in json.loads(done.out)} >= {"curate", "tokenizer", "longdoc"}
    for part in find([out]):
        assert verify(part.dataset.directory).faults == ()
    assert load_everywhere(out, tmp_path / "cache") >= 20
    page = tmp_path / "report.html"
    assert hanji("report", out, "-o", page).code == 0
    assert page.stat().st_size < 5_000_000


def test_every_dataset_card_is_one_of_the_hub(demo: Path) -> None:
    from huggingface_hub import DatasetCard

    for part in find([demo]):
        text = (part.dataset.directory / "README.md").read_text("utf-8")
        card = DatasetCard(text)
        data = card.data.to_dict()
        assert data["pretty_name"]
        assert set(data.get("language", [])) <= set(LANGS)
        assert all(size in HUB_SIZES for size in data.get("size_categories", []))
        named = [config["config_name"] for config in data.get("configs", [])]
        assert len(named) == len(set(named))
        for config in data.get("configs", []):
            for files in config["data_files"]:
                assert list(part.dataset.directory.glob(files["path"])), files


def test_the_hub_refuses_a_card_that_is_none() -> None:
    from huggingface_hub import DatasetCard

    with pytest.raises(ValueError, match=r"(?i)metadata|mapping|yaml"):
        DatasetCard("---\n- no\n- mapping\n---\n# x\n")
