"""Cut: repeated lines, paragraphs and runs of words leave the texts that are kept.

Each unit gets a file of the documents that changed, with their columns computed anew. Cuts fall on
words' borders, never inside a character with its marks. A document that has no letter or digit
left is dropped as `only_repeated_text`; its account and decision say so.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

import apache_beam as beam
import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hanji.beam.run import run
from hanji.beam.ticker import Ticker
from hanji.beam.units import ForEach, Units
from hanji.execution import Execution
from hanji.manifest import write_atomically
from hanji.places import place
from hanji.shards import ShardWriter, read_table
from pipelines.columns import CLEAN
from pipelines.compare import EMPTIED, KEPT, Decisions
from pipelines.dedup.meet import write_table
from pipelines.dedup.pieces import pieces
from pipelines.dedup.repeats import KINDS, Again, again, kept_texts, repeated, salt_of
from pipelines.dedup.runs import words
from pipelines.dedup.texts import document_number
from pipelines.langs import languages
from pipelines.profile import METRICS, profile
from pipelines.quality import score
from pipelines.section import Duplicates
from pipelines.units import Unit

__all__ = ["apply_cuts", "cut", "cut_counts", "cut_path", "rewritten", "without"]

U8 = npt.NDArray[np.uint8]
U64 = npt.NDArray[np.uint64]
Span = tuple[int, int]

CHANGED: pa.Schema = pa.schema([*CLEAN, pa.field("row", pa.int64(), nullable=False)])
JOINERS = frozenset("\u200c\u200d")
GAP = re.compile(r"\n(?:[ \t]*\n){2,}")
ROWS_AT_ONCE = 500


class CutCounts(msgspec.Struct):
    """What was cut of a language."""

    lines: int = 0
    paragraphs: int = 0
    substrings: int = 0
    bytes: int = 0
    documents: int = 0
    emptied: int = 0


def cut_path(unit: Unit, kind: str = "cut.arrow") -> Path:
    """Return where a unit's changed documents are, or (kind "cut.json") their account."""
    return place(unit.work) / "units" / f"{unit.number:06d}.{kind}"


def without(data: U8, spans: Sequence[Span]) -> str:
    """Return the text without the spans of bytes (sorted), its ends and wide gaps trimmed.

    A mark that would lose the character it stands on, or a joiner, goes with it.
    """
    kept: list[str] = []
    at = 0
    for start, end in [*spans, (len(data), len(data))]:
        if start > at:
            kept.append(data[at:start].tobytes().decode())
        at = max(at, end)
    text = ""
    for i, whole in enumerate(kept):
        piece = whole
        if i or spans[0][0] == 0:
            piece = _from_character(whole)
            text = text.rstrip("\u200d")
            if text.endswith(" "):
                piece = piece.lstrip(" ")
        text += piece
    return unicodedata.normalize("NFC", GAP.sub("\n\n", text).strip())


def _from_character(text: str) -> str:
    """Drop marks and joiners at the start: the character they belong to was cut."""
    at = 0
    while at < len(text) and (
        unicodedata.category(text[at]) in ("Mn", "Me") or text[at] in JOINERS
    ):
        at += 1
    return text[at:]


class _Tables:
    """What is repeated, of the kinds that the recipe names."""

    def __init__(self, settings: Duplicates, work: Path) -> None:
        self._settings = settings
        self._pieces = {}
        for kind in KINDS:
            if getattr(settings, kind) is not None:
                table = read_table(work / f"repeated-{kind}.arrow")
                self._pieces[kind] = table["key"].to_numpy(), table["first"].to_numpy()
        self._again = Again(work / "again.arrow") if settings.substrings is not None else None

    def spans(self, document: int, data: U8, lang: str, counts: CutCounts) -> list[Span]:
        """Return the spans of bytes that leave a document; count them by kind."""
        spans: list[Span] = []
        for kind, (keys, firsts) in self._pieces.items():
            own = getattr(self._settings, kind)
            found = pieces(data, kind == "paragraphs", salt_of(lang, kind))
            at = np.minimum(np.searchsorted(keys, found.key), max(len(keys) - 1, 0))
            if not len(keys):
                continue
            out = (keys[at] == found.key) & (found.chars >= own.min_chars)
            if own.keep_first:
                out &= firsts[at] != document
            # The line's end goes with it.
            places = zip(found.start[out].tolist(), found.end[out].tolist())
            spans.extend((start, min(end + 1, len(data))) for start, end in places)
            setattr(counts, kind, getattr(counts, kind) + int(out.sum()))
        if self._again is not None and self._settings.substrings is not None:
            first, length = np.sort(self._again.of(document)), self._settings.substrings.at_least
            if len(first):
                _, start, end = words(data)
                # Signs between two words that go, go with them.
                gaps = np.flatnonzero(np.diff(first) > length)
                heads = first[np.concatenate([[0], gaps + 1])]
                tails = first[np.concatenate([gaps, [len(first) - 1]])] + length - 1
                counts.substrings += len(heads)
                spans.extend(zip(start[heads].tolist(), end[tails].tolist()))
        return _joined(spans)


def _joined(spans: Iterable[Span]) -> list[Span]:
    """Sort spans and join those that overlap."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    return joined


class _Cut(msgspec.Struct, frozen=True):
    """The work of the cut pipeline: write a unit's changed documents."""

    settings: Duplicates
    decisions: str
    work: str

    def __call__(self, unit: Unit, ticker: Ticker) -> Iterable[bytes]:
        """Find the spans of each kept document; the account comes last."""
        tables = _Tables(self.settings, Path(self.work))
        path = cut_path(unit)
        writer = ShardWriter(path.parent, path.name, CHANGED)
        account: dict[str, CutCounts] = {}
        emptied: list[int] = []
        changed: dict[int, str] = {}
        for row, document, data, lang in kept_texts(unit, Decisions.load(Path(self.decisions))):
            counts = account.setdefault(lang, CutCounts())
            spans = tables.spans(document, data, lang, counts)
            ticker.advance(1)
            if not spans:
                continue
            text = without(data, spans)
            counts.documents += 1
            counts.bytes += len(data) - len(text.encode())
            if not any(char.isalnum() for char in text):
                counts.emptied += 1
                emptied.append(row)
                continue
            changed[row] = text
            if len(changed) == ROWS_AT_ONCE:
                writer.write(rewritten(unit, changed))
                changed = {}
        if changed:
            writer.write(rewritten(unit, changed))
        writer.close()
        done = {"emptied": emptied, "counts": {lang: account[lang] for lang in sorted(account)}}
        write_atomically(cut_path(unit, "cut.json"), msgspec.json.encode(done))
        yield b""


class _Done(msgspec.Struct):
    emptied: list[int]
    counts: dict[str, CutCounts]


def rewritten(unit: Unit, texts: dict[int, str]) -> pa.Table:
    """Return the rows of a unit with new texts, and what is computed from them."""
    rows = sorted(texts)
    old = read_table(unit.clean).take(pa.array(rows))
    column = pa.array([texts[row] for row in rows], pa.large_string())
    stop_words = {lang: data.stop_words for lang, data in languages().items()}
    profiles = profile(column, old["lang"].to_pylist(), stop_words)
    new: dict[str, object] = {
        **{name: profiles[:, i].astype(np.float32) for i, name in enumerate(METRICS)},
        "text": column,
        "n_bytes": [len(texts[row].encode()) for row in rows],
        "n_chars": [len(texts[row]) for row in rows],
        "n_words": profiles[:, METRICS.index("n_words")].astype(np.int32),
        "quality": score(profiles),
        "row": rows,
    }
    return pa.Table.from_arrays(
        [
            pa.chunked_array([pa.array(new[f.name], f.type)]) if f.name in new else old[f.name]
            for f in CHANGED
        ],
        schema=CHANGED,
    )


def cut(
    units: Sequence[Unit],
    decisions: Decisions,
    settings: Duplicates,
    work: Path,
    execution: Execution,
) -> Decisions:
    """Cut what is repeated out of the kept documents.

    Returns:
        The decisions, with the documents that became empty; the same ones if nothing is to be cut.
    """
    kinds = [kind for kind in KINDS if getattr(settings, kind) is not None]
    if not kinds and settings.substrings is None:
        return decisions
    path = work / "decisions-cut.arrow"
    if path.exists():
        return Decisions.load(path)
    for kind in kinds:
        repeated(kind, units, decisions, settings, work, execution)
    if settings.substrings is not None:
        again(units, decisions, settings, work, execution)
    waiting = [unit for unit in units if not cut_path(unit, "cut.json").exists()]
    step = _Cut(settings, str(decisions.path), str(work))

    def build(pipeline: beam.Pipeline) -> None:
        _ = pipeline | Units(waiting) | ForEach(step, Unit)

    if waiting:
        total = sum(read_table(unit.keys, ["rank"]).num_rows for unit in waiting)
        run(build, execution, name="cut", total=total, unit="documents")
    numbers = [
        document_number(unit.number, np.array(_done(unit).emptied, np.int64)) for unit in units
    ]
    emptied = np.concatenate([np.empty(0, np.uint64), *numbers])
    write_table(path, _with_emptied(read_table(decisions.path), emptied))
    return Decisions.load(path)


def _done(unit: Unit) -> _Done:
    return msgspec.json.decode(cut_path(unit, "cut.json").read_bytes(), type=_Done)


def _with_emptied(table: pa.Table, emptied: U64) -> pa.Table:
    """Mark documents as emptied; one that was alone gets a row."""
    document, code = table["document"].to_numpy(), table["code"].to_numpy().copy()
    code[np.isin(document, emptied) & (code == KEPT)] = EMPTIED
    fresh = emptied[~np.isin(emptied, document)]
    rows = {
        "document": np.concatenate([document, fresh]),
        "code": np.concatenate([code, np.full(len(fresh), EMPTIED, np.uint8)]),
        "winner": np.concatenate([table["winner"].to_numpy(), fresh]),
        "size": np.concatenate([table["size"].to_numpy(), np.ones(len(fresh), np.int32)]),
    }
    return pa.table(rows, schema=table.schema).sort_by("document")


def apply_cuts(work: str, unit: int, start: int, rows: pa.Table) -> pa.Table:
    """Put the changed documents of a unit in the place of rows start and on of its clean shard."""
    path = place(work) / "units" / f"{unit:06d}.cut.arrow"
    if not path.exists():
        return rows
    changed = read_table(path)
    numbers = changed["row"].to_numpy()
    low, high = np.searchsorted(numbers, [start, start + rows.num_rows])
    if low == high:
        return rows
    index = np.arange(rows.num_rows)
    index[numbers[low:high] - start] = rows.num_rows + np.arange(high - low)
    new = changed.slice(low, high - low).drop_columns(["row"]).cast(rows.schema)
    return pa.concat_tables([rows, new]).take(pa.array(index))


def cut_counts(units: Sequence[Unit]) -> dict[str, dict[str, int]]:
    """Sum by language what was cut; empty if nothing was looked for."""
    sums: dict[str, dict[str, int]] = {}
    for unit in units:
        if cut_path(unit, "cut.json").exists():
            for lang, counts in _done(unit).counts.items():
                mine = sums.setdefault(lang, {})
                for kind, n in msgspec.to_builtins(counts).items():
                    mine[kind] = mine.get(kind, 0) + n
    return dict(sorted(sums.items()))
