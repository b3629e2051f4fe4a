"""Mixes: exact to the plan, whole documents, the same bytes every time."""

from __future__ import annotations

import resource
import shutil
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanji.errors import OutputError, RecipeError
from hanji.execution import Execution
from hanji.manifest import Dataset, Manifest
from hanji.tokens import Tokenizer
from rehearsal.draw import _keys, _subset, draw
from rehearsal.plan import Inventory, apportion, sampled
from rehearsal.section import Bucket, Rehearsal, Stage
from rehearsal.stage import plans, run_stage, stage_named

STAGE = Stage(
    name="small",
    context=2_048,
    tokens=60_000,
    langs={"en": 0.5, "ko": 0.3, "ja": 0.2},
    buckets=(Bucket(at_least=100, share=0.4), Bucket(at_least=400, share=0.6)),
    max_repeats=6,
)
SECTION = Rehearsal(stages=(STAGE,), shard_tokens=16_384)


def run(root: Path, out: Path, stage: Stage = STAGE, section: Rehearsal = SECTION) -> Manifest:
    return run_stage(section, stage, root, out, Execution())


def sequences(directory: Path) -> list[dict[str, object]]:
    return [row for batch in Dataset.open(directory).batches() for row in batch.to_pylist()]


def files(directory: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(directory)): p.read_bytes()
        for p in sorted(directory.rglob("*"))
        if p.is_file()
    }


def test_every_cell_is_met_within_a_tenth_of_a_percent(run_root: Path, tmp_path: Path) -> None:
    facts = run(run_root, tmp_path / "out").facts
    cells = facts["cells"]
    assert isinstance(cells, list)
    assert len(cells) == 3 * 2 + 3 * 2
    assert sum(cell["planned"] for cell in cells) == 60_000
    for cell in cells:
        assert 0 <= cell["planned"] - cell["drawn"] <= max(0.001 * cell["planned"], 6)
    assert facts["efficiency"] > 0.95


def test_sequences_hold_whole_documents_and_padding_only_at_the_end(
    run_root: Path, tmp_path: Path
) -> None:
    run(run_root, tmp_path / "out")
    tokenizer = Tokenizer.load(run_root / "tokenizer")
    texts = {
        document.id: document.text
        for name in ("curate", "reasoning", "longdoc")
        for document in Dataset.open(run_root / name).documents()
    }
    heldout = Dataset.open(run_root / "curate").is_heldout
    rows = sequences(tmp_path / "out")
    assert rows
    for row in rows:
        ids, borders = row["input_ids"], row["cu_seqlens"]
        assert len(ids) == 2_048
        assert borders[0] == 0
        assert borders[-1] == 2_048
        assert borders == sorted(set(borders))
        for doc, start, end in zip(row["docs"], borders, borders[1:]):
            assert (doc["start"], doc["end"]) == (start, end)
            assert ids[end - 1] == tokenizer.eot_id
            assert tokenizer.decode(ids[start : end - 1]) == texts[doc["source_id"]]
            assert not (doc["component"] == "rehearsal" and heldout(doc["source_id"]))
        used = row["docs"][-1]["end"]
        assert row["n_padding"] == 2_048 - used
        assert ids[used:] == [tokenizer.eot_id] * row["n_padding"]
        assert len(borders) == len(row["docs"]) + 1 + (used < 2_048)


def test_no_document_repeats_before_its_epoch_ends(run_root: Path, tmp_path: Path) -> None:
    manifest = run(run_root, tmp_path / "out")
    drawn: dict[tuple[str, str], dict[str, int]] = {}
    for row in sequences(tmp_path / "out"):
        for doc in row["docs"]:
            counts = drawn.setdefault((doc["component"], doc["lang"]), {})
            counts[doc["source_id"]] = counts.get(doc["source_id"], 0) + 1
    for cell in manifest.facts["cells"]:
        if not cell["bucket"]:
            counts = drawn[cell["component"], cell["lang"]]
            assert max(counts.values()) <= np.ceil(cell["repeats"])
            if cell["repeats"] > 1:
                assert len(counts) == cell["documents"]


def test_two_runs_are_equal_and_other_seeds_are_not(run_root: Path, tmp_path: Path) -> None:
    run(run_root, tmp_path / "a")
    run(run_root, tmp_path / "b")
    assert files(tmp_path / "a") == files(tmp_path / "b")
    run(run_root, tmp_path / "c", section=msgspec.structs.replace(SECTION, seed=2))
    assert files(tmp_path / "a") != files(tmp_path / "c")


def test_the_mix_does_not_depend_on_the_order_of_shards(run_root: Path, tmp_path: Path) -> None:
    """A draw belongs to a document's id: with the languages alone the same documents are drawn."""
    run(run_root, tmp_path / "out")
    one = {doc["source_id"] for row in sequences(tmp_path / "out") for doc in row["docs"]}
    alone = msgspec.structs.replace(
        STAGE, shares={"rehearsal": 1.0}, langs={"en": 1.0}, tokens=15_000, buckets=()
    )
    run(run_root, tmp_path / "alone", stage=alone)
    two = {doc["source_id"] for row in sequences(tmp_path / "alone") for doc in row["docs"]}
    assert len(two - one) <= 4  # but for the last documents, chosen to end at the target


def test_a_part_that_runs_dry_is_an_error_with_its_numbers(run_root: Path, tmp_path: Path) -> None:
    dry = msgspec.structs.replace(STAGE, tokens=6_000_000)
    with pytest.raises(
        RecipeError, match=r"long en from 400 tokens needs .* and has .*, with all repeats"
    ):
        run(run_root, tmp_path / "out", stage=dry)
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_auto_takes_what_the_scarcest_part_allows(run_root: Path, tmp_path: Path) -> None:
    auto = msgspec.structs.replace(STAGE, tokens="auto")
    [planned] = plans(msgspec.structs.replace(SECTION, stages=(auto,)), run_root, Execution())
    planned.check()
    assert max(cell.repeats for cell in planned.cells) == pytest.approx(6, rel=1e-3)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"shares": {"rehearsal": 0.5, "long": 0.4}},
            "shares sum to 0.9, not 1; divide each by 0.9",
        ),
        ({"langs": {"en": 0.5, "ko": 0.6}}, r"langs sum to 1\.1, not 1"),
        ({"buckets": (Bucket(at_least=10, share=0.5),)}, "buckets sum to 0.5"),
        ({"langs": {"en": 0.5, "vi": 0.5}}, "rehearsal vi needs .* and has 0"),
        ({"context": 64}, "long en .* needs"),
        ({"tokens": "auto", "langs": {"vi": 1.0}}, "there are no tokens for rehearsal vi"),
    ],
)
def test_an_impossible_mix_is_refused(
    run_root: Path, tmp_path: Path, change: dict[str, object], said: str
) -> None:
    with pytest.raises(RecipeError, match=said):
        run(run_root, tmp_path / "out", stage=msgspec.structs.replace(STAGE, **change))


def test_a_missing_stage_or_component_is_named(run_root: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="did you mean 'small'"):
        stage_named(SECTION, "smal")
    root = tmp_path / "root"
    shutil.copytree(run_root, root)
    shutil.rmtree(root / "reasoning")
    with pytest.raises(RecipeError, match="the component 'reasoning' has no source"):
        run(root, tmp_path / "out")


def test_another_runs_directory_stays_as_it_was(run_root: Path, tmp_path: Path) -> None:
    run(run_root, tmp_path / "out")
    before = files(tmp_path / "out")
    with pytest.raises(OutputError, match="another recipe"):
        run(run_root, tmp_path / "out", stage=msgspec.structs.replace(STAGE, tokens=50_000))
    assert files(tmp_path / "out") == before


def test_longer_documents_are_cut_only_when_asked(run_root: Path, tmp_path: Path) -> None:
    short = msgspec.structs.replace(STAGE, context=512, buckets=(), tokens=40_000)
    left_out = run(run_root, tmp_path / "whole", stage=short).facts["left_out"]
    assert left_out["longer_than_context"] > 0
    assert all(d["from_token"] == 0 for row in sequences(tmp_path / "whole") for d in row["docs"])
    run(run_root, tmp_path / "cut", stage=msgspec.structs.replace(short, cut_longer=True))
    assert any(d["from_token"] > 0 for row in sequences(tmp_path / "cut") for d in row["docs"])


def test_a_plain_memory_map_and_datasets_read_the_shards(run_root: Path, tmp_path: Path) -> None:
    manifest = run(run_root, tmp_path / "out")
    path = tmp_path / "out" / manifest.shards[0].path
    reader = pa.ipc.open_file(pa.memory_map(str(path)))
    ids = reader.get_batch(0)["input_ids"].flatten().to_numpy(zero_copy_only=True)
    assert ids.dtype == np.uint16
    datasets = pytest.importorskip("datasets")
    loaded = datasets.load_dataset(
        str(tmp_path / "out"), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert len(loaded) == manifest.rows
    assert len(loaded[0]["input_ids"]) == 2_048


@given(st.integers(0, 10**9), st.lists(st.integers(0, 1000), min_size=1).filter(any))
def test_apportion_sums_to_the_total(total: int, weights: list[int]) -> None:
    shares = [w / sum(weights) for w in weights]
    parts = apportion(total, shares)
    assert abs(sum(parts) - total) <= 1  # shares are floats that may miss 1 by a hair
    assert all(abs(part - total * share) <= 1 for part, share in zip(parts, shares))


@given(st.lists(st.integers(1, 40), max_size=9), st.integers(0, 200))
def test_the_exact_search_finds_the_best_subset(sizes: list[int], target: int) -> None:
    sums = {0}
    for size in sizes:
        sums |= {size + s for s in sums}
    best = max(s for s in sums if s <= target)
    assert sum(sizes[i] for i in _subset(np.array(sizes, np.int64), target)) == best


def cells(root: Path, stage: Stage) -> dict[tuple[str, str], float]:
    planned = plans(msgspec.structs.replace(SECTION, stages=(stage,)), root, Execution())[0]
    return {(c.component, c.lang): c.share for c in planned.cells if not c.bucket}


def test_a_temperature_flattens_the_languages_down_to_their_floors(run_root: Path) -> None:
    natural = msgspec.structs.replace(STAGE, temperature=1.0, tokens=3_000)
    flat = msgspec.structs.replace(natural, temperature=1e6)
    floored = msgspec.structs.replace(natural, floors={"en": 0.8})
    tokens = {}
    for batch in Dataset.open(run_root / "tokens" / "rehearsal").batches():
        for row in batch.select(["lang", "n_tokens"]).to_pylist():
            tokens[row["lang"]] = tokens.get(row["lang"], 0) + row["n_tokens"] + 1
    shares = cells(run_root, natural)
    for lang, n in tokens.items():
        assert shares["rehearsal", lang] == pytest.approx(0.5 * n / sum(tokens.values()))
        assert cells(run_root, flat)["rehearsal", lang] == pytest.approx(0.5 / 3, rel=1e-3)
    assert cells(run_root, floored)["rehearsal", "en"] == pytest.approx(0.4)
    with pytest.raises(RecipeError, match="only with a temperature"):
        cells(run_root, msgspec.structs.replace(STAGE, floors={"en": 0.1}))


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 10**9), min_size=1),
    st.floats(0.5, 10),
    st.dictionaries(st.sampled_from("abcdef"), st.floats(0, 0.16)),
)
def test_sampled_shares_sum_to_one_and_keep_their_floors(tokens, temperature, floors) -> None:
    shares = sampled(tokens, temperature, floors)
    assert sum(shares.values()) == pytest.approx(1)
    assert all(share >= floors.get(name, 0) - 1e-12 for name, share in shares.items())


def test_a_source_is_repeated_no_more_than_its_own_cap(run_root: Path, tmp_path: Path) -> None:
    capped = msgspec.structs.replace(STAGE, tokens=40_000, max_repeats_of={"document-0": 1})
    repeats = run(run_root, tmp_path / "out", capped).facts["repeats"]
    assert isinstance(repeats, dict)
    assert repeats["rehearsal/document-0"]["most"] == 1
    assert repeats["rehearsal/document-1"]["most"] > 1


def test_better_documents_are_drawn_earlier(run_root: Path) -> None:
    stage = msgspec.structs.replace(STAGE, tokens=6_000)
    inventory = Inventory.of("rehearsal", Dataset.open(run_root / "tokens" / "rehearsal"))
    means = []
    for weight in (0, 4):
        weighted = msgspec.structs.replace(stage, quality_weight=weight)
        planned = plans(msgspec.structs.replace(SECTION, stages=(weighted,)), run_root, Execution())
        cell = next(c for c in planned[0].cells if (c.component, c.lang) == ("rehearsal", "en"))
        means.append(inventory.quality[draw(weighted, cell, inventory, 1)].mean())
    assert means[1] > means[0] + 0.1


def test_grouped_sequences_hold_one_language(run_root: Path, tmp_path: Path) -> None:
    run(run_root, tmp_path / "out", msgspec.structs.replace(STAGE, group="lang"))
    found = [{doc["lang"] for doc in row["docs"]} for row in sequences(tmp_path / "out")]
    assert all(len(langs) == 1 for langs in found)
    assert set().union(*found) == {"en", "ko", "ja"}


def test_grouped_sequences_hold_documents_of_like_length(run_root: Path, tmp_path: Path) -> None:
    run(run_root, tmp_path / "out", msgspec.structs.replace(STAGE, group="length"))
    for row in sequences(tmp_path / "out"):
        sizes = [doc["end"] - doc["start"] for doc in row["docs"]]
        assert len({sum(size >= edge for edge in (128, 512)) for size in sizes}) == 1


def test_an_id_is_hashed_alike_whatever_stands_beside_it() -> None:
    narrow = np.array([b"abc"], "S3").view(np.uint8).reshape(1, -1)
    wide = np.array([b"abc", b"a-longer-one"]).view(np.uint8).reshape(2, -1)
    assert _keys(narrow, np.uint64(7))[0] == _keys(wide, np.uint64(7))[0]


def test_a_full_disk_is_one_sentence_and_leaves_what_was_there(
    run_root: Path, tmp_path: Path
) -> None:
    run(run_root, tmp_path / "out", msgspec.structs.replace(STAGE, tokens=3_000))
    before = files(tmp_path / "out")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(OutputError, match="cannot be written"):
            run_stage(SECTION, STAGE, run_root, tmp_path / "out", Execution(replace=True))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    kept = {name: data for name, data in files(tmp_path / "out").items() if ".work-" not in name}
    assert kept == before
