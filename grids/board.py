"""What leaders read: counts that keep their definitions apart, rates, colours, what changed.

A day is the day in China on which something happened; a place is the one it has now. Counts and
the rows behind them come from the same conditions, so every number opens into exactly its rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Row, func, select

from grids import access, colours, counts_held, schema, tally_held
from grids.access import Action
from grids.board_compare import Base, Compare, base_of
from grids.board_counts import cut, in_window, lines_of, met_by, states, valid_keys
from grids.board_measures import COLOURS, INCIDENT, MEASURES, NOTHING, area_of, open_inside
from grids.db import statement
from grids.model import Level, Viewer, level_of
from grids.window import Window

# Below this the rate of a unit could be read as that of a family.
MIN_HOUSEHOLDS = 5
PER_HOUSEHOLDS, PER_DAYS = 1000, 30


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with what it was made of; no value where nothing can be divided by."""

    numerator: int
    denominator: int
    value: float | None

    @classmethod
    def of(cls, numerator: int, denominator: int, times: float = 1.0) -> Rate:
        """Return numerator / denominator x times."""
        value = numerator / denominator * times if denominator else None
        return cls(numerator, denominator, value)


@dataclass(frozen=True, slots=True)
class Spell:
    """How long something took, in seconds, over `n` incidents.

    The median is that of whole minutes, the lower one of two.
    """

    n: int
    mean_s: float | None
    median_s: float | None


@dataclass(frozen=True, slots=True)
class Line:
    """The figures of a unit, of a matter, of a day, or of everything.

    Attributes
    ----------
    key
        Code of the unit or matter, the day; empty: the whole area.
    counts
        By the names of `MEASURES`.
    then
        Valid incidents of the period that is compared with; None if there is none, and of days.
    comparable
        Empty, or why the two periods cannot be compared: `border_changed`, `month_missing`,
        `before_data`, `known_by_month`.
    """

    key: str
    counts: Mapping[str, int]
    then: int | None
    comparable: str = ""


@dataclass(frozen=True, slots=True)
class UnitLine:
    """A unit below the area with its figures; `level` is none for what lies in none of them.

    `incidence` is valid incidents per 1,000 households per 30 days, withheld below five
    households.
    """

    line: Line
    name: str
    level: str | None
    n_households: int | None
    retired: bool
    incidence: Rate | None
    colours: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Board:
    """The figures of an area in a period, compared with another one.

    Attributes
    ----------
    days, months
        By day; and what is known by its month alone, by month: these happened on no known day.
    left_out
        Valid incidents that are known by a month which the period cuts; they count nowhere.
    first_day, last_day, stray
        From when to when the county has data, and how many incidents are dated far from them.
    """

    area: str
    name: str
    level: str
    path: list[dict[str, str]]
    window: Window
    base: Base | None
    matter: str | None
    total: Line
    n_households: int
    incidence: Rate
    colours: Mapping[str, int]
    response: Spell
    closing: Spell
    units: list[UnitLine]
    matters: list[Line]
    matter_names: Mapping[str, str]
    days: list[Line]
    months: list[Line]
    left_out: int
    first_day: date | None
    last_day: date | None
    stray: int


def read(
    conn: Connection,
    viewer: Viewer,
    window: Window,
    now: datetime,
    *,
    area: str | None = None,
    matter: str | None = None,
    compare: Compare = "year",
) -> Board:
    """Return the figures of an area: in all, by the units below, by matter and by day.

    Parameters
    ----------
    area
        Code of a unit; None: the viewer's territory, or the county for who has none.
    compare
        With the same days a year before ("year"), as many days just before ("before"), or none.

    Raises
    ------
    Forbidden, NotFound
        If the viewer's role reads no incidents, or the area lies outside the territory.
    """
    access.require(viewer, Action.INCIDENT_SEE)
    unit = area_of(conn, viewer, area)
    level = level_of(unit.code)
    below = _below(level)
    digits = below.digits if below else len(unit.code)
    counts = counts_held.read(conn)
    extent = counts.extent
    first = extent.first if extent else None
    base = base_of(conn, window, compare, unit.code, digits, first)
    periods = [window, base.window] if base else [window]
    # A month that a period cuts stands on its first day.
    read = [one.from_its_month if counts.has_months else one for one in periods]
    held = [
        in_window(cut(found, unit.code, matter), reached.since, period)
        for found, reached, period in zip(tally_held.read(conn, read), read, periods, strict=True)
    ]
    now_there, left_out = held[0]
    met = met_by(conn, now_there.kinds)
    if base and any(out.day.size > kept.day.size for kept, out in held):
        base = replace(base, by_month=True)
    lines = lines_of(now_there, met, window, digits)
    then = lines_of(held[1][0], met, base.window, digits) if base else {}
    coloured = _colours(conn, digits, unit.code, matter, now)
    children = {
        row.code: row for row in conn.execute(statement("children", "board"), {"area": unit.code})
    }

    def line(kind: str, key: str) -> Line:
        was = None
        if base and kind not in ("day", "month"):
            was = then[kind].get(key, NOTHING)["valid"]
        why = base.why(key if kind == "unit" else unit.code) if base else ""
        return Line(key, dict(lines[kind].get(key, NOTHING)), was, why)

    def seconds(name: str, measure: str) -> NDArray[Any]:
        taken = met[:, list(MEASURES).index(measure)][states(now_there)]
        return now_there.rows[name][taken]

    total = line("all", "")
    names = _names(conn, {*lines["unit"], *children}) if below else {}
    units = [
        _unit_line(line("unit", code), code, children.get(code), names, window, coloured, below)
        for code in sorted({*lines["unit"], *children})
        if below is not None
    ]
    matters = sorted(
        (line("matter", code) for code in {*lines["matter"], *valid_keys(then.get("matter", {}))}),
        key=lambda one: (-one.counts["valid"], one.key),
    )
    days, months = ([line(kind, key) for key in sorted(lines[kind])] for kind in ("day", "month"))
    return Board(
        area=unit.code,
        name=unit.name,
        level=level.value,
        path=[
            {"code": row.code, "name": row.name}
            for row in conn.execute(statement("path", "board"), {"area": unit.code})
            if access.in_territory(viewer, row.code)
        ],
        window=window,
        base=base,
        matter=matter,
        total=total,
        n_households=unit.n_households,
        incidence=_incidence(total.counts["valid"], unit.n_households, window),
        colours=coloured[""],
        response=_spell(seconds("response_s", "responded")),
        closing=_spell(seconds("closing_s", "closed")),
        units=units,
        matters=matters,
        matter_names=_matter_names(conn, [one.key for one in matters]),
        days=days,
        months=months,
        left_out=lines_of(left_out, met, window, digits)["all"].get("", NOTHING)["valid"],
        first_day=first,
        last_day=extent.last if extent else None,
        stray=extent.stray if extent else 0,
    )


def _below(level: Level) -> Level | None:
    """Return the level that an area is divided into on the board; grids are not divided."""
    levels = [Level.COUNTY, Level.TOWNSHIP, Level.VILLAGE, Level.GRID]
    at = levels.index(level) if level in levels else len(levels)
    return levels[at + 1] if at + 1 < len(levels) else None


def _colours(
    conn: Connection, digits: int, area: str, matter: str | None, now: datetime
) -> dict[str, dict[str, int]]:
    """Return how many open incidents have which colour now, by unit and (empty key) in all."""
    unit = func.left(INCIDENT.territory_code, digits)
    seen = (
        select(unit.label("unit"), colours.colour(colours.load(conn), now).label("colour"))
        .where(*open_inside(area, matter))
        .subquery()
    )
    rows = conn.execute(
        select(seen.c.unit, seen.c.colour, func.count().label("n")).group_by(
            seen.c.unit, seen.c.colour
        )
    )
    found: dict[str, dict[str, int]] = {"": dict.fromkeys(COLOURS, 0)}
    for row in rows:
        for key in (row.unit, ""):
            found.setdefault(key, dict.fromkeys(COLOURS, 0))[row.colour] += row.n
    return found


def _spell(seconds: NDArray[Any]) -> Spell:
    """Return the length of so many seconds, -1 where there are none."""
    known = seconds[seconds >= 0].astype(np.int64)
    if not known.size:
        return Spell(0, None, None)
    middle = (known.size - 1) // 2
    median = int(np.partition(known // 60, middle)[middle]) * 60
    return Spell(known.size, float(known.mean()), float(median))


def _unit_line(
    line: Line,
    code: str,
    child: Row[Any] | None,
    names: Mapping[str, str],
    window: Window,
    coloured: Mapping[str, Mapping[str, int]],
    below: Level,
) -> UnitLine:
    inside = len(code) == below.digits
    homes = child.n_households if child else None
    told = homes is not None and homes >= MIN_HOUSEHOLDS
    return UnitLine(
        line=line,
        name=names.get(code, code),
        level=below.value if inside else None,
        n_households=homes if told else None,
        retired=inside and child is None,
        incidence=_incidence(line.counts["valid"], homes, window) if told and homes else None,
        colours=coloured.get(code, dict.fromkeys(COLOURS, 0)),
    )


def _incidence(valid: int, households: int, window: Window) -> Rate:
    return Rate.of(valid, households, PER_HOUSEHOLDS * PER_DAYS / window.days)


def _names(conn: Connection, codes: set[str]) -> dict[str, str]:
    u = schema.unit.c
    return {
        row.code: row.name
        for row in conn.execute(select(u.code, u.name).where(u.code.in_(sorted(codes))))
    }


def _matter_names(conn: Connection, codes: Sequence[str]) -> dict[str, str]:
    m = schema.matter.c
    return {
        row.code: row.name
        for row in conn.execute(select(m.code, m.name).where(m.code.in_(list(codes))))
    }
