"""What the manifest says of a tokenizer, for the report page; superwords are always decoded."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from hanji.schema import Document, Lang
from tokenizer.baselines import open_codec
from tokenizer.evaluate import judge
from tokenizer.learn import Vocabulary
from tokenizer.rules import bridges

__all__ = ["count_superwords", "facts_of", "judged"]

_SHOWN = 20  # superwords


def judged(directory: Path, heldout: Mapping[Lang, Sequence[Document]]) -> dict[str, object]:
    """Measure a written tokenizer on a little held-out text.

    Args:
        directory: holds `tokenizer.json`.
        heldout: documents by language.

    Returns:
        `heldout`: by language the bytes that were read, bytes per token and tokens per word, the
        share of tokens that are superwords, and the most used ones as [text, times]; empty where
        nothing is held out.
    """
    texts = [
        (d.lang, d.source, d.text) for lang in sorted(heldout) for d in heldout[lang] if d.text
    ]
    if not texts:
        return {"heldout": {}}
    verdict = judge(open_codec(str(directory)), texts)
    return {
        "heldout": {
            lang: {
                "bytes": found.bytes,
                "bytes_per_token": found.bytes_per_token,
                "tokens_per_word": found.tokens_per_word,
                "superword_share": found.superword_share,
                "top_superwords": msgspec.to_builtins(verdict.top_superwords[lang]),
            }
            for lang, found in sorted(verdict.by_lang.items())
        }
    }


def count_superwords(vocabulary: Vocabulary) -> int:
    """Count the tokens that bridge a space."""
    tokens = vocabulary.tokens
    spans = itertools.pairwise(tokens.offsets[: vocabulary.n + 1].tolist())
    return sum(bridges(tokens.arena, start, end) for start, end in spans)


def facts_of(
    vocabulary: Vocabulary, names: Sequence[str], quotas: npt.NDArray[np.int64]
) -> dict[str, object]:
    """Return the superwords by group against the quotas, and each group's most frequent ones.

    Args:
        vocabulary: what was learned.
        names: of the groups.
        quotas: of each group, and behind them that of the joins.
    """
    charged, counts = vocabulary.groups, vocabulary.counts
    allotment: dict[str, object] = {}
    examples: dict[str, list[str]] = {}
    for number, name in enumerate(names):
        members = np.flatnonzero(charged == number)
        if not len(members) and not quotas[number]:
            continue
        allotment[name] = {"quota": int(quotas[number]), "superwords": len(members)}
        best = members[np.argsort(-counts[members], kind="stable")[:_SHOWN]]
        examples[name] = [vocabulary.bytes_of(256 + int(i)).decode(errors="replace") for i in best]
    return {
        "superwords": count_superwords(vocabulary),
        "superword_allotment": allotment,
        "superword_examples": examples,
        "joins": int(np.count_nonzero(charged == len(names))),
        "notes": _notes((*names, "joins"), quotas, charged),
    }


def _notes(
    names: Sequence[str], quotas: npt.NDArray[np.int64], charged: npt.NDArray[np.int8]
) -> list[str]:
    """Say which group ran out of candidates, and where its slots went."""
    taken = np.bincount(charged[charged >= 0], minlength=len(quotas))
    short = {n: int(q - t) for n, q, t in zip(names, quotas, taken, strict=True) if t < q}
    more = {n: int(t - q) for n, q, t in zip(names, quotas, taken, strict=True) if t > q}
    if not short:
        return []
    went = ", ".join(f"{n} to {name}" for name, n in more.items())
    empty = sum(short.values()) - sum(more.values())
    if empty:
        went += (", " if went else "") + f"{empty} stay empty"
    ran = ", ".join(f"{name} ({n} slots)" for name, n in short.items())
    return [f"{ran} ran out of candidates; of the slots {went}"]
