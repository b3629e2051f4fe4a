"""The models as steps of the clean pipeline: a number for each document, and what it decides."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from hanji.places import place
from hanji.seeds import stable_hex
from pipelines.models import classifier, perplexity
from pipelines.models.files import digest_of
from pipelines.section import Models

__all__ = ["Scores", "digests", "score_texts"]


class Scores(msgspec.Struct, frozen=True):
    """What the models say of a document; None where none serves its language."""

    classifier_score: float | None = None
    perplexity: float | None = None
    reason: str = ""  # why it is dropped, with
    value: float = 0.0
    threshold: float = 0.0


def score_texts(
    texts: Sequence[str], langs: Sequence[str], models: Models, base: Path
) -> list[Scores]:
    """Score texts by the models of their languages.

    Raises:
        RecipeError: if a model cannot be loaded.
    """
    classes: dict[int, float] = {}
    surprises: dict[int, float] = {}
    for lang, c in models.classifiers.items():
        mine = [i for i, name in enumerate(langs) if name == lang]
        if mine:
            found = classifier.classify([texts[i] for i in mine], c, place(c.path, base))
            classes.update(zip(mine, found))
    for lang, p in models.perplexity.items():
        mine = [i for i, name in enumerate(langs) if name == lang]
        if mine:
            pieces = place(p.pieces, base) if p.pieces is not None else None
            of_lang = [texts[i] for i in mine]
            found = perplexity.perplexities(of_lang, p, place(p.path, base), pieces)
            surprises.update(zip(mine, found))
    return [
        _verdict(lang, classes.get(i), surprises.get(i), models) for i, lang in enumerate(langs)
    ]


def _verdict(lang: str, score: float | None, surprise: float | None, models: Models) -> Scores:
    checks = []
    if score is not None:
        checks.append(("low_classifier_score", score, models.classifiers[lang].at_least, 1))
    if surprise is not None:
        limits = models.perplexity[lang]
        checks.append(("low_perplexity", surprise, limits.at_least, 1))
        checks.append(("high_perplexity", surprise, limits.at_most, -1))
    for reason, value, limit, sign in checks:
        if limit is not None and sign * value < sign * limit:
            return Scores(score, surprise, reason, value, limit)
    return Scores(score, surprise)


def digests(models: Models | None, base: Path) -> list[str]:
    """Name the models by their contents, and load each once, so that a bad one is told at once.

    Raises:
        RecipeError: if one cannot be read or loaded.
    """
    if models is None:
        return []
    named = []
    for lang, c in models.classifiers.items():
        path, option = place(c.path, base), f"curate.models.classifiers.{lang}"
        named += ["classifier", lang, digest_of(path, option)]
        classifier.load(path, c.label)
    for lang, p in models.perplexity.items():
        path, option = place(p.path, base), f"curate.models.perplexity.{lang}"
        named += ["perplexity", lang, digest_of(path, option)]
        perplexity.load(path)
        if p.pieces is not None:
            pieces = place(p.pieces, base)
            named += ["pieces", lang, digest_of(pieces, option)]
            perplexity.load_pieces(pieces)
    return [stable_hex("models", *named)]
