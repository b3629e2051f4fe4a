"""Recipes: what is wrong is named by its key path, with the nearest valid name."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec
import pytest

from hanji.errors import RecipeError
from hanji.recipe import Recipe, decode, fingerprint


class Near(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    threshold: float = 0.8


class Curate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    langs: tuple[str, ...] = ()
    near: Near | None = None
    stages: tuple[Near, ...] = ()
    limits: dict[str, Near] = {}


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "recipe.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_recipe_is_decoded_into_its_types(tmp_path: Path) -> None:
    recipe = Recipe.load(write(tmp_path, "curate:\n  near: {threshold: 0.7}\n  langs: [en, ko]\n"))
    section = recipe.section("curate", Curate)
    assert section == Curate(langs=("en", "ko"), near=Near(0.7))
    assert recipe.base == tmp_path


def test_an_absent_section_has_its_defaults(tmp_path: Path) -> None:
    recipe = Recipe.load(write(tmp_path, "curate:\n"))
    assert recipe.section("curate", Curate) == Curate()
    assert recipe.section("sources", tuple[Near, ...]) == ()
    assert not recipe.has("export")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("curat: {}\n", "unknown section 'curat'; did you mean 'curate'?"),
        ("curate: {lang: [en]}\n", "unknown key 'lang'; did you mean 'langs'?"),
        ("curate: {near: {treshold: 1}}\n", ".near: unknown key 'treshold'; did you mean"),
        ("curate: {stages: [{threshold: 1}, {x: 1}]}\n", "unknown key 'x'; valid are threshold"),
        ("curate: {limits: {en: {tresh: 1}}}\n", "unknown key 'tresh'"),
        ("curate: {near: {threshold: high}}\n", ".near.threshold: expected a number, got text"),
        ("curate: {langs: en}\n", ".langs: expected a list, got text"),
        ("curate: 7\n", "expected a mapping, got a whole number"),
        (
            "curate: {near: 1}\ncurate: {near: 2}\n",
            ":2: is not valid YAML: the key 'curate' stands",
        ),
        ("curate: [\n", "is not valid YAML"),
        ("- a\n", "holds no sections"),
        ("a: !!python/object/apply:os.system [ls]\n", "is not valid YAML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, said: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(RecipeError) as caught:
        Recipe.load(path).section("curate", Curate)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_or_not_utf8_is_said(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="cannot be read"):
        Recipe.load(tmp_path / "none.yaml")
    path = tmp_path / "latin.yaml"
    path.write_bytes("curate: {langs: [é]}".encode("latin-1"))
    with pytest.raises(RecipeError, match="is not UTF-8 at byte"):
        Recipe.load(path)


def test_a_fingerprint_depends_on_stage_settings_and_inputs_alone() -> None:
    one = fingerprint("curate", Curate(langs=("en",)), ["a"])
    assert one == fingerprint("curate", Curate(langs=("en",)), ["a"])
    others = [
        fingerprint("curate", Curate(langs=("ko",)), ["a"]),
        fingerprint("curate", Curate(langs=("en",)), ["b"]),
        fingerprint("longdoc", Curate(langs=("en",)), ["a"]),
        fingerprint("curate", Curate(langs=("en",)), ["a", "b"]),
    ]
    assert len({one, *others}) == 5


def test_a_value_of_a_few_names_them_all() -> None:
    with pytest.raises(RecipeError) as raised:
        decode({"how": ["fats"]}, dict[str, tuple[Literal["fast", "slow"] | None, ...]], "flags")
    assert str(raised.value) == "flags.[][0]: 'fats' is none of fast, slow; did you mean 'fast'?"


def test_decode_takes_any_type_that_msgspec_knows() -> None:
    assert decode({"a": 1}, dict[str, int], "here") == {"a": 1}
