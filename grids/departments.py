"""Departments: they see to incidents of their matters besides whoever owns these.

A department is a name on the admission list. Who sits at its desk, for the county or for a
township, is told of what happens there and has a queue of it; the owner stays the owner.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, func, insert, select

from grids import access, audit, notices, schema, staff
from grids.errors import BadValue
from grids.model import Viewer
from grids.territory import within

_S = schema.department_seat.c
_M = schema.matter.c


@dataclass(frozen=True, slots=True)
class Seat:
    """Somebody at a department's desk, and the unit whose incidents they are told of."""

    person_id: UUID
    name: str
    unit_code: str
    unit_name: str


@dataclass(frozen=True, slots=True)
class Department:
    """A department of the admission list, how many items it has there, and who sits at its desk."""

    name: str
    n_matters: int
    seats: tuple[Seat, ...]


def list_departments(conn: Connection, viewer: Viewer) -> list[Department]:
    """Return the departments of the list in force by name, with the seats of the territory."""
    access.require(viewer, access.Action.INCIDENT_SEE)
    listed = conn.execute(
        select(_M.department, func.count().label("n"))
        .where(_M.department != "", func.upper_inf(_M.valid))
        .group_by(_M.department)
        .order_by(_M.department)
    ).all()
    unit, person = schema.unit.c, schema.person.c
    rows = conn.execute(
        select(_S.department, _S.person_id, person.name, _S.unit_code, unit.name.label("unit_name"))
        .join(schema.person, person.person_id == _S.person_id)
        .join(schema.unit, unit.code == _S.unit_code)
        .where(within(_S.unit_code, viewer.scope))
        .order_by(_S.unit_code, person.name, _S.person_id)
    )
    seats: dict[str, list[Seat]] = {}
    for row in rows:
        seat = Seat(row.person_id, row.name, row.unit_code, row.unit_name)
        seats.setdefault(row.department, []).append(seat)
    return [
        Department(row.department, row.n, tuple(seats.get(row.department, ()))) for row in listed
    ]


def seat(conn: Connection, viewer: Viewer, department: str, person_id: UUID, now: datetime) -> None:
    """Let a person sit at a department's desk, for the viewer's own territory.

    Raises
    ------
    NotFound
        If there is no such person in the viewer's territory.
    BadValue
        If no item in force belongs to the department.
    """
    access.require(viewer, access.Action.PEOPLE_MANAGE)
    staff.require_person(conn, viewer, person_id, active=True)
    known = select(_M.code).where(_M.department == department, func.upper_inf(_M.valid)).limit(1)
    if conn.execute(known).one_or_none() is None:
        raise BadValue(field="department", given=department, reason="not on the list")
    # Whoever sits there already does so for this territory from now on.
    conn.execute(
        delete(schema.department_seat).where(_S.department == department, _S.person_id == person_id)
    )
    conn.execute(
        insert(schema.department_seat).values(
            department=department, person_id=person_id, unit_code=viewer.scope, since=now
        )
    )
    _write_down(conn, viewer, "department.seat", department, person_id)


def unseat(conn: Connection, viewer: Viewer, department: str, person_id: UUID) -> None:
    """Let a person sit at a department's desk no more; who does not sit there is left alone.

    Raises
    ------
    NotFound
        If there is no such person in the viewer's territory.
    """
    access.require(viewer, access.Action.PEOPLE_MANAGE)
    staff.require_person(conn, viewer, person_id, active=True)
    gone = conn.execute(
        delete(schema.department_seat).where(
            _S.department == department,
            _S.person_id == person_id,
            within(_S.unit_code, viewer.scope),
        )
    )
    if gone.rowcount:
        _write_down(conn, viewer, "department.unseat", department, person_id)


def tell(
    conn: Connection, department: str, territory: str, facts: Mapping[str, Any], now: datetime
) -> None:
    """Owe whoever sits at a department's desk a notice of an incident in a territory."""
    for person_id in _seated(conn, department, territory):
        notices.post(
            conn, person_id, "incident.for_department", {"department": department, **facts}, now
        )


def tell_many(conn: Connection, came: Iterable[tuple[str, str]], now: datetime) -> None:
    """Owe each desk one notice of how many incidents came, of (department, territory) each."""
    owed: Counter[tuple[UUID, str]] = Counter()
    for (department, territory), n in Counter(came).items():
        for person_id in _seated(conn, department, territory):
            owed[person_id, department] += n
    for (person_id, department), n in owed.items():
        facts = {"department": department, "n": n}
        notices.post(conn, person_id, "incident.for_department_many", facts, now)


def _seated(conn: Connection, department: str, territory: str) -> list[UUID]:
    if not department:
        return []
    over = [territory[:digits] for digits in range(1, len(territory) + 1)]
    rows = conn.execute(
        select(_S.person_id)
        .where(_S.department == department, _S.unit_code.in_(over))
        .order_by(_S.person_id)
    )
    return list(rows.scalars())


def _write_down(
    conn: Connection, viewer: Viewer, action: str, department: str, person_id: UUID
) -> None:
    facts = {"person_id": person_id}
    record = f"department {department}"
    audit.record(conn, viewer, action, record, territory=viewer.scope, facts=facts)
