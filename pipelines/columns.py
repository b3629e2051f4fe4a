"""The columns of curated documents, of rejections and of the quarantine."""

from __future__ import annotations

import pyarrow as pa

from hanji.schema import DOCUMENT, make_schema
from pipelines.profile import METRICS

__all__ = [
    "CLEAN",
    "CONTAMINATION",
    "CURATED",
    "KEYS",
    "MIXED",
    "QUARANTINE",
    "REJECTED",
    "SAMPLE_CHARS",
]

MIXED = 0.1  # a document with more of it in other languages is flagged
SAMPLE_CHARS = 400  # of a rejected text, kept to look at
PERMUTATIONS = 112  # FineWeb-2: 14 bands of 8 rows

_ADDED = [
    pa.field("n_bytes", pa.int64(), nullable=False),
    pa.field("n_chars", pa.int64(), nullable=False),
    pa.field("n_words", pa.int32(), nullable=False),
    pa.field("lang_score", pa.float32(), nullable=False),
    pa.field("other_share", pa.float32(), nullable=False),  # of a long text, in other languages
    pa.field("lang_shares", pa.string(), nullable=False),  # JSON, where other_share is over MIXED
    pa.field("quality", pa.float32(), nullable=False),
    pa.field("n_masked", pa.int32(), nullable=False),  # personal data masked or removed
    # By models of the user; null where none serves the language.
    pa.field("classifier_score", pa.float32(), nullable=True),
    pa.field("perplexity", pa.float32(), nullable=True),
    # The rest of the profile, so that a new threshold needs no second scan.
    *(pa.field(name, pa.float32(), nullable=False) for name in METRICS[2:]),
]

CLEAN: pa.Schema = make_schema("document/1", _ADDED, DOCUMENT)
"""Documents that passed the per-document steps."""

CURATED: pa.Schema = make_schema(
    "document/1",
    [
        pa.field("cluster_size", pa.int32(), nullable=False),
        pa.field("weight", pa.float32(), nullable=False),
    ],
    CLEAN,
)
"""Documents that are kept, each with the size of its duplicate cluster and its weight."""

REJECTED: pa.Schema = make_schema(
    "rejected/1",
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("lang", pa.string(), nullable=False),
        pa.field("step", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("value", pa.float64(), nullable=False),
        pa.field("threshold", pa.float64(), nullable=False),
        pa.field("kept_id", pa.string(), nullable=False),  # of duplicates: the one that stays
        pa.field("sample", pa.string(), nullable=False),
    ],
)

QUARANTINE: pa.Schema = make_schema(
    "quarantine/1",
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("file", pa.string(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("message", pa.string(), nullable=False),
    ],
)

CONTAMINATION: pa.Schema = make_schema(
    "contamination/1",
    [
        pa.field("id", pa.string(), nullable=False),  # of the document
        pa.field("source", pa.string(), nullable=False),
        pa.field("lang", pa.string(), nullable=False),
        pa.field("benchmark", pa.string(), nullable=False),
        pa.field("item", pa.string(), nullable=False),
        pa.field("start", pa.int64(), nullable=False),  # characters of the normal form
        pa.field("end", pa.int64(), nullable=False),
        pa.field("overlap", pa.float64(), nullable=False),  # share of the item
        pa.field("action", pa.string(), nullable=False),  # drop, cut, or kept below the threshold
    ],
)

KEYS: pa.Schema = make_schema(
    "keys/1",
    [
        pa.field("rank", pa.uint64(), nullable=False),  # the lowest of a cluster is kept
        pa.field("id_key", pa.binary(16), nullable=False),
        pa.field("exact_key", pa.binary(16), nullable=False),
        pa.field("bands", pa.list_(pa.uint64()), nullable=False),
        pa.field("signature", pa.binary(4 * PERMUTATIONS), nullable=False),
    ],
)
"""Matching keys of clean documents, row by row."""
