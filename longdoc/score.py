"""Score answers: exact sets of values, confidence intervals, and the green light.

An answer is right when it gives exactly what was asked for (see `answers`): a model that lists
everything it saw is wrong. A missing answer is an error of the file, never a wrong answer. Who says
none where there is something is counted apart: a high share is a habit, not a failure to find.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from hanji.errors import RecipeError
from hanji.manifest import Dataset
from longdoc.answers import is_right, says_none
from longdoc.section import Gate

__all__ = ["Cell", "Score", "judge", "score", "wilson"]

Z = 1.959964  # two-sided 95%


class Asked(msgspec.Struct, frozen=True):
    """What a probe asks."""

    id: str
    kind: str
    lang: str
    length: int
    depth: float
    answer: tuple[str, ...]
    form: str


class Cell(msgspec.Struct, frozen=True):
    """Right answers among those asked, with the Wilson interval."""

    right: int
    n: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """Accuracy."""
        return self.right / self.n


class Score(msgspec.Struct, frozen=True):
    """Accuracy by kind, language, and length and depth; the verdict and what it misses."""

    verdict: str  # GREEN, YELLOW or RED
    misses: tuple[str, ...]
    total: Cell
    kinds: dict[str, Cell]
    langs: dict[str, Cell]
    cells: dict[str, Cell]  # "length/depth", all kinds and languages pooled
    none_false: Cell | None = None  # answers of none where there is something; `right` counts them
    maps: dict[str, dict[str, Cell]] = {}  # "language kind" to its own "length/depth"


class _Id(msgspec.Struct):
    id: str


class _Line(msgspec.Struct):
    """A line of ours, or a sample that lm-evaluation-harness logged."""

    id: str | None = None
    answer: str | None = None
    doc: _Id | None = None
    filtered_resps: tuple[str, ...] = ()

    def named(self) -> tuple[str, str]:
        if self.doc is not None and self.filtered_resps:
            return self.doc.id, self.filtered_resps[0]
        if self.id is None or self.answer is None:
            raise msgspec.ValidationError("it needs `id` and `answer`")
        return self.id, self.answer


def wilson(right: int, n: int) -> tuple[float, float]:
    """Return the 95% Wilson score interval of a share (Wilson 1927).

    >>> [round(x, 3) for x in wilson(98, 100)]
    [0.93, 0.994]
    """
    if n == 0:
        return 0.0, 1.0
    share, z2 = right / n, Z * Z
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z / (1 + z2 / n) * (share * (1 - share) / n + z2 / (4 * n * n)) ** 0.5
    low = max(0.0, middle - half) if right else 0.0
    return low, min(1.0, middle + half) if right < n else 1.0


def read_answers(path: Path) -> dict[str, str]:
    """Read an answers file: one JSON object with `id` and `answer` a line, or lm-eval's samples.

    Raises:
        RecipeError: if it cannot be read, or an id stands twice.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise RecipeError(f"{path}: cannot be read ({error.strerror})") from None
    answers: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            name, answer = msgspec.json.decode(line, type=_Line).named()
        except msgspec.DecodeError as error:
            raise RecipeError(f"{path}:{number}: is no answer ({error})") from None
        if name in answers:
            raise RecipeError(f"{path}:{number}: the probe '{name}' is answered twice")
        answers[name] = answer
    return answers


def asked_in(dataset: Dataset) -> list[Asked]:
    """List what the probes of a dataset ask."""
    names = ["id", "kind", "lang", "length", "depth", "answer", "form"]
    rows = [row for batch in dataset.batches(columns=names) for row in batch.to_pylist()]
    return [Asked(**{**row, "answer": tuple(msgspec.json.decode(row["answer"]))}) for row in rows]


def score(probes: Path, answers: Path, gate: Gate) -> Score:
    """Score a file of answers against a probe dataset.

    Raises:
        RecipeError: if the file names unknown probes or misses some.
    """
    asked = asked_in(Dataset.open(probes, "probe/1"))
    given = read_answers(answers)
    known = {item.id for item in asked}
    unknown = [name for name in given if name not in known]
    if unknown:
        raise RecipeError(
            f"{answers}: answers {len(unknown):,} unknown probes, such as '{unknown[0]}'; "
            "give the answers of these probes"
        )
    missing = [item.id for item in asked if item.id not in given]
    if missing:
        raise RecipeError(
            f"{answers}: misses {len(missing):,} of {len(asked):,} probes, such as '{missing[0]}'; "
            "ask for them, a missing answer is not counted as a wrong one"
        )
    right = {item.id: is_right(given[item.id], item.answer, item.form, item.lang) for item in asked}
    empty = {item.id: says_none(given[item.id], item.lang) for item in asked if item.form != "none"}
    return judge(asked, right, empty, gate)


def judge(
    asked: Sequence[Asked], right: Mapping[str, bool], empty: Mapping[str, bool], gate: Gate
) -> Score:
    """Pool right answers into cells and apply the gate.

    Args:
        asked: the probes.
        right: by id, whether its answer is right.
        empty: by id of a probe that has an answer, whether none was said.
        gate: the criteria.
    """

    def pooled(key: object) -> dict[str, Cell]:
        assert callable(key)
        groups: dict[str, list[bool]] = {}
        for item in asked:
            groups.setdefault(str(key(item)), []).append(right[item.id])
        return {name: _cell(values) for name, values in groups.items()}

    maps: dict[str, dict[str, Cell]] = {}
    for name, cell in pooled(
        lambda item: f"{item.lang} {item.kind}\t{item.length}/{item.depth:g}"
    ).items():
        title, _, place = name.partition("\t")
        maps.setdefault(title, {})[place] = cell
    kinds = pooled(lambda item: item.kind)
    langs = pooled(lambda item: item.lang)
    cells = pooled(lambda item: f"{item.length}/{item.depth:g}")
    total = _cell([right[item.id] for item in asked])
    none_false = _cell([*empty.values()]) if empty else None
    misses = list(_misses(gate, total, kinds, langs, cells))
    if none_false is not None and none_false.share > gate.none_false:
        misses.append(f"false none: {none_false.share:.3f}")
    # YELLOW: all that misses is one cell or one language.
    narrow = len(misses) == 1 and misses[0].startswith(("cell ", "language "))
    verdict = "GREEN" if not misses else "YELLOW" if narrow else "RED"
    return Score(verdict, tuple(misses), total, kinds, langs, cells, none_false, maps)


def _cell(values: Sequence[bool]) -> Cell:
    low, high = wilson(sum(values), len(values))
    return Cell(sum(values), len(values), round(low, 4), round(high, 4))


def _misses(
    gate: Gate,
    total: Cell,
    kinds: Mapping[str, Cell],
    langs: Mapping[str, Cell],
    cells: Mapping[str, Cell],
) -> list[str]:
    misses = []
    limits = {
        "single": gate.single,
        "multi_key": gate.multi_key,
        "multi_value": gate.multi_value,
        "multi_query": gate.multi_query,
        "none": gate.none,
        "variable_tracking": gate.variable_tracking,
    }
    for name, cell in kinds.items():
        if cell.share < limits.get(name, gate.other):
            misses.append(f"kind {name}: {cell.share:.3f}")
    for name, cell in langs.items():
        if cell.share < gate.language:
            misses.append(f"language {name}: {cell.share:.3f}")
    shares = [cell.share for cell in langs.values()]
    if (
        shares
        and max(shares) - min(shares) > gate.spread
        and not any(miss.startswith("language") for miss in misses)
    ):
        misses.append(f"spread of languages: {max(shares) - min(shares):.3f}")
    for name, cell in cells.items():
        if cell.share < gate.cell:
            misses.append(f"cell {name}: {cell.share:.3f}")
    # With few probes even a perfect run has a low bound; the gate asks for enough probes.
    if total.low < gate.lower_bound:
        misses.append(f"lower bound of the mean: {total.low:.3f} over {total.n:,} probes")
    return misses
