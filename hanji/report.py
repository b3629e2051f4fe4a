"""The account of a stage, and the law that it must obey.

For every source and language:

    read + made = kept + dropped{step: {reason: n}} + failed{reason: n}

`read` counts records that the inputs hold, `made` those that a step created (a document cut in
two makes one), `kept` those written to the output. The law is checked before a manifest is
written: a stage that lost a document in silence ends in an error.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from hanji.errors import OutputError
from hanji.schema import UNKNOWN, Lang

__all__ = ["Report", "Tally"]


class Tally(msgspec.Struct, kw_only=True):
    """Counts of one source in one language."""

    read: int = 0
    made: int = 0
    kept: int = 0
    dropped: dict[str, dict[str, int]] = {}
    failed: dict[str, int] = {}

    @property
    def lost(self) -> int:
        """How many records the account does not explain; 0 when the law holds."""
        dropped = sum(sum(reasons.values()) for reasons in self.dropped.values())
        return self.read + self.made - self.kept - dropped - sum(self.failed.values())

    def add(self, other: Tally) -> None:
        """Add the counts of `other`."""
        self.read += other.read
        self.made += other.made
        self.kept += other.kept
        for step, reasons in other.dropped.items():
            mine = self.dropped.setdefault(step, {})
            for reason, n in reasons.items():
                mine[reason] = mine.get(reason, 0) + n
        for reason, n in other.failed.items():
            self.failed[reason] = self.failed.get(reason, 0) + n


class Report(msgspec.Struct):
    """Counts by source and language; add to it, merge it, check it."""

    by: dict[str, dict[Lang, Tally]] = {}

    def tally(self, source: str, lang: Lang) -> Tally:
        """Return the tally of `source` in `lang`, made if need be."""
        return self.by.setdefault(source, {}).setdefault(lang or UNKNOWN, Tally())

    def read(self, source: str, lang: Lang, n: int = 1) -> None:
        """Count records that an input holds."""
        self.tally(source, lang).read += n

    def made(self, source: str, lang: Lang, n: int = 1) -> None:
        """Count records that a step created."""
        self.tally(source, lang).made += n

    def kept(self, source: str, lang: Lang, n: int = 1) -> None:
        """Count records that the output holds."""
        self.tally(source, lang).kept += n

    def drop(self, source: str, lang: Lang, step: str, reason: str, n: int = 1) -> None:
        """Count records that `step` rejected for `reason`."""
        reasons = self.tally(source, lang).dropped.setdefault(step, {})
        reasons[reason] = reasons.get(reason, 0) + n

    def fail(self, source: str, lang: Lang, reason: str, n: int = 1) -> None:
        """Count records that could not be read or processed."""
        failed = self.tally(source, lang).failed
        failed[reason] = failed.get(reason, 0) + n

    def merge(self, other: Report) -> None:
        """Add the counts of `other`; the order of merges does not matter."""
        for source, lang, tally in other.items():
            self.tally(source, lang).add(tally)

    def items(self) -> Iterator[tuple[str, Lang, Tally]]:
        """Yield (source, language, tally) in sorted order."""
        for source in sorted(self.by):
            for lang in sorted(self.by[source]):
                yield source, lang, self.by[source][lang]

    def total(self) -> Tally:
        """Return the sum over sources and languages."""
        total = Tally()
        for _, _, tally in self.items():
            total.add(tally)
        return total

    def by_lang(self) -> dict[Lang, Tally]:
        """Return the sum over sources, by language in sorted order."""
        sums: dict[Lang, Tally] = {}
        for _, lang, tally in self.items():
            sums.setdefault(lang, Tally()).add(tally)
        return dict(sorted(sums.items()))

    def check(self, where: str = "the report") -> None:
        """Check the law.

        Raises:
            OutputError: naming the first source and language whose counts do not balance.
        """
        for source, lang, tally in self.items():
            if tally.lost:
                raise OutputError(
                    f"{where} does not balance for source '{source}', language '{lang}': "
                    f"{tally.read} read + {tally.made} made leaves {tally.lost:+d} documents "
                    f"unexplained; nothing was published, please report this"
                )
