"""Perplexity under an n-gram model, as CCNet sorts documents by it (Wenzek and others 2019).

Each line is one sentence to the model, between <s> and </s>; the perplexity of a document is
10 ** (-sum of log10 probabilities / number of words, the ends of the lines included).
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Protocol

from hanji.errors import RecipeError
from pipelines.models.arpa import Arpa, split
from pipelines.models.files import local
from pipelines.section import Perplexity

__all__ = ["load", "load_pieces", "perplexities", "plain"]

OPTION = "curate.models.perplexity"
BINARY = b"mmap lm "  # how KenLM's own files begin
MOST_DIGITS = 9.0  # of a perplexity: a text without a word has 10 ** 9, and no other has more
# What CCNet writes in place of marks; most have a width or a direction that ASCII's have not.
_MARKS = str.maketrans(
    {
        **dict.fromkeys("„”“«»「」《》１", '"'),
        **dict.fromkeys("，、", ","),
        **dict.fromkeys("´’", "'"),
        **dict.fromkeys("∶：", ":"),
        **dict.fromkeys("–━►", "-"),
        **dict(zip("。？！（）；～〈〉【】％", ".?!();~<>[]%")),
        "—": " - ", "．": ". ", "…": "...",
    }
)  # fmt: skip
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class _Model(Protocol):
    def log_sums(self, lines: Sequence[Sequence[str]]) -> list[float]: ...


class _Pieces(Protocol):
    def encode(self, line: str, *, out_type: type[str]) -> list[str]: ...


def plain(line: str) -> str:
    """Return a line as CCNet's models know it: lower case, no accents, every digit 0.

    >>> plain("Él pagó «3,50 €»…")
    'el pago "0,00 €"...'
    """
    parts = unicodedata.normalize("NFD", line.strip().lower())
    line = "".join(c for c in parts if unicodedata.category(c) != "Mn")
    return _CONTROLS.sub("", re.sub(r"\d", "0", line).translate(_MARKS))


_FORMS: dict[str, Callable[[str], str]] = {"as_is": str, "lower": str.lower, "plain": plain}


def perplexities(
    texts: Sequence[str], settings: Perplexity, path: Path, pieces: Path | None
) -> list[float]:
    """Return the perplexity of each text, at most 10 ** MOST_DIGITS; without a word it is that."""
    model = load(path)
    lines: list[list[str]] = []
    ends = [0]
    for text in texts:
        for line in text.split("\n"):
            form = _FORMS[settings.form](line)
            words = load_pieces(pieces).encode(form, out_type=str) if pieces else split(form)
            if words:
                lines.append(words)
        ends.append(len(lines))
    sums = model.log_sums(lines)
    found = []
    for first, end in itertools.pairwise(ends):
        n = sum(len(words) + 1 for words in lines[first:end])
        digits = -sum(sums[first:end]) / n if n else MOST_DIGITS
        found.append(10.0 ** min(digits, MOST_DIGITS))
    return found


@cache
def load(path: Path) -> _Model:
    """Load a model, once a process: ARPA by our own reader, KenLM's binary files by `kenlm`.

    Raises:
        RecipeError: if it is neither, is damaged, or `kenlm` is needed and not installed.
    """
    where = f"{OPTION}: {path}"
    with local(path, OPTION) as here:
        with here.open("rb") as file:
            head = file.read(len(BINARY))
        return _Kenlm(here, where) if head == BINARY else Arpa(here, where)


class _Kenlm:
    def __init__(self, path: Path, where: str) -> None:
        try:
            import kenlm
        except ImportError:
            raise RecipeError(
                f"{where} is a binary file of KenLM, whose reader is not installed; "
                "install it with `pip install kenlm` (it needs a C++ compiler), or give ARPA"
            ) from None
        try:
            self._model = kenlm.Model(str(path))
        except (OSError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise RecipeError(f"{where} cannot be loaded ({reason})") from None

    def log_sums(self, lines: Sequence[Sequence[str]]) -> list[float]:
        return [float(self._model.score(" ".join(words))) for words in lines]


@cache
def load_pieces(path: Path) -> _Pieces:
    """Load a SentencePiece model.

    Raises:
        RecipeError: if it is none, or its reader is not installed.
    """
    try:
        import sentencepiece
    except ImportError:
        raise RecipeError(
            f"{OPTION}: 'sentencepiece' is not installed; "
            "install it with `pip install hanji[models]`"
        ) from None
    with local(path, OPTION) as here:
        try:
            return sentencepiece.SentencePieceProcessor(model_proto=here.read_bytes())
        except RuntimeError:
            raise RecipeError(f"{OPTION}: {path} is no model of SentencePiece") from None
