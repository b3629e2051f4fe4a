"""Language identification: the script decides where it can, a detector where it cannot.

Hangul means Korean and Kana means Japanese, whatever else stands beside them; other scripts go to
py3langid (a naive Bayes model over byte n-grams in 97 languages, its model in its wheel) or to
langdetect (seeded, as a reference). Only samples of a long text are looked at: its beginning, its
middle and its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Literal, Protocol

import msgspec
import numpy as np

from hanji.schema import UNKNOWN, Lang

__all__ = ["AT_LEAST", "Engine", "Guess", "detect"]

Engine = Literal["fast", "langdetect"]

# Lowest scores for a language to be believed; FineWeb-2 uses 0.80 to 0.89 with its own detector.
AT_LEAST: dict[Lang, float] = {"en": 0.65, "es": 0.65, "de": 0.65, "vi": 0.65, "ko": 0.3, "ja": 0.2}
SAMPLE_CHARS = 500  # at each of three places; measured: as good as the whole text from there on
FEW_LETTERS = 3


class Guess(msgspec.Struct, frozen=True):
    """A language and how sure the detector is, 0 to 1."""

    lang: Lang
    score: float


class _Classifier(Protocol):
    def classify(self, text: str) -> tuple[str, float]: ...


@cache
def _py3langid() -> _Classifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)  # type: ignore[no-any-return]


def sample(text: str) -> str:
    """Return the beginning, middle and end of a long text, a short one whole."""
    if len(text) <= 3 * SAMPLE_CHARS:
        return text
    middle = len(text) // 2
    parts = text[:SAMPLE_CHARS], text[middle : middle + SAMPLE_CHARS], text[-SAMPLE_CHARS:]
    return "\n".join(parts)


def by_script(text: str) -> Guess | None:
    """Decide by the share of Hangul and Kana among the letters, or not at all.

    >>> by_script("한국어 text")
    Guess(lang='ko', score=0.43)
    """
    points = np.frombuffer(text.encode("utf-32-le", "replace"), np.uint32)
    hangul = int(((points >= 0xAC00) & (points <= 0xD7A3)).sum())
    hangul += int(((points >= 0x1100) & (points <= 0x11FF)).sum())
    kana = int(((points >= 0x3041) & (points <= 0x30FF)).sum())
    han = int(((points >= 0x4E00) & (points <= 0x9FFF)).sum())
    ascii_letters = int((((points | 32) >= 97) & ((points | 32) <= 122)).sum())
    other = int((points >= 0xC0).sum()) - hangul - kana - han
    letters = hangul + kana + han + ascii_letters + other
    # One sign of Han or a syllable is a word; two Latin letters say nothing.
    if letters < FEW_LETTERS and not hangul + kana + han:
        return Guess(UNKNOWN, 0.0)
    if kana and kana + han >= hangul and kana >= 0.05 * letters:
        return Guess("ja", round((kana + han) / letters, 2))
    if hangul >= 0.3 * letters:
        return Guess("ko", round((hangul + han) / letters, 2))
    return None


def detect(texts: Sequence[str], engine: Engine = "fast") -> list[Guess]:
    """Guess the language of each text; `und` with score 0 where there are no letters."""
    guess = _fast if engine == "fast" else _langdetect
    return [guess(sample(text)) for text in texts]


def _fast(text: str) -> Guess:
    decided = by_script(text)
    if decided is not None:
        return decided
    lang, score = _py3langid().classify(text)
    return Guess(lang, round(float(score), 4))


def _langdetect(text: str) -> Guess:
    import langdetect

    langdetect.DetectorFactory.seed = 0  # else its answers differ from run to run
    try:
        best = langdetect.detect_langs(text)[0]
    except langdetect.LangDetectException:
        return Guess(UNKNOWN, 0.0)
    return Guess(best.lang.partition("-")[0], round(float(best.prob), 4))
