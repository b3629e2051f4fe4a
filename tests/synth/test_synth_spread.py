"""Languages made side by side give the bytes that one process gives, what is rejected too."""

from __future__ import annotations

from pathlib import Path

import pytest

from hanji.execution import Execution
from hanji.manifest import Commit, Dataset, Manifest
from hanji.report import Report
from hanji.schema import DOCUMENT, LANGS, Document, document_id, to_batch
from hanji.shards import ShardSet
from synth.make import make
from synth.section import Extractive, Procedural, Reasoning

TEXT = "The mill was built in 1742. It burned down in 1811. The bridge is {n} metres long today."


@pytest.fixture
def curated(tmp_path: Path) -> Path:
    """Documents of which trajectories can be made, in two languages."""
    commit = Commit.begin(tmp_path / "curated", stage="curate", kind="document/1", section={})
    shards, report = ShardSet(commit.work, DOCUMENT), Report()
    for lang in ("en", "ko"):
        for n in range(40, 90):
            key = document_id("test", f"{lang}{n}")
            text = (
                TEXT.format(n=n) if lang == "en" else f"다리의 길이는 {n}미터이다. 1742년과 1811년."
            )
            document = Document(id=key, text=text, lang=lang, source="test")
            shards.write(lang, to_batch([document]))
            report.read("test", lang)
            report.kept("test", lang)
    commit.finish(DOCUMENT, shards.close(), report, {"heldout_share": 0.1})
    return tmp_path / "curated"


def everything(directory: Path) -> dict[str, bytes]:
    files = sorted(p for p in directory.rglob("*") if p.is_file())
    return {str(p.relative_to(directory)): p.read_bytes() for p in files}


def run(curated: Path, out: Path, workers: int) -> Manifest:
    problems = Procedural(tasks=("addition", "ordering"), count=120, near_duplicate=0.6)
    section = Reasoning(procedural=problems, extractive=Extractive())
    return make(section, curated, out, Execution(workers=workers))


def test_two_workers_make_what_one_makes(curated: Path, tmp_path: Path) -> None:
    one = run(curated, tmp_path / "one", 1)
    run(curated, tmp_path / "two", 2)
    assert everything(tmp_path / "one") == everything(tmp_path / "two")
    assert {shard.lang for shard in one.shards if shard.split == "data"} == set(LANGS)
    rejected = Dataset.open(tmp_path / "two").batches("rejected")
    langs = [lang for batch in rejected for lang in batch["lang"].to_pylist()]
    assert len(set(langs)) > 1  # so that their order says something
    assert len(langs) == sum(sum(r.values()) for r in one.report.total().dropped.values())
