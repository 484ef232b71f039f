"""What the card of a grid says in tables: who is responsible, its sub-groups, its neighbours."""

from __future__ import annotations

from dataclasses import dataclass

from grids.model import Duty
from layers.print.ink import Ink, accent
from layers.print.land import Land, PrintedUnit
from layers.print.paper import MM, Box
from layers.print.tables import Column, height_of, rows_that_fit, table
from layers.print.words import word

Table = tuple[str, list[Column], list[list[str]]]

_TEXT = 7.5
_HEADING = 12.0
_GAP = 5 * MM


@dataclass(frozen=True, eq=False)
class CardFacts:
    """What the card says: the land, the neighbours in the order of their letters, the people."""

    land: Land
    grid: PrintedUnit
    subgroups: list[PrintedUnit]
    neighbours: list[PrintedUnit]
    people: dict[str, list[Duty]]
    sees_people: bool


def columns(facts: CardFacts, locale: str) -> tuple[list[Table], list[Table]]:
    """Return the tables of the left and of the right column: heading, columns, rows."""
    left = [(word("workers", locale), _worker_columns(locale), _worker_rows(facts, locale))]
    if facts.subgroups:
        heading = word("subgroups", locale)
        left.append((heading, _subgroup_columns(locale), _subgroup_rows(facts, locale)))
    heading = word("neighbours", locale)
    return left, [(heading, _neighbour_columns(locale), _neighbour_rows(facts, locale))]


def height(tables: list[Table]) -> float:
    """Return how high tables are, one below the other."""
    return sum(_HEADING + height_of(len(rows), _TEXT) + _GAP for _, _, rows in tables)


def flow(page: Ink, box: Box, queue: list[Table]) -> None:
    """Draw tables into a column of the page and leave in the queue what finds no room."""
    top = box.north
    while queue:
        heading, heads, rows = queue[0]
        fits = rows_that_fit(top - box.south - _HEADING, _TEXT)
        if fits < 1:
            return
        page.text(box.west, top - 9, heading, 9, bold=True, colour=accent())
        rest = Box(box.west, box.south, box.east, top - _HEADING)
        top = table(page, rest, heads, rows[:fits], _TEXT) - _GAP
        if len(rows) > fits:
            queue[0] = (heading, heads, rows[fits:])
            return
        queue.pop(0)


def letter(n: int) -> str:
    """Return A ... Z, then AA, AB ... for 0, 1, ..."""
    first, last = divmod(n, 26)
    return (letter(first - 1) if first else "") + chr(ord("A") + last)


def _worker_columns(locale: str) -> list[Column]:
    return [
        Column(word("role", locale), 2.2),
        Column(word("name", locale), 4.2),
        Column(word("phone", locale), 3, "end"),
    ]


def _worker_rows(facts: CardFacts, locale: str) -> list[list[str]]:
    if not facts.sees_people:
        return [["", word("not_shown", locale), ""]]
    duties = facts.people.get(facts.grid.code, [])
    rows = [[word(d.rank, locale), _called(d, locale), d.phone_mask or ""] for d in duties]
    if not any(duty.rank == "primary" for duty in duties):
        rows.insert(0, [word("primary", locale), word("vacant", locale), ""])
    return rows


def _subgroup_columns(locale: str) -> list[Column]:
    return [
        Column(word("number", locale), 1),
        Column(word("subgroups", locale), 3.2),
        Column(word("households", locale), 1.4, "end"),
        Column(word("informant", locale), 2.9),
        Column(word("phone", locale), 2.8, "end"),
    ]


def _subgroup_rows(facts: CardFacts, locale: str) -> list[list[str]]:
    rows = []
    for n, unit in enumerate(facts.subgroups, start=1):
        duty = next(iter(facts.people.get(unit.code, [])), None)
        who = [_called(duty, locale), duty.phone_mask or ""] if duty else ["", ""]
        rows.append([str(n), unit.name, f"{unit.n_households:,}", *who])
    return rows


def _neighbour_columns(locale: str) -> list[Column]:
    return [
        Column("", 0.7),
        Column(word("grid", locale), 3.8),
        Column(word("worker", locale), 2.2),
        Column(word("phone", locale), 3, "end"),
    ]


def _neighbour_rows(facts: CardFacts, locale: str) -> list[list[str]]:
    rows = []
    for n, unit in enumerate(facts.neighbours):
        duties = facts.people.get(unit.code, [])
        duty = next((d for d in duties if d.rank == "primary"), None)
        who = [_called(duty, locale), duty.phone_mask or ""] if duty else ["", ""]
        rows.append([letter(n), unit.name, *who])
    return rows or [["", word("no_neighbours", locale), "", ""]]


def _called(duty: Duty, locale: str) -> str:
    return duty.name + (word("on_leave", locale) if duty.on_leave else "")
