"""The account of a mix: what was drawn, against the plan, by source, language and length."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from hanji.report import Report
from hanji.tokens import Tokenizer
from rehearsal.items import Items
from rehearsal.move import Rows
from rehearsal.pack import Packing
from rehearsal.plan import Inventory, Plan
from rehearsal.section import Stage

__all__ = ["account", "facts_of", "samples_of"]

SAMPLE_TOKENS = 120  # of a document on the report page


def account(items: Items, inventories: Mapping[str, Inventory]) -> Report:
    """Every drawn window is made and kept; the source is the component's."""
    report = Report()
    for (source, lang), n in _tally(items, inventories).items():
        report.made(source, lang, n)
        report.kept(source, lang, n)
    return report


def _tally(items: Items, inventories: Mapping[str, Inventory]) -> dict[tuple[str, str], int]:
    """Count windows by (component/source, language)."""
    counts: dict[tuple[str, str], int] = {}
    for number, name in enumerate(items.names):
        index = items.index[items.component == number]
        each = inventories[name]
        pairs = zip(each.source[index].tolist(), each.lang[index].tolist())
        for (source, lang), n in Counter(pairs).items():
            counts[f"{name}/{source}", str(lang)] = n
    return dict(sorted(counts.items()))


def _drawn_tokens(
    items: Items, inventories: Mapping[str, Inventory], buckets: Sequence[int]
) -> dict[tuple[str, str, int], int]:
    """Sum positions by (component, language, bucket)."""
    got: dict[tuple[str, str, int], int] = {}
    for number, name in enumerate(items.names):
        mine = items.component == number
        index, length = items.index[mine], items.length[mine]
        each = inventories[name]
        floor = np.zeros(len(index), np.int64)
        if name == "long" and buckets:
            edges = np.array([0, *buckets])
            floor = edges[np.searchsorted(buckets, each.n_tokens[index], side="right")]
        langs, code = np.unique(each.lang[index].astype(str), return_inverse=True)
        for k, lang in enumerate(langs.tolist()):
            for bucket in np.unique(floor[code == k]).tolist():
                chosen = (code == k) & (floor == bucket)
                got[name, lang, bucket] = int(length[chosen].sum())
    return got


def _repeats(items: Items, inventories: Mapping[str, Inventory]) -> dict[str, dict[str, int]]:
    """Count by source: documents drawn, draws, and the most draws of one document."""
    found: dict[str, dict[str, int]] = {}
    for number, name in enumerate(items.names):
        whole = (items.component == number) & (items.from_token == 0)
        index, draws = np.unique(items.index[whole], return_counts=True)
        source = inventories[name].source[index].astype(str)
        for each in np.unique(source).tolist():
            mine = draws[source == each]
            found[f"{name}/{each}"] = {
                "documents": len(mine),
                "draws": int(mine.sum()),
                "most": int(mine.max()),
            }
    return dict(sorted(found.items()))


def facts_of(
    planned: Plan,
    items: Items,
    packing: Packing,
    inventories: Mapping[str, Inventory],
    stage: Stage,
) -> dict[str, object]:
    """Gather the numbers of the report page: plan against drawn, packing, repeats, lengths."""
    got = _drawn_tokens(items, inventories, sorted(bucket.at_least for bucket in stage.buckets))
    positions = packing.n_bins * stage.context
    edges = [1 << k for k in range(4, 20)]
    return {
        "context": stage.context,
        "planned_tokens": planned.tokens,
        "cells": [
            {
                "component": cell.component,
                "lang": cell.lang,
                "bucket": cell.bucket,
                "planned": cell.target,
                "drawn": got.get((cell.component, cell.lang, cell.bucket), 0),
                "available": cell.available,
                "documents": cell.documents,
                "repeats": round(cell.repeats, 4),
            }
            for cell in planned.cells
        ],
        "left_out": planned.left_out,
        "sequences": packing.n_bins,
        "positions": positions,
        "used": int(packing.used.sum()),
        "efficiency": round(float(packing.used.sum()) / positions, 6) if positions else 1.0,
        "repeats": _repeats(items, inventories),
        "lengths": {
            "edges": edges,
            "counts": np.histogram(items.length, edges)[0].tolist(),
        },
    }


def samples_of(
    items: Items,
    inventories: Mapping[str, Inventory],
    rows: Mapping[str, Rows],
    tokenizer: Tokenizer,
) -> list[dict[str, str]]:
    """Return the beginning of the first drawn document of each component and language."""
    found = []
    for number, name in enumerate(items.names):
        index = items.index[(items.component == number) & (items.from_token == 0)]
        each = inventories[name]
        langs = each.lang[index].astype(str)
        for lang in np.unique(langs).tolist():
            row = int(index[np.flatnonzero(langs == lang)[0]])
            begin, n = int(rows[name].begin[row]), min(int(each.n_tokens[row]), SAMPLE_TOKENS)
            ids = rows[name].files[rows[name].file[row]][begin : begin + n]
            found.append(
                {"component": name, "lang": lang, "source": str(each.source[row]),
                 "id": str(each.ids[row]), "text": tokenizer.decode(ids)}
            )  # fmt: skip
    return found
