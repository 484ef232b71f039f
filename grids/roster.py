"""The roster: who is on duty for which unit, who is on leave, where nobody is.

Days are those of China's one clock (`local_day` in SQL).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from grids import access, audit
from grids.db import statement
from grids.errors import NotFound
from grids.model import Duty, Viewer


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


def vacancies(conn: Connection, scope: str, at: datetime) -> list[str]:
    """Return the units of a territory where nobody is on duty: grids without a primary worker,
    villages, townships and counties without a desk. Leave is no vacancy.
    """
    rows = conn.execute(statement("vacancies", "roster"), {"scope": scope, "at": at})
    return [row.code for row in rows]


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
    """
    access.require(viewer, access.Action.PEOPLE_MANAGE)
    access.require_territory(viewer, unit_code)
    row = {
        "person_id": person_id,
        "unit_code": unit_code,
        "rank": rank,
        "since": since,
        "until": until,
    }
    if rank == "primary":
        conn.execute(
            text(
                "UPDATE duty SET valid = daterange(lower(valid), :since)"
                " WHERE unit_code = :unit_code AND rank = 'primary'"
                "   AND valid @> CAST(:since AS date) AND lower(valid) < :since"
            ),
            row,
        )
    duty_id: int = conn.execute(
        text(
            "INSERT INTO duty (person_id, unit_code, rank, valid) VALUES (:person_id, :unit_code,"
            " :rank, daterange(:since, :until)) RETURNING duty_id"
        ),
        row,
    ).scalar_one()
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
    """
    access.require(viewer, access.Action.PEOPLE_MANAGE)
    unit_code = conn.execute(
        text("SELECT unit_code FROM person WHERE person_id = :p"), {"p": person_id}
    ).scalar()
    if unit_code is None:
        raise NotFound(what="person", key=str(person_id))
    access.require_territory(viewer, unit_code, "person")
    conn.execute(
        text(
            "INSERT INTO leave (person_id, during, reason)"
            " VALUES (:person_id, tstzrange(:since, :until), :reason)"
        ),
        {"person_id": person_id, "since": since, "until": until, "reason": reason},
    )
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
