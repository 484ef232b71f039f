"""What leaders read: counts that keep their definitions apart, rates, colours, what changed.

A day is the day in China on which something happened; a place is the one it has now. Counts and
the rows behind them come from the same conditions, so every number opens into exactly its rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    false,
    func,
    not_,
    select,
    true,
    tuple_,
)

from grids import access, colours, schema
from grids.access import Action
from grids.board_compare import Base, Compare, base_of
from grids.db import statement
from grids.errors import BadValue, NotFound
from grids.model import Level, Viewer, level_of
from grids.window import Window
from grids.workflow import ENDED, UNCOUNTED

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
    inside = _inside(unit.code, matter)
    lines = _lines(conn, window, digits, inside)
    extent = conn.execute(statement("extent", "counts")).one()
    base = base_of(conn, window, compare, unit.code, digits, extent.first)
    then = _valid(conn, base.window, digits, inside) if base else {}
    coloured = _colours(conn, digits, unit.code, matter, now)
    children = {
        row.code: row for row in conn.execute(statement("children", "board"), {"area": unit.code})
    }

    def line(kind: str, key: str) -> Line:
        was = then.get(kind, {}).get(key, 0) if base and kind != "day" else None
        why = base.why(key if kind == "unit" else unit.code) if base else ""
        return Line(key, _counts(lines[kind].get(key)), was, why)

    total = line("all", "")
    names = _names(conn, {*lines["unit"], *children}) if below else {}
    units = [
        _unit_line(line("unit", code), code, children.get(code), names, window, coloured, below)
        for code in sorted({*lines["unit"], *children})
        if below is not None
    ]
    matters = sorted(
        (line("matter", code) for code in {*lines["matter"], *then.get("matter", {})}),
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
        response=_spell(conn, _T.response_s, MEASURES["responded"], window, inside),
        closing=_spell(conn, _T.closing_s, MEASURES["closed"], window, inside),
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


def _lines(
    conn: Connection, window: Window, digits: int, inside: Sequence[ColumnElement[bool]]
) -> dict[str, dict[str, Row[Any]]]:
    """Return the counts of a period by unit, matter and day and in all, in one pass.

    The tally is counted by the little that the measures ask of a row; their conditions then meet
    some hundreds of groups and not every row.
    """
    unit = func.left(_T.territory_code, digits)
    state = (
        _T.step,
        _T.closed_digits,
        _T.came_closed,
        func.nullif(_T.response_s.is_not(None), false()),
    )
    groups = (
        select(
            func.grouping(unit, _T.matter_code, _T.day).label("kind"),
            unit.label("unit"),
            _T.matter_code,
            _T.day,
            *state[:3],
            state[3].label("response_s"),
            func.count().label("n"),
        )
        .where(*_within(window), *inside)
        .group_by(
            func.grouping_sets(
                tuple_(unit, *state), tuple_(_T.matter_code, *state), tuple_(_T.day, *state)
            )
        )
        .cte("groups")
    )
    c = groups.c
    columns = [
        func.coalesce(func.sum(c.n).filter(condition), 0).label(name)
        for name, condition in _measures(c).items()
    ]
    whole = select(c.kind, c.unit, c.matter_code, c.day, *columns).group_by(
        func.grouping_sets(tuple_(c.kind, c.unit, c.matter_code, c.day), tuple_(c.kind))
    )
    found: dict[str, dict[str, Row[Any]]] = {"unit": {}, "matter": {}, "day": {}, "all": {}}
    for row in conn.execute(whole):
        if row.kind == 0b011:
            found["all" if row.unit is None else "unit"][row.unit or ""] = row
        elif row.kind == 0b101 and row.matter_code is not None:
            found["matter"][row.matter_code] = row
        elif row.kind == 0b110 and row.day is not None:
            found["day"][row.day.isoformat()] = row
    return found


def _valid(
    conn: Connection, window: Window, digits: int, inside: Sequence[ColumnElement[bool]]
) -> dict[str, dict[str, int]]:
    """Return the valid incidents of a period by unit and matter and in all."""
    unit = func.left(_T.territory_code, digits)
    rows = conn.execute(
        select(unit.label("unit"), _T.matter_code, func.count().label("n"))
        .where(MEASURES["valid"], *_within(window), *inside)
        .group_by(func.grouping_sets(tuple_(unit), tuple_(_T.matter_code)))
    ).all()
    units = {row.unit: row.n for row in rows if row.unit is not None}
    matters = {row.matter_code: row.n for row in rows if row.unit is None}
    return {"unit": units, "matter": matters, "all": {"": sum(units.values())}}


def _counts(row: Row[Any] | None) -> Mapping[str, int]:
    return {name: int(getattr(row, name)) if row else 0 for name in MEASURES}


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


def _spell(
    conn: Connection,
    seconds: Any,
    condition: ColumnElement[bool],
    window: Window,
    inside: Sequence[ColumnElement[bool]],
) -> Spell:
    minute = seconds // 60
    groups = (
        select(minute.label("minute"), func.count().label("n"), func.sum(seconds).label("total"))
        .where(condition, seconds.is_not(None), *_within(window), *inside)
        .group_by(minute)
        .subquery()
    )
    c = groups.c
    placed = select(
        c.minute,
        c.total,
        func.sum(c.n).over(order_by=c.minute).label("up_to"),
        func.sum(c.n).over().label("n"),
    ).subquery()
    row = conn.execute(
        select(
            func.max(placed.c.n).label("n"),
            func.sum(placed.c.total).label("total"),
            func.min(placed.c.minute).filter(placed.c.up_to * 2 >= placed.c.n).label("minute"),
        )
    ).one()
    if not row.n:
        return Spell(0, None, None)
    return Spell(int(row.n), float(row.total) / float(row.n), float(row.minute) * 60)


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
