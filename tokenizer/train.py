"""Train: count the text once, learn subwords, then superwords, and publish the files.

Stage 1 is learned from the stage-2 pieces, cut further; stage 2 goes on from its merges. State is
saved now and then below the output directory, and the same command goes on from it after a kill:
the merges do not depend on where it was stopped.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from hanji.errors import OutputError, RecipeError
from hanji.execution import Execution
from hanji.manifest import Commit, Manifest
from hanji.progress import Progress
from hanji.recipe import decode
from hanji.report import Report
from hanji.schema import Lang
from hanji.seeds import uniform
from hanji.shards import Shard
from tokenizer.corpus import Corpus
from tokenizer.count import Counter
from tokenizer.export import pattern_of, save
from tokenizer.learn import Budget, Vocabulary, allot, learn
from tokenizer.presets import Preset, preset
from tokenizer.rules import bridges, rules_vector
from tokenizer.section import DEFAULT_ALLOTMENT, TokenizerSection

__all__ = ["KIND", "Groups", "publish", "train"]

KIND = "tokenizer/1"
OTHER = "other"
_BLOCK = 4 << 20  # bytes of text for one counting job
_SAVE_EVERY = 20.0  # seconds


class Groups(msgspec.Struct, frozen=True):
    """Language groups with their shares of the superwords."""

    names: tuple[str, ...]
    shares: tuple[float, ...]

    @classmethod
    def of(cls, section: TokenizerSection) -> Groups:
        """Take the groups from the section; languages that are not named fall under "other"."""
        shares = dict(section.superword_allotment or DEFAULT_ALLOTMENT)
        other = shares.pop(OTHER, 0.0)
        return cls((*shares, OTHER), (*shares.values(), other))

    def index(self, lang: Lang) -> int:
        """Return the number of a language's group."""
        return self.names.index(lang) if lang in self.names[:-1] else len(self.names) - 1


def train(
    section: TokenizerSection,
    inputs: Sequence[str | Path],
    out: Path,
    execution: Execution,
) -> Manifest:
    """Train a tokenizer from scratch and write it to a directory.

    Args:
        section: what is learned.
        inputs: dataset directories, files or patterns.
        out: the directory.
        execution: where progress is shown, how much memory may be used, and so on.

    Raises:
        RecipeError: if the text or the settings cannot give such a tokenizer.
        OutputError: if the directory cannot be used.
    """
    check(section)
    corpus = Corpus.open(inputs)
    commit = Commit.begin(
        out, stage="tokenizer", kind=KIND, section=section, inputs=corpus.digests(),
        replace=execution.replace,
    )  # fmt: skip
    if commit.finished is not None:
        return commit.finished
    return publish(commit, section, corpus, Vocabulary(), execution)


def publish(
    commit: Commit,
    section: TokenizerSection,
    corpus: Corpus,
    start: Vocabulary,
    execution: Execution,
    facts: dict[str, object] | None = None,
    more_files: Callable[[Path, Vocabulary], list[str]] | None = None,
) -> Manifest:
    """Learn on from `start`, write all files and the manifest."""
    how = preset(section.preset)
    groups = Groups.of(section)
    pieces, report, counted = count(section, corpus, how, groups, execution)
    where = ", ".join(str(path) for path in corpus.sources[:3])
    if not pieces.n:
        raise RecipeError(f"--input {where}: holds no text to learn from; give other input")
    groups_used = check_groups(section, groups, pieces, where)
    saved = _Saved(commit.work / "merges.npz")
    vocabulary, budget, n_stage1 = saved.load(start)
    superwords = round(section.superword_share * section.vocab_size)
    total = section.vocab_size - len(section.specials)
    if n_stage1 is None:
        finer = pieces.recut(how.mode1) if superwords else pieces
        learn(
            vocabulary, finer, total - superwords, min_count=section.min_count,
            progress=execution.progress, name="subwords", checkpoint=saved.save,
        )  # fmt: skip
        del finer
        n_stage1 = vocabulary.n
        if n_stage1 < total - superwords:
            raise RecipeError(
                f"--input {where}: gives only {n_stage1:,} of {total - superwords:,} subwords; "
                f"lower --vocab-size to about {_reachable(section, n_stage1):,} or add text"
            )
        saved.n_stage1 = n_stage1
    if superwords:
        quotas = allot(superwords, groups_used.shares)
        _superwords(vocabulary, pieces, quotas, groups_used, section, how, execution, saved, budget)
    facts = {
        "vocab_size": vocabulary.n + len(section.specials),
        "special_tokens": len(section.specials),
        "subwords": n_stage1 - 256,
        **(facts or {}),
        **counted,
        **_facts(vocabulary, n_stage1, groups, allot(superwords, groups_used.shares)),
    }
    names = save(commit.work, vocabulary, pattern_of(how, superwords > 0), section.specials)
    if more_files is not None:
        names += more_files(commit.work, vocabulary)
    shards = [_shard(commit.work, name) for name in names]
    return commit.finish(None, shards, report, facts)


def _reachable(section: TokenizerSection, subwords: int) -> int:
    return int((subwords + len(section.specials)) / (1 - section.superword_share)) - 1


def check(section: TokenizerSection) -> None:
    """Check the settings before any text is read.

    Raises:
        RecipeError: if the vocabulary has no room for bytes and special tokens, or a name is twice.
    """
    least = 256 + len(section.specials)
    room = section.vocab_size - round(section.superword_share * section.vocab_size)
    if room < least:
        raise RecipeError(
            f"--vocab-size {section.vocab_size}: leaves {room} slots beside the superwords, but "
            f"256 bytes and {len(section.specials)} special tokens need {least}; "
            "raise vocab_size or lower reserved_tokens"
        )
    if len(set(section.specials)) != len(section.specials):
        raise RecipeError("special_tokens: a name stands twice; remove one")
    if any(not name for name in section.specials):
        raise RecipeError("special_tokens: a name is empty; remove it")
    shares = section.superword_allotment
    if shares is not None and sum(shares.values()) <= 0:
        raise RecipeError("superword_allotment: all shares are 0; raise one")


def check_groups(section: TokenizerSection, groups: Groups, pieces: Counter, where: str) -> Groups:
    """Check that each group has text; the default allotment leaves out those without.

    Raises:
        RecipeError: if a language of an explicit allotment has no document.
    """
    present = pieces.counts.sum(axis=0) > 0
    shares = list(groups.shares)
    for number, name in enumerate(groups.names):
        if present[number] or shares[number] == 0:
            continue
        if section.superword_allotment is not None and section.superword_share:
            raise RecipeError(
                f"--input {where}: has no document of '{name}', which --allotment gives "
                f"{shares[number]:g}; leave it out of the allotment or add text"
            )
        shares[number] = 0.0
    if sum(shares) == 0:
        shares[-1] = 1.0
    return Groups(groups.names, tuple(shares))


def count(
    section: TokenizerSection, corpus: Corpus, how: Preset, groups: Groups, execution: Execution
) -> tuple[Counter, Report, dict[str, object]]:
    """Count the pieces of the documents that are not held out, with two threads.

    Returns:
        (pieces, report, facts about the text by language).
    """
    report = Report()
    mode = how.mode2 if section.superword_share else how.mode1
    counters = [Counter(mode, len(groups.names)) for _ in range(2)]
    shares = _sample_shares(section, corpus, execution.progress)
    size: dict[Lang, int] = {}
    with (
        execution.progress.phase("count", corpus.size, "B") as phase,
        ThreadPoolExecutor(len(counters)) as threads,
    ):
        jobs: list[Future[None] | None] = [None, None]
        turn = 0
        for texts, labels, times in _blocks(section, corpus, groups, shares, report, size):
            job = jobs[turn]
            if job is not None:
                job.result()
            jobs[turn] = threads.submit(counters[turn].add, texts, labels, times)
            turn = 1 - turn
            phase.advance(sum(map(len, texts)))
            _check_memory(counters, execution.memory)
        for job in jobs:
            if job is not None:
                job.result()
    counters[0].merge(counters[1])
    counters[0].free_table()
    return counters[0], report, {"bytes": size, "pieces": counters[0].n}


def _check_memory(counters: Sequence[Counter], memory: int) -> None:
    used = sum(counter.nbytes for counter in counters)
    # measured: the merge phase holds about as much again as the tables of pieces
    if 2 * used > memory:
        raise RecipeError(
            f"--memory {memory >> 20} MB: the distinct pieces alone take {used >> 20} MB; "
            "raise --memory or set --max-bytes to learn from a sample"
        )


def _sample_shares(
    section: TokenizerSection, corpus: Corpus, progress: Progress
) -> dict[Lang, float] | None:
    """Return the share of documents to take by language, so that each gives the same bytes."""
    if section.max_bytes is None:
        return None
    size: dict[Lang, int] = {}
    with progress.phase("measure", corpus.size, "B") as phase:
        for document, heldout in corpus.documents():
            n = len(document.text.encode())
            phase.advance(n)
            if not heldout:
                size[document.lang] = size.get(document.lang, 0) + n
    left, shares = section.max_bytes, {}
    for done, lang in enumerate(sorted(size, key=lambda lang: size[lang])):
        take = min(size[lang], left // (len(size) - done))
        shares[lang] = take / max(size[lang], 1)
        left -= take
    return shares


def _blocks(
    section: TokenizerSection,
    corpus: Corpus,
    groups: Groups,
    shares: dict[Lang, float] | None,
    report: Report,
    size: dict[Lang, int],
) -> Iterator[tuple[list[bytes], list[int], list[int]]]:
    """Yield blocks of documents: texts, group numbers, and how often each counts."""
    texts: list[bytes] = []
    labels: list[int] = []
    times: list[int] = []
    total = 0
    for document, heldout in corpus.documents():
        lang, source = document.lang, document.source
        report.read(source, lang)
        if heldout:
            report.drop(source, lang, "sample", "held_out")
            continue
        if shares is not None and uniform("tokenizer", document.id) >= shares.get(lang, 1.0):
            report.drop(source, lang, "sample", "not_drawn")
            continue
        weight = section.weights.get(lang, 1.0)
        n = int(weight) + (uniform("tokenizer-weight", document.id) < weight % 1)
        if n == 0:
            report.drop(source, lang, "sample", "weight")
            continue
        report.kept(source, lang)
        try:
            data = document.text.encode()
        except UnicodeEncodeError:
            raise RecipeError(
                f"--input: document {document.id} of '{source}' holds half a surrogate pair, "
                "which is no UTF-8; repair it or leave it out"
            ) from None
        size[lang] = size.get(lang, 0) + len(data)
        texts.append(data)
        labels.append(groups.index(lang))
        times.append(n)
        total += len(data)
        if total >= _BLOCK:
            yield texts, labels, times
            texts, labels, times, total = [], [], [], 0
    if texts:
        yield texts, labels, times


class _Saved:
    """The checkpoint: merges, charges and dropped pairs in one file, replaced atomically."""

    def __init__(self, path: Path) -> None:
        self.path, self.n_stage1 = path, -1
        self._last = time.monotonic()

    def load(self, start: Vocabulary) -> tuple[Vocabulary, Budget | None, int | None]:
        """Return what was saved, or the start."""
        if not self.path.exists():
            return start, None, None
        with np.load(self.path) as saved:
            vocabulary = Vocabulary.from_merges(saved["merges"])
            vocabulary.counts[:] = saved["counts"]
            vocabulary.groups[:] = saved["groups"]
            self.n_stage1 = int(saved["n_stage1"])
            if self.n_stage1 < 0:
                return vocabulary, None, None
            budget = Budget(saved["quotas"], saved["dropped"])
            budget.exhausted[:] = saved["exhausted"]
        return vocabulary, budget, self.n_stage1

    def save(self, vocabulary: Vocabulary, budget: Budget) -> None:
        """Save, if the last time is long enough ago."""
        if time.monotonic() - self._last < _SAVE_EVERY:
            return
        aside = self.path.with_suffix(".aside.npz")
        try:
            np.savez(
                aside, merges=vocabulary.merges, counts=vocabulary.counts,
                groups=vocabulary.groups, quotas=budget.quotas, dropped=budget.dropped,
                exhausted=budget.exhausted,
                n_stage1=self.n_stage1,
            )  # fmt: skip
            aside.replace(self.path)
        except OSError as error:
            raise OutputError(f"{aside}: cannot be written ({error.strerror})") from None
        self._last = time.monotonic()


def _superwords(
    vocabulary: Vocabulary, pieces: Counter, quotas: npt.NDArray[np.int64],
    groups: Groups, section: TokenizerSection, how: Preset, execution: Execution, saved: _Saved,
    budget: Budget | None,
) -> Budget:  # fmt: skip
    """Learn superwords; slots of a group that runs out go to the groups that still have some."""
    total = vocabulary.n - int(np.count_nonzero(vocabulary.groups >= 0)) + int(quotas.sum())
    rules = rules_vector(
        max_words=section.max_superword_words,
        max_digits=how.max_digits if section.max_digits is None else section.max_digits,
        no_line_breaks=not section.cross_line_breaks,
        no_trailing_space=not section.end_in_space,
        whole_utf8=not section.split_characters,
        colon_border=not section.swallow_colons,
    )
    budget = budget if budget is not None and len(budget.quotas) == len(quotas) else Budget(quotas)
    budget.exhausted |= budget.quotas == 0
    while True:
        learn(
            vocabulary, pieces, total, rules=rules, budget=budget, min_count=section.min_count,
            progress=execution.progress, name="superwords", checkpoint=saved.save,
        )  # fmt: skip
        left = budget.quotas - budget.taken
        if not left.any():
            return budget
        exhausted = budget.exhausted | (left > 0)
        able = ~exhausted
        if not able.any():
            return budget
        more = allot(int(left.sum()), (budget.quotas * able).tolist())
        budget = Budget(budget.taken + more)
        budget.exhausted[:] = exhausted


def _facts(
    vocabulary: Vocabulary, n_stage1: int, groups: Groups,
    quotas: npt.NDArray[np.int64],
) -> dict[str, object]:  # fmt: skip
    charged, counts = vocabulary.groups, vocabulary.counts
    allotment: dict[str, object] = {}
    examples: dict[str, list[str]] = {}
    for number, name in enumerate(groups.names):
        members = np.flatnonzero(charged == number)
        if not len(members) and not quotas[number]:
            continue
        allotment[name] = {"quota": int(quotas[number]), "superwords": len(members)}
        best = members[np.argsort(-counts[members], kind="stable")[:20]]
        examples[name] = [vocabulary.bytes_of(256 + int(i)).decode() for i in best]
    tokens = vocabulary.tokens
    spans = zip(tokens.offsets[: vocabulary.n], tokens.offsets[1:], strict=False)
    n_super = sum(bridges(tokens.arena, int(a), int(b)) for a, b in spans)
    return {
        "superwords": n_super,
        "superword_allotment": allotment,
        "superword_examples": examples,
        "notes": _notes(groups, quotas, charged),
    }


def _notes(
    groups: Groups, quotas: npt.NDArray[np.int64], charged: npt.NDArray[np.int8]
) -> list[str]:
    """Say which group ran out of candidates, and where its slots went."""
    taken = np.bincount(charged[charged >= 0], minlength=len(quotas))
    short = {n: int(q - t) for n, q, t in zip(groups.names, quotas, taken, strict=True) if t < q}
    more = {n: int(t - q) for n, q, t in zip(groups.names, quotas, taken, strict=True) if t > q}
    if not short:
        return []
    went = ", ".join(f"{n} to {name}" for name, n in more.items())
    empty = sum(short.values()) - sum(more.values())
    if empty:
        went += (", " if went else "") + f"{empty} stay empty"
    ran = ", ".join(f"{name} ({n} slots)" for name, n in short.items())
    return [f"{ran} ran out of candidates; of the slots {went}"]


def _shard(directory: Path, name: str) -> Shard:
    data = (directory / name).read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    return Shard(path=name, rows=0, bytes=len(data), sha256=digest, split="files")


def section_from(value: object, where: str) -> TokenizerSection:
    """Decode flags or plain data into the section.

    Raises:
        RecipeError: on an unknown key or a value out of range.
    """
    return decode(value, TokenizerSection, where)
