"""Language identification: the script decides where it can, a detector where it cannot.

Hangul means Korean and Kana means Japanese, whatever else stands beside them; other scripts go to
py3langid's model (`pipelines.language.model`) or to langdetect (seeded, as a reference). Of a long
text only blocks are looked at that are spread over it. Each has a language; together they give the
shares of a mixed text, and those of the chief language are looked at once more as one text.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from hanji.schema import LANGS, UNKNOWN, Lang
from pipelines.language.model import I64, best, joined, model, scripts
from pipelines.language.neighbours import has_neighbours, neighbour

__all__ = ["AT_LEAST", "Engine", "Guess", "detect"]

Engine = Literal["fast", "langdetect"]

# Lowest scores for a language to be believed; FineWeb-2 uses 0.80 to 0.89 with its own detector.
# Measured on the labelled sentences: 0.65 loses 14% of the Spanish ones for five errors fewer.
AT_LEAST: dict[Lang, float] = {"en": 0.5, "es": 0.5, "de": 0.5, "vi": 0.5, "ko": 0.3, "ja": 0.2}
FEW_LETTERS = 3
LONG_CHARS = 1500  # from here on blocks are looked at
BLOCKS = 12
BLOCK_CHARS = 300
ENGLISH = 0.4  # weight of a block in English or in none of ours: code and licences look so
DECISIONS: tuple[Lang | None, ...] = (None, "ja", "ko", UNKNOWN)  # None: the script does not tell
BY_SCRIPT = ("ko", "ja")
SURE = 0.8  # a block that the detector is less sure of counts for no language


class Guess(msgspec.Struct, frozen=True, gc=False):
    """A language and how sure the detector is, 0 to 1; of a long text the share of each language.

    `shares` are of the blocks that the detector is sure of, the greatest first; a short text has
    none.
    """

    lang: Lang
    score: float
    shares: dict[Lang, float] = {}

    @property
    def other_share(self) -> float:
        """The share of the text that is in other languages."""
        return round(1 - self.shares.get(self.lang, 0.0), 4) if self.shares else 0.0


def by_script(counts: I64) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Decide by the share of Hangul and Kana among the letters, or not at all.

    Args:
        counts: int64[n, scripts], letters in the order of `pipelines.language.model.SCRIPTS`.

    Returns:
        For each text the number of its decision in `DECISIONS`, and its score.

    >>> by_script(np.array([[3, 0, 0, 4, 0]]))
    (array([2]), array([0.43]))
    """
    hangul, kana, han = counts[:, 0], counts[:, 1], counts[:, 2]
    letters = counts.sum(axis=1)
    most = np.maximum(letters, 1)
    # One sign of Han or a syllable is a word; two Latin letters say nothing.
    none = (letters < FEW_LETTERS) & (hangul + kana + han == 0)
    japanese = (kana > 0) & (kana + han >= hangul) & (kana >= 0.05 * letters)
    korean = hangul >= 0.3 * most
    decision = np.zeros(len(counts), np.int64)
    score = np.zeros(len(counts), np.float64)
    decision[korean], score[korean] = 2, ((hangul + han) / most)[korean]
    decision[japanese], score[japanese] = 1, ((kana + han) / most)[japanese]
    decision[none], score[none] = 3, 0.0
    return decision, np.round(score, 2)


def detect(
    texts: Sequence[str], engine: Engine = "fast", ours: Collection[Lang] = LANGS
) -> list[Guess]:
    """Guess the language of each text; `und` with score 0 where there are no letters.

    Args:
        texts: in NFC.
        engine: the detector.
        ours: languages that are expected (engine `fast`): they are likelier in a short text.
    """
    guess = _langdetect if engine == "langdetect" else lambda parts: _fast(parts, ours)
    is_short = np.fromiter(map(len, texts), np.int64, len(texts)) <= LONG_CHARS
    blocks = {i: _blocks(texts[i]) for i in np.flatnonzero(~is_short).tolist()}
    if not blocks:
        return guess(texts)
    guesses = iter(guess(list(itertools.compress(texts, is_short))))
    of_blocks = iter(guess([block for some in blocks.values() for block in some]))
    chief: list[str] = []
    shares: list[dict[Lang, float]] = []
    for some in blocks.values():
        found = list(itertools.islice(of_blocks, len(some)))
        lang = _chief(found)
        chief.append("\n".join(b for b, one in zip(some, found) if one.lang == lang))
        shares.append(_shares(found))
    all_: list[Guess] = []
    for i, one, some_shares in zip(blocks, guess(chief), shares):
        all_ += itertools.islice(guesses, i - len(all_))  # the short ones before it
        all_.append(Guess(one.lang, one.score, some_shares))
    return [*all_, *guesses]


def _blocks(text: str) -> list[str]:
    """Cut `BLOCKS` blocks out of a long text, each from the beginning of a line where one is near.

    A block ends with its paragraph, so that two languages seldom stand in one.
    """
    n = min(BLOCKS, len(text) // BLOCK_CHARS)
    found = []
    for i in range(n):
        start = i * (len(text) - BLOCK_CHARS) // (n - 1)
        line = text.find("\n", start, start + BLOCK_CHARS) if start else -1
        first = start if line < 0 else line + 1
        end = text.find("\n\n", first + 40, first + BLOCK_CHARS)
        found.append(text[first : first + BLOCK_CHARS if end < 0 else end])
    return found


def _chief(guesses: Sequence[Guess]) -> Lang:
    """Choose the language of the blocks; each stands for the same share of the text."""
    sums: dict[Lang, float] = {}
    for guess in guesses:
        weight = 1.0 if guess.lang in BY_SCRIPT else guess.score
        weight *= 1.0 if guess.lang in LANGS and guess.lang != "en" else ENGLISH
        sums[guess.lang] = sums.get(guess.lang, 0.0) + weight
    return min(sums, key=lambda lang: (lang == UNKNOWN, -sums[lang], lang))


def _shares(guesses: Sequence[Guess]) -> dict[Lang, float]:
    sums: dict[Lang, int] = {}
    for guess in guesses:
        if guess.lang != UNKNOWN and (guess.score >= SURE or guess.lang in BY_SCRIPT):
            sums[guess.lang] = sums.get(guess.lang, 0) + 1
    order = sorted(sums, key=lambda lang: (-sums[lang], lang))
    return {lang: round(sums[lang] / sum(sums.values()), 3) for lang in order}


def _fast(texts: Sequence[str], ours: Collection[Lang]) -> list[Guess]:
    if not texts:
        return []
    # The model knows no capitals where all are; it was trained so.
    data, offsets = joined([text.lower() if text.isupper() else text for text in texts])
    decision, score = by_script(scripts(data, offsets))
    langs = np.array(DECISIONS, object)[decision]
    open_ = np.flatnonzero(decision == 0)
    if len(open_):
        sizes = np.diff(offsets)
        data = data[np.repeat(decision == 0, sizes)]
        offsets = np.concatenate([[0], np.cumsum(sizes[open_])])
        numbers, posterior = best(data, offsets, ours)
        score[open_] = np.round(posterior.astype(np.float64), 4)
        langs[open_] = np.array(model().classes, object)[numbers]
        near = np.array([has_neighbours(lang) for lang in model().classes])[numbers]
        for i in open_[near].tolist():
            langs[i] = neighbour(texts[i], langs[i])
    return list(map(Guess, langs.tolist(), score.tolist()))


def _langdetect(texts: Sequence[str]) -> list[Guess]:
    import langdetect

    langdetect.DetectorFactory.seed = 0  # else its answers differ from run to run
    found = []
    for text in texts:
        try:
            best = langdetect.detect_langs(text)[0]
        except langdetect.LangDetectException:
            found.append(Guess(UNKNOWN, 0.0))
        else:
            found.append(Guess(best.lang.partition("-")[0], round(float(best.prob), 4)))
    return found
