"""Sample the sources: how many documents they hold, and how fast this machine cleans them."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import orjson

from hanji.beam.ticker import Ticker
from hanji.forecast import SourceForecast
from hanji.recipe import Recipe
from pipelines.clean import Clean
from pipelines.read.records import Record, records
from pipelines.read.source import InputFile, Source, plan
from pipelines.section import Curate
from pipelines.units import Unit

__all__ = ["sample"]

RECORDS = 40  # read from each looked-at file
TAKEN = 20  # of them cleaned to measure the rate, none longer than
LONG = 30_000  # characters
FILES = 6  # looked at in each source, evenly spread


def sample(recipe: Recipe) -> tuple[list[SourceForecast], float]:
    """Estimate each source from the heads of some files, then time the clean step on them.

    Returns:
        (the sources, bytes of text per second on one core).
    """
    sources = recipe.section("sources", tuple[Source, ...])
    section = recipe.section("curate", Curate)
    files = plan(sources, recipe.base)
    taken: list[Record] = []
    found = []
    for source in sources:
        mine = [file for file in files if file.source == source.name]
        found.append(_estimate(source.name, mine, taken))
    return found, _rate(taken, section)


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


def _rate(taken: Iterable[Record], section: Curate) -> float:
    """Clean the sample twice, time the second: the first compiles the kernels."""
    lines = [orjson.dumps({"id": r.key, "text": r.text}) for r in taken]
    if not lines:
        return 0.0
    seconds = 0.0
    with tempfile.TemporaryDirectory(prefix="hanji-plan-") as directory:
        path = Path(directory) / "sample.jsonl"
        path.write_bytes(b"\n".join(lines))
        files = plan([Source(name="sample", path=str(path))])
        for number in range(2):
            start = time.perf_counter()
            list(Clean(section)(Unit(number, tuple(files), directory), Ticker(None)))
            seconds = time.perf_counter() - start
    return sum(map(len, lines)) / seconds
