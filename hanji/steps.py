"""Steps: frozen settings with one pure method each.

A step is a `msgspec.Struct` tagged with its name and one of three verbs:

    Map.map(document) -> document
    Filter.reject(document) -> Rejection | None
    Expand.expand(document) -> iterator of documents

`apply` runs a chain over one document. Heavy objects (models, tables) come from cached module
functions, so that a step pickles to a few hundred bytes. Batch kernels (profiles, hashes) are not
steps: they compute columns, and filters compare the columns' numbers.
"""

from __future__ import annotations

import abc
from collections.abc import Iterator, Sequence

import msgspec

from hanji.errors import StepError
from hanji.schema import Document

__all__ = ["Dropped", "Expand", "Filter", "Map", "Rejection", "Step", "apply", "name_of"]


class Rejection(msgspec.Struct, frozen=True):
    """Why a filter rejects a document: a reason of a closed vocabulary, the number, the limit."""

    reason: str
    value: float = 0.0
    threshold: float = 0.0


class Dropped(msgspec.Struct, frozen=True):
    """A document that left the chain, with the step's name and its rejection."""

    document: Document
    step: str
    why: Rejection


class Map(msgspec.Struct, frozen=True, kw_only=True, tag_field="step"):
    """A step that changes a document."""

    @abc.abstractmethod
    def map(self, document: Document) -> Document:
        """Return the changed document."""


class Filter(msgspec.Struct, frozen=True, kw_only=True, tag_field="step"):
    """A step that may reject a document."""

    @abc.abstractmethod
    def reject(self, document: Document) -> Rejection | None:
        """Return why the document is rejected, or None to keep it."""


class Expand(msgspec.Struct, frozen=True, kw_only=True, tag_field="step"):
    """A step that turns a document into several, or none."""

    @abc.abstractmethod
    def expand(self, document: Document) -> Iterator[Document]:
        """Yield the documents that stand for this one."""


Step = Map | Filter | Expand


def name_of(step: Step) -> str:
    """Return the name of a step, as the recipe writes it."""
    tag = type(step).__struct_config__.tag
    return str(tag) if tag is not None else type(step).__name__


def apply(steps: Sequence[Step], document: Document) -> Iterator[Document | Dropped]:
    """Run a chain of steps over one document; yield what is kept and what is dropped.

    Raises:
        StepError: if a step meets a document that it cannot handle.
    """
    if not steps:
        yield document
        return
    step, rest = steps[0], steps[1:]
    try:
        match step:
            case Map():
                nexts = [step.map(document)]
            case Filter():
                why = step.reject(document)
                if why is not None:
                    yield Dropped(document, name_of(step), why)
                    return
                nexts = [document]
            case Expand():
                nexts = list(step.expand(document))
    except (ValueError, ArithmeticError, LookupError) as error:
        raise StepError(
            f"document {document.id}: step '{name_of(step)}' failed with {type(error).__name__}"
        ) from error
    for following in nexts:
        yield from apply(rest, following)
