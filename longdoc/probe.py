"""Needle probes: exactly L tokens, the needle at the sentence border nearest to its depth.

A haystack is a run of held-out documents of the language, tokenised once. A probe takes as many of
its sentences as there is room for, hides its needles at borders, and fills the last tokens by
letting the text run on into the next sentence. While the end is fitted only the tail is encoded
again; the whole is encoded once, to prove the length and to find the token where the needle starts.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pyarrow as pa

from hanji.errors import RecipeError, nearest
from hanji.execution import Execution
from hanji.manifest import Commit, Dataset, Manifest
from hanji.report import Report
from hanji.schema import Lang, make_schema
from hanji.seeds import rng, shuffled, stable_hex
from hanji.shards import ShardSet
from hanji.text.sentences import sentences
from hanji.tokens import Tokenizer
from longdoc.section import Probe
from longdoc.templates import ANSWER_ROOM, TEMPLATES, key_of

__all__ = ["PROBE", "Haystack", "hide", "probe"]

KEYS = 4  # needles of a multi_key probe; RULER, niah_multikey_1
SLACK = 48  # tokens left open before the end is fitted
TAIL_CHARS = 400  # encoded again while the end is fitted
KINDS = ("single", "multi_key")

PROBE: pa.Schema = make_schema(
    "probe/1",
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("lang", pa.string(), nullable=False),
        pa.field("length", pa.int64(), nullable=False),  # tokens, the room for the answer included
        pa.field("depth", pa.float64(), nullable=False),  # percent, asked for
        pa.field("achieved_depth", pa.float64(), nullable=False),  # percent, in tokens
        pa.field("prompt", pa.large_string(), nullable=False),
        pa.field("answer", pa.string(), nullable=False),  # JSON: a list of values
        pa.field("needle_start", pa.int64(), nullable=False),  # token of the prompt
        pa.field("needle_chars", pa.list_(pa.int64(), 2), nullable=False),
        pa.field("answer_room", pa.int64(), nullable=False),  # tokens
        pa.field("tokenizer", pa.string(), nullable=False),  # its digest
    ],
)


class Hidden(msgspec.Struct, frozen=True):
    """A finished prompt."""

    prompt: str
    answer: tuple[str, ...]
    needle_start: int
    needle_chars: tuple[int, int]
    achieved_depth: float


class Haystack:
    """The held-out text of a language, its sentences and where their tokens begin."""

    def __init__(self, lang: Lang, texts: Sequence[str], tokenizer: Tokenizer) -> None:
        self.lang, self.tokenizer = lang, tokenizer
        self.text = "\n\n".join(text.strip() for text in texts)
        _, spans = tokenizer.offsets(self.text)
        starts = [start for start, _ in spans]
        self.n_tokens = len(starts)
        self.sentences = sentences(self.text, lang)
        # Tokens before each sentence, as the haystack is encoded whole.
        self.before = [bisect_right(starts, start - 1) for start, _ in self.sentences]
        self.before.append(self.n_tokens)


def hide(
    haystack: Haystack, kind: str, length: int, depth: float, names: Sequence[str | int]
) -> Hidden:
    """Make one probe.

    Args:
        haystack: text of the probe's language.
        kind: single or multi_key.
        length: tokens, the room for the answer included.
        depth: percent of the haystack's tokens before the needle.
        names: what the draws belong to (seed, language, number, ...).

    Raises:
        RecipeError: if the template does not fit the length, or the haystack is too short.
    """
    template, tokenizer = TEMPLATES[haystack.lang], haystack.tokenizer
    draws = rng("probe", *names, kind, length, depth)
    keys = _keys(haystack, draws.permutation(144).tolist(), 1 if kind == "single" else KEYS)
    values = _values(haystack, draws.integers(1_000_000, 10_000_000, 40).tolist(), len(keys))
    needles = [
        template.needle.format(key=key, value=value)
        for key, value in zip(keys, values, strict=True)
    ]
    question = template.question.format(key=keys[0])
    fixed = [template.head, question, *(template.separator + n for n in needles)]
    overhead = int(sum(tokenizer.counts(fixed)))
    room = length - ANSWER_ROOM
    if overhead + SLACK > room:
        raise RecipeError(
            f"a {kind} probe in {haystack.lang} needs at least {overhead + SLACK + ANSWER_ROOM:,} "
            f"tokens for its template; the length {length:,} is too small"
        )
    wanted = room - overhead - SLACK
    if haystack.n_tokens < wanted + 2 * SLACK:
        raise RecipeError(
            f"the held-out text in {haystack.lang} has {haystack.n_tokens:,} tokens, a probe of "
            f"{length:,} needs {wanted + 2 * SLACK:,}; add documents or raise curate.heldout_share"
        )
    first = _begin(haystack, wanted, float(draws.random()))
    last = bisect_right(haystack.before, haystack.before[first] + wanted) - 1
    others = sorted(int(i) for i in draws.integers(first, last + 1, len(needles) - 1))
    return _fit(
        haystack, template.head, question, needles, first, last, depth, others, room, values[0]
    )


def _keys(haystack: Haystack, order: Sequence[int], n: int) -> list[str]:
    """Choose keys of which neither the whole stands in the haystack."""
    keys: list[str] = []
    seconds: set[int] = set()
    for number in order:
        key = key_of(haystack.lang, number // 12, number % 12)
        if key not in haystack.text and number % 12 not in seconds:
            keys.append(key)
            seconds.add(number % 12)
        if len(keys) == n:
            return keys
    raise RecipeError(f"every key of the templates in {haystack.lang} stands in the haystack")


def _values(haystack: Haystack, drawn: Sequence[int], n: int) -> list[str]:
    """Choose numbers that do not stand in the haystack and do not hold one another."""
    values: list[str] = []
    for number in drawn:
        value = str(number)
        if value not in haystack.text and value not in values:
            values.append(value)
        if len(values) == n:
            return values
    raise RecipeError("every number that was drawn stands in the haystack")


def _begin(haystack: Haystack, wanted: int, draw: float) -> int:
    """Choose the first sentence, so that enough follows it."""
    latest = haystack.n_tokens - wanted - 2 * SLACK
    n = bisect_right(haystack.before, max(latest, 0), hi=len(haystack.sentences))
    return int(draw * max(n, 1))


def _fit(
    haystack: Haystack,
    head: str,
    question: str,
    needles: Sequence[str],
    first: int,
    last: int,
    depth: float,
    others: Sequence[int],
    room: int,
    value: str,
) -> Hidden:
    """Put the parts together and fit the end of the haystack to the token."""
    before, tokenizer = haystack.before, haystack.tokenizer
    target = before[first] + (before[last] - before[first]) * depth / 100
    place = min(range(first, last + 1), key=lambda i: (abs(before[i] - target), i))
    body, needle_at = _body(haystack, needles, first, last, place, others)
    tail_start = (
        haystack.sentences[last][0] if last < len(haystack.sentences) else len(haystack.text)
    )
    more = haystack.text[tail_start : tail_start + 40 * SLACK]
    base = head + body
    cut = max(0, len(base) - TAIL_CHARS)
    whole = len(tokenizer.encode_one(base + question))
    part = len(tokenizer.encode_one(base[cut:] + question))
    for extra in _extras(
        more, room - whole, lambda text: _grown(tokenizer, base[cut:], text, question, part)
    ):
        prompt = base + extra + question
        ids, spans = tokenizer.offsets(prompt)
        if len(ids) == room:
            start = len(head) + needle_at
            end = start + len(needles[0])
            token = next(i for i, (_, stop) in enumerate(spans) if stop > start)
            n_head = len(tokenizer.encode_one(head))
            in_body = max(len(ids) - n_head - len(tokenizer.encode_one(question)), 1)
            achieved = min(100.0, max(0.0, 100 * (token - n_head) / in_body))
            return Hidden(prompt, (value,), token, (start, end), round(achieved, 3))
    raise RecipeError(
        f"{tokenizer.where}: no text of exactly {room:,} tokens was found for a probe in "
        f"{haystack.lang}; use another tokenizer or another seed"
    )


def _body(
    haystack: Haystack,
    needles: Sequence[str],
    first: int,
    last: int,
    place: int,
    others: Sequence[int],
) -> tuple[str, int]:
    """Join sentences and needles; return the body and where the first needle begins in it."""
    template = TEMPLATES[haystack.lang]
    at = sorted(
        [(place, 0, needles[0]), *((i, 1, n) for i, n in zip(others, needles[1:], strict=True))]
    )
    parts: list[str] = []
    length, needle_at, here = 0, 0, first
    for number, order, needle in at:
        piece = _between(haystack, here, number)
        glue = "" if not piece or piece[-1].isspace() else template.separator
        parts += [piece, glue]
        length += len(piece) + len(glue)
        if order == 0:
            needle_at = length
        end = "\n" if piece.endswith("\n") else template.separator
        parts.append(needle + end)
        length += len(needle) + len(end)
        here = number
    parts.append(_between(haystack, here, last))
    return "".join(parts), needle_at


def _between(haystack: Haystack, first: int, last: int) -> str:
    if first >= last:
        return ""
    return haystack.text[haystack.sentences[first][0] : haystack.sentences[last - 1][1]]


def _grown(tokenizer: Tokenizer, tail: str, extra: str, question: str, part: int) -> int:
    """Count the tokens that `extra` adds between the tail of the haystack and the question."""
    return len(tokenizer.encode_one(tail + extra + question)) - part


def _extras(more: str, missing: int, grown: object) -> Iterator[str]:
    """Yield texts that should add `missing` tokens: the haystack's next characters, then dots."""
    assert callable(grown)
    low, high = 0, len(more)
    while low < high:  # the longest prefix that does not add too much
        middle = (low + high + 1) // 2
        if grown(more[:middle]) <= missing:
            low = middle
        else:
            high = middle - 1
    for length in range(low, max(-1, low - 60), -1):
        added = grown(more[:length])
        if added == missing:
            yield more[:length]
        elif added < missing:
            for filler in (" .", " …", "\n.", " -"):
                text = more[:length] + filler * (missing - added)
                if grown(text) == missing:
                    yield text


def haystacks(
    dataset: Dataset, langs: Sequence[Lang], seed: int, tokenizer: Tokenizer
) -> dict[Lang, Haystack]:
    """Gather the held-out text of each language, documents in an order drawn from the seed."""
    found = {}
    for lang in langs:
        texts = [d.text for d in dataset.documents(lang) if dataset.is_heldout(d.id)]
        found[lang] = Haystack(lang, shuffled(texts, "haystack", seed, lang), tokenizer)
    return found


def probe(
    section: Probe, seed: int, curated: Path, tokenizer_path: Path, out: Path, execution: Execution
) -> Manifest:
    """Make a grid of probes.

    Args:
        section: kinds, lengths, depths, languages, count.
        seed: of every draw.
        curated: a dataset of document/1; its held-out documents are the haystacks.
        tokenizer_path: a tokenizer.json or its directory.
        out: the dataset's directory; `probes.jsonl` beside the shards holds the same rows.
        execution: where and how fast.

    Raises:
        RecipeError: on an unknown language or kind, a length that is too small, a haystack that is
            too short, or a tokenizer that does not give back what it encodes.
        OutputError: if `out` holds something else.
    """
    for name, known in [
        *((lang, tuple(TEMPLATES)) for lang in section.langs),
        *((kind, KINDS) for kind in section.kinds),
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
    piles = haystacks(dataset, section.langs, seed, tokenizer)
    for pile in piles.values():
        _check_round_trip(pile)
    report = Report()
    shards = ShardSet(commit.work, PROBE, rows_per_batch=20)
    cells = [
        (kind, length, depth, number)
        for kind in section.kinds
        for length in section.lengths
        for depth in section.depths
        for number in range(section.count)
    ]
    with execution.progress.phase("probes", len(cells) * len(piles), "probes") as phase:
        for lang, pile in sorted(piles.items()):
            for kind, length, depth, number in cells:
                hidden = hide(pile, kind, length, depth, (seed, lang, number))
                row = _row(hidden, kind, lang, length, depth, number, seed, tokenizer)
                shards.write(lang, pa.RecordBatch.from_pylist([row], schema=PROBE))
                report.made("probes", lang)
                report.kept("probes", lang)
                phase.advance(1)
    facts = {
        "tokenizer": tokenizer.digest,
        "answer_room": ANSWER_ROOM,
        "haystack_tokens": {lang: pile.n_tokens for lang, pile in sorted(piles.items())},
    }
    return commit.finish(PROBE, shards.close(), report, facts)


def _check_round_trip(pile: Haystack) -> None:
    head = pile.text[:2000]
    ids = pile.tokenizer.encode_one(head)
    if pile.tokenizer.decode(ids).strip() != head.strip():
        raise RecipeError(
            f"{pile.tokenizer.where}: decoding does not give back the text in {pile.lang}; "
            "probes need a tokenizer that loses nothing"
        )


def _row(
    hidden: Hidden,
    kind: str,
    lang: Lang,
    length: int,
    depth: float,
    number: int,
    seed: int,
    tokenizer: Tokenizer,
) -> dict[str, object]:
    return {
        "id": stable_hex("probe", seed, kind, lang, length, float(depth), number, tokenizer.digest),
        "kind": kind,
        "lang": lang,
        "length": length,
        "depth": float(depth),
        "achieved_depth": hidden.achieved_depth,
        "prompt": hidden.prompt,
        "answer": msgspec.json.encode(hidden.answer).decode(),
        "needle_start": hidden.needle_start,
        "needle_chars": list(hidden.needle_chars),
        "answer_room": ANSWER_ROOM,
        "tokenizer": tokenizer.digest,
    }
