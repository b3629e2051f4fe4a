"""The words of the probes beside those of single and multi_key: one small file a language.

Slots stand in braces. A slot such as `{a:과/와}` takes the Korean particle that agrees with the
word in it.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import msgspec

from hanji.schema import Lang
from hanji.text.korean import josa

__all__ = ["Noun", "Rules", "Words", "words_of"]

Pair = tuple[str, str]


class Noun(str):
    """A word that takes a Korean particle where a slot asks for one.

    >>> "{a:은/는} {b:과/와}".format(a=Noun("한서윤"), b=Noun("류지우"))
    '한서윤은 류지우와'
    """

    def __format__(self, spec: str) -> str:
        return josa(str(self), spec) if "/" in spec else super().__format__(spec)


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the answer must look like, by the form of the answer."""

    number: str  # of a code
    amount: str
    numbers: str
    names: str
    things: str
    words: str
    blank: str
    letters: str


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The words of one language; a pair is needle and question unless said otherwise."""

    frame: str  # around a question: {ask} and {rule}
    head: str
    talk: str  # head of a dialogue
    none: str  # the answer where there is none
    none_also: tuple[str, ...]  # other ways to say so
    small: tuple[str, ...]  # words that may stand between the values of an answer
    rules: Rules
    item: str  # a key in a list
    joint: str  # between the items of a list
    multi_value: Pair
    multi_query: str
    two_hop: str  # the needle that names the other
    tracking: tuple[str, str, str]  # first needle, those behind it, question
    name: str  # of a person
    given: tuple[str, ...]
    family: tuple[str, ...]
    common: Pair
    frequent: Pair
    syllables: tuple[str, ...]  # of coined words
    qa: str
    order: Pair
    events: tuple[str, ...]
    paraphrase: tuple[Pair, ...]
    mrcr: Pair  # a turn, question
    ordinals: tuple[str, ...]
    requests: tuple[str, ...]

    def ask(self, question: str, rule: str) -> str:
        """Frame a question; it stands behind the haystack."""
        return self.frame.format(ask=question, rule=rule)


@cache
def words_of(lang: Lang) -> Words:
    """Read the words of a language.

    Raises:
        FileNotFoundError: if there are none.
    """
    data = (files("longdoc.words") / f"{lang}.json").read_bytes()
    return msgspec.json.decode(data, type=Words)
