"""Find the manifests that a page shows, and a few rows of their shards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from hanji.errors import RecipeError
from hanji.manifest import NAME, Dataset

__all__ = ["Part", "find", "sample"]

# Where a run puts its stages; a directory is found by its name, never by a search for shards.
PLACES = ("curate", "tokenizer", "reasoning", "longdoc", "probes", "rehearsal", "export")


class Part(msgspec.Struct, frozen=True):
    """One dataset of the page: its name within the run, and the dataset."""

    name: str
    dataset: Dataset


def find(directories: Sequence[Path]) -> list[Part]:
    """List the datasets in `directories`: each is one dataset, or the root of a run.

    Raises:
        RecipeError: if a directory holds neither, with the unfinished stage's name if there is one.
    """
    parts: list[Part] = []
    for directory in directories:
        found = [Part(directory.name, Dataset.open(directory))] if _is(directory) else []
        found += list(_stages(directory))
        if not found:
            Dataset.open(directory)  # says what is wrong with it
            raise RecipeError(f"{directory}: holds no dataset of hanji; check the path")
        parts += found
    return parts


def _is(directory: Path) -> bool:
    return (directory / NAME).is_file()


def _stages(root: Path) -> Iterator[Part]:
    for place in PLACES:
        if _is(root / place):
            yield Part(place, Dataset.open(root / place))
        elif (root / place).is_dir():
            for child in sorted((root / place).iterdir()):
                if _is(child):
                    yield Part(f"{place}/{child.name}", Dataset.open(child))


def sample(
    dataset: Dataset, split: str, columns: Sequence[str], n: int, lang: str | None = None
) -> list[dict[str, object]]:
    """Return the first `n` rows of a split, only the columns that it has."""
    rows: list[dict[str, object]] = []
    for batch in dataset.batches(split, lang):
        have = [name for name in columns if name in batch.schema.names]
        rows += batch.slice(0, n - len(rows)).select(have).to_pylist()
        if len(rows) >= n:
            break
    return rows
