"""Plan a mix: how many tokens each cell gives, how often it repeats, what cannot be done.

A cell is a component in a language, and for long documents in a bucket of lengths. Shares become
whole tokens by the largest remainder, so the targets sum to the budget exactly. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from hanji.errors import RecipeError
from hanji.manifest import Dataset
from rehearsal.section import Stage

__all__ = ["Cell", "Inventory", "Plan", "apportion", "plan", "sampled"]

Numbers = npt.NDArray[np.float64]
ROUND = 1e-6  # shares are compared to this


class Inventory(msgspec.Struct, frozen=True):
    """The documents of one component: parallel arrays in order of (shard, row)."""

    component: str
    dataset: Dataset
    ids: npt.NDArray[np.object_]
    lang: npt.NDArray[np.object_]
    source: npt.NDArray[np.object_]
    quality: npt.NDArray[np.float32]
    n_tokens: npt.NDArray[np.int64]

    @classmethod
    def of(cls, component: str, dataset: Dataset) -> Inventory:
        """Read the columns of a tokens dataset, not its ids."""
        names = ["id", "lang", "source", "quality", "n_tokens"]
        columns: dict[str, list[npt.NDArray[np.generic]]] = {name: [] for name in names}
        for batch in dataset.batches(columns=names):
            for name in names:
                columns[name].append(batch[name].to_numpy(zero_copy_only=False))
        arrays = [
            np.concatenate(columns[name]) if columns[name] else np.empty(0, object)
            for name in names
        ]
        return cls(component, dataset, *arrays)


class Cell(msgspec.Struct, frozen=True):
    """What one part of the mix asks for and what there is."""

    component: str
    lang: str
    bucket: int  # least tokens of a document; 0: any length
    share: float  # of the mix
    target: int  # tokens to draw, an end-of-text token a document included
    available: int  # tokens of one epoch
    capacity: int  # tokens of as many epochs as each source may be repeated
    documents: int

    @property
    def repeats(self) -> float:
        """How often the cell's documents are drawn on average."""
        return self.target / self.available if self.available else float("inf")

    @property
    def possible(self) -> bool:
        """Whether the cell can give its target."""
        return self.target <= self.capacity


class Plan(msgspec.Struct, frozen=True):
    """The plan of a stage."""

    stage: str
    context: int
    tokens: int
    cells: tuple[Cell, ...]
    left_out: dict[str, int]  # documents that no cell can use, by reason

    def check(self) -> None:
        """Check that every cell can give what is asked of it.

        Raises:
            RecipeError: naming each cell that runs dry, with its numbers.
        """
        dry = [cell for cell in self.cells if not cell.possible]
        if dry:
            cells = "; ".join(
                f"{_name(cell)} needs {cell.target:,} tokens and has {cell.available:,}, with "
                f"all repeats {cell.capacity:,}"
                for cell in dry
            )
            raise RecipeError(
                f"stage '{self.stage}': {cells}; lower `tokens` or these shares, raise "
                "`max_repeats`, or add documents"
            )


def _name(cell: Cell) -> str:
    bucket = f" from {cell.bucket:,} tokens" if cell.bucket else ""
    return f"{cell.component} {cell.lang}{bucket}"


def apportion(total: int, shares: Sequence[float]) -> list[int]:
    """Split `total` by shares into whole numbers that sum to it (largest remainder).

    >>> apportion(10, [0.55, 0.3, 0.15])
    [6, 3, 1]
    """
    exact = [total * share for share in shares]
    whole = [int(value) for value in exact]
    by_remainder = sorted(range(len(shares)), key=lambda i: (whole[i] - exact[i], i))
    for i in by_remainder[: total - sum(whole)]:
        whole[i] += 1
    return whole


def eligible(stage: Stage, inventory: Inventory) -> npt.NDArray[np.bool_]:
    """Flag the documents that the stage may draw: bool[n]."""
    good: npt.NDArray[np.bool_] = np.ones(len(inventory.n_tokens), dtype=np.bool_)
    if not stage.cut_longer:
        good &= inventory.n_tokens + 1 <= stage.context
    if inventory.component == "rehearsal" and stage.best < 1 and len(good):
        for lang in np.unique(inventory.lang):
            mine = inventory.lang == lang
            limit = np.quantile(inventory.quality[mine], 1 - stage.best)
            good &= ~mine | (inventory.quality >= limit)
    return good


def cell_documents(
    stage: Stage, inventory: Inventory, lang: str, bucket: int
) -> npt.NDArray[np.int64]:
    """List the documents of a cell: indexes into the inventory."""
    good = eligible(stage, inventory) & (inventory.lang == lang)
    if bucket:
        larger = [b.at_least for b in stage.buckets if b.at_least > bucket]
        good &= inventory.n_tokens >= bucket
        if larger:
            good &= inventory.n_tokens < min(larger)
    return np.flatnonzero(good)


def caps(stage: Stage, inventory: Inventory, chosen: npt.NDArray[np.int64]) -> Numbers:
    """Return how often each of the chosen documents may be drawn: float64[k]."""
    most = np.full(len(chosen), float(stage.max_repeats))
    for source, cap in stage.max_repeats_of.items():
        most[inventory.source[chosen] == source] = cap
    return most


def _lang_shares(stage: Stage, inventory: Inventory | None) -> dict[str, float]:
    """Return the share of each language within a component."""
    if stage.temperature is None or inventory is None:
        return dict(stage.langs)
    good = eligible(stage, inventory)
    tokens = {
        lang: int((inventory.n_tokens[good & (inventory.lang == lang)] + 1).sum())
        for lang in stage.langs
    }
    return sampled(tokens, stage.temperature, stage.floors)


def sampled(
    tokens: Mapping[str, int], temperature: float, floors: Mapping[str, float]
) -> dict[str, float]:
    """Share out in proportion to `tokens ** (1 / temperature)`, no part below its floor.

    >>> sampled({"en": 900, "ko": 100}, 2, {})
    {'en': 0.75, 'ko': 0.25}
    >>> sampled({"en": 900, "ko": 100}, 1, {"ko": 0.3})
    {'en': 0.7, 'ko': 0.3}
    """
    weights = {name: n ** (1 / temperature) for name, n in tokens.items()}
    low: dict[str, float] = {}
    while True:
        rest = sum(weight for name, weight in weights.items() if name not in low)
        room = 1 - sum(low.values())
        shares = {
            name: low[name] if name in low else room * weight / rest if rest else 0.0
            for name, weight in weights.items()
        }
        under = [name for name in shares if name not in low and shares[name] < floors.get(name, 0)]
        if not under:
            return shares
        low |= {name: floors[name] for name in under}


def _shares(
    stage: Stage, inventories: Mapping[str, Inventory]
) -> Iterator[tuple[str, str, int, float]]:
    for component, share in stage.shares.items():
        buckets: list[tuple[int, float]] = [(0, 1.0)]
        if component == "long" and stage.buckets:
            buckets = [(bucket.at_least, bucket.share) for bucket in stage.buckets]
        for lang, lang_share in _lang_shares(stage, inventories.get(component)).items():
            for bucket, bucket_share in buckets:
                if share * lang_share * bucket_share:
                    yield component, lang, bucket, share * lang_share * bucket_share


def plan(stage: Stage, inventories: Mapping[str, Inventory]) -> Plan:
    """Plan a stage from the token counts of its inputs.

    Args:
        stage: shares and budget.
        inventories: by component; one whose share is 0 may be absent.

    Raises:
        RecipeError: if shares do not sum to 1, or `auto` finds a cell with nothing in it.
    """
    _check_shares(stage)
    rows = []
    for component, lang, bucket, share in _shares(stage, inventories):
        inventory = inventories[component]
        chosen = cell_documents(stage, inventory, lang, bucket)
        # One more position a document: the end-of-text token behind it.
        sizes = inventory.n_tokens[chosen] + 1
        capacity = int((sizes * caps(stage, inventory, chosen)).sum())
        rows.append(
            Cell(component, lang, bucket, share, 0, int(sizes.sum()), capacity, len(chosen))
        )
    tokens = stage.tokens if isinstance(stage.tokens, int) else _auto(stage, rows)
    targets = apportion(tokens, [cell.share for cell in rows])
    cells = tuple(
        msgspec.structs.replace(cell, target=target) for cell, target in zip(rows, targets)
    )
    return Plan(stage.name, stage.context, tokens, cells, _left_out(stage, inventories))


def _auto(stage: Stage, cells: Sequence[Cell]) -> int:
    limits = {_name(cell): cell.capacity / cell.share for cell in cells}
    name = min(limits, key=lambda key: limits[key])
    if limits[name] < 1:
        empty = ", ".join(key for key, value in limits.items() if value < 1)
        raise RecipeError(
            f"stage '{stage.name}': there are no tokens for {empty}; set these shares to 0 or "
            "add documents"
        )
    return int(limits[name])


def _check_shares(stage: Stage) -> None:
    parts = {
        "shares": sum(stage.shares.values()),
        "langs": sum(stage.langs.values()) if stage.temperature is None else 1.0,
        "buckets": sum(b.share for b in stage.buckets) if stage.buckets else 1.0,
    }
    for name, total in parts.items():
        if abs(total - 1) > ROUND:
            raise RecipeError(
                f"stage '{stage.name}': {name} sum to {total:.4g}, not 1; "
                + (f"divide each by {total:.4g}" if total else "give at least one")
            )
    if stage.floors and stage.temperature is None:
        raise RecipeError(f"stage '{stage.name}': floors count only with a temperature; give one")
    if sum(stage.floors.values()) > 1 + ROUND:
        raise RecipeError(f"stage '{stage.name}': floors sum to more than 1; lower them")


def _left_out(stage: Stage, inventories: Mapping[str, Inventory]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for inventory in inventories.values():
        good = eligible(stage, inventory)
        known = np.isin(inventory.lang.astype(str), list(stage.langs))
        long = inventory.n_tokens + 1 > stage.context
        if not stage.cut_longer:
            counts["longer_than_context"] = counts.get("longer_than_context", 0) + int(long.sum())
        counts["other_language"] = counts.get("other_language", 0) + int((~known & good).sum())
    return {reason: n for reason, n in counts.items() if n}
