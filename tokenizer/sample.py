"""What is learned from: the documents' groups, the sample drawn of them, and their counted pieces.

Documents are drawn by their ids, evenly from each language, and never by their place in the input:
a sample of the first megabytes would give superwords of the first source alone.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import msgspec

from hanji.errors import RecipeError
from hanji.execution import Execution
from hanji.progress import Progress
from hanji.report import Report
from hanji.schema import Document, Lang
from hanji.seeds import uniform
from hanji.text import nfc
from hanji.text.composed import all_steady
from tokenizer.corpus import Corpus
from tokenizer.count import Counter, Cut
from tokenizer.presets import Preset, preset
from tokenizer.section import DEFAULT_ALLOTMENT, TokenizerSection

__all__ = ["Groups", "Sample", "check", "check_groups", "count", "stage2_sizes"]

OTHER = "other"
_BLOCKS_AHEAD = 2  # blocks that wait to be cut
_AHEAD = 3  # times many thousand pieces that wait to be looked up
_BLOCK = 4 << 20  # bytes of text for one counting job
_COPIES = 8  # of one document's bytes that are held at most: line, text, blocks, pieces
_JUDGED = 100_000  # characters of held-out text by language that are judged


class Sample(msgspec.Struct):
    """The pieces to learn from, the account of the documents, and some held-out text."""

    pieces: Counter
    report: Report
    bytes: dict[Lang, int] = {}
    heldout: dict[Lang, list[Document]] = {}
    n: int = 0
    """Distinct pieces."""

    def keep(self, document: Document) -> None:
        """Keep a held-out document for judging, while its language has few."""
        kept = self.heldout.setdefault(document.lang, [])
        if sum(len(other.text) for other in kept) < _JUDGED:
            text = document.text[:_JUDGED]
            kept.append(msgspec.structs.replace(document, text=text))


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


def stage2_sizes(section: TokenizerSection) -> tuple[int, int]:
    """Return how many superwords and how many joins stage 2 learns; no joins without superwords."""
    share = section.join_share
    if share is None:
        share = preset(section.preset).join_share
    if section.superword_share == 0:
        share = 0.0
    return round(section.superword_share * section.vocab_size), round(share * section.vocab_size)


def check(section: TokenizerSection) -> None:
    """Check the settings before any text is read.

    Raises:
        RecipeError: if the vocabulary has no room for bytes and special tokens, or a name is twice.
    """
    least = 256 + len(section.specials)
    room = section.vocab_size - sum(stage2_sizes(section))
    if room < least:
        raise RecipeError(
            f"--vocab-size {section.vocab_size}: leaves {room} slots beside those of stage 2, but "
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
) -> Sample:
    """Count the pieces of all but the held-out documents: one thread cuts, another looks up."""
    mode = how.mode2 if section.superword_share else how.mode1
    memory = execution.memory
    counter = Counter(mode, len(groups.names))
    shares = _sample_shares(section, corpus, execution.progress)
    sample = Sample(counter, Report())
    gate = threading.Semaphore(_AHEAD)

    def look_up(found: Cut) -> None:
        try:
            counter.look_up(found)
        finally:
            gate.release()

    def cut(texts: list[bytes], labels: list[int], times: list[int]) -> None:
        for found in counter.cut(texts, labels, times):
            gate.acquire()
            looked_up.append(finder.submit(look_up, found))

    looked_up: deque[Future[None]] = deque()
    cuts: deque[Future[None]] = deque()
    with (
        execution.progress.phase("count", corpus.size, "B") as phase,
        ThreadPoolExecutor(1) as finder,
        ThreadPoolExecutor(1) as cutter,
    ):
        for texts, labels, times in _blocks(section, corpus, groups, shares, sample, memory):
            cuts.append(cutter.submit(cut, texts, labels, times))
            if len(cuts) > _BLOCKS_AHEAD:
                cuts.popleft().result()
            while len(looked_up) > _AHEAD:
                looked_up.popleft().result()
            phase.advance(sum(map(len, texts)))
            _check_memory(counter, memory)
        for job in (*cuts, *looked_up):
            job.result()
    counter.free_table()
    sample.n = counter.n
    return sample


def _check_memory(counter: Counter, memory: int) -> None:
    used = counter.nbytes
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
    sample: Sample,
    memory: int,
) -> Iterator[tuple[list[bytes], list[int], list[int]]]:
    """Yield blocks of documents: texts, group numbers, and how often each counts."""
    texts: list[bytes] = []
    labels: list[int] = []
    times: list[int] = []
    report, total = sample.report, 0
    for document, heldout in corpus.as_they_stand():
        lang, source = document.lang, document.source
        report.read(source, lang)
        if heldout:
            report.drop(source, lang, "sample", "held_out")
            sample.keep(msgspec.structs.replace(document, text=nfc(document.text)))
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
        data = _encoded(document, memory)
        sample.bytes[lang] = sample.bytes.get(lang, 0) + len(data)
        texts.append(data)
        labels.append(groups.index(lang))
        times.append(n)
        total += len(data)
        if total >= _BLOCK:
            yield texts, labels, times
            texts, labels, times, total = [], [], [], 0
    if texts:
        yield texts, labels, times


def _encoded(document: Document, memory: int) -> bytes:
    """Return the text in NFC and UTF-8."""
    where = f"--input: document {document.id} of '{document.source}'"
    try:
        data = document.text.encode()
    except UnicodeEncodeError:
        raise RecipeError(
            f"{where} holds half a surrogate pair, which is no UTF-8; repair it or leave it out"
        ) from None
    if not all_steady(data):
        data = nfc(document.text).encode()
    if _COPIES * len(data) > memory:
        raise RecipeError(
            f"{where} has {len(data) / 1e6:,.0f} MB, too much for --memory {memory >> 20}; "
            "raise --memory, cut the document or leave it out"
        )
    return data
