"""The recipe: one YAML file that says what is made; flags only say where and how fast.

A recipe is a mapping of sections (`sources`, `curate`, `tokenizer`, `reasoning`, `longdoc`,
`rehearsal`, `export`). Each product owns the type of its section, a frozen `msgspec.Struct`, and
decodes it with `Recipe.section`. Unknown keys are errors that name the key's path and the nearest
valid name. YAML is read by the safe loader, duplicate keys are refused.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
import yaml

from hanji.errors import RecipeError, nearest
from hanji.seeds import stable_hex

__all__ = ["SECTIONS", "Json", "Recipe", "decode", "fingerprint", "to_json"]

SECTIONS = ("sources", "curate", "tokenizer", "reasoning", "longdoc", "rehearsal", "export")

T = TypeVar("T")
Json = object  # what YAML or JSON can hold; msgspec has no recursive types


class _Loader(yaml.SafeLoader):
    """The safe loader, with duplicate keys refused."""


def _mapping(loader: _Loader, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
    seen: set[str] = set()
    for key_node, _ in node.value:
        key = str(key_node.value)
        if key in seen:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key '{key}' stands twice", key_node.start_mark
            )
        seen.add(key)
    return yaml.SafeLoader.construct_mapping(loader, node, deep=deep)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


class Recipe(msgspec.Struct, frozen=True):
    """A parsed recipe: its sections, still undecoded, and the directory it stands in."""

    sections: dict[str, Json]
    base: Path = Path()
    where: str = "recipe"

    @classmethod
    def load(cls, path: str | Path) -> Recipe:
        """Read a recipe file.

        Raises:
            RecipeError: if it cannot be read, is no YAML mapping, or has an unknown section.
        """
        path = Path(path)
        try:
            value = _Loader(path.read_text(encoding="utf-8")).get_single_data()
        except OSError as error:
            reason = error.strerror
            raise RecipeError(f"{path}: cannot be read ({reason}); check the path") from None
        except UnicodeDecodeError as error:
            at = error.start
            raise RecipeError(f"{path}: is not UTF-8 at byte {at}; save it as UTF-8") from None
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise RecipeError(f"{path}:{line}: is not valid YAML: {error.problem}") from None
        except yaml.YAMLError as error:
            raise RecipeError(f"{path}: is not valid YAML: {str(error).splitlines()[0]}") from None
        if not isinstance(value, dict):
            raise RecipeError(f"{path}: holds no sections; a recipe is a mapping of {SECTIONS}")
        for name in value:
            if name not in SECTIONS:
                raise RecipeError(f"{path}: unknown section '{name}'{nearest(str(name), SECTIONS)}")
        return cls(sections=value, base=path.parent, where=str(path))

    def has(self, name: str) -> bool:
        """Say whether the recipe has the section."""
        return name in self.sections

    def section(self, name: str, kind: type[T]) -> T:
        """Decode one section; a section that is absent or empty is decoded from nothing.

        Raises:
            RecipeError: naming the key path, the value and the nearest valid name.
        """
        value = self.sections.get(name)
        if value is None:
            value = [] if typing.get_origin(kind) in (list, tuple) else {}
        return decode(value, kind, f"{self.where}: {name}")


_AT = re.compile(r" - at `\$?(.*)`$")
_UNKNOWN = re.compile(r"unknown field `(.*)`")
_CHOICE = re.compile(r"Invalid enum value '(.*)'")
_PLAIN = {
    "`str`": "text", "`int`": "a whole number", "`float`": "a number", "`bool`": "true or false",
    "`array`": "a list", "`object`": "a mapping", "`null`": "nothing",
}  # fmt: skip


def decode(value: object, kind: type[T], where: str) -> T:
    """Convert plain data to `kind`, with an error that a person can act on.

    Args:
        value: mappings, lists and scalars, as YAML or JSON gives them.
        kind: a `msgspec.Struct` type, or any type that msgspec knows.
        where: the place, for the message.

    Raises:
        RecipeError: on an unknown key, a wrong type or a value out of range.
    """
    try:
        return msgspec.convert(value, kind, strict=True)
    except msgspec.ValidationError as error:
        raise RecipeError(f"{where}{_explain(str(error), value, kind)}") from None


def _explain(message: str, value: object, kind: object) -> str:
    at = _AT.search(message)
    path = (at.group(1) if at else "").replace("[...]", "[]").lstrip(".")
    text = _AT.sub("", message)
    place = f".{path}" if path else ""
    unknown = _UNKNOWN.search(text)
    if unknown:
        names = _field_names(kind, path, value)
        return f"{place}: unknown key '{unknown.group(1)}'{nearest(unknown.group(1), names)}"
    choice = _CHOICE.search(text)
    if choice:
        names = sorted(_choices(kind, path))
        wanted = choice.group(1)
        return f"{place}: '{wanted}' is none of {', '.join(names)}{nearest(wanted, names)}"
    for name, plain in _PLAIN.items():
        text = text.replace(name, plain)
    return f"{place}: {text[:1].lower()}{text[1:]}"


def _field_names(kind: object, path: str, value: object) -> list[str]:
    """List the keys that are valid at `path` of `kind`."""
    del value
    return sorted({name for struct in _types(kind, path) for name in _struct_fields(struct)})


def _choices(kind: object, path: str) -> set[str]:
    """List the values that are valid at `path` of `kind`, where it is one of a few."""
    options = (option for found in _types(kind, path) for option in _options(found))
    literals = (option for option in options if typing.get_origin(option) is typing.Literal)
    return {str(value) for literal in literals for value in typing.get_args(literal)}


def _types(kind: object, path: str) -> list[object]:
    types = [kind]
    for part in re.findall(r"[^.\[\]]+|\[[^\]]*\]", path):
        types = [inner for outer in types for inner in _inside(outer, part)]
    return types


def _inside(kind: object, part: str) -> list[object]:
    found: list[object] = []
    for option in _options(kind):
        if part.startswith("["):
            found += [a for a in typing.get_args(option) if a is not Ellipsis][-1:]
        elif isinstance(option, type) and issubclass(option, msgspec.Struct):
            found += [f.type for f in msgspec.structs.fields(option) if f.encode_name == part]
        else:
            found += [a for a in typing.get_args(option) if a is not Ellipsis][-1:]
    return found


def _options(kind: object) -> list[object]:
    if typing.get_origin(kind) is typing.Annotated:
        return _options(typing.get_args(kind)[0])
    if type(kind).__name__ == "UnionType" or typing.get_origin(kind) is typing.Union:
        return [o for a in typing.get_args(kind) for o in _options(a)]
    return [kind]


def _struct_fields(kind: object) -> list[str]:
    names: list[str] = []
    for option in _options(kind):
        if isinstance(option, type) and issubclass(option, msgspec.Struct):
            names += [field.encode_name for field in msgspec.structs.fields(option)]
            tag = option.__struct_config__.tag_field
            names += [tag] if tag else []
    return names


def to_json(value: object) -> Json:
    """Turn settings into plain JSON data with sorted keys."""
    return msgspec.json.decode(msgspec.json.encode(value, order="sorted"))


def fingerprint(stage: str, section: object, inputs: Sequence[str]) -> str:
    """Return the identity of a result: a hash of how it is made.

    Args:
        stage: the name of the stage.
        section: its settings (a Struct or plain data).
        inputs: digests of what it reads, in order.
    """
    settings = msgspec.json.encode(section, order="deterministic")
    return stable_hex("stage", stage, settings, *inputs)
