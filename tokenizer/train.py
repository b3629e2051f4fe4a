"""Train: count the text once, learn subwords, then superwords, and publish the files.

Stage 1 is learned from the stage-2 pieces, cut further; stage 2 goes on from its merges. State is
saved now and then below the output directory, and the same command goes on from it after a kill:
the merges do not depend on where it was stopped.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hanji.errors import OutputError, RecipeError
from hanji.execution import Execution
from hanji.manifest import Commit, Manifest
from hanji.recipe import decode
from hanji.shards import Shard
from tokenizer.corpus import Corpus
from tokenizer.count import Counter
from tokenizer.export import pattern_of, save
from tokenizer.facts import count_superwords, facts_of, judged
from tokenizer.learn import Budget, Vocabulary, allot, learn
from tokenizer.presets import Preset, preset
from tokenizer.rules import rules_vector
from tokenizer.sample import Groups, check, check_groups, count, stage2_sizes
from tokenizer.section import TokenizerSection
from tokenizer.warm import compile_kernels

__all__ = ["KIND", "publish", "section_from", "train"]

KIND = "tokenizer/1"
_SAVE_EVERY = 20.0  # seconds


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
    with ThreadPoolExecutor(1) as aside:
        digests = aside.submit(corpus.digests)
        start = Vocabulary()  # reads compiled kernels meanwhile
    commit = Commit.begin(
        out, stage="tokenizer", kind=KIND, section=section, inputs=digests.result(),
        replace=execution.replace,
    )  # fmt: skip
    if commit.finished is not None:
        return commit.finished
    return publish(commit, section, corpus, start, execution)


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
    compile_kernels(execution.progress)
    how = preset(section.preset)
    groups = Groups.of(section)
    sample = count(section, corpus, how, groups, execution)
    pieces, where = sample.pieces, corpus.where
    if not pieces.n:
        raise RecipeError(f"--input {where}: holds no text to learn from; give other input")
    groups_used = check_groups(section, groups, pieces, where)
    saved = _Saved(commit.work / "merges.npz")
    vocabulary, budget, n_stage1 = saved.load(start)
    kept = count_superwords(start)  # of a base
    superwords, joins = stage2_sizes(section)
    two_stages, superwords = superwords > 0, max(superwords - kept, 0)
    wanted = section.vocab_size - len(section.specials) - superwords - joins
    if n_stage1 is None:
        finer = pieces.recut(how.mode1) if two_stages else pieces
        learn(
            vocabulary, finer, wanted, min_count=section.min_count,
            progress=execution.progress, name="subwords", checkpoint=saved.save,
        )  # fmt: skip
        del finer
        n_stage1 = vocabulary.n
        if n_stage1 < wanted:
            shutil.rmtree(commit.work)
            raise RecipeError(
                f"--input {where}: gives only {n_stage1:,} of {wanted:,} subwords; lower "
                f"--vocab-size to about {_reachable(section, n_stage1):,} or add text"
            )
        saved.n_stage1 = n_stage1
    quotas = np.append(allot(superwords, groups_used.shares), joins)
    if two_stages:
        _stage2(vocabulary, pieces, quotas, section, how, execution, saved, budget)
    names = save(commit.work, vocabulary, pattern_of(how, two_stages), section.specials)
    if more_files is not None:
        names += more_files(commit.work, vocabulary)
    found = {
        "vocab_size": vocabulary.n + len(section.specials),
        "special_tokens": len(section.specials),
        "subwords": n_stage1 - 256 - kept,
        **(facts or {}),
        "bytes": sample.bytes,
        "pieces": sample.n,
        **facts_of(vocabulary, groups.names, quotas),
        **judged(commit.work, sample.heldout),
    }
    shards = [_shard(commit.work, name) for name in names]
    return commit.finish(None, shards, sample.report, found)


def _reachable(section: TokenizerSection, subwords: int) -> int:
    stage2 = sum(stage2_sizes(section)) / section.vocab_size
    return int((subwords + len(section.specials)) / (1 - stage2)) - 2


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


def _stage2(
    vocabulary: Vocabulary,
    pieces: Counter,
    quotas: npt.NDArray[np.int64],
    section: TokenizerSection,
    how: Preset,
    execution: Execution,
    saved: _Saved,
    budget: Budget | None,
) -> Budget:
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
        if able[:-1].any():
            able[-1] = False  # superwords first: their share was asked for
        more = allot(int(left.sum()), (budget.quotas * able).tolist())
        budget = Budget(budget.taken + more)
        budget.exhausted[:] = exhausted


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
