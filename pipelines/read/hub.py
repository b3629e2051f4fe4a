"""Datasets of the Hugging Face hub, streamed at a fixed revision; no code of theirs is run."""

from __future__ import annotations

from collections.abc import Iterator

from hanji.errors import RecipeError
from pipelines.read.items import Item, fault, record_of
from pipelines.read.source import InputFile

__all__ = ["hub_records"]


def hub_records(file: InputFile) -> Iterator[Item]:
    """Yield the rows of one split: the path is `name@revision?config/split`."""
    import datasets

    name, _, rest = file.path.partition("@")
    revision, _, part = rest.partition("?")
    config, _, split = part.rpartition("/")
    row = 0
    try:
        rows = datasets.load_dataset(
            name, config or None, split=split, revision=revision or None, streaming=True
        )
        for row, values in enumerate(rows):
            yield record_of(file, dict(values), row)
    except (OSError, ValueError, RuntimeError) as error:
        yield fault(file, row, "unreadable_file", str(error).splitlines()[0])


def resolve(name: str, revision: str | None) -> str:
    """Return the commit that a revision of a hub dataset is.

    Raises:
        RecipeError: if the hub cannot be asked.
    """
    from huggingface_hub import HfApi

    try:
        found = HfApi().dataset_info(name, revision=revision).sha
    except Exception as error:  # of whichever HTTP library the hub's client is built on
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise RecipeError(
            f"hf://{name}: the hub does not answer for it ({reason:.200}); "
            "check the name and the network"
        ) from None
    return found or ""
