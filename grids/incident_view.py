"""Incidents as lists show them: rows with their colour, their limit, and what can be done."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, select, tuple_

from grids import access, colours, rules, schema, workflow
from grids.access import Action
from grids.errors import BadValue, require_choice
from grids.model import Level, Viewer
from grids.territory import within
from grids.workflow import Possible

PAGE = 50
QUEUES = ("review", "outside")
_I = schema.incident.c


@dataclass(frozen=True, slots=True)
class Owner:
    """Who has to act: a unit's rank, and the person if there is one."""

    person_id: UUID | None
    name: str | None
    rank: str
    unit_code: str
    unit_name: str


@dataclass(frozen=True, slots=True)
class Feedback:
    """Whether the reporter waits for an answer, since when, and when it was given."""

    owed: bool
    since: datetime | None
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident as lists show it; `at` is (lon, lat) in CGCS2000.

    `occurred_precision` says how exactly `occurred_at` is known: "time", "day" or "month", of which
    it is the first moment. A report without a time of its own has that of what it reports.
    `colour` is none once it has ended; `due_at` is none while its clock is stopped; `department`
    has to see to it besides the owner; `possible` is open to the viewer.
    """

    incident_id: UUID
    number: str
    matter_code: str
    matter_name: str
    summary: str
    place: str
    step: str
    level: str
    occurred_at: datetime
    occurred_precision: str
    reported_at: datetime
    due_at: datetime | None
    at: tuple[float, float] | None
    territory_code: str
    grid_code: str | None
    grid_name: str | None
    subgroup_code: str | None
    owner: Owner
    review: bool
    placement: str
    version: int
    colour: str | None
    handling_level: str
    department: str | None
    feedback: Feedback
    supervised: bool
    suspended_until: datetime | None
    possible: list[Possible]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which incidents; `step` may be `open`, `overdue` counts against `now`, `unit` is a code.

    `since` and `until` are the first and last day on which they happened, and `counted` leaves out
    rejected ones and duplicates: together they list exactly what a count of `grids.counts` counted.
    `queue` is `review`, where somebody has to look, or `outside`, in no grid; `unanswered` may be
    asked for hours since it was resolved, or reported. `my_department` are those of matters of
    departments at whose desk the viewer sits.
    """

    step: str | None = None
    review: bool | None = None
    mine: bool = False
    unit: str | None = None
    matter: str | None = None
    overdue: bool = False
    since: date | None = None
    until: date | None = None
    counted: bool = False
    colour: str | None = None
    at_risk: bool = False
    handling_level: str | None = None
    unanswered: bool = False
    unanswered_hours: float | None = None
    queue: str | None = None
    department: str | None = None
    my_department: bool = False
    supervised: bool = False


def list_page(
    conn: Connection,
    viewer: Viewer,
    which: Filter,
    now: datetime,
    *,
    after: str | None = None,
    limit: int = PAGE,
) -> tuple[list[Incident], str | None]:
    """Return a page of the viewer's incidents, newest report first, and the cursor of the next.

    Raises
    ------
    BadValue
        If the cursor is none of ours.
    NotFound
        If the unit asked for lies outside the viewer's territory.
    """
    query = listed(conn, viewer, which, now).limit(limit + 1)
    if after:
        query = query.where(tuple_(_I.reported_at, _I.incident_id) < tuple_(*_read_cursor(after)))
    rows = conn.execute(query).all()
    page = [incident(viewer, row) for row in rows[:limit]]
    return page, _cursor(page[-1]) if len(rows) > limit else None


def list_all(conn: Connection, viewer: Viewer, which: Filter, now: datetime) -> Iterator[Row[Any]]:
    """Yield the rows of every incident asked for, newest report first, without holding them all.

    Raises
    ------
    NotFound
        If the unit asked for lies outside the viewer's territory.
    """
    query = listed(conn, viewer, which, now).execution_options(yield_per=1000)
    yield from conn.execute(query)


def by_ids(
    conn: Connection, viewer: Viewer, keys: Sequence[UUID], now: datetime
) -> dict[UUID, Incident]:
    """Return those of the incidents that lie in the viewer's territory, by their keys."""
    query = rows(viewer, colours.load(conn), now).where(_I.incident_id.in_(list(keys)))
    return {row.incident_id: incident(viewer, row) for row in conn.execute(query)}


def listed(conn: Connection, viewer: Viewer, which: Filter, now: datetime) -> Select[Any]:
    """Return the query of the incidents asked for, newest report first."""
    access.require(viewer, Action.INCIDENT_SEE)
    asked = colours.load(conn)
    query = rows(viewer, asked, now).order_by(_I.reported_at.desc(), _I.incident_id.desc())
    for condition in _conditions(viewer, which, asked, now):
        query = query.where(condition)
    return query


def rows(
    viewer: Viewer, asked: Sequence[colours.ColourRule], now: datetime, *, why: bool = False
) -> Select[Any]:
    """Return the query of the viewer's incidents; `why` adds which rules of colour fire."""
    unit, grid = schema.unit.alias("owner_unit"), schema.unit.alias("grid")
    return (
        select(
            *(column for column in _I if column.name != "position"),
            func.ST_X(_I.position).label("lon"),
            func.ST_Y(_I.position).label("lat"),
            schema.matter.c.name.label("matter_name"),
            schema.matter.c.department,
            schema.matter.c.attempts,
            grid.c.name.label("grid_name"),
            schema.person.c.name.label("owner_name"),
            unit.c.name.label("owner_unit_name"),
            colours.is_supervised().label("supervised"),
            colours.is_unanswered().label("unanswered"),
            colours.colour(asked, now).label("colour"),
            *(
                fires.label(name)
                for name, fires in (colours.fired(asked, now) if why else {}).items()
            ),
        )
        .join(schema.matter, schema.matter.c.code == _I.matter_code)
        .join(unit, unit.c.code == _I.owner_unit)
        .outerjoin(grid, grid.c.code == _I.grid_code)
        .outerjoin(schema.person, schema.person.c.person_id == _I.owner_id)
        .where(within(_I.territory_code, viewer.scope))
    )


def incident(viewer: Viewer, row: Any) -> Incident:
    """Return a row of `rows` as the viewer may see and change it."""
    since = row.resolved_at or row.reported_at
    return Incident(
        row.incident_id,
        row.number,
        row.matter_code,
        row.matter_name,
        row.summary,
        row.place,
        row.step,
        row.level,
        row.occurred_at,
        row.occurred_precision,
        row.reported_at,
        row.due_at,
        None if row.lon is None else (row.lon, row.lat),
        row.territory_code,
        row.grid_code,
        row.grid_name,
        row.subgroup_code,
        Owner(row.owner_id, row.owner_name, row.owner_rank, row.owner_unit, row.owner_unit_name),
        row.review,
        row.placement,
        row.version,
        row.colour,
        rules.handling_level(row.owner_unit).value,
        row.department or None,
        Feedback(row.unanswered, since if row.unanswered else None, row.answered_at),
        row.supervised,
        row.suspended_until,
        possible(viewer, row),
    )


def holds(row: Any) -> set[str]:
    """Return what is true of an incident and decides about actions, as `workflow` names it."""
    unanswered = row.reporter_known and row.answered_at is None and row.step != "duplicate"
    facts = {
        "reporter": row.reporter_known and row.step != "duplicate",
        "review": row.review,
        "unanswered": unanswered,
        "supervised": row.supervised,
    }
    return {name for name, is_so in facts.items() if is_so}


def possible(viewer: Viewer, row: Any) -> list[Possible]:
    """Return what a viewer can do with an incident: its owner, or who may assign."""
    if not may_act(viewer, row.owner_id):
        return []
    return workflow.possible_actions(row.step, is_desk=is_desk(viewer), holds=holds(row))


def blocked(viewer: Viewer, row: Any) -> dict[str, str]:
    """Return what a viewer could do once something else is done: the code of what is missing."""
    if not may_act(viewer, row.owner_id):
        return {}
    return workflow.blocked_actions(row.step, is_desk=is_desk(viewer), holds=holds(row))


def is_owner(viewer: Viewer, owner_id: UUID | None) -> bool:
    """Return whether the viewer is the person who has to act."""
    return owner_id is not None and owner_id == viewer.person_id


def is_desk(viewer: Viewer) -> bool:
    """Return whether the viewer may give incidents to others."""
    return Action.INCIDENT_ASSIGN in access.allowed(viewer.role)


def may_act(viewer: Viewer, owner_id: UUID | None) -> bool:
    """Return whether the viewer may take steps with an incident of this owner."""
    if Action.INCIDENT_STEP not in access.allowed(viewer.role):
        return False
    return is_desk(viewer) or is_owner(viewer, owner_id)


def _conditions(
    viewer: Viewer, which: Filter, asked: Sequence[colours.ColourRule], now: datetime
) -> list[ColumnElement[bool]]:
    return [*_whose(viewer, which), *_standing(which, asked, now), *_days(which)]


def _whose(viewer: Viewer, which: Filter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if which.mine:
        found.append(_I.owner_id == viewer.person_id)
    if which.unit:
        access.require_territory(viewer, which.unit)
        found.append(within(_I.territory_code, which.unit))
    if which.matter:
        found.append(_I.matter_code == which.matter)
    if which.department:
        found.append(schema.matter.c.department == which.department)
    if which.my_department:
        seat = schema.department_seat.c
        mine = select(seat.department).where(seat.person_id == viewer.person_id)
        found.append(schema.matter.c.department.in_(mine))
    if which.handling_level:
        found.append(_handled_by(which.handling_level))
    return found


def _standing(
    which: Filter, asked: Sequence[colours.ColourRule], now: datetime
) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if which.step:
        found.append(colours.is_open() if which.step == "open" else _I.step == which.step)
    if which.review is not None:
        found.append(_I.review.is_(which.review))
    if which.overdue:
        found.append(and_(colours.is_open(), _I.due_at < now))
    if which.at_risk:
        found.append(and_(colours.is_open(), _I.warn_at <= now, _I.due_at > now))
    if which.colour:
        require_choice("colour", which.colour, colours.COLOURS)
        found.append(colours.colour(asked, now) == which.colour)
    if which.unanswered or which.unanswered_hours is not None:
        since = now - timedelta(hours=which.unanswered_hours or 0)
        waiting = func.coalesce(_I.resolved_at, _I.reported_at) <= since
        found.append(and_(colours.is_unanswered(), waiting))
    if which.supervised:
        found.append(colours.is_supervised())
    if which.queue:
        require_choice("queue", which.queue, QUEUES)
        in_queue = _I.review if which.queue == "review" else _I.grid_code.is_(None)
        found.append(and_(colours.is_open(), in_queue))
    return found


def _days(which: Filter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    day = func.local_day(_I.occurred_at)
    if which.since:
        found.append(day >= which.since)
    if which.until:
        found.append(day <= which.until)
    if which.counted:
        found.append(_I.step.not_in(sorted(workflow.UNCOUNTED)))
    return found


def _handled_by(level: str) -> ColumnElement[bool]:
    levels = {rules.handling_level("0" * one.digits).value for one in Level}
    require_choice("handling_level", level, sorted(levels))
    digits = [one.digits for one in Level if rules.handling_level("0" * one.digits) == level]
    return func.length(_I.owner_unit).in_(digits)


def _cursor(last: Incident) -> str:
    text = f"{last.reported_at.isoformat()} {last.incident_id}"
    return base64.urlsafe_b64encode(text.encode()).decode()


def _read_cursor(given: str) -> tuple[datetime, UUID]:
    try:
        at, key = base64.urlsafe_b64decode(given).decode().split(" ")
        return datetime.fromisoformat(at), UUID(key)
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise BadValue(field="after", given=given, reason="no cursor of this list") from None
