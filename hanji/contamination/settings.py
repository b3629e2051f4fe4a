"""What an evaluation set is, for recipes. Light: nothing heavy is imported."""

from __future__ import annotations

import msgspec

__all__ = ["EvaluationSet"]


class EvaluationSet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A benchmark whose items should not be in the corpus."""

    name: str
    """Name of the benchmark in the report."""
    path: str
    """JSONL (plain, .gz, .zst), Parquet, Arrow, a dataset of ours, or hashes (.hashes)."""
    keys: tuple[str, ...] = ("text",)
    """Keys or columns of an item's texts; they are joined."""
    id_key: str = "id"
    """Key of an item's own name; where it is absent its number stands for it."""
