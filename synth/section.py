"""The recipe's `reasoning` section. Light."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

import msgspec

from hanji.contamination.settings import EvaluationSet
from hanji.endpoint.settings import Endpoint
from hanji.schema import LANGS, Lang

__all__ = ["Extractive", "Grounded", "Markers", "Procedural", "Reasoning", "Thresholds"]

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
    "syllogism",
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

    tasks: tuple[Task, ...] = get_args(Task)
    """Kinds of problem."""
    count: Positive = 1_000
    """Samples of each task in each language."""
    difficulties: tuple[Annotated[int, msgspec.Meta(ge=1, le=5)], ...] = (1, 2, 3)
    """Difficulties, in equal parts."""
    near_duplicate: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.95
    """MinHash similarity from which a question repeats an earlier one of its task."""


Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Mode = Literal["append", "prefix", "interleave"]


class Thresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits of the checks of thoughts that a model wrote."""

    least_chars: Positive = 80
    """Fewest characters of a thought."""
    language: Share = 0.8
    """Smallest share of the thought, quotations aside, that is in the document's language."""
    copy_run: Positive = 240
    """Most characters in a row that thought and document may share."""
    copy_least: Share = 0.0
    """Smallest share of the thought's word sequences that stand in the document."""
    copy_most: Share = 0.6
    """Largest share of the thought's word sequences that stand in the document."""
    quotes_least: Annotated[int, msgspec.Meta(ge=0)] = 1
    """Fewest quotations in a thought."""
    quotes: Share = 1.0
    """Smallest share of the quotations that stand in the document."""
    numbers: Share = 0.0
    """Largest share of the numbers that neither stand in the document nor follow from it."""
    numbers_free: Annotated[int, msgspec.Meta(ge=0)] = 10
    """Numbers up to this one need no source: they count reasons and steps."""
    loop: Share = 0.2
    """Largest share of word sequences that were there before."""
    restarts: Positive = 3
    """Most times that one sentence may stand in a thought."""
    arithmetic: Share = 0.01
    """Largest relative error of a calculation that is marked as approximate."""
    contamination: Share = 0.0
    """Largest share of an evaluation item that may stand in what was written."""
    agreement: Share = 0.6
    """Smallest share of the independent answers that say the same."""
    mismatch: Annotated[float, msgspec.Meta(ge=0)] = 1.1
    """Least ratio of the thought's likeness to its own document and to the likest other one."""


class Grounded(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Thoughts over curated documents, written by a model behind an endpoint."""

    endpoint: Endpoint
    """Where the model is, and what it may cost."""
    modes: Annotated[tuple[Mode, ...], msgspec.Meta(min_length=1)] = ("append",)
    """Where thoughts stand: behind the document, before it, or behind each of its parts."""
    share: Share = 1.0
    """Share of the curated documents that are tried, drawn by their ids."""
    max_per_lang: Positive = 100_000
    """Most documents in a language."""
    least_document_chars: Positive = 80
    """Shorter documents are left out."""
    max_document_chars: Positive = 6_000
    """Longer documents are cut at the end of a sentence; interleaving goes on to the next part."""
    max_parts: Positive = 8
    """Most parts of an interleaved document."""
    questions: bool = False
    """Also ask for a question about each document, with its answer."""
    samples: Annotated[int, msgspec.Meta(ge=1, le=64)] = 3
    """Independent answers to a question, which must agree."""
    prompts: str = ""
    """Directory of your own prompts, beside the recipe: LANG/think.md, question.md, answer.md."""
    thresholds: Thresholds = Thresholds()
    """Limits of the checks."""


class Reasoning(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Reasoning data of the recipe."""

    langs: tuple[Lang, ...] = LANGS
    """Languages."""
    extractive: Extractive | None = Extractive()
    """Samples over curated documents; null makes none."""
    procedural: Procedural | None = Procedural()
    """Problems made by code; null makes none."""
    grounded: Grounded | None = None
    """Thoughts written by a model; null makes none."""
    markers: Markers = Markers()
    """Marks around the thinking."""
    messages: bool = False
    """Also give each sample as turns of a chat, the thinking in the assistant's."""
    tokenizer: str | None = None
    """Tokenizer that counts tokens, beside the recipe; null takes that of the run, if any."""
    decontaminate: tuple[EvaluationSet, ...] = ()
    """Evaluation sets of which nothing may stand in what a model writes."""
    seed: int = 1
    """Seed of every draw."""
