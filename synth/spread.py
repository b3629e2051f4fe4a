"""Make the samples of each language in a worker: as many languages at a time as there are workers.

A language is made as in one process and has shards of its own, so the bytes are the same. What was
rejected lies in one place for all languages: it waits beside each one's account and is put there in
their order.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import apache_beam as beam
import msgspec

from hanji.beam.run import run
from hanji.beam.ticker import Ticker
from hanji.beam.units import ForEach, Units
from hanji.execution import Execution
from hanji.manifest import Dataset, write_atomically
from hanji.schema import Lang
from hanji.shards import Shard, ShardSet, read_batches
from hanji.tokens import Tokenizer
from synth.languages import Account, write
from synth.sample import REJECTED, THOUGHT
from synth.section import Reasoning

__all__ = ["write_spread"]

_ASIDE = "aside"  # directory of the accounts


class Part(msgspec.Struct, frozen=True):
    """A language, and the directory in which all are made."""

    lang: Lang
    work: str

    @property
    def aside(self) -> Path:
        """Where its account and what was rejected wait."""
        return Path(self.work) / _ASIDE / self.lang


class Done(msgspec.Struct):
    """What a worker made of a part."""

    account: Account
    kept: list[Shard]
    rejected: list[Shard]


class Make(msgspec.Struct, frozen=True):
    """The work of the pipeline: `make(part, ticker)`."""

    section: Reasoning
    curated: str | None
    tokenizer: str | None

    def __call__(self, part: Part, ticker: Ticker) -> Iterable[bytes]:
        """Write a language's shards; its account comes last."""
        dataset = Dataset.open(Path(self.curated), "document/1") if self.curated else None
        tokenizer = Tokenizer.load(Path(self.tokenizer)) if self.tokenizer else None
        kept = ShardSet(Path(part.work), THOUGHT)
        rejected = ShardSet(part.aside, REJECTED, split="rejected")
        account = write(
            part.lang, self.section, dataset, None, tokenizer, kept, rejected, ticker.advance
        )
        done = Done(account, kept.close(), rejected.close())
        write_atomically(part.aside / "done.json", msgspec.json.encode(done))
        yield b""


def write_spread(
    section: Reasoning,
    dataset: Dataset | None,
    tokenizer: Tokenizer | None,
    work: Path,
    execution: Execution,
) -> tuple[Account, list[Shard]]:
    """Make all languages of a recipe with several workers.

    Args:
        section: what is made; not the grounded family.
        dataset: of documents, for the extractive family.
        tokenizer: that counts tokens.
        work: the directory of the shards.
        execution: where and how fast.

    Returns:
        The account, and the shards: those of the samples, then those of the rejected.
    """
    parts = [Part(lang, str(work.resolve())) for lang in section.langs]
    make = Make(
        section,
        str(dataset.directory.resolve()) if dataset is not None else None,
        str(Path(tokenizer.where).resolve()) if tokenizer is not None else None,
    )

    def build(pipeline: beam.Pipeline) -> None:
        _ = pipeline | Units(parts) | ForEach(make, Part)

    run(build, execution, name="reasoning", unit="samples")
    account, shards = Account(), list[Shard]()
    rejected = ShardSet(work, REJECTED, split="rejected")
    for part in parts:
        done = msgspec.json.decode((part.aside / "done.json").read_bytes(), type=Done)
        account.add(done.account)
        shards += done.kept
        for shard in done.rejected:
            for batch in read_batches(part.aside / shard.path):
                rejected.write("", batch)
    shards.sort(key=lambda shard: shard.path)
    shards += rejected.close()
    shutil.rmtree(work / _ASIDE)
    return account, shards
