"""Calibrate: limits for a segmenter and a language, from documents that are trusted.

A published limit holds for English web text and the words of one segmenter. FineWeb-2 (Penedo and
others 2025) carries it over by its quantile: the share of English reference documents that it lets
pass is let pass in every language. Where an English limit lies beyond all reference documents a
quantile says nothing, and the same distance in standard deviations is taken. Then a limit that
would still reject more of the trusted documents than is meant is moved to where it does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hanji.errors import InputError, RecipeError
from hanji.manifest import Dataset, write_atomically
from hanji.progress import SILENT, Progress
from hanji.schema import LANGS, Lang
from hanji.seeds import stable_hex
from pipelines.langs import languages
from pipelines.language import detect
from pipelines.normalise import normalise
from pipelines.profile import METRICS, profile
from pipelines.quality.published import PUBLISHED
from pipelines.quality.rules import RULES
from pipelines.read import Record, records
from pipelines.read.source import Source, plan
from pipelines.segment import SERVES, Segmenter, segmented

__all__ = ["Calibrated", "Limits", "calibrate", "limits_of", "load_limits", "write_limits"]

FORMAT = "hanji.limits/1"
ENOUGH = 100  # documents of a language, for its quantiles to mean anything
EDGE = 0.001  # a quantile this near to 0 or 1 says nothing
BATCH = 500
Numbers = npt.NDArray[np.float64]


class Calibrated(msgspec.Struct, frozen=True):
    """A limit, where the published one lies among English documents, and how it was found."""

    value: float
    quantile: float
    method: str


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of limits with its provenance."""

    format: str
    segmenter: str
    corpus: str  # digest of the documents
    documents: dict[Lang, int]
    keep: float
    limits: dict[Lang, dict[str, Calibrated]]


def calibrate(
    profiles: Mapping[Lang, Numbers], keep: float = 0.99
) -> dict[Lang, dict[str, Calibrated]]:
    """Carry the published limits over to each language.

    Args:
        profiles: float64[n, metrics] of trusted documents by language; English is the measure.
        keep: share of the trusted documents that every single limit lets pass at least.

    Returns:
        Limits by language and name.

    Raises:
        InputError: if a language, or English, has too few documents.
    """
    for lang in ("en", *profiles):
        n = len(profiles.get(lang, ()))
        if n < ENOUGH:
            raise InputError(
                f"calibrate: {n} documents of '{lang}', needed are {ENOUGH}; give more of them"
            )
    return {
        lang: {
            rule.limit: _carried(
                rule.side, PUBLISHED[rule.limit][0], profiles["en"][:, at], mine[:, at], keep
            )
            for rule in RULES
            for at in [METRICS.index(rule.metric)]
        }
        for lang, mine in sorted(profiles.items())
    }


def _carried(side: str, limit: float, english: Numbers, mine: Numbers, keep: float) -> Calibrated:
    passes = english <= limit if side == "above" else english < limit
    quantile = float(passes.mean())
    if EDGE <= quantile <= 1 - EDGE:
        value, method = float(np.quantile(mine, quantile)), "quantile"
    elif english.std() > 0:
        distance = (limit - english.mean()) / english.std()
        value, method = float(mine.mean() + distance * mine.std()), "deviations"
    else:
        value, method = limit, "published"
    if side == "above" and (mine > value).mean() > 1 - keep:
        value, method = float(np.quantile(mine, keep, method="higher")), "keep"
    elif side == "below" and (mine < value).mean() > 1 - keep:
        value, method = float(np.quantile(mine, 1 - keep, method="lower")), "keep"
    if limit <= 1 and max(english.max(), mine.max()) <= 1:
        value = min(value, 1.0)  # a share
    return Calibrated(round(max(value, 0.0), 4), round(quantile, 4), method)


def limits_of(
    where: str, segmenter: Segmenter = "fast", keep: float = 0.99, progress: Progress = SILENT
) -> Limits:
    """Profile trusted documents and calibrate on them.

    Args:
        where: a dataset directory of ours, or files or a glob as `hanji curate --input` takes.
        segmenter: what finds the words.
        keep: see `calibrate`.
        progress: shown while documents are profiled.

    Raises:
        RecipeError: if there are no documents there.
        InputError: if there are too few.
    """
    stop_words = {lang: data.stop_words for lang, data in languages().items()}
    policy = {lang: data.policy for lang, data in languages().items()}
    found: dict[Lang, list[Numbers]] = {}
    digests: list[str] = []
    with progress.phase("profile", None, "documents") as phase:
        for texts in _texts(where):
            guesses = detect(texts)
            for lang in LANGS:
                mine = [text for text, guess in zip(texts, guesses) if guess.lang == lang]
                if mine:
                    digests += [stable_hex(text) for text in mine]
                    column = pa.array(
                        segmented(mine, [lang] * len(mine), segmenter), pa.large_string()
                    )
                    cut = SERVES.get(segmenter, ())
                    numbers = profile(column, [lang] * len(mine), stop_words, policy, cut)
                    found.setdefault(lang, []).append(numbers)
            phase.advance(len(texts))
    if not found:
        raise RecipeError(f"--input {where}: holds no document in our languages")
    profiles = {lang: np.concatenate(parts) for lang, parts in found.items()}
    return Limits(
        format=FORMAT,
        segmenter=segmenter,
        corpus=stable_hex(*sorted(digests)),
        documents={lang: len(profiles[lang]) for lang in sorted(profiles)},
        keep=keep,
        limits=calibrate(profiles, keep),
    )


def _texts(where: str) -> Iterator[list[str]]:
    if (Path(where) / "manifest.json").is_file():
        for batch in Dataset.open(Path(where)).batches(columns=["text"]):
            yield batch["text"].to_pylist()
        return
    group: list[str] = []
    for file in plan([Source(name="trusted", path=where)]):
        for item in records(file):
            if isinstance(item, Record):
                group.append(normalise(item.text))
                if len(group) == BATCH:
                    yield group
                    group = []
    if group:
        yield group


def write_limits(path: Path, limits: Limits) -> None:
    """Write the file."""
    write_atomically(path, msgspec.json.format(msgspec.json.encode(limits), indent=1) + b"\n")


def load_limits(path: Path, segmenter: Segmenter) -> dict[Lang, dict[str, float]]:
    """Read limits by language and name.

    Raises:
        RecipeError: if the file is none of limits, or of another segmenter.
    """
    try:
        limits = msgspec.json.decode(path.read_bytes(), type=Limits)
    except FileNotFoundError:
        raise RecipeError(
            f"quality.limits_file: {path} does not exist; make it with `hanji curate calibrate`"
        ) from None
    except (OSError, msgspec.DecodeError) as error:
        raise RecipeError(
            f"quality.limits_file: {path} is no file of limits ({error}); make it again with "
            "`hanji curate calibrate`"
        ) from None
    if limits.segmenter != segmenter:
        raise RecipeError(
            f"quality.limits_file: {path} was made with the segmenter '{limits.segmenter}', the "
            f"recipe has '{segmenter}'; limits hold for one segmenter"
        )
    return {
        lang: {name: one.value for name, one in mine.items()}
        for lang, mine in limits.limits.items()
    }
