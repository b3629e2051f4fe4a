"""Composed long documents, for languages and lengths that are short of natural ones.

Short documents that speak of the same are put one behind the other, each under its heading. They
come from one source and host; of these the next is the one most like the first and the one before
it (BM25 vectors, Robertson and others 1994), and never a near-duplicate of one that is there
already. A document is used once. Everything follows from the ids: shards and workers do not matter.
Texts are read a group at a time; of the others only ids, sizes and places in the shards are held.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.sparse import csr_matrix

from hanji.schema import Document, Lang
from hanji.seeds import stable_hash, stable_hex
from hanji.tokens import Tokenizer
from longdoc.section import Compose
from longdoc.terms import terms_of

__all__ = ["Composed", "Short", "Stored", "compose", "compose_parallel", "heading", "vectors"]

GROUP = 5_000  # documents that are compared with one another; bounds memory
SKETCH = 128  # least shingle hashes by which near-duplicates are known
ERROR = 0.18  # of an estimate by sketches: four standard errors, 4 * sqrt(1/4 / 128)
K1, B = 1.2, 0.75  # BM25, Robertson and others 1994
DIMENSIONS = 1 << 20
TITLE_CHARS = 80
SLACK = 0.97  # of the room that members' own counts may fill; headings and seams take the rest
WORDS: dict[Lang, str] = {
    "en": "Document", "ko": "문서", "es": "Documento", "de": "Dokument", "ja": "文書",
    "vi": "Tài liệu",
}  # fmt: skip

Numbers = npt.NDArray[np.float64]


class Short(msgspec.Struct, frozen=True):
    """A document that is too short to be long, with its tokens and quality."""

    document: Document
    n_tokens: int
    quality: float

    @property
    def key(self) -> tuple[str, str, str]:
        """Its id, source and host."""
        return self.document.id, self.document.source, urlsplit(self.document.url).netloc

    def load(self) -> Short:
        """Return it as it is."""
        return self


class Stored(msgspec.Struct, frozen=True):
    """A short document that is left in its shard, which is mapped and takes no memory."""

    batch: pa.RecordBatch
    row: int
    n_tokens: int
    quality: float
    key: tuple[str, str, str]

    def load(self) -> Short:
        """Read it."""
        columns = self.batch.slice(self.row, 1).select(Document.__struct_fields__)
        return Short(Document(**columns.to_pylist()[0]), self.n_tokens, self.quality)


class Composed(msgspec.Struct, frozen=True):
    """A composed document; `members` are the ids of its parts, in order."""

    document: Document
    members: tuple[str, ...]
    n_tokens: int
    quality: float


def heading(document: Document, number: int) -> tuple[str, str]:
    r"""Return the heading of a member, and its text without that line if it began with it.

    >>> heading(Document(id="", text="The mill\n\nIt stands.", lang="en", source="s"), 1)
    ('The mill', 'It stands.')
    """
    first, _, rest = document.text.partition("\n")
    title = first.lstrip("# ").strip()
    if title and len(title) <= TITLE_CHARS and rest.strip() and title[-1] not in ".。,;:!?…":
        return title, rest.lstrip("\n")
    found = msgspec.json.decode(document.meta or "{}")
    named = found.get("title") if isinstance(found, dict) else None
    if isinstance(named, str) and 0 < len(named.strip()) <= TITLE_CHARS:
        return " ".join(named.split()), document.text
    return f"{WORDS.get(document.lang, WORDS['en'])} {number}", document.text


def assemble(members: Sequence[Document]) -> tuple[str, list[tuple[int, int]]]:
    """Put members one behind the other, each under its heading; no text is lost.

    Returns:
        The text, and the characters (start, end) of each member, its heading included.
    """
    parts, spans, at = [], [], 0
    for number, member in enumerate(members, 1):
        title, text = heading(member, number)
        parts.append(f"## {title}\n\n{text.strip(chr(10))}")
        spans.append((at, at + len(parts[-1])))
        at = spans[-1][1] + 2
    return "\n\n".join(parts) + "\n", spans


def vectors(texts: Sequence[str]) -> csr_matrix:
    """Return BM25 vectors of unit length: sparse [n, DIMENSIONS]."""
    rows, columns, counts, lengths = [], [], [], []
    for row, text in enumerate(texts):
        terms, n = np.unique(terms_of(text) % DIMENSIONS, return_counts=True)
        rows.append(np.full(len(terms), row))
        columns.append(terms)
        counts.append(n)
        lengths.append(n.sum())
    at, column = np.concatenate(rows), np.concatenate(columns).astype(np.int64)
    count = np.concatenate(counts).astype(np.float64)
    length = np.array(lengths, np.float64)
    mean = max(length.mean(), 1.0)
    seen = np.bincount(column, minlength=DIMENSIONS)
    weight = np.log1p((len(texts) - seen[column] + 0.5) / (seen[column] + 0.5))
    norm = K1 * (1 - B + B * length[at] / mean)
    matrix = csr_matrix((weight * count * (K1 + 1) / (count + norm), (at, column)),
                        shape=(len(texts), DIMENSIONS))  # fmt: skip
    sizes = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    return csr_matrix(matrix.multiply(1 / np.maximum(sizes, 1e-12)[:, None]))


def _runs(text: str) -> npt.NDArray[np.uint64]:
    """Hash the runs of three terms: sorted, each once."""
    terms = terms_of(text).astype(np.uint64)
    if len(terms) < 3:
        return np.unique(terms)
    runs = terms[:-2] * np.uint64(0x9E3779B97F4A7C15) ^ terms[1:-1] << np.uint64(21) ^ terms[2:]
    return np.unique((runs ^ (runs >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9))


def _sketch(text: str) -> npt.NDArray[np.uint64]:
    """Keep the least hashes of the runs: a bottom-k sketch (Broder 1997)."""
    return _runs(text)[:SKETCH].copy()


def _too_alike(
    first: int,
    second: int,
    group: Sequence[Short],
    sketches: Sequence[npt.NDArray[np.uint64]],
    limit: float,
) -> bool:
    """Say whether two are near-duplicates; where the estimate is close, all runs are compared."""
    estimate = _alike(sketches[first], sketches[second])
    if estimate > limit or estimate <= limit - ERROR:
        return estimate > limit
    one, other = _runs(group[first].document.text), _runs(group[second].document.text)
    both = len(np.intersect1d(one, other, assume_unique=True))
    return both > limit * (len(one) + len(other) - both)


def _alike(first: npt.NDArray[np.uint64], second: npt.NDArray[np.uint64]) -> float:
    """Estimate the Jaccard similarity from two sketches."""
    union = np.union1d(first, second)[:SKETCH]
    if not len(union):
        return 1.0
    both = np.intersect1d(first, second, assume_unique=True)
    return float(np.isin(union, both, assume_unique=True).mean())


def compose(
    shorts: Sequence[Short | Stored],
    missing: Mapping[str, int],
    buckets: Sequence[tuple[int, int]],
    settings: Compose,
    tokenizer: Tokenizer,
    seed: int,
) -> Iterator[Composed]:
    """Compose long documents of one language until every bucket has its tokens.

    Args:
        shorts: documents of the language that are too short.
        missing: tokens that each bucket still lacks, by the name "low-high".
        buckets: (least, most) tokens of each bucket, rising.
        settings: of the recipe.
        tokenizer: counts the tokens.
        seed: of the order.

    Yields:
        Composed documents, each within a bucket.
    """
    left = dict(missing)
    for held in _groups(shorts, seed):
        if not _wanted(left, buckets):
            return
        if len(held) < 2:
            continue
        group = [each.load() for each in held]
        matrix = vectors([short.document.text for short in group])
        sketches = [_sketch(short.document.text) for short in group]
        sizes = np.array([short.n_tokens for short in group])
        unused = np.ones(len(group), dtype=np.bool_)
        for first in range(len(group)):
            wanted = _wanted(left, buckets)
            if not wanted:
                return
            if not unused[first]:
                continue
            most = int(sizes[unused].sum())  # tokens that can still be had
            for low, high in wanted:
                if most < low * SLACK:
                    continue
                room = int((low + (high - low) / 2) * SLACK)
                chosen = _gather(first, room, group, matrix, sketches, unused, settings)
                made = _made([group[i] for i in chosen], high, tokenizer)
                if made is not None and made.n_tokens >= low:
                    unused[chosen[: len(made.members)]] = False
                    left[f"{low}-{high}"] -= made.n_tokens
                    yield made
                    break
                # Too few others are like it for this bucket: a smaller one may do.
                most = min(most, int(sizes[chosen].sum()))
            unused[first] = False


def compose_parallel(
    shorts: Mapping[Lang, Sequence[Short | Stored]],
    bucket: tuple[int, int],
    tokenizer: Tokenizer,
    seed: int,
) -> Iterator[Composed]:
    """Compose documents of two languages: each topic in one, then the same topic in the other.

    A topic is what the sources call it in `meta.topic`. A document is used once, the language of
    a composed one is that of its first member.
    """
    by_topic: dict[str, dict[Lang, Short | Stored]] = {}
    for lang, listed in sorted(shorts.items()):
        for short in sorted(listed, key=lambda each: each.key):
            found = msgspec.json.decode(short.load().document.meta or "{}")
            topic = found.get("topic") if isinstance(found, dict) else None
            if isinstance(topic, str) and topic:
                by_topic.setdefault(topic, {}).setdefault(lang, short)
    pairs: dict[tuple[Lang, Lang], list[tuple[Short | Stored, Short | Stored]]] = {}
    for topic in sorted(by_topic, key=lambda name: stable_hash("parallel", seed, name)):
        langs = sorted(by_topic[topic], key=lambda lang: stable_hash("parallel", seed, topic, lang))
        for first, second in zip(langs[::2], langs[1::2]):
            both = by_topic[topic][first], by_topic[topic][second]
            pairs.setdefault((first, second), []).append(both)
    low, high = bucket
    for _, listed_pairs in sorted(pairs.items()):
        members: list[Short] = []
        for both in listed_pairs:
            members += [each.load() for each in both]
            if sum(short.n_tokens for short in members) >= low:
                made = _made(members, high, tokenizer)
                if made is not None and made.n_tokens >= low:
                    yield made
                    members = []
                elif made is None:
                    members = []


def _groups(shorts: Sequence[Short | Stored], seed: int) -> Iterator[list[Short | Stored]]:
    """Group by source and host, in an order drawn from the seed; large groups are cut by id."""
    found: dict[tuple[str, str], list[Short | Stored]] = {}
    for short in sorted(shorts, key=lambda each: stable_hash("compose", seed, each.key[0])):
        found.setdefault(short.key[1:], []).append(short)
    for place in sorted(found):
        group = found[place]
        for start in range(0, len(group), GROUP):
            yield group[start : start + GROUP]


def _wanted(left: Mapping[str, int], buckets: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the buckets that lack tokens: what lacks most first, the smaller one of equals."""
    lacks = [(-left.get(f"{low}-{high}", 0), low, high) for low, high in buckets]
    return [(low, high) for lack, low, high in sorted(lacks) if lack < 0]


def _gather(
    first: int,
    room: int,
    group: Sequence[Short],
    matrix: csr_matrix,
    sketches: Sequence[npt.NDArray[np.uint64]],
    unused: npt.NDArray[np.bool_],
    settings: Compose,
) -> list[int]:
    """Gather documents like the first one, until the room is filled."""
    chosen, used = [first], group[first].n_tokens
    like_first: Numbers = (matrix @ matrix[first].T).toarray().ravel()
    like_last = like_first
    barred = ~unused
    barred[first] = True
    while used < room:
        likeness = np.where(barred, -1.0, like_first + like_last)
        best = int(likeness.argmax())
        if likeness[best] < settings.at_least_alike:
            break
        barred[best] = True
        if used + group[best].n_tokens > room:
            continue
        limit = settings.near_duplicate
        if any(_too_alike(best, i, group, sketches, limit) for i in chosen):
            continue
        chosen.append(best)
        used += group[best].n_tokens
        like_last = (matrix @ matrix[best].T).toarray().ravel()
    return chosen


def _made(members: Sequence[Short], high: int, tokenizer: Tokenizer) -> Composed | None:
    """Assemble members; the last ones are left out while it is too long."""
    listed = list(members)
    while len(listed) > 1:
        text, spans = assemble([short.document for short in listed])
        n = int(tokenizer.counts([text])[0])
        if n < high:
            return _composed(listed, text, spans, n)
        listed.pop()
    return None


def _composed(
    listed: Sequence[Short], text: str, spans: Sequence[tuple[int, int]], n_tokens: int
) -> Composed:
    ids = tuple(short.document.id for short in listed)
    first = listed[0].document
    licenses = sorted({short.document.license for short in listed if short.document.license})
    document = Document(
        id=stable_hex("composed", *ids),
        text=text,
        lang=first.lang,
        source=first.source,
        license=" AND ".join(licenses),
        meta=msgspec.json.encode({"member_spans": spans}).decode(),
    )
    return Composed(document, ids, n_tokens, float(np.mean([s.quality for s in listed])))
