"""The roster: who is on duty for which unit, who is on leave, where nobody is.

Days are those of China's one clock (`local_day` in SQL).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, func, select
from sqlalchemy.dialects.postgresql import Range

from grids import access, audit, boundary_rules, schema, staff
from grids.db import statement
from grids.errors import BadValue, GridsError, NotFound
from grids.model import Duty, Level, Viewer
from grids.territory import code_range


@dataclass(frozen=True, slots=True)
class Post:
    """A unit that a person is on duty for, and in which rank."""

    unit_code: str
    unit_name: str
    rank: str


def on_duty(conn: Connection, codes: Sequence[str], at: datetime) -> list[Duty]:
    """Return everybody on duty for these units at a moment, those on leave marked.

    `open_incidents` is counted only where several share a unit and rank, else it is 0.
    """
    rows = conn.execute(statement("on_duty", "roster"), {"codes": list(codes), "at": at})
    return [_duty(row) for row in rows]


def whole_roster(conn: Connection, at: datetime) -> list[Duty]:
    """Return everybody on duty for any unit at a moment, with all their open incidents."""
    rows = conn.execute(statement("whole_roster", "roster"), {"at": at})
    return [_duty(row) for row in rows]


def posts_of(conn: Connection, person_id: UUID, at: datetime) -> list[Post]:
    """Return what a person is on duty for at a moment, sub-groups first."""
    rows = conn.execute(statement("of_person", "roster"), {"person_id": person_id, "at": at})
    return [Post(row.unit_code, row.unit_name, row.rank) for row in rows]


@dataclass(frozen=True, slots=True)
class Service:
    """A duty with its days; `until` is the first day no longer served, none: no end is known.

    `on_leave_until` is none while nobody is away, or for leave without an end.
    """

    duty_id: int
    person_id: UUID
    person_name: str
    phone_mask: str | None
    unit_code: str
    unit_name: str
    rank: str
    since: date | None
    until: date | None
    on_leave: bool
    on_leave_until: datetime | None
    open_incidents: int


@dataclass(frozen=True, slots=True)
class Vacancy:
    """A unit where nobody is on duty, and who held it last."""

    unit_code: str
    unit_name: str
    level: str
    kind: str
    rank: str
    last_name: str | None
    vacant_since: date | None


def list_services(
    conn: Connection, viewer: Viewer, at: datetime, *, area: str | None = None
) -> list[Service]:
    """Return the duties of an area that count at a moment or begin later, by unit and rank.

    Raises
    ------
    NotFound
        If the area lies outside the viewer's territory.
    """
    access.require(viewer, access.Action.WORKER_SEE)
    rows = conn.execute(statement("services", "roster"), _area(viewer, area) | {"at": at})
    return [Service(*row) for row in rows]


def list_vacancies(
    conn: Connection, viewer: Viewer, at: datetime, *, area: str | None = None
) -> list[Vacancy]:
    """Return the units of an area where nobody is on duty, those that need nobody left out.

    Whether a grid of a kind needs a primary worker is said by the boundary rules (`primary`);
    villages, townships and the county need a desk.
    """
    access.require(viewer, access.Action.WORKER_SEE)
    rows = conn.execute(statement("vacant", "roster"), _area(viewer, area) | {"at": at})
    needed = boundary_rules.load(conn)
    return [
        Vacancy(*row)
        for row in rows
        if row.level != Level.GRID.value or needed.find(row.kind, "primary", row.unit_code)
    ]


def end_duty(conn: Connection, viewer: Viewer, duty_id: int, last_day: date) -> None:
    """End a duty after a day; one that would begin later goes.

    Raises
    ------
    NotFound
        If there is no such duty in the viewer's territory.
    """
    access.require(viewer, access.Action.PEOPLE_MANAGE)
    duty = schema.duty.c
    held = conn.execute(
        select(duty.unit_code, duty.valid).where(duty.duty_id == duty_id).with_for_update()
    ).one_or_none()
    if held is None or not access.in_territory(viewer, held.unit_code):
        raise NotFound(what="duty", key=duty_id)
    until = last_day + timedelta(days=1)
    if held.valid.lower is not None and held.valid.lower >= until:
        raise BadValue(field="last_day", given=last_day.isoformat(), reason="before it begins")
    conn.execute(
        schema.duty.update()
        .where(duty.duty_id == duty_id)
        .values(valid=Range(held.valid.lower, until))
    )
    facts = {"last_day": last_day.isoformat()}
    record = f"duty {duty_id}"
    audit.record(conn, viewer, "duty.end", record, territory=held.unit_code, facts=facts)


def _area(viewer: Viewer, area: str | None) -> dict[str, str]:
    low = viewer.scope if area is None else area
    access.require_territory(viewer, low)
    return code_range(low)


class DutyOverlaps(GridsError):
    """The duty would stand beside another that leaves no room for it."""

    code = "duty.overlaps"
    sentence = "{name} is {rank} of {unit} from {since} on already: end that duty first."


class LeaveOverlaps(GridsError):
    """The person is away in a part of this time already."""

    code = "leave.overlaps"
    sentence = "This person is away from {since} already."


def appoint(
    conn: Connection,
    viewer: Viewer,
    person_id: UUID,
    unit_code: str,
    rank: str,
    *,
    since: date,
    until: date | None = None,
) -> int:
    """Put a person on duty for a unit and return the duty's key.

    `until` is the first day no longer served. A primary worker takes over: the duty of the one
    before ends on `since`.

    Raises
    ------
    NotFound
        If the person or a unit in force is not there, or not in the viewer's territory.
    DutyOverlaps
        If the person has this duty in this time, or a primary worker begins later in it.
    """
    access.require(viewer, access.Action.PEOPLE_MANAGE)
    access.require_territory(viewer, unit_code)
    staff.require_person(conn, viewer, person_id)
    unit = schema.unit.c
    known = select(unit.code).where(unit.code == unit_code, func.upper_inf(unit.valid))
    if conn.execute(known).one_or_none() is None:
        raise NotFound(what="unit", key=unit_code)
    row = {
        "person_id": person_id,
        "unit_code": unit_code,
        "rank": rank,
        "since": since,
        "until": until,
    }
    if rank == "primary":
        conn.execute(statement("give_way", "roster"), row)
    beside = conn.execute(statement("beside", "roster"), row).first()
    if beside is not None:
        raise DutyOverlaps(
            name=beside.name, rank=rank, unit=unit_code, since=beside.since.isoformat()
        )
    duty_id: int = conn.execute(statement("appoint", "roster"), row).scalar_one()
    facts = {"person": str(person_id), "rank": rank}
    audit.record(conn, viewer, "duty.appoint", f"duty {duty_id}", territory=unit_code, facts=facts)
    return duty_id


def take_leave(
    conn: Connection,
    viewer: Viewer,
    person_id: UUID,
    since: datetime,
    until: datetime,
    *,
    reason: str = "",
) -> None:
    """Write down that a person is away from `since` until just before `until`.

    Raises
    ------
    NotFound
        If there is no such person in the viewer's territory.
    LeaveOverlaps
        If the person is away in a part of this time already.
    """
    access.require(viewer, access.Action.PEOPLE_MANAGE)
    unit_code = staff.require_person(conn, viewer, person_id)
    given = {"person_id": person_id, "since": since, "until": until, "reason": reason}
    away = conn.execute(statement("away", "roster"), given).scalar()
    if away is not None:
        raise LeaveOverlaps(since=away.isoformat())
    conn.execute(statement("take_leave", "roster"), given)
    audit.record(conn, viewer, "leave.take", f"person {person_id}", territory=unit_code)


def _duty(row: Row[Any]) -> Duty:
    return Duty(
        row.person_id,
        row.name,
        row.phone_mask,
        row.unit_code,
        row.rank,
        row.on_leave,
        row.open_incidents,
    )
