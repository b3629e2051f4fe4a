"""A sample of reasoning data, and its schema."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec
import pyarrow as pa

from hanji.schema import Lang, make_schema
from hanji.seeds import stable_hex
from hanji.tokens import Tokenizer
from synth.section import Markers

__all__ = ["REJECTED", "THOUGHT", "Sample", "Span", "Verdict", "sample_id", "to_batch", "turns"]


class Span(msgspec.Struct, frozen=True):
    """Characters start to end of the source document's text."""

    start: int
    end: int


class Verdict(msgspec.Struct, frozen=True):
    """What the checks say: each check by name, and the reason of the first that failed."""

    passed: bool
    reason: str = ""
    checks: dict[str, bool] = {}


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One sample; `text` is what a model is trained on."""

    id: str
    lang: Lang
    family: str
    task: str
    difficulty: int = 0
    source_id: str = ""
    source_spans: tuple[Span, ...] = ()
    document: str = ""
    question: str = ""
    thinking: str
    answer: str
    text: str
    generator: str
    version: int
    seed: int
    model: str = ""
    sampling: str = "{}"


_TURN = pa.struct([pa.field("role", pa.string()), pa.field("content", pa.large_string())])
_FIELDS = [
    pa.field("id", pa.string(), nullable=False),
    pa.field("lang", pa.string(), nullable=False),
    pa.field("family", pa.string(), nullable=False),
    pa.field("task", pa.string(), nullable=False),
    pa.field("difficulty", pa.int32(), nullable=False),
    pa.field("source_id", pa.string(), nullable=False),
    pa.field(
        "source_spans",
        pa.list_(pa.struct([pa.field("start", pa.int64()), pa.field("end", pa.int64())])),
        nullable=False,
    ),
    pa.field("document", pa.large_string(), nullable=False),
    pa.field("question", pa.string(), nullable=False),
    pa.field("thinking", pa.large_string(), nullable=False),
    pa.field("answer", pa.string(), nullable=False),
    pa.field("text", pa.large_string(), nullable=False),
    pa.field("generator", pa.string(), nullable=False),
    pa.field("version", pa.int32(), nullable=False),
    pa.field("seed", pa.int64(), nullable=False),
    pa.field("model", pa.string(), nullable=False),
    pa.field("sampling", pa.string(), nullable=False),  # JSON: temperature, seeds, tokens ...
    pa.field("verdicts", pa.string(), nullable=False),  # JSON: check to true or false
    # Turns of a chat; null where the recipe asks for none, or the thinking comes first.
    pa.field("messages", pa.list_(_TURN)),
    # By the run's tokenizer; null where there is none.
    pa.field("n_tokens", pa.int32()),
    pa.field("n_prompt_tokens", pa.int32()),
    pa.field("n_thinking_tokens", pa.int32()),
    pa.field("n_answer_tokens", pa.int32()),
]
THOUGHT: pa.Schema = make_schema("thought/1", _FIELDS)
REJECTED: pa.Schema = make_schema(
    "rejected/1",
    [
        pa.field("step", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("sample", pa.string(), nullable=False),
        *_FIELDS,
    ],
)


def sample_id(generator: str, version: int, *names: str | int) -> str:
    """Return the id of a sample: of its generator, its version and what it was made from."""
    return stable_hex("thought", generator, version, *names)


def turns(sample: Sample, markers: Markers) -> list[dict[str, str]] | None:
    """Return the sample as turns of a chat, or None where the thinking comes before all else.

    What stands before the thinking is the user's; the thinking, with its marks, and the answer are
    the assistant's. In an interleaved document the turns follow one another part by part.
    """
    between = re.compile(f"({re.escape(markers.begin)}.*?{re.escape(markers.end)})", re.DOTALL)
    found: list[dict[str, str]] = []
    for piece in between.split(sample.text):
        if not piece.strip():
            continue
        thought = piece.startswith(markers.begin)
        if not found and thought:
            return None
        last = found[-1] if found else {}
        if last.get("role") == "assistant" and (thought or sample.answer):
            last["content"] += f"\n\n{piece.strip()}"
        else:
            found.append({"role": "assistant" if thought else "user", "content": piece.strip()})
    return found


def to_batch(
    samples: Sequence[Sample],
    verdicts: Sequence[Verdict],
    schema: pa.Schema = THOUGHT,
    *,
    chat: Markers | None = None,
    tokenizer: Tokenizer | None = None,
) -> pa.RecordBatch:
    """Turn samples with their verdicts into a batch of THOUGHT, or of REJECTED.

    Args:
        samples: n samples.
        verdicts: of each.
        schema: THOUGHT or REJECTED.
        chat: marks of the thinking, to give turns of a chat too.
        tokenizer: that counts tokens.
    """
    rows = []
    for sample, verdict in zip(samples, verdicts, strict=True):
        row = msgspec.structs.asdict(sample)
        row["source_spans"] = [msgspec.structs.asdict(span) for span in sample.source_spans]
        row["verdicts"] = msgspec.json.encode(verdict.checks, order="sorted").decode()
        row["messages"] = turns(sample, chat) if chat is not None else None
        if schema is REJECTED:
            row |= {"step": "verify", "reason": verdict.reason, "sample": sample.text[:400]}
        rows.append(row)
    if tokenizer is not None:
        prompts = ["\n\n".join(p for p in (s.document, s.question) if p) for s in samples]
        for name, texts in (
            ("n_tokens", [s.text for s in samples]),
            ("n_prompt_tokens", prompts),
            ("n_thinking_tokens", [s.thinking for s in samples]),
            ("n_answer_tokens", [s.answer for s in samples]),
        ):
            for row, n in zip(rows, tokenizer.counts(texts).tolist()):
                row[name] = n
    return pa.RecordBatch.from_pylist(rows, schema=schema)
