"""Charts as hand-laid SVG: bars, funnels, histograms, heat maps, flows, strips.

Every chart is a `figure` with a caption, an SVG with a title, and the same numbers as a table in
a `details` element, so that nothing is in the picture alone. Colours are CSS variables, so the
theme changes them. All text is escaped here: callers pass plain strings.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise

from markupsafe import Markup

__all__ = ["Cell", "bars", "flow", "heat_map", "histogram", "stacked", "strip", "table"]

WIDTH = 720  # user units; the SVG scales with the page
ROW = 26
LABEL = 170
Cell = str | int | float
_RIGHT = " class='n'"
COLOURS = 8  # series colours that the style sheet defines


def number(value: Cell) -> str:
    """Write a number for people.

    >>> number(1234567), number(0.25), number("x")
    ('1,234,567', '0.25', 'x')
    """
    if isinstance(value, str):
        return value
    if isinstance(value, int) or float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"


_NUMERIC = re.compile(r"-?[\d,.]+%?")


def _is_number(cell: Cell) -> bool:
    return not isinstance(cell, str) or _NUMERIC.fullmatch(cell) is not None


def table(head: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Markup:
    """Write a plain table; numbers, and the heads over them, are set to the right."""
    right = [bool(rows) and all(_is_number(row[i]) or row[i] == "" for row in rows)
             for i in range(len(head))]  # fmt: skip
    cells = "".join(
        f"<th scope='col'{_RIGHT if right[i] else ''}>{escape(name)}</th>"
        for i, name in enumerate(head)
    )
    body = []
    for row in rows:
        columns = "".join(
            f"<td{_RIGHT if _is_number(value) else ''}>{escape(number(value))}</td>"
            for value in row
        )
        body.append(f"<tr>{columns}</tr>")
    return Markup(
        f"<div class='scroll' tabindex='0' role='region' aria-label='{escape(head[0])} table'>"
        f"<table><thead><tr>{cells}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def _figure(caption: str, svg: str, height: float, numbers: Markup) -> Markup:
    return Markup(
        f"<figure><figcaption>{escape(caption)}</figcaption>"
        f"<svg role='img' aria-label='{escape(caption, quote=True)}' "
        f"viewBox='0 0 {WIDTH} {height:.0f}' preserveAspectRatio='xMinYMin meet'>"
        f"<title>{escape(caption)}</title>{svg}</svg>"
        f"<details><summary>The numbers</summary>{numbers}</details></figure>"
    )


def _text(x: float, y: float, text: str, anchor: str = "start", kind: str = "") -> str:
    return (
        f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}' class='{kind}'>{escape(text)}</text>"
    )


def _short(text: str, n: int = 24) -> str:
    return text if len(text) <= n else text[: n - 1] + "…"


def bars(caption: str, values: Mapping[str, float], unit: str = "") -> Markup:
    """Draw one bar a row, the longest is the full width."""
    top = max([*values.values(), 0]) or 1
    room = WIDTH - LABEL - 110
    parts = []
    for i, (label, value) in enumerate(values.items()):
        y, width = i * ROW, room * max(value, 0) / top
        note = f"{number(value)} {unit}".strip()
        parts.append(
            f"<g>{_text(LABEL - 8, y + 17, _short(label), 'end')}"
            f"<rect x='{LABEL}' y='{y + 4}' width='{width:.1f}' height='{ROW - 8}' class='c0'>"
            f"<title>{escape(label)}: {note}</title></rect>"
            f"{_text(LABEL + width + 6, y + 17, note, kind='v')}</g>"
        )
    rows: list[list[Cell]] = [[label, value] for label, value in values.items()]
    return _figure(
        caption, "".join(parts), len(values) * ROW + 4, table(["name", unit or "n"], rows)
    )


def stacked(caption: str, rows: Mapping[str, Mapping[str, float]]) -> Markup:
    """Draw one row of parts a name; all rows share one scale, parts are coloured by name."""
    names = list(dict.fromkeys(k for parts in rows.values() for k, n in parts.items() if n))
    top = max([sum(parts.values()) for parts in rows.values()] or [0]) or 1
    room = WIDTH - LABEL - 90
    svg = []
    for i, (label, parts) in enumerate(rows.items()):
        x, y = float(LABEL), i * ROW
        svg.append(_text(LABEL - 8, y + 17, _short(label), "end"))
        for name, value in parts.items():
            width = room * value / top
            if value:
                svg.append(
                    f"<rect x='{x:.1f}' y='{y + 4}' width='{max(width, 0.5):.1f}' "
                    f"height='{ROW - 8}' class='c{names.index(name) % COLOURS}'>"
                    f"<title>{escape(label)}, {escape(name)}: {number(value)}</title></rect>"
                )
            x += width
        svg.append(_text(x + 6, y + 17, number(sum(parts.values())), kind="v"))
    legend, height = _legend(names, len(rows) * ROW + 8)
    head = ["name", *names]
    body: list[list[Cell]] = [
        [label, *(parts.get(name, 0) for name in names)] for label, parts in rows.items()
    ]
    return _figure(caption, "".join(svg) + legend, height, table(head, body))


def _legend(names: Sequence[str], y: float) -> tuple[str, float]:
    parts, x = [], 0.0
    for i, name in enumerate(names):
        width = 30 + 7.2 * len(_short(name, 30))
        if x + width > WIDTH:
            x, y = 0.0, y + 20
        parts.append(
            f"<rect x='{x:.0f}' y='{y:.0f}' width='12' height='12' class='c{i % COLOURS}'/>"
            + _text(x + 18, y + 11, _short(name, 30))
        )
        x += width
    return "".join(parts), y + 22


def histogram(
    caption: str,
    edges: Sequence[float],
    series: Mapping[str, Sequence[int]],
    limits: Sequence[float] = (),
) -> Markup:
    """Draw counts between `edges` (one more than counts), stacked by series, limits as lines."""
    n = len(edges) - 1
    totals = [sum(counts[i] for counts in series.values()) for i in range(n)]
    top, height = max([*totals, 1]), 150
    step = WIDTH / max(n, 1)
    svg = []
    for i in range(n):
        y = float(height)
        for k, (name, counts) in enumerate(series.items()):
            h = (height - 14) * counts[i] / top
            y -= h
            if counts[i]:
                svg.append(
                    f"<rect x='{i * step + 1:.1f}' y='{y:.1f}' width='{max(step - 2, 0.5):.1f}' "
                    f"height='{h:.1f}' class='c{k % COLOURS}'><title>{number(edges[i])} to "
                    f"{number(edges[i + 1])}, {escape(name)}: {counts[i]:,}</title></rect>"
                )
    low, high = edges[0], edges[-1]
    for limit in limits:
        if high > low and low <= limit <= high:
            x = WIDTH * _position(edges, limit)
            svg.append(
                f"<line x1='{x:.1f}' x2='{x:.1f}' y1='0' y2='{height}' class='limit'>"
                f"<title>limit {number(limit)}</title></line>"
            )
    svg += [
        f"<line x1='0' x2='{WIDTH}' y1='{height}' y2='{height}' class='axis'/>",
        _text(0, height + 16, number(low)),
        _text(WIDTH, height + 16, number(high), "end"),
    ]
    legend, total = _legend(list(series), height + 26) if len(series) > 1 else ("", height + 22)
    rows: list[list[Cell]] = [
        [number(edges[i]), number(edges[i + 1]), *(counts[i] for counts in series.values())]
        for i in range(n)
    ]
    return _figure(caption, "".join(svg) + legend, total, table(["from", "to", *series], rows))


def _position(edges: Sequence[float], value: float) -> float:
    for i, (low, high) in enumerate(pairwise(edges)):
        if low <= value <= high:
            inside = (value - low) / (high - low) if high > low else 0.0
            return (i + inside) / (len(edges) - 1)
    return 1.0


def heat_map(
    caption: str,
    columns: Sequence[str],
    rows: Sequence[str],
    values: Mapping[tuple[str, str], tuple[float, str]],
) -> Markup:
    """Draw a grid of shares in 0..1 with their notes; `values[row, column] = (share, note)`."""
    step = (WIDTH - LABEL) / max(len(columns), 1)
    svg = [
        _text(LABEL + (j + 0.5) * step, 14, _short(name, 9), "middle")
        for j, name in enumerate(columns)
    ]
    for i, row in enumerate(rows):
        y = 20 + i * ROW
        svg.append(_text(LABEL - 8, y + 17, _short(row), "end"))
        for j, column in enumerate(columns):
            if (row, column) not in values:
                continue
            share, note = values[row, column]
            svg.append(
                f"<rect x='{LABEL + j * step + 1:.1f}' y='{y + 1}' width='{step - 2:.1f}' "
                f"height='{ROW - 2}' style='fill:var(--bad);fill-opacity:{1 - share:.3f}' "
                f"class='cell'><title>{escape(row)}, {escape(column)}: {escape(note)}</title>"
                "</rect>" + _text(LABEL + (j + 0.5) * step, y + 17, note, "middle", "v")
            )
    body: list[list[Cell]] = [
        [row, *(values[row, column][1] if (row, column) in values else "" for column in columns)]
        for row in rows
    ]
    return _figure(caption, "".join(svg), 24 + len(rows) * ROW, table(["", *columns], body))


def flow(
    caption: str, columns: Sequence[Sequence[str]], edges: Mapping[tuple[str, str], int]
) -> Markup:
    """Draw named boxes in columns joined by bands as wide as their counts.

    Args:
        caption: what flows.
        columns: names per column, left to right; a name stands once.
        edges: counts from a name to a name of a later column.
    """
    inflow: dict[str, int] = {}
    outflow: dict[str, int] = {}
    for (left, right), n in edges.items():
        outflow[left] = outflow.get(left, 0) + n
        inflow[right] = inflow.get(right, 0) + n
    size = {
        name: max(inflow.get(name, 0), outflow.get(name, 0))
        for column in columns
        for name in column
    }
    tallest = max([sum(size[name] for name in column) for column in columns] or [1]) or 1
    most = max([len(column) for column in columns] or [1])
    height, gap = 60 + 34 * most, 18
    scale = (height - gap * most) / tallest
    gutter = (WIDTH - 12) / max(len(columns) - 1, 1)
    place: dict[str, tuple[float, float]] = {}
    svg = []
    for i, column in enumerate(columns):
        y = 4.0
        for name in column:
            place[name] = (i * gutter, y)
            y += max(size[name] * scale, 2) + gap
    used_out = dict.fromkeys(size, 0.0)
    used_in = dict.fromkeys(size, 0.0)
    for (left, right), n in edges.items():
        (x0, y0), (x1, y1), h = place[left], place[right], n * scale
        y0, y1 = y0 + used_out[left] + h / 2, y1 + used_in[right] + h / 2
        used_out[left] += h
        used_in[right] += h
        middle = (x0 + 12 + x1) / 2
        svg.append(
            f"<path d='M{x0 + 12:.1f},{y0:.1f} C{middle:.1f},{y0:.1f} {middle:.1f},{y1:.1f} "
            f"{x1:.1f},{y1:.1f}' class='band' stroke-width='{max(h, 0.8):.1f}'>"
            f"<title>{escape(left)} to {escape(right)}: {n:,}</title></path>"
        )
    for i, column in enumerate(columns):
        for name in column:
            x, y = place[name]
            h = max(size[name] * scale, 2)
            last = i == len(columns) - 1 and i > 0
            svg.append(
                f"<rect x='{x:.1f}' y='{y:.1f}' width='12' height='{h:.1f}' class='c0'>"
                f"<title>{escape(name)}: {size[name]:,}</title></rect>"
                + _text(
                    x - 6 if last else x + 18,
                    y + h / 2 + 4,
                    f"{_short(name, 26)} {_counts(inflow.get(name, 0), outflow.get(name, 0))}",
                    "end" if last else "start",
                )
            )
    rows: list[list[Cell]] = [[left, right, n] for (left, right), n in edges.items()]
    return _figure(caption, "".join(svg), height, table(["from", "to", "n"], rows))


def _counts(n_in: int, n_out: int) -> str:
    """Write what goes into a box and what comes out of it.

    >>> _counts(0, 5), _counts(1200, 0), _counts(3, 4)
    ('5', '1,200', '3 in, 4 out')
    """
    if n_in and n_out and n_in != n_out:
        return f"{n_in:,} in, {n_out:,} out"
    return f"{max(n_in, n_out):,}"


def strip(caption: str, parts: Sequence[tuple[str, int, str]]) -> Markup:
    """Draw one long strip cut into parts: (label, length, series)."""
    total = sum(length for _, length, _ in parts) or 1
    names = list(dict.fromkeys(series for _, _, series in parts))
    x, svg = 0.0, []
    for label, length, series in parts:
        width = WIDTH * length / total
        svg.append(
            f"<rect x='{x:.2f}' y='4' width='{max(width - 0.6, 0.3):.2f}' height='34' "
            f"class='c{names.index(series) % COLOURS}'>"
            f"<title>{escape(label)}: {length:,}</title></rect>"
        )
        x += width
    legend, height = _legend(names, 48)
    rows: list[list[Cell]] = [[label, series, length] for label, length, series in parts]
    return _figure(caption, "".join(svg) + legend, height, table(["document", "part", "n"], rows))
