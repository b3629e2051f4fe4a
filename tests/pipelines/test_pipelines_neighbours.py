"""Near neighbours of our languages are told by their small words, and nothing else is."""

from __future__ import annotations

import pytest

from hanji.schema import LANGS
from pipelines.langs import languages
from pipelines.language import detect
from pipelines.language.neighbours import LEAST_WORDS, neighbour

# Written for this test: a sentence of each neighbour, and what it would be taken for.
NEAR = {
    "sco": ("en", "The bairns gaed doon tae the loch whan it wis frozen an skytit aboot aw nicht."),
    "gsw": ("de", "Am Morge isch de See ganz gfrore gsi, und d Chind händ nöd uf em Iis chönne laufe."),
    "nds": ("de", "De See is in’n Winter tofroren, un de Kinner hebbt sik nich op dat Ies truut."),
    "ast": ("es", "La xente del pueblu nun sabe quién ye la muyer que vien dende la mar toos los díes."),
    "ca": ("es", "Els nens del poble també van amb aquesta barca, però els pares no hi van mai."),
}  # fmt: skip


@pytest.mark.parametrize("near", NEAR)
def test_a_neighbour_is_told_by_its_small_words(near: str) -> None:
    lang, text = NEAR[near]
    assert neighbour(text, lang) == near


@pytest.mark.parametrize("near", NEAR)
def test_a_neighbour_is_not_taken_for_ours(near: str) -> None:
    lang, text = NEAR[near]
    assert detect([text])[0].lang != lang


def test_a_quotation_does_not_make_a_text_of_it() -> None:
    quoted = "In the old song the bairns gang doon tae the shore, "
    text = (
        quoted + "as every child in the village knows, and they sing until the lamps are lit. " * 3
    )
    assert neighbour(text, "en") == "en"
    assert neighbour("tae", "en") == "en"
    assert neighbour("tae the shore fae the hill", "en") == "sco"
    assert LEAST_WORDS == 2


def test_the_words_are_no_stop_words_of_the_language_itself() -> None:
    for lang, data in languages().items():
        words = {word for near in data.neighbours.values() for word in near}
        assert not words & set(data.stop_words), lang
        assert all(near not in LANGS for near in data.neighbours)
