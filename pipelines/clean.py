"""Clean: one unit's records become clean documents, rejections, quarantine rows and keys.

All per-document steps in one pass: read, normalise, detect the language, mask personal data,
profile and judge, key. Every record ends in exactly one of the unit's files, and is counted there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from hanji.beam.ticker import Ticker
from hanji.contamination.index import load
from hanji.manifest import write_atomically
from hanji.places import place
from hanji.report import Report
from hanji.schema import document_id
from pipelines import dedup
from pipelines.columns import (
    CLEAN,
    KEYS,
    MIXED,
    PERMUTATIONS,
)
from pipelines.decontaminate import widened, without
from pipelines.drafts import Draft, Writers
from pipelines.langs import languages
from pipelines.language import AT_LEAST, Guess, detect
from pipelines.lists import allowed, blocked, count_words
from pipelines.models import score_texts
from pipelines.normalise import normalise
from pipelines.pii import mask
from pipelines.profile import METRICS, profile
from pipelines.quality import RULES, decide, score
from pipelines.read import Fault, InputFile, Item, Passed, Record, records
from pipelines.section import Curate, Models
from pipelines.segment import SERVES, segmented
from pipelines.units import Unit

__all__ = ["HISTOGRAMS", "Clean", "UnitAccount", "account_of"]

Bools = npt.NDArray[np.bool_]
BATCH_RECORDS = 500
BATCH_CHARS = 8 << 20  # a batch is held in memory a few times over
BINS = 24
# metric: (lowest, highest) edge of its histogram on the report page
HISTOGRAMS: dict[str, tuple[float, float]] = {
    "n_words": (0, 2400),
    "mean_word_length": (0, 12),
    "alpha_words": (0, 1),
    "punctuated_lines": (0, 1),
    "short_lines": (0, 1),
    "duplicate_lines": (0, 1),
    "duplicate_line_chars": (0, 1),
    "stop_words": (0, 48),
}


class UnitAccount(msgspec.Struct):
    """The account of a unit, written when its files are complete."""

    report: Report = msgspec.field(default_factory=Report)
    histograms: dict[str, dict[str, list[int]]] = {}
    masked: dict[str, dict[str, int]] = {}
    first_failure: str = ""


def account_of(unit: Unit) -> UnitAccount:
    """Read the account of a finished unit."""
    return msgspec.json.decode(unit.done.read_bytes(), type=UnitAccount)


class Clean(msgspec.Struct, frozen=True):
    """The work of the clean pipeline: `clean(unit, ticker)`."""

    section: Curate
    base: str = ""  # where relative paths of evaluation sets start

    def __call__(self, unit: Unit, ticker: Ticker) -> Iterable[bytes]:
        """Write the unit's files; its account comes last."""
        account = UnitAccount()
        writers = Writers(unit)
        for file in unit.files:
            for group in _groups(records(file)):
                self._batch(file, group, writers, account)
            ticker.advance(file.n_bytes)
        writers.close()
        write_atomically(unit.done, msgspec.json.encode(account))
        yield b""

    def _batch(
        self,
        file: InputFile,
        group: Sequence[Item],
        writers: Writers,
        account: UnitAccount,
    ) -> None:
        drafts = []
        for item in group:
            if isinstance(item, Fault):
                account.report.read(file.source, file.lang)
                account.report.fail(file.source, file.lang, item.reason)
                where = f"{item.file} at byte {item.offset}: {item.reason} ({item.message})"
                account.first_failure = account.first_failure or where
                writers.quarantine(file.source, item)
            elif isinstance(item, Passed):
                self._pass(file, item, writers, account)
            else:
                drafts.append(self._normal(file, item))
        guesses = detect([draft.text for draft in drafts], self.section.language.engine)
        for draft, guess in zip(drafts, guesses):
            draft.guess = guess
            account.report.read(draft.source, draft.lang)
        drafts = list(self._in_language(drafts, writers, account))
        drafts = list(self._not_listed(drafts, writers, account))
        drafts = list(self._not_leaked(drafts, writers, account))
        for draft in drafts:
            self._mask(draft, account)
        self._judge(drafts, writers, account)

    def _pass(self, file: InputFile, item: Passed, writers: Writers, account: UnitAccount) -> None:
        """Count what is no document: a request in a WARC, an image in a tar."""
        account.report.read(file.source, file.lang)
        key = f"{item.file}:{item.offset}"
        empty = Record(key=key, text="", lang=file.lang, license="", url="", meta="{}")
        draft = Draft(document_id(file.source, key), empty, file.source, "", Guess(file.lang, 0))
        self._drop(draft, "read", item.reason, 0, 0, writers, account)

    def _normal(self, file: InputFile, record: Record) -> Draft:
        settings = self.section.normalise
        text = normalise(
            record.text,
            repair_mojibake=settings.repair_mojibake,
            fold_width=settings.fold_width,
        )
        return Draft(
            document_id(file.source, record.key), record, file.source, text, Guess("und", 0)
        )

    def _in_language(
        self, drafts: Sequence[Draft], writers: Writers, account: UnitAccount
    ) -> Iterator[Draft]:
        settings = self.section.language
        for draft in drafts:
            at_least = settings.at_least.get(draft.lang, AT_LEAST.get(draft.lang, 0.5))
            if draft.lang not in settings.keep:
                self._drop(
                    draft, "language", "other_language", draft.guess.score, 0, writers, account
                )
            elif draft.guess.score < at_least:
                score_ = draft.guess.score
                self._drop(draft, "language", "unsure_language", score_, at_least, writers, account)
            elif (most := settings.max_other_share) is not None and draft.guess.other_share > most:
                share = draft.guess.other_share
                self._drop(draft, "language", "mixed_languages", share, most, writers, account)
            else:
                yield draft

    def _not_listed(
        self, drafts: Sequence[Draft], writers: Writers, account: UnitAccount
    ) -> Iterator[Draft]:
        settings, base = self.section.lists, Path(self.base)
        for draft in drafts:
            if settings is None:
                yield draft
                continue
            licence, url = draft.record.license, draft.record.url
            words, most = settings.words.get(draft.lang), settings.words_at_least
            found = (
                count_words(draft.text, draft.lang, place(words, base)) if words is not None else 0
            )
            if not allowed(licence, settings.licenses, settings.unlicensed):
                self._drop(draft, "lists", "licence_not_allowed", 0, 0, writers, account)
            elif settings.urls is not None and url and blocked(url, place(settings.urls, base)):
                self._drop(draft, "lists", "blocked_url", 0, 0, writers, account)
            elif found >= most:
                self._drop(draft, "lists", "blocked_words", found, most, writers, account)
            else:
                yield draft

    def _not_leaked(
        self, drafts: Sequence[Draft], writers: Writers, account: UnitAccount
    ) -> Iterator[Draft]:
        settings = self.section.decontaminate
        if settings is None:
            yield from drafts
            return
        index = load(settings.sets, Path(self.base))
        for draft in drafts:
            found = index.hits(draft.text)
            hits = [hit for hit in found if hit.overlap >= settings.at_least]
            for hit in found:
                writers.leak(draft, hit, settings.action if hit in hits else "kept")
            if not hits:
                yield draft
                continue
            if settings.action == "cut":
                draft.text = without(draft.text, widened(draft.text, draft.lang, hits))
                if draft.text:
                    yield draft
                    continue
            worst = max(hit.overlap for hit in hits)
            self._drop(
                draft, "contamination", "contaminated", worst, settings.at_least, writers, account
            )

    def _mask(self, draft: Draft, account: UnitAccount) -> None:
        settings = self.section.personal_data
        if settings is None:
            return
        masked = mask(draft.text, settings.kinds, settings.action, draft.lang)
        draft.text = masked.text
        for kind, n in masked.found.items():
            counts = account.masked.setdefault(draft.lang, {})
            counts[kind] = counts.get(kind, 0) + n
            draft.n_masked += n

    def _judge(self, drafts: list[Draft], writers: Writers, account: UnitAccount) -> None:
        if not drafts:
            return
        texts = pa.array([draft.text for draft in drafts], pa.large_string())
        langs = [draft.lang for draft in drafts]
        profiles = self._profile(drafts, texts, langs)
        _add_histograms(account.histograms, profiles, langs)
        keep = np.ones(len(drafts), dtype=np.bool_)
        if self.section.quality is not None:
            settings = self.section.quality
            verdicts = decide(profiles, langs, settings.rules, settings.limits)
            for i in np.flatnonzero(verdicts.rule >= 0):
                reason = RULES[verdicts.rule[i]].reason
                value, limit = float(verdicts.value[i]), float(verdicts.limit[i])
                self._drop(drafts[i], "quality", reason, value, limit, writers, account)
            keep = verdicts.rule < 0
        if self.section.models is not None:
            keep = self._by_models(self.section.models, drafts, keep, writers, account)
        kept = [draft for draft, good in zip(drafts, keep) if good]
        if kept:
            chosen = texts.filter(pa.array(keep))
            quality = score(profiles[keep])
            writers.clean(_documents(kept, chosen, profiles[keep], quality))
            writers.keys(_keys(kept, chosen, quality, self.section))
        if self.section.duplicates.reweight:
            writers.lost([draft for draft, good in zip(drafts, keep) if not good], self.section)

    def _by_models(
        self, models: Models, drafts: Sequence[Draft], keep: Bools, writers: Writers,
        account: UnitAccount,
    ) -> Bools:  # fmt: skip
        """Score the documents that are kept so far; return which of them stay."""
        kept, keep = np.flatnonzero(keep).tolist(), keep.copy()
        texts, langs = [drafts[i].text for i in kept], [drafts[i].lang for i in kept]
        for i, scores in zip(kept, score_texts(texts, langs, models, Path(self.base))):
            draft = drafts[i]
            draft.scores = scores
            if scores.reason:
                value, limit = scores.value, scores.threshold
                self._drop(draft, "models", scores.reason, value, limit, writers, account)
                keep[i] = False
        return keep

    def _profile(
        self, drafts: Sequence[Draft], texts: pa.Array, langs: Sequence[str]
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        """Profile the texts, words found by the recipe's segmenter."""
        stop_words = {lang: data.stop_words for lang, data in languages().items()}
        policy = {lang: data.policy for lang, data in languages().items()}
        segmenter = self.section.quality.segmenter if self.section.quality is not None else "fast"
        served = SERVES.get(segmenter, ())
        if served:
            cut = segmented([draft.text for draft in drafts], langs, segmenter)
            texts = pa.array(cut, pa.large_string())
        return profile(texts, langs, stop_words, policy, served)

    def _drop(
        self,
        draft: Draft,
        step: str,
        reason: str,
        value: float,
        threshold: float,
        writers: Writers,
        account: UnitAccount,
    ) -> None:
        account.report.drop(draft.source, draft.lang, step, reason)
        writers.reject(draft, step, reason, value, threshold)


def _groups(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Gather records until there are enough of them, or of their characters."""
    group: list[Item] = []
    n_chars = 0
    for item in items:
        group.append(item)
        n_chars += len(item.text) if isinstance(item, Record) else 0
        if len(group) == BATCH_RECORDS or n_chars >= BATCH_CHARS:
            yield group
            group, n_chars = [], 0
    if group:
        yield group


def _documents(
    drafts: Sequence[Draft],
    texts: pa.Array,
    profiles: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    quality: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
) -> pa.RecordBatch:
    columns: dict[str, object] = {
        **{name: profiles[:, i].astype(np.float32) for i, name in enumerate(METRICS)},
        "id": [draft.id for draft in drafts],
        "text": texts,
        "lang": [draft.lang for draft in drafts],
        "source": [draft.source for draft in drafts],
        "license": [draft.record.license for draft in drafts],
        "url": [draft.record.url for draft in drafts],
        "meta": [draft.record.meta for draft in drafts],
        "n_bytes": pc.binary_length(texts),
        "n_chars": [len(draft.text) for draft in drafts],
        "n_words": profiles[:, METRICS.index("n_words")].astype(np.int32),
        "lang_score": np.array([draft.guess.score for draft in drafts], np.float32),
        "other_share": np.array([draft.guess.other_share for draft in drafts], np.float32),
        "lang_shares": [_shares(draft.guess) for draft in drafts],
        "quality": quality,
        "n_masked": [draft.n_masked for draft in drafts],
        "classifier_score": [draft.scores.classifier_score for draft in drafts],
        "perplexity": [draft.scores.perplexity for draft in drafts],
    }
    return pa.RecordBatch.from_arrays(
        [
            value
            if isinstance(value := columns[field.name], pa.Array)
            else pa.array(value, field.type)
            for field in CLEAN
        ],
        schema=CLEAN,
    )


def _shares(guess: Guess) -> str:
    """Write the shares of a mixed document, in their order."""
    return orjson.dumps(guess.shares).decode() if guess.other_share > MIXED else ""


def _keys(
    drafts: Sequence[Draft],
    texts: pa.Array,
    quality: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
    section: Curate,
) -> pa.RecordBatch:
    ids = [bytes.fromhex(draft.id) for draft in drafts]
    # The lowest rank of a cluster is kept: the best quality in 65,536 steps, then the least id.
    steps = np.uint64(0xFFFF) - np.round(quality.astype(np.float64) * 0xFFFF).astype(np.uint64)
    firsts = np.array([int.from_bytes(i[:6], "big") for i in ids], np.uint64)
    near = section.duplicates.near
    bands, signed = dedup.near_keys(texts, [draft.lang for draft in drafts], near, PERMUTATIONS)
    return pa.RecordBatch.from_arrays(
        [
            pa.array((steps << np.uint64(48)) | firsts),
            pa.array(ids, pa.binary(16)),
            pa.array(dedup.exact_keys(texts), pa.binary(16)),
            bands,
            pa.FixedSizeBinaryArray.from_buffers(
                pa.binary(4 * PERMUTATIONS), len(ids), [None, pa.py_buffer(signed.tobytes())]
            ),
        ],
        schema=KEYS,
    )


def _add_histograms(
    histograms: dict[str, dict[str, list[int]]],
    profiles: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    langs: Sequence[str],
) -> None:
    names = np.asarray(langs)
    for lang in sorted(set(langs)):
        for metric, (low, high) in HISTOGRAMS.items():
            values = np.clip(profiles[names == lang, METRICS.index(metric)], low, high)
            counts = np.histogram(values, BINS, (low, high))[0]
            sums = histograms.setdefault(lang, {}).setdefault(metric, [0] * BINS)
            histograms[lang][metric] = [int(a + b) for a, b in zip(sums, counts)]
