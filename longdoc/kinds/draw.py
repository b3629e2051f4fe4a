"""What a kind of probe draws with, and what it draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeVar

import msgspec
import numpy as np

from hanji.errors import RecipeError
from hanji.schema import Lang
from hanji.seeds import stable_hash
from longdoc.haystack import DIGITS, Haystack, Split
from longdoc.templates import TEMPLATES, Template, key_of
from longdoc.words import Words, words_of

__all__ = ["Draw", "Drawn", "Form", "Hide", "half"]

Form = Literal["numbers", "names", "order", "none"]
T = TypeVar("T")


def half(options: Sequence[T], split: Split) -> list[T]:
    """Return the options that belong to a split: every second one.

    >>> half("abcd", "eval"), half("abcd", "train")
    (['a', 'c'], ['b', 'd'])
    """
    return list(options[split == "train" :: 2])


def _is_of(split: Split, *parts: str | int) -> bool:
    return stable_hash("probe-half", *parts) % 2 == (split == "train")


class Hide(msgspec.Struct, frozen=True):
    """A needle; `asked` ones carry the answer. Without a depth it stands at a random one."""

    text: str
    asked: bool = False
    depth: float | None = None  # percent
    block: bool = False  # a paragraph of its own


class Drawn(msgspec.Struct, frozen=True):
    """Needles, the question, and what is right."""

    needles: tuple[Hide, ...]  # in the order of the text where they meet at one border
    question: str  # framed
    answers: tuple[str, ...]
    form: Form
    head: str
    main: int = 0  # the needle that stands at the depth asked for
    answer_room: int = 32  # tokens; ours, RULER leaves 128


class Draw(msgspec.Struct, frozen=True):
    """Everything that a draw may depend on."""

    kind: str
    lang: Lang  # of needles and question
    split: Split
    haystack: Haystack
    random: np.random.Generator
    room: int  # tokens of the probe
    depth: float  # percent
    span: tuple[int, int]  # characters of the haystack that the probe may show

    @property
    def words(self) -> Words:
        """The language's words."""
        return words_of(self.lang)

    @property
    def template(self) -> Template:
        """The language's words of single and multi_key."""
        return TEMPLATES[self.lang]

    def times(self) -> int:
        """Return how many times as many needles a long probe holds."""
        return 1 if self.room < 4_096 else 2

    def order(self, options: Sequence[T]) -> list[T]:
        """Shuffle."""
        return [options[i] for i in self.random.permutation(len(options)).tolist()]

    def keys(self, n: int) -> list[str]:
        """Choose keys of the split that do not stand in the haystack; no noun twice.

        Raises:
            RecipeError: if there are not so many.
        """
        keys: list[str] = []
        seconds: set[int] = set()
        columns = len(self.template.second)
        for number in self.order(range(len(self.template.first) * columns)):
            first, second = divmod(number, columns)
            key = key_of(self.lang, first, second)
            if (
                second not in seconds
                and _is_of(self.split, "key", number)
                and not self.haystack.holds(key)
            ):
                keys.append(key)
                seconds.add(second)
            if len(keys) == n:
                return keys
        raise self.too_few("keys", n, len(keys))

    def values(self, n: int) -> list[str]:
        """Choose numbers of the split that do not stand in the haystack.

        Raises:
            RecipeError: if there are not so many.
        """
        values: list[str] = []
        low = 10 ** (DIGITS - 1)
        for number in self.random.integers(low, 10 * low, 20 * n + 20).tolist():
            value = str(number)
            if (
                value not in values
                and _is_of(self.split, "value", number)
                and not self.haystack.holds_number(value)
            ):
                values.append(value)
            if len(values) == n:
                return values
        raise self.too_few("numbers", n, len(values))

    def unlike(self, options: Sequence[str], n: int, what: str) -> list[str]:
        """Choose words of which none holds another and none stands in the haystack.

        Raises:
            RecipeError: if there are not so many.
        """
        chosen: list[str] = []
        for option in self.order(options):
            alike = any(option in other or other in option for other in chosen)
            if not alike and not self.haystack.holds(option):
                chosen.append(option)
            if len(chosen) == n:
                return chosen
        raise self.too_few(what, n, len(chosen))

    def too_few(self, what: str, n: int, found: int) -> RecipeError:
        """Say that the tables or the haystack do not serve."""
        return RecipeError(
            f"a probe of kind {self.kind} in {self.lang} needs {n} {what} that the haystack does "
            f"not hold, and {found} are left; use other held-out documents or leave the kind out"
        )


DrawKind = Callable[[Draw], Drawn]
