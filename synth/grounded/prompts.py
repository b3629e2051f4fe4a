"""Prompts as files, one a language and task: `LANG/think.md`, across, question, answer.

The first line is `<!-- version N -->`; `{{document}}`, `{{fence}}`, `{{question}}` are filled in.
A file of the user's own directory stands for the one of the package.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from importlib.resources import files
from pathlib import Path

import msgspec

from hanji.errors import RecipeError
from hanji.schema import Lang
from hanji.seeds import stable_hex
from synth.claims import flat

__all__ = ["TASKS", "Prompt", "Prompts"]

TASKS = {
    "think": ("document", "fence"),
    "across": ("document", "fence"),
    "question": ("document", "fence"),
    "answer": ("document", "fence", "question"),
}
_VERSION = re.compile(r"<!-- version (\d{1,9}) -->\n")
_FIELD = re.compile(r"\{\{(\w+)\}\}")
LEAST_SECRET = 24  # characters of a line of the prompt that must not come back


class Prompt(msgspec.Struct, frozen=True, dict=True):
    """One prompt: what is said around a document."""

    text: str
    version: int

    def render(self, document: str, fence: str, question: str = "") -> str:
        """Fill the prompt in; what stands in a document is never taken for a field."""
        values = {"document": document, "fence": fence, "question": question}
        return _FIELD.sub(lambda match: values[match.group(1)], self.text)

    @cached_property
    def secrets(self) -> tuple[str, ...]:
        """Lines of it that must not stand in a thought, written as `flat` does."""
        lines = [flat(_FIELD.sub("\0", line)).strip("- ") for line in self.text.splitlines()]
        return tuple(line for line in lines if len(line) >= LEAST_SECRET and "\0" not in line)


class Prompts(msgspec.Struct, frozen=True):
    """The prompts of some languages."""

    by: dict[tuple[Lang, str], Prompt]

    @classmethod
    def load(cls, langs: Iterable[Lang], own: Path | None = None) -> Prompts:
        """Read the prompts of the package, those of `own` first.

        Raises:
            RecipeError: if a language has none, or a prompt is not as it must be.
        """
        if own is not None and not own.is_dir():
            raise RecipeError(f"grounded.prompts: '{own}' is no directory; check the path")
        return cls({(lang, task): _read(lang, task, own) for lang in langs for task in TASKS})

    @property
    def digest(self) -> str:
        """The identity of all of them together."""
        parts = [part for key in sorted(self.by) for part in (*key, self.by[key].text)]
        return stable_hex("prompts", *parts)


def _read(lang: Lang, task: str, own: Path | None) -> Prompt:
    name = f"{lang}/{task}.md"
    try:
        if own is not None and (own / name).is_file():
            text = (own / name).read_text(encoding="utf-8")
        else:
            place = files("synth").joinpath("prompts", lang, f"{task}.md")
            text = place.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise RecipeError(
            f"grounded.prompts: there is no readable '{name}'; write it in a directory of your own"
        ) from None
    head = _VERSION.match(text)
    if head is None:
        raise RecipeError(f"grounded.prompts: '{name}' does not begin with <!-- version N -->")
    body = text[head.end() :].strip()
    found, wanted = set(_FIELD.findall(body)), set(TASKS[task])
    if found != wanted:
        odd = sorted(found ^ wanted)[0]
        needed = ", ".join(f"{{{{{field}}}}}" for field in TASKS[task])
        raise RecipeError(f"grounded.prompts: '{name}' needs {needed}, see '{{{{{odd}}}}}'")
    return Prompt(body, int(head.group(1)))
