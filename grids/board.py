"""What leaders read: counts that keep their definitions apart, rates, colours, what changed.

A day is the day in China on which something happened; a place is the one it has now. Counts and
the rows behind them come from the same conditions, so every number opens into exactly its rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Integer,
    Row,
    SmallInteger,
    Text,
    and_,
    column,
    func,
    not_,
    select,
    true,
    values,
)

from grids import access, colours, schema, tally_held
from grids.access import Action
from grids.board_compare import Base, Compare, base_of
from grids.db import statement
from grids.errors import BadValue, NotFound
from grids.model import Level, Viewer, level_of
from grids.tally_held import Kind, Tallied
from grids.window import Window
from grids.workflow import ENDED, UNCOUNTED

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# Below this the rate of a unit could be read as that of a family.
MIN_HOUSEHOLDS = 5
PER_HOUSEHOLDS, PER_DAYS = 1000, 30
PAGE = 50
_T = schema.incident_tally.c
_I = schema.incident.c


def _measures(c: Any) -> dict[str, ColumnElement[bool]]:
    """Return the condition of each count over the columns of the tally, or of its groups."""
    valid, closed = c.step.not_in(sorted(UNCOUNTED)), c.step == "closed"
    return {
        "collected": true(),
        "reported": c.step != "duplicate",
        "valid": valid,
        "taken_up": and_(valid, c.step != "reported"),
        "closed": closed,
        "open": c.step.not_in(sorted(ENDED)),
        "closed_grid": and_(closed, c.closed_digits == Level.GRID.digits),
        "closed_village": and_(closed, c.closed_digits == Level.VILLAGE.digits),
        "closed_township": and_(closed, c.closed_digits == Level.TOWNSHIP.digits),
        "closed_county": and_(closed, c.closed_digits == Level.COUNTY.digits),
        "came_closed": and_(closed, c.came_closed),
        "responded": and_(valid, c.response_s.is_not(None), not_(c.came_closed)),
    }


# What counts, by its name; each of the first three holds the next.
MEASURES: Mapping[str, ColumnElement[bool]] = MappingProxyType(_measures(_T))
COLOURS = tuple(reversed(colours.COLOURS))
NOTHING: Mapping[str, int] = MappingProxyType(dict.fromkeys(MEASURES, 0))


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
        `before_data`.
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
    """The figures of an area in a period, compared with another one."""

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
    first_day: date | None
    last_day: date | None


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One of the incidents behind a number."""

    incident_id: UUID
    number: str
    matter_name: str
    summary: str
    step: str
    occurred_at: datetime
    reported_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    place_code: str
    place_name: str


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
    unit = _area(conn, viewer, area)
    level = level_of(unit.code)
    below = _below(level)
    digits = below.digits if below else len(unit.code)
    extent = conn.execute(statement("extent", "counts")).one()
    base = base_of(conn, window, compare, unit.code, digits, extent.first)
    periods = [window, base.window] if base else [window]
    held = [_cut(one, unit.code, matter) for one in tally_held.read(conn, periods)]
    now_there = held[0]
    met = _met(conn, now_there.kinds)
    lines = _lines(now_there, met, window, digits)
    then = _lines(held[1], met, base.window, digits) if base else {}
    coloured = _colours(conn, digits, unit.code, matter, now)
    children = {
        row.code: row for row in conn.execute(statement("children", "board"), {"area": unit.code})
    }

    def line(kind: str, key: str) -> Line:
        was = then[kind].get(key, NOTHING)["valid"] if base and kind != "day" else None
        why = base.why(key if kind == "unit" else unit.code) if base else ""
        return Line(key, dict(lines[kind].get(key, NOTHING)), was, why)

    def seconds(name: str, measure: str) -> NDArray[Any]:
        taken = met[:, list(MEASURES).index(measure)][_states(now_there)]
        return now_there.rows[name][taken]

    total = line("all", "")
    names = _names(conn, {*lines["unit"], *children}) if below else {}
    units = [
        _unit_line(line("unit", code), code, children.get(code), names, window, coloured, below)
        for code in sorted({*lines["unit"], *children})
        if below is not None
    ]
    matters = sorted(
        (line("matter", code) for code in {*lines["matter"], *_valid(then.get("matter", {}))}),
        key=lambda one: (-one.counts["valid"], one.key),
    )
    days = [line("day", key) for key in sorted(lines["day"])]
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
        first_day=extent.first,
        last_day=extent.last,
    )


def list_rows(
    conn: Connection,
    viewer: Viewer,
    measure: str,
    window: Window | None,
    now: datetime,
    *,
    area: str | None = None,
    matter: str | None = None,
    offset: int = 0,
    limit: int = PAGE,
) -> tuple[list[BoardRow], int]:
    """Return a page of the incidents behind a number, newest report first, and how many there are.

    `measure` is a name of `MEASURES` or a colour; colours are those of all that is open at this
    moment, so that they have no window.

    Raises
    ------
    BadValue
        If there is no such measure, or it has no window.
    Forbidden, NotFound
        As `read`.
    """
    access.require(viewer, Action.INCIDENT_SEE)
    unit = _area(conn, viewer, area)
    if measure in COLOURS:
        rule = colours.colour(colours.load(conn), now)
        keys = select(_I.incident_id, _I.reported_at).where(
            *_open_inside(unit.code, matter), rule == measure
        )
    elif measure in MEASURES and window is not None:
        keys = select(_T.incident_id, _T.reported_at).where(
            MEASURES[measure], *_within(window), *_inside(unit.code, matter)
        )
    else:
        known = ", ".join([*MEASURES, *COLOURS])
        raise BadValue(field="measure", given=measure, reason=f"give a period and one of: {known}")
    n = conn.execute(select(func.count()).select_from(keys.subquery())).scalar_one()
    i = schema.incident
    page = (
        keys.order_by(keys.selected_columns.reported_at.desc(), keys.selected_columns.incident_id)
        .limit(limit)
        .offset(offset)
        .cte("page")
    )
    rows = conn.execute(
        select(
            i.c.incident_id,
            i.c.number,
            schema.matter.c.name.label("matter_name"),
            i.c.summary,
            i.c.step,
            i.c.occurred_at,
            i.c.reported_at,
            i.c.due_at,
            i.c.closed_at,
            schema.unit.c.code.label("place_code"),
            schema.unit.c.name.label("place_name"),
        )
        .select_from(page)
        .join(
            i,
            and_(i.c.incident_id == page.c.incident_id, i.c.reported_at == page.c.reported_at),
        )
        .join(schema.matter, schema.matter.c.code == i.c.matter_code)
        .join(schema.unit, schema.unit.c.code == i.c.territory_code)
        .order_by(i.c.reported_at.desc(), i.c.incident_id)
    )
    return [BoardRow(*row) for row in rows], n


def _area(conn: Connection, viewer: Viewer, area: str | None) -> Row[Any]:
    """Return code, name and households of the area that is asked for."""
    if area is not None:
        access.require_territory(viewer, area)
    code = area or viewer.scope or None
    row = conn.execute(statement("area", "board"), {"area": code}).one_or_none()
    if row is None:
        raise NotFound(what="unit", key=code or "")
    return row


def _below(level: Level) -> Level | None:
    """Return the level that an area is divided into on the board; grids are not divided."""
    levels = [Level.COUNTY, Level.TOWNSHIP, Level.VILLAGE, Level.GRID]
    at = levels.index(level) if level in levels else len(levels)
    return levels[at + 1] if at + 1 < len(levels) else None


def _inside(area: str, matter: str | None) -> list[ColumnElement[bool]]:
    found = [_T.territory_code >= area, _T.territory_code < f"{area}~"]
    return [*found, _T.matter_code == matter] if matter else found


def _within(window: Window) -> list[ColumnElement[bool]]:
    return [_T.day >= window.since, _T.day <= window.until]


def _cut(found: Tallied, area: str, matter: str | None) -> Tallied:
    """Return the rows of an area and a matter."""
    here = np.array([place.startswith(area) for place in found.places], np.bool_)
    wanted = np.array([matter in (None, kind.matter_code) for kind in found.kinds], np.bool_)
    if here.all() and wanted.all():
        return found
    return found.of(here[found.rows["place"]] & wanted[found.rows["kind"]])


def _lines(
    found: Tallied, met: Bools, window: Window, digits: int
) -> dict[str, dict[str, Mapping[str, int]]]:
    """Return the counts of rows by unit, matter and day and in all.

    `met` says which of `MEASURES` each state meets, as `_met` numbers them.
    """
    states = _states(found)
    units = [place[:digits] for place in found.places]
    matters = [kind.matter_code for kind in found.kinds]
    place, kind = found.rows["place"], found.rows["kind"]
    return {
        "unit": _counted(units, place, states, met),
        "matter": _counted(matters, kind, states, met),
        "day": _counted(
            [str(window.since + timedelta(k)) for k in range(window.days)], found.day, states, met
        ),
        "all": _counted(["" for _ in found.kinds], kind, states, met),
    }


def _valid(counted: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Return the keys with a valid incident."""
    return [key for key, counts in counted.items() if counts["valid"]]


def _counted(
    labels: Sequence[str], number: Ints, states: Ints, met: Bools
) -> dict[str, Mapping[str, int]]:
    """Return the counts of rows by the label of their number; labels may stand several times."""
    names: dict[str, int] = {}
    group = np.array([names.setdefault(label, len(names)) for label in labels], np.int64)
    n = np.bincount(group[number] * len(met) + states, minlength=len(names) * len(met)).reshape(
        len(names), len(met)
    )
    counts = n @ met.astype(np.int64)
    return {
        name: dict(zip(MEASURES, row, strict=True))
        for name, row, rows in zip(names, counts.tolist(), n.sum(axis=1).tolist(), strict=True)
        if rows
    }


def _states(found: Tallied) -> Ints:
    """Return the number of each row's state: its kind, and whether somebody has responded."""
    return found.rows["kind"].astype(np.int64) * 2 + (found.rows["response_s"] >= 0)


def _met(conn: Connection, kinds: Sequence[Kind]) -> Bools:
    """Return which measures each state meets, shape (2 x kinds, measures).

    The database says it, by the conditions that also choose the rows behind a number.
    """
    given = values(
        column("place", Integer), column("step", Text), column("closed_digits", SmallInteger),
        column("came_closed", Boolean), column("response_s", Integer), name="state",
    ).data(
        [
            # No level has 0 digits: it stands for none, since a column of nulls has no type.
            (2 * k + n, kind.step, kind.closed_digits or 0, kind.came_closed, 1 if n else None)
            for k, kind in enumerate(kinds)
            for n in (0, 1)
        ]
    )  # fmt: skip
    asked = select(*(met.label(name) for name, met in _measures(given.c).items()))
    rows = conn.execute(asked.order_by(given.c.place)).all() if kinds else []
    return np.array([[one is True for one in row] for row in rows], np.bool_).reshape(
        2 * len(kinds), len(MEASURES)
    )


def _colours(
    conn: Connection, digits: int, area: str, matter: str | None, now: datetime
) -> dict[str, dict[str, int]]:
    """Return how many open incidents have which colour now, by unit and (empty key) in all."""
    unit = func.left(_I.territory_code, digits)
    seen = (
        select(unit.label("unit"), colours.colour(colours.load(conn), now).label("colour"))
        .where(*_open_inside(area, matter))
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


def _open_inside(area: str, matter: str | None) -> list[ColumnElement[bool]]:
    found = [colours.is_open(), _I.territory_code >= area, _I.territory_code < f"{area}~"]
    return [*found, _I.matter_code == matter] if matter else found


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
