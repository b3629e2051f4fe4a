"""Write the generated pages: docs/cli.md from `--help`, docs/recipes.md from the sections' types.

python docs/generate.py            write them
python docs/generate.py --check    exit 1 when one is out of date
"""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
import textwrap
import types
import typing
from pathlib import Path

import click
import msgspec

from hanji.__main__ import COMMANDS, command
from hanji.stages import STAGES

HERE = Path(__file__).resolve().parent
SOURCES = "pipelines.read.source:Source"


def cli_page() -> str:
    """Return the page of all commands, as their `--help` says."""
    parts = ["# Commands", "", "Written by `make docs` from `--help`.", ""]
    context = click.Context(command, info_name="hanji", max_content_width=100)
    parts += _help(command, context)
    for name in COMMANDS:
        child = command.get_command(context, name)
        assert child is not None
        parts += _tree(child, name, context)
    return "\n".join(parts).rstrip() + "\n"


def _tree(child: click.Command, name: str, parent: click.Context) -> list[str]:
    context = click.Context(child, info_name=name, parent=parent, max_content_width=100)
    parts = _help(child, context)
    if isinstance(child, click.Group):
        for below in child.list_commands(context):
            grandchild = child.get_command(context, below)
            assert grandchild is not None
            parts += _tree(grandchild, below, context)
    return parts


def _help(child: click.Command, context: click.Context) -> list[str]:
    return [f"## {context.command_path}", "", "```text", child.get_help(context), "```", ""]


def recipes_page() -> str:
    """Return the page of all recipe keys, from the types that decode them."""
    parts = [
        "# Recipe keys",
        "",
        "Written by `make docs` from the types that decode a recipe. A key that is not listed here",
        "is an error that names the nearest one.",
        "",
    ]
    seen: set[type] = set()
    parts += ["## sources", "", "A list; each item has these keys.", ""]
    parts += _struct(_load(SOURCES), seen)
    for stage in STAGES:
        parts += [f"## {stage.section}", ""]
        parts += _struct(_load(stage.settings), seen)
    return "\n".join(parts).rstrip() + "\n"


def _load(target: str) -> type[msgspec.Struct]:
    module, _, name = target.partition(":")
    return typing.cast(type[msgspec.Struct], getattr(importlib.import_module(module), name))


def _struct(kind: type[msgspec.Struct], seen: set[type]) -> list[str]:
    seen.add(kind)
    sentences = _sentences(kind)
    parts = [(inspect.getdoc(kind) or "").split("\n\n")[0].replace("\n", " "), ""]
    parts += ["| key | type | default | meaning |", "|---|---|---|---|"]
    below: list[type[msgspec.Struct]] = []
    for field in msgspec.structs.fields(kind):
        meaning = sentences.get(field.name, "").replace("\n", " ").replace("|", "\\|")
        about = _type_name(field.type).replace("|", "\\|")
        parts.append(f"| `{field.encode_name}` | {about} | {_default(field)} | {meaning} |")
        below += [inner for inner in _structs_in(field.type) if inner not in seen]
    parts.append("")
    for inner in dict.fromkeys(below):
        if inner not in seen:
            parts += [f"### {inner.__name__}", "", *_struct(inner, seen)]
    return parts


def _sentences(kind: type) -> dict[str, str]:
    """Read the string that stands below each field of a class, of its bases too."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if not issubclass(base, msgspec.Struct) or base is msgspec.Struct:
            continue
        tree = ast.parse(textwrap.dedent(inspect.getsource(base))).body[0]
        assert isinstance(tree, ast.ClassDef)
        for field, after in zip(tree.body, tree.body[1:]):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(after, ast.Expr)
                and isinstance(after.value, ast.Constant)
            ):
                found[field.target.id] = inspect.cleandoc(str(after.value.value))
    return found


def _default(field: msgspec.structs.FieldInfo) -> str:
    value = field.default
    if value is msgspec.NODEFAULT and field.default_factory is not msgspec.NODEFAULT:
        value = field.default_factory()
    if value is msgspec.NODEFAULT:
        return "required"
    if isinstance(value, msgspec.Struct):
        return "its own"
    text = msgspec.json.encode(value).decode()
    return f"`{text}`" if len(text) <= 120 else "see the code"


def _type_name(kind: object) -> str:
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Annotated:
        return _type_name(args[0])
    if origin is typing.Literal:
        return " | ".join(repr(arg) for arg in args)
    if origin is typing.Union or isinstance(kind, types.UnionType):
        return " | ".join(_type_name(arg) for arg in args)
    names = [_type_name(arg) for arg in args if arg is not Ellipsis]
    if origin is dict:
        return f"mapping of {names[0]} to {names[1]}"
    if origin in (tuple, list):
        return f"list of {names[0]}"
    return "None" if kind is type(None) else getattr(kind, "__name__", str(kind))


def _structs_in(kind: object) -> list[type[msgspec.Struct]]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return [kind]
    return [inner for arg in typing.get_args(kind) for inner in _structs_in(arg)]


PAGES = {"cli.md": cli_page, "recipes.md": recipes_page}


def main() -> int:
    """Write the pages, or check them."""
    stale = []
    for name, page in PAGES.items():
        path, text = HERE / name, page()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in sys.argv:
                path.write_text(text, encoding="utf-8")
    if stale and "--check" in sys.argv:
        sys.stderr.write(f"out of date: {', '.join(stale)}; run `make docs`\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
