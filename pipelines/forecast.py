"""Forecast curation: how many documents the sources hold, and how fast this machine cleans them."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import orjson

from hanji.beam.ticker import Ticker
from hanji.forecast import Given, Rates, SourceForecast, Work
from hanji.recipe import Recipe
from hanji.shards import read_batches
from pipelines.clean import Clean
from pipelines.read import Record, records
from pipelines.read.source import InputFile, Source, plan
from pipelines.section import Curate
from pipelines.units import Unit

__all__ = ["forecast", "sample"]

RECORDS = 40  # read from each looked-at file
TAKEN = 20  # of them cleaned to measure the rate, none longer than
LONG = 30_000  # characters
BYTES_PER_KEY = 700  # of a document in the shuffle: signature, bands, ids (pipelines.columns.KEYS)
FILES = 6  # looked at in each source, evenly spread


def forecast(recipe: Recipe, given: Given, rates: Rates) -> Work:
    """Forecast the stage from the sample of the sources."""
    keys = given.documents * BYTES_PER_KEY
    return Work(
        given.text_bytes / given.rate if given.rate else 0.0,
        int(rates["memory"] + keys / recipe.section("curate", Curate).duplicates.partitions),
        int(given.text_bytes * given.kept * rates["output_per_byte"]),
        f"{given.rate / 1e6:,.1f} MB/s measured on a sample, {given.kept:.0%} of it kept",
        shuffle_bytes=int(keys),
    )


def sample(recipe: Recipe) -> tuple[list[SourceForecast], float, float]:
    """Estimate each source from the heads of some files, then time the clean step on them.

    Returns:
        (the sources, bytes of text per second on one core, share of the bytes that was kept).
    """
    sources = recipe.section("sources", tuple[Source, ...])
    section = recipe.section("curate", Curate)
    files = plan(sources, recipe.base)
    taken: list[Record] = []
    found = []
    for source in sources:
        mine = [file for file in files if file.source == source.name]
        found.append(_estimate(source.name, mine, taken))
    rate, kept = _rate(taken, section, recipe.base)
    # Long documents are not cleaned for a sample; nearly all of them are kept.
    text = sum(source.text_bytes for source in found)
    short = sum(s.text_bytes for s in found if s.documents and s.text_bytes / s.documents <= LONG)
    return found, rate, (kept * short + text - short) / text if text else 1.0


def _estimate(name: str, files: list[InputFile], taken: list[Record]) -> SourceForecast:
    size = sum(file.n_bytes for file in files)
    n_documents = n_text = n_seen = 0.0
    for file in files[:: max(1, len(files) // FILES)][:FILES]:
        head = [item for item in islice(records(file), RECORDS) if isinstance(item, Record)]
        taken += [item for item in head if len(item.text) <= LONG][:TAKEN]
        text = sum(len(item.text.encode("utf-8", "replace")) for item in head)
        whole = len(head) < RECORDS
        # Unpacked text is about four times a packed file; a plain file is its own text.
        ratio = 4.0 if file.path.endswith((".gz", ".zst")) else 1.0
        estimate = text if whole else file.n_bytes * ratio
        n_text += estimate
        n_documents += len(head) if whole or not text else estimate * len(head) / text
        n_seen += file.n_bytes
    scale = size / n_seen if n_seen else 0.0
    return SourceForecast(name, len(files), size, int(n_documents * scale), int(n_text * scale))


def _rate(taken: Iterable[Record], section: Curate, base: Path) -> tuple[float, float]:
    """Clean the sample twice, time the second: the first compiles the kernels."""
    lines = [orjson.dumps({"id": r.key, "text": r.text}) for r in taken]
    if not lines:
        return 0.0, 1.0
    seconds, kept = 0.0, 0
    with tempfile.TemporaryDirectory(prefix="hanji-plan-") as directory:
        path = Path(directory) / "sample.jsonl"
        path.write_bytes(b"\n".join(lines))
        files = plan([Source(name="sample", path=str(path))])
        for number in range(2):
            start = time.perf_counter()
            unit = Unit(number, tuple(files), directory)
            list(Clean(section, str(base.resolve()))(unit, Ticker(None)))
            seconds = time.perf_counter() - start
            kept = sum(
                sum(batch["n_bytes"].to_pylist()) for batch in read_batches(unit.clean, ["n_bytes"])
            )
    size = sum(map(len, lines))
    return size / seconds, min(kept / size, 1.0)
