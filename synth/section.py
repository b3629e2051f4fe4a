"""The recipe's `reasoning` section. Light."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from hanji.schema import LANGS, Lang

__all__ = ["Extractive", "Markers", "Procedural", "Reasoning"]

Positive = Annotated[int, msgspec.Meta(ge=1)]
Task = Literal[
    "addition",
    "dates",
    "percent",
    "subtraction",
    "multiplication",
    "units",
    "interest",
    "currency",
    "linear",
    "sets",
    "ordering",
    "schedule",
    "table",
    "strings",
    "graph",
    "counting",
]


class Markers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Marks around the thinking in the assembled text."""

    begin: str = "<think>"
    """Before the thinking."""
    end: str = "</think>"
    """Behind the thinking."""


class Extractive(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Trajectories over real documents, built from what the document says."""

    share: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0
    """Share of the curated documents that are tried, drawn by their ids."""
    max_per_lang: Positive = 100_000
    """Most samples in a language."""


class Procedural(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Problems made by code, with exact steps and a checked answer."""

    tasks: tuple[Task, ...] = (
        "addition",
        "dates",
        "percent",
        "subtraction",
        "multiplication",
        "units",
        "interest",
        "currency",
        "linear",
        "sets",
        "ordering",
        "schedule",
        "table",
        "strings",
        "graph",
        "counting",
    )
    """Kinds of problem."""
    count: Positive = 1_000
    """Samples of each task in each language."""
    difficulties: tuple[Annotated[int, msgspec.Meta(ge=1, le=5)], ...] = (1, 2, 3)
    """Difficulties, in equal parts."""


class Reasoning(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Reasoning data of the recipe."""

    langs: tuple[Lang, ...] = LANGS
    """Languages."""
    extractive: Extractive | None = Extractive()
    """Samples over curated documents; null makes none."""
    procedural: Procedural | None = Procedural()
    """Problems made by code; null makes none."""
    markers: Markers = Markers()
    """Marks around the thinking."""
    seed: int = 1
    """Seed of every draw."""
