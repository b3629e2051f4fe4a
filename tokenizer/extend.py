"""Extend: go on from an existing byte-level BPE tokenizer, as K-EXAONE did from EXAONE 4.0.

The old tokens are ranked by their use on the new text; the top share is kept together with the
parts that their merges need, so the true share is a little higher and is reported. The freed room
is filled with new subwords and superwords. `id_map.json` says where each old id went and of which
old ids each new token is made, so that embeddings can be carried over (their mean, say).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from hanji.errors import RecipeError
from hanji.execution import Execution
from hanji.manifest import Commit, Manifest
from hanji.progress import Progress
from hanji.text.alphabet import byte_order
from hanji.tokens import Tokenizer
from tokenizer.corpus import Corpus
from tokenizer.export import from_byte_level, save_tiktoken
from tokenizer.facts import count_superwords
from tokenizer.learn import Vocabulary
from tokenizer.sample import check, stage2_sizes
from tokenizer.section import TokenizerSection
from tokenizer.train import KIND, publish

__all__ = ["Base", "export_tiktoken", "extend"]

_BATCH = 256  # documents


class _Model(msgspec.Struct):
    type: str = ""
    vocab: object = None
    merges: list[str | tuple[str, str]] = []


class _Added(msgspec.Struct):
    id: int
    content: str


class _File(msgspec.Struct):
    model: _Model
    added_tokens: list[_Added] = []
    pre_tokenizer: object = None


class Base:
    """An existing tokenizer: tokens as bytes, merges as ids, special tokens by name."""

    def __init__(self, path: Path) -> None:
        """Read a tokenizer.json.

        Raises:
            RecipeError: if it is none, or not byte-level BPE.
        """
        self.tokenizer = Tokenizer.load(path)
        where = Path(self.tokenizer.where)
        wrong = f"{where}: is not byte-level BPE"
        self.digest = hashlib.sha256(where.read_bytes()).hexdigest()
        try:
            content = msgspec.json.decode(where.read_bytes(), type=_File)
            vocab = msgspec.convert(content.model.vocab, dict[str, int])
        except msgspec.ValidationError:
            raise RecipeError(f"{wrong}; give the tokenizer.json of a BPE model") from None
        if content.model.type != "BPE":
            raise RecipeError(
                f"{wrong} but '{content.model.type}'; give the tokenizer.json of a BPE model"
            )
        self.where = str(where)
        self.pattern = _pattern(content.pre_tokenizer)
        self.special = {added.content: added.id for added in content.added_tokens}
        self.bytes: dict[int, bytes] = {}
        for name, i in vocab.items():
            data = from_byte_level(name)
            if data is not None and name not in self.special:
                self.bytes[i] = data
        self.by_bytes = {data: i for i, data in self.bytes.items()}
        missing = [b for b in range(256) if bytes([b]) not in self.by_bytes]
        if missing:
            raise RecipeError(
                f"{wrong}: it has no token for byte 0x{missing[0]:02X}; "
                "give a tokenizer whose alphabet holds all 256 bytes"
            )
        self.made: dict[int, tuple[int, int]] = {}
        for merge in content.model.merges:
            left, right = merge.split(" ") if isinstance(merge, str) else merge
            if left + right in vocab and left in vocab and right in vocab:
                self.made.setdefault(vocab[left + right], (vocab[left], vocab[right]))

    def keep(
        self, use: npt.NDArray[np.int64], share: float
    ) -> tuple[Vocabulary, dict[str, object]]:
        """Keep the most used tokens and whatever their merges need.

        Args:
            use: occurrences by old id.
            share: of the tokens, bytes and merged ones.

        Returns:
            (a vocabulary to go on from, facts).
        """
        tokens = sorted(self.bytes, key=lambda i: (-int(use[i]) if i < len(use) else 0, i))
        kept = {i for i, data in self.bytes.items() if len(data) == 1}
        for i in tokens[: round(share * len(tokens))]:
            todo = [i]
            while todo:
                part = todo.pop()
                if part in kept or part not in self.made:
                    continue
                kept.add(part)
                todo += self.made[part]
        new = {self.by_bytes[bytes([byte])]: n for n, byte in enumerate(byte_order())}
        merges: list[tuple[int, int]] = []
        for i, (a, b) in self.made.items():  # in the order of the merges
            if i in kept and a in new and b in new:
                new[i] = 256 + len(merges)
                merges.append((new[a], new[b]))
        facts: dict[str, object] = {
            "base_tokens": len(self.bytes),
            "base_kept": len(new),
            "base_keep_share": share,
            "base_kept_share": round(len(new) / len(self.bytes), 4),
        }
        return Vocabulary.from_merges(merges), facts

    def id_map(self, directory: Path, vocabulary: Vocabulary, specials: Sequence[str]) -> list[str]:
        """Write `id_map.json`: old id to new id, and the old ids that make up each new token."""
        first = len(specials)
        new_ids = {vocabulary.bytes_of(i): first + i for i in range(vocabulary.n)}
        moved: dict[int, int | None] = {i: new_ids.get(data) for i, data in self.bytes.items()}
        for name, i in self.special.items():
            moved[i] = specials.index(name) if name in specials else None
        parts: list[list[int]] = []
        composition: dict[int, list[int]] = {}
        for i in range(vocabulary.n):
            old = self.by_bytes.get(vocabulary.bytes_of(i))
            if old is not None:
                parts.append([old])
                continue
            a, b = vocabulary.merges[i - 256].tolist()
            parts.append(parts[a] + parts[b])
            composition[first + i] = parts[i]
        content = {"old_to_new": dict(sorted(moved.items())), "composition": composition}
        (directory / "id_map.json").write_bytes(msgspec.json.encode(content) + b"\n")
        return ["id_map.json"]


def _pattern(value: object) -> str:
    """Find the pattern of the Split in a pre-tokenizer; an empty string: there is none."""
    if not isinstance(value, dict):
        return ""
    if value.get("type") == "Split":
        pattern = value.get("pattern")
        return str(pattern.get("Regex", "")) if isinstance(pattern, dict) else ""
    return next(filter(None, map(_pattern, value.get("pretokenizers", []))), "")


def extend(
    section: TokenizerSection,
    base: Path,
    inputs: Sequence[str | Path],
    out: Path,
    execution: Execution,
) -> Manifest:
    """Extend a tokenizer and write the new one to a directory.

    Raises:
        RecipeError: if the base is not byte-level BPE, or the kept tokens leave no room.
    """
    check(section)
    old = Base(base)
    corpus = Corpus.open(inputs)
    commit = Commit.begin(
        out, stage="tokenizer", kind=KIND, section=section,
        inputs=[old.digest, *corpus.digests()], replace=execution.replace,
    )  # fmt: skip
    if commit.finished is not None:
        return commit.finished
    vocabulary, facts = old.keep(_use(old, corpus, execution.progress), section.keep_share)
    kept = count_superwords(vocabulary)
    room = section.vocab_size - sum(stage2_sizes(section)) - len(section.specials) + kept
    if vocabulary.n > room:
        raise RecipeError(
            f"{old.where}: {vocabulary.n:,} tokens are kept, but {room:,} slots are left beside "
            "superwords and special tokens; raise --vocab-size or lower --keep-share"
        )
    return publish(
        commit, section, corpus, vocabulary, execution, facts,
        lambda directory, found: old.id_map(directory, found, section.specials),
    )  # fmt: skip


def _use(old: Base, corpus: Corpus, progress: Progress) -> npt.NDArray[np.int64]:
    """Count the old tokens over the training part of a corpus, with the old tokenizer."""
    use = np.zeros(old.tokenizer.vocab_size, np.int64)
    texts: list[str] = []

    def flush() -> int:
        for ids in old.tokenizer.encode(texts):
            np.add(use, np.bincount(ids, minlength=len(use)), out=use)
        n = sum(map(len, texts))
        texts.clear()
        return n

    with progress.phase("encode", None, "characters") as phase:
        for document, heldout in corpus.documents():
            if not heldout:
                texts.append(document.text)
            if len(texts) == _BATCH:
                phase.advance(flush())
        phase.advance(flush())
    return use


def export_tiktoken(path: Path, out: Path) -> list[str]:
    """Write a tokenizer as a rank file for tiktoken; return the files' names.

    Raises:
        RecipeError: if it is not byte-level BPE cut by one pattern, with its special tokens first.
    """
    old = Base(path)
    specials = tuple(sorted(old.special, key=old.special.__getitem__))
    if not old.pattern or [old.special[name] for name in specials] != [*range(len(specials))]:
        raise RecipeError(
            f"{old.where}: was not written by hanji (its special tokens do not come first, or no "
            "pattern cuts its text); give a tokenizer trained by hanji"
        )
    vocabulary, _ = old.keep(np.zeros(0, np.int64), 1.0)
    out.mkdir(parents=True, exist_ok=True)
    return save_tiktoken(out, vocabulary, old.pattern, specials)
