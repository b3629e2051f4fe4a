"""Chains of steps: one verb each, nothing lost."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from hanji.errors import StepError
from hanji.schema import Document
from hanji.steps import Dropped, Expand, Filter, Map, Rejection, Step, apply, name_of


class Fold(Map, frozen=True, tag="fold_case"):
    def map(self, document: Document) -> Document:
        return msgspec.structs.replace(document, text=document.text.casefold())


class MinWords(Filter, frozen=True, tag="min_words"):
    at_least: int = 2

    def reject(self, document: Document) -> Rejection | None:
        n = len(document.text.split())
        if n >= self.at_least:
            return None
        return Rejection("too_few_words", n, self.at_least)


class Lines(Expand, frozen=True, tag="lines"):
    def expand(self, document: Document) -> Iterator[Document]:
        for number, line in enumerate(document.text.split("\n")):
            yield msgspec.structs.replace(document, id=f"{document.id}/{number}", text=line)


class Broken(Map, frozen=True, tag="broken"):
    def map(self, document: Document) -> Document:
        raise ValueError(document.text)


TEXT = "Ein Wort\nEINS\n두 단어"


def test_a_chain_yields_what_is_kept_and_what_is_dropped() -> None:
    results = list(apply([Fold(), Lines(), MinWords()], Document(id="a", text=TEXT)))
    kept = [result.text for result in results if isinstance(result, Document)]
    dropped = [result for result in results if isinstance(result, Dropped)]
    assert kept == ["ein wort", "두 단어"]
    assert [(d.document.id, d.step, d.why) for d in dropped] == [
        ("a/1", "min_words", Rejection("too_few_words", 1, 2))
    ]


def test_an_empty_chain_keeps_the_document() -> None:
    document = Document(id="a", text=TEXT)
    assert list(apply([], document)) == [document]


def test_a_step_that_fails_names_the_document_and_never_its_text() -> None:
    with pytest.raises(StepError, match="document a: step 'broken' failed with ValueError") as e:
        list(apply([Broken()], Document(id="a", text="secret")))
    assert "secret" not in str(e.value)


def test_a_step_is_settings_with_a_name() -> None:
    steps: list[Step] = [MinWords(at_least=3), Fold()]
    assert [name_of(step) for step in steps] == ["min_words", "fold_case"]
    encoded = msgspec.json.encode(steps)
    assert msgspec.json.decode(encoded, type=list[MinWords | Fold]) == steps
    with pytest.raises(AttributeError):
        steps[0].at_least = 5  # type: ignore[misc, union-attr]
