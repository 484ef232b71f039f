"""Tables on a page: columns of text, cut where a cell is too narrow, as many rows as fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from layers.print import fonts
from layers.print.ink import Ink, Pen, ink, muted, rule
from layers.print.paper import Box


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, its share of the table's width, and on which side its cells stand."""

    heading: str
    share: float
    side: Literal["start", "end"] = "start"


def rows_that_fit(height: float, size: float) -> int:
    """Return how many rows a table of this height holds below its heading."""
    return max(int((height - size * 1.8) // (size * 1.55)), 0)


def height_of(n_rows: int, size: float) -> float:
    """Return how high a table of so many rows is, its heading included."""
    return size * (1.8 + 1.55 * n_rows)


def table(
    page: Ink,
    box: Box,
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    size: float = 7.5,
    *,
    bold_first: bool = False,
) -> float:
    """Draw heading and rows downwards from the upper edge of a box; return where they end.

    The caller gives no more rows than `rows_that_fit`.
    """
    whole = sum(column.share for column in columns)
    y = box.north - size * 1.25
    places: list[tuple[float, float]] = []
    x = box.west
    for column in columns:
        places.append((x, box.width * column.share / whole))
        x += places[-1][1]
    for column, (west, wide) in zip(columns, places, strict=True):
        _cell(page, west, y, wide, column, column.heading, size * 0.9, muted(), bold=False)
    y -= size * 0.55
    page.line(box.west, y, box.east, y, Pen(ink(), 0.6))
    for row in rows:
        y -= size * 1.55
        for n, (column, (west, wide)) in enumerate(zip(columns, places, strict=True)):
            bold = bold_first and n == 0
            _cell(page, west, y + size * 0.42, wide, column, row[n], size, ink(), bold=bold)
        page.line(box.west, y, box.east, y, Pen(rule(), 0.3))
    return y


def _cell(
    page: Ink,
    west: float,
    y: float,
    wide: float,
    column: Column,
    said: str,
    size: float,
    colour: str,
    *,
    bold: bool,
) -> None:
    gap = size if column.side == "end" else size * 0.5
    kept = fonts.shortened(said, size, wide - gap, bold)
    x = west if column.side == "start" else west + wide - gap
    page.text(x, y, kept, size, bold=bold, colour=colour, anchor=column.side)
