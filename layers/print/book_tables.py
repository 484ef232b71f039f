"""The tables of a map book: the grids of a village, the villages of a township, the index."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from grids.model import Duty, Level
from layers.print.ink import Ink
from layers.print.land import Land, PrintedUnit
from layers.print.paper import MM, Box
from layers.print.tables import Column, rows_that_fit, table
from layers.print.words import level_name, word

_TEXT = 7.0
_GUTTER = 6 * MM


def halves(box: Box) -> list[Box]:
    """Return the two columns of a page."""
    half = (box.width - _GUTTER) / 2
    return [
        Box(box.west, box.south, box.west + half, box.north),
        Box(box.east - half, box.south, box.east, box.north),
    ]


def rows_of(box: Box) -> int:
    """Return how many rows both columns of a box hold."""
    return 2 * rows_that_fit(box.height, _TEXT)


def pages_of(n_rows: int, first: Box, more: Box) -> int:
    """Return how many pages a table takes that begins in one box and goes on in others."""
    return 1 + math.ceil(max(n_rows - rows_of(first), 0) / rows_of(more))


def _in_halves(page: Ink, box: Box, columns: list[Column], rows: list[list[str]]) -> None:
    """Draw rows in two columns of the same length, or in one when there are few."""
    fits = rows_that_fit(box.height, _TEXT)
    per = min(fits, max(math.ceil(len(rows) / 2), 8))
    for n, half in enumerate(halves(box)):
        part = rows[n * per : (n + 1) * per]
        if part:
            table(page, half, columns, part, _TEXT)


def grids_of_village(
    page: Ink,
    box: Box,
    grids: Sequence[PrintedUnit],
    first: int,
    people: Mapping[str, Sequence[Duty]],
    locale: str,
) -> None:
    """Draw the grids of a village, as many as `rows_of` the box, numbered from `first`."""
    columns = [
        Column(word("number", locale), 1),
        Column(word("grid", locale), 4),
        Column(word("households", locale), 1.3, "end"),
        Column(word("hectares_heading", locale), 1.7, "end"),
        Column(word("worker", locale), 2.9),
        Column(word("phone", locale), 2.8, "end"),
    ]
    rows = []
    for number, grid in enumerate(grids, start=first):
        duties = people.get(grid.code, ())
        duty = next((one for one in duties if one.rank == "primary"), None)
        rows.append(
            [
                str(number),
                grid.name,
                f"{grid.n_households:,}",
                f"{grid.area_m2 / 1e4:,.1f}",
                duty.name + (word("on_leave", locale) if duty.on_leave else "") if duty else "–",
                (duty.phone_mask or "") if duty else "",
            ]
        )
    _in_halves(page, box, columns, rows)


def villages_of_township(
    page: Ink, box: Box, shown: Land, pages: Mapping[str, int], locale: str
) -> None:
    """Draw the villages with their grids, households and pages; names lead to the page."""
    columns = [
        Column(level_name(Level.VILLAGE.value, locale), 5),
        Column(word("grid", locale), 1.2, "end"),
        Column(word("households", locale), 1.6, "end"),
        Column(word("pages", locale), 1.2, "end"),
    ]
    villages = shown.below(Level.VILLAGE)
    rows = [
        [
            village.name,
            str(len(shown.below(Level.GRID, village.code))),
            f"{village.n_households:,}",
            str(pages[village.code]),
        ]
        for village in villages
    ]
    _in_halves(page, box, columns, rows)


def grid_index(
    page: Ink, box: Box, grids: Sequence[PrintedUnit], pages: Mapping[str, int], locale: str
) -> None:
    """Draw grids with their codes and pages, as many as `rows_of` the box."""
    columns = [
        Column(word("code", locale), 3.2),
        Column(word("grid", locale), 4.4),
        Column(word("pages", locale), 1, "end"),
    ]
    rows = [[grid.code, grid.name, str(pages[grid.code[: Level.VILLAGE.digits]])] for grid in grids]
    _in_halves(page, box, columns, rows)
