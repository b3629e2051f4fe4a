"""Needle probes: a grid of kinds, lengths, depths and languages, exact to the token.

A kind draws needles and a question, `place` hides the needles at sentence borders and fits the end,
`splice` counts the tokens without encoding the haystack again. Every draw belongs to names (seed,
split, kind, language, length, depth, number), so a grid is the same on every machine. Evaluation
and training probes share no document, key or number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa

from hanji.errors import RecipeError, nearest
from hanji.execution import Execution
from hanji.manifest import Commit, Dataset, Manifest
from hanji.report import Report
from hanji.schema import Lang, make_schema
from hanji.seeds import pick, rng, stable_hex, uniform
from hanji.shards import ShardSet
from hanji.tokens import Tokenizer
from longdoc.harness import FOLDER, JsonLines, Line
from longdoc.haystack import Haystack, Split, gather
from longdoc.kinds import KINDS, Draw, Drawn
from longdoc.place import SLACK, Hidden, Needle, begin, hide
from longdoc.section import Probe
from longdoc.splice import Splicer
from longdoc.templates import TEMPLATES

__all__ = ["PROBE", "Cell", "Made", "make", "probe"]

ROOM_STEP = 32  # tokens; an answer that is longer than its kind's room gets the next multiple
_hole = pa.struct(
    [
        pa.field("start", pa.int64(), nullable=False),  # characters of the prompt
        pa.field("end", pa.int64(), nullable=False),
        pa.field("token_start", pa.int64(), nullable=False),
        pa.field("token_end", pa.int64(), nullable=False),
        pa.field("asked", pa.bool_(), nullable=False),  # carries the answer
    ]
)
PROBE: pa.Schema = make_schema(
    "probe/1",
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("lang", pa.string(), nullable=False),  # of needles and question
        pa.field("haystack_lang", pa.string(), nullable=False),
        pa.field("length", pa.int64(), nullable=False),  # tokens, the room for the answer included
        pa.field("depth", pa.float64(), nullable=False),  # percent, asked for
        pa.field("achieved_depth", pa.float64(), nullable=False),  # percent of haystack tokens
        pa.field("haystack_tokens", pa.int64(), nullable=False),
        pa.field("split", pa.string(), nullable=False),  # eval or train
        pa.field("prompt", pa.large_string(), nullable=False),
        pa.field("completion", pa.string(), nullable=False),  # what follows the prompt
        pa.field("answer", pa.string(), nullable=False),  # JSON: a list of values
        pa.field("form", pa.string(), nullable=False),  # numbers, names, order or none
        pa.field("needle_start", pa.int64(), nullable=False),  # token of the prompt
        pa.field("needle_chars", pa.list_(pa.int64(), 2), nullable=False),
        pa.field("needles", pa.list_(_hole), nullable=False),
        pa.field("answer_chars", pa.list_(pa.int64(), 2), nullable=False),  # of prompt + completion
        pa.field("answer_tokens", pa.list_(pa.int64(), 2), nullable=False),
        pa.field("answer_room", pa.int64(), nullable=False),  # tokens
        pa.field("tokenizer", pa.string(), nullable=False),  # its digest
    ],
)


class Cell(msgspec.Struct, frozen=True):
    """One probe of the grid."""

    kind: str
    lang: Lang
    haystack_lang: Lang
    length: int
    depth: float
    number: int


class Made(msgspec.Struct, frozen=True):
    """A finished probe."""

    drawn: Drawn
    hidden: Hidden
    answer_room: int
    completion: str
    answer_tokens: tuple[int, int]


def cells(section: Probe, seed: int) -> Iterator[Cell]:
    """List the grid in its order.

    Raises:
        RecipeError: on cross_lingual with one language.
    """
    for lang in section.langs:
        for kind in section.kinds:
            for length in section.lengths:
                for depth in section.depths:
                    for number in range(section.count):
                        names = (kind, lang, length, float(depth), number)
                        other = lang
                        if kind == "cross_lingual":
                            others = [x for x in section.langs if x != lang]
                            if not others:
                                raise RecipeError(
                                    "longdoc.probe.langs: cross_lingual needs two languages or more"
                                )
                            other = pick(others, "cross", seed, section.split, *names)
                        yield Cell(kind, lang, other, length, float(depth), number)


def make(splicer: Splicer, cell: Cell, seed: int, split: Split) -> Made:
    """Make one probe.

    Args:
        splicer: over the haystack of the cell's haystack language.
        cell: what to make.
        seed: of every draw.
        split: eval or train.

    Raises:
        RecipeError: if the words do not fit the length, or the haystack is too short.
    """
    haystack = splicer.haystack
    names = (seed, split, cell.kind, cell.lang, cell.length, cell.depth, cell.number)
    random = rng("probe", *names)
    first = begin(haystack, cell.length, uniform("begin", *names))
    span = _span(haystack, first, cell.length)
    draw = Draw(cell.kind, cell.lang, split, haystack, random, cell.length, cell.depth, span)
    drawn = KINDS[cell.kind](draw)
    completion = _completion(drawn, draw)
    n_answer = int(haystack.tokenizer.counts([completion])[0])
    room = max(drawn.answer_room, -(-(n_answer + 2) // ROOM_STEP) * ROOM_STEP)
    anywhere = random.uniform(0, 100, len(drawn.needles)).tolist()
    needles = [
        Needle(
            needle.text,
            cell.depth if i == drawn.main else depth if needle.depth is None else needle.depth,
            needle.block,
        )
        for i, (needle, depth) in enumerate(zip(drawn.needles, anywhere, strict=True))
    ]
    hidden = hide(
        splicer,
        head=drawn.head,
        needles=needles,
        main=drawn.main,
        question=drawn.question,
        room=cell.length - room,
        first=first,
        what=f"a {cell.kind} probe of {cell.length:,} tokens in {cell.lang}",
    )
    return Made(drawn, hidden, room, completion, _answer_tokens(splicer, hidden, completion))


def _span(haystack: Haystack, first: int, length: int) -> tuple[int, int]:
    """Return the characters of the haystack that a probe shows at most."""
    last = min(int(haystack.before[first]) + length + SLACK, haystack.n_tokens) - 1
    return int(haystack.sentences[first]), int(haystack.tokens.ends[last])


def _completion(drawn: Drawn, draw: Draw) -> str:
    joint = " " if drawn.form == "order" else draw.words.joint
    return draw.template.separator + joint.join(drawn.answers)


def _answer_tokens(splicer: Splicer, hidden: Hidden, completion: str) -> tuple[int, int]:
    """Find the tokens of the completion behind the prompt, as both are encoded together."""
    whole = splicer.splice([*hidden.parts[:-1], str(hidden.parts[-1]) + completion])
    return whole.token_at(len(hidden.prompt)), whole.n_tokens


def probe(
    section: Probe, seed: int, curated: Path, tokenizer_path: Path, out: Path, execution: Execution
) -> Manifest:
    """Make a grid of probes.

    Args:
        section: kinds, lengths, depths, languages, count, split.
        seed: of every draw.
        curated: a dataset of document/1; its held-out documents are the haystacks.
        tokenizer_path: a tokenizer.json or its directory.
        out: the dataset's directory.
        execution: where and how fast.

    Raises:
        RecipeError: on an unknown language or kind, a length that is too small, a haystack that is
            too short, or a tokenizer that does not give back what it encodes.
        OutputError: if `out` holds something else.
    """
    for name, known in [
        *((lang, tuple(TEMPLATES)) for lang in section.langs),
        *((kind, tuple(KINDS)) for kind in section.kinds),
    ]:
        if name not in known:
            raise RecipeError(f"longdoc.probe: unknown '{name}'{nearest(name, known)}")
    dataset = Dataset.open(curated, "document/1")
    tokenizer = Tokenizer.load(tokenizer_path)
    commit = Commit.begin(
        out,
        stage="probes",
        kind="probe/1",
        section={"probe": section, "seed": seed},
        inputs=[dataset.manifest, tokenizer.digest],
        replace=execution.replace,
    )
    if commit.finished is not None:
        return commit.finished
    grid = sorted(cells(section, seed), key=lambda cell: cell.haystack_lang)
    report = Report()
    shards = ShardSet(commit.work, PROBE, rows_per_batch=20)
    # Training probes are no task to test with: their lines stand in a folder of another name.
    folder = FOLDER if section.split == "eval" else "jsonl"
    lines = None if section.jsonl == "none" else JsonLines(commit.work, folder, section.jsonl)
    sizes: dict[str, int] = {}
    with execution.progress.phase("probes", len(grid), "probes") as phase:
        splicer = None
        for cell in grid:
            if splicer is None or splicer.haystack.lang != cell.haystack_lang:
                splicer = _splicer(dataset, cell.haystack_lang, tokenizer, section, seed)
                sizes[cell.haystack_lang] = splicer.haystack.n_tokens
            made = make(splicer, cell, seed, section.split)
            row = _row(made, cell, seed, section, tokenizer)
            if uniform("check", str(row["id"])) < section.check:
                _check(made, cell, tokenizer)
            splicer.forget()
            shards.write(cell.lang, pa.RecordBatch.from_pylist([row], schema=PROBE))
            if lines is not None:
                lines.write(_line(str(row["id"]), made, cell), made.answer_room)
            report.made("probes", cell.lang)
            report.kept("probes", cell.lang)
            phase.advance(1)
    facts = {
        "tokenizer": tokenizer.digest,
        "split": section.split,
        "haystack_tokens": dict(sorted(sizes.items())),
    }
    files = shards.close()
    if lines is not None:
        files += lines.close()
        files += lines.tasks(tokenizer.digest) if section.split == "eval" else []
    return commit.finish(PROBE, files, report, facts)


def _line(name: str, made: Made, cell: Cell) -> Line:
    return Line(
        id=name,
        kind=cell.kind,
        lang=cell.lang,
        haystack_lang=cell.haystack_lang,
        length=cell.length,
        depth=cell.depth,
        target=made.completion.strip(),
        answer=made.drawn.answers,
        prompt=made.hidden.prompt,
        completion=made.completion,
    )


def _splicer(
    dataset: Dataset, lang: Lang, tokenizer: Tokenizer, section: Probe, seed: int
) -> Splicer:
    haystack = gather(
        dataset,
        lang,
        tokenizer,
        seed=seed,
        split=section.split,
        train_share=section.train_share,
        enough=3 * max(section.lengths) + (1 << 16),
    )
    return Splicer(haystack, whole=section.check >= 1)


def _check(made: Made, cell: Cell, tokenizer: Tokenizer) -> None:
    """Compare the spliced tokens with a full encoding.

    Raises:
        RecipeError: if they differ.
    """
    ids = tokenizer.encode_one(made.hidden.prompt)
    if not np.array_equal(ids, made.hidden.spliced.ids()):
        raise RecipeError(
            f"{tokenizer.where}: the tokens of a prompt in {cell.haystack_lang} depend on text far "
            "away, so they cannot be counted around the seams; set longdoc.probe.check: 1"
        )


def _row(
    made: Made, cell: Cell, seed: int, section: Probe, tokenizer: Tokenizer
) -> dict[str, object]:
    hidden, drawn = made.hidden, made.drawn
    main = hidden.holes[drawn.main]
    prompt = hidden.prompt
    names: Sequence[str | int | float] = (
        seed, section.split, cell.kind, cell.lang, cell.length, cell.depth, cell.number,
    )  # fmt: skip
    return {
        "id": stable_hex("probe", *names, tokenizer.digest),
        "kind": cell.kind,
        "lang": cell.lang,
        "haystack_lang": cell.haystack_lang,
        "length": cell.length,
        "depth": cell.depth,
        "achieved_depth": hidden.achieved_depth,
        "haystack_tokens": hidden.haystack_tokens,
        "split": section.split,
        "prompt": prompt,
        "completion": made.completion,
        "answer": msgspec.json.encode(drawn.answers).decode(),
        "form": drawn.form,
        "needle_start": main.token_start,
        "needle_chars": [main.start, main.end],
        "needles": [
            {**msgspec.to_builtins(hole), "asked": needle.asked}
            for hole, needle in zip(hidden.holes, drawn.needles, strict=True)
        ],
        "answer_chars": [
            len(prompt) + len(made.completion) - len(made.completion.lstrip()),
            len(prompt) + len(made.completion),
        ],
        "answer_tokens": list(made.answer_tokens),
        "answer_room": made.answer_room,
        "tokenizer": tokenizer.digest,
    }
