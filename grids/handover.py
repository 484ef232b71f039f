"""What a worker who leaves hands over: duties to successors, open work to whoever answers then.

It is asked for with a last day. Until the end of that day nothing changes; then, at once or by the
nightly job, each open incident goes to the owner that the roster names for its place and matter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection, Row, select

from grids import access, assign, audit, notices, roster, schema, staff
from grids.db import statement
from grids.errors import BadValue, GridsError
from grids.local_time import local_day
from grids.model import Viewer
from grids.territory import within


class HandoverOpen(GridsError):
    """The person has a handover already that is not done."""

    code = "handover.open"
    sentence = "This person hands over on {last_day} already."


@dataclass(frozen=True, slots=True)
class OpenWork:
    """An incident that somebody owns, and who would own it if they were gone."""

    incident_id: UUID
    number: str
    step: str
    due_at: datetime | None
    matter_name: str
    goes_to_id: UUID | None
    goes_to: str | None
    unit_code: str
    rank: str


@dataclass(frozen=True, slots=True)
class HeldPost:
    """A duty that the person still has after a day."""

    unit_code: str
    unit_name: str
    rank: str


@dataclass(frozen=True, slots=True)
class Handover:
    """A handover as it was asked for; `moved` is the list of what moved to whom, once done."""

    handover_id: int
    person_id: UUID
    person_name: str
    last_day: date
    reason: str
    successors: dict[str, str]
    done_at: datetime | None
    moved: list[dict[str, Any]]


def preview(
    conn: Connection, viewer: Viewer, person_id: UUID, now: datetime
) -> tuple[list[HeldPost], list[OpenWork]]:
    """Return the posts that would fall vacant, and the open work with who it would go to.

    Whoever else is on duty today stands in; a successor who is named takes the place of that.

    Raises
    ------
    NotFound
        If there is no such person in the viewer's territory.
    """
    _unit_of(conn, viewer, person_id)
    held = conn.execute(
        statement("held_after", "handover"), {"person_id": person_id, "last_day": local_day(now)}
    )
    return [HeldPost(*row) for row in held], _given(
        conn, _open_work(conn, person_id), person_id, now
    )


def hand_over(
    conn: Connection,
    viewer: Viewer,
    person_id: UUID,
    *,
    last_day: date,
    reason: str,
    now: datetime,
    successors: Mapping[str, UUID] | None = None,
) -> Handover:
    """End a person's duties after `last_day`, put successors in, and move the open work then.

    Parameters
    ----------
    successors
        Unit code -> person who takes over, in the same rank, from the day after.

    Raises
    ------
    NotFound
        If the person, or a successor, is not in the viewer's territory.
    BadValue
        If no reason is given, or a successor is named for a unit that the person does not hold.
    HandoverOpen
        If a handover of this person waits already.
    """
    unit_code = _unit_of(conn, viewer, person_id)
    if not reason.strip():
        raise BadValue(field="reason", given=reason, reason="empty")
    table = schema.handover
    waiting = select(table.c.last_day).where(
        table.c.person_id == person_id, table.c.done_at.is_(None)
    )
    if (there := conn.execute(waiting).scalar()) is not None:
        raise HandoverOpen(last_day=there.isoformat())
    given = {"person_id": person_id, "last_day": last_day}
    ended = conn.execute(statement("end_duties", "handover"), given).all()
    ranks = {row.unit_code: row.rank for row in ended}
    following = last_day + timedelta(days=1)
    for code, successor in (successors or {}).items():
        if code not in ranks:
            raise BadValue(field="successors", given=code, reason="no unit of this person's")
        _unit_of(conn, viewer, successor)
        roster.appoint(conn, viewer, successor, code, ranks[code], since=following)
    handover_id: int = conn.execute(
        table.insert()
        .values(
            person_id=person_id,
            last_day=last_day,
            reason=reason.strip(),
            successors={code: str(who) for code, who in (successors or {}).items()},
            by_person=viewer.person_id,
            asked_at=now,
            territory_code=unit_code,
        )
        .returning(table.c.handover_id)
    ).scalar_one()
    facts = {"last_day": last_day.isoformat(), "n_units": len(ended)}
    record = f"person {person_id}"
    audit.record(conn, viewer, "handover.ask", record, territory=unit_code, facts=facts)
    if last_day < local_day(now):
        _complete(conn, handover_id, person_id, reason.strip(), viewer.person_id, now)
    return _one(conn, handover_id)


def complete_due(conn: Connection, now: datetime) -> int:
    """Move the open work of everybody whose last day is over; return how many handovers it were.

    For the owner role, in every territory. Run again it finds nothing to do.
    """
    due = conn.execute(statement("due", "handover"), {"today": local_day(now)}).all()
    for row in due:
        _complete(conn, row.handover_id, row.person_id, row.reason, row.by_person, now)
        facts = {"handover_id": row.handover_id}
        record = f"person {row.person_id}"
        audit.record(conn, None, "handover.done", record, territory=row.territory_code, facts=facts)
    return len(due)


def list_handovers(conn: Connection, viewer: Viewer) -> list[Handover]:
    """Return the handovers of the viewer's territory: those that wait, then the newest first."""
    access.require(viewer, access.Action.PEOPLE_MANAGE)
    table = schema.handover.c
    rows = conn.execute(
        _select()
        .where(within(table.territory_code, viewer.scope))
        .order_by(table.done_at.desc().nulls_first(), table.handover_id.desc())
        .limit(200)
    )
    return [_handover(row) for row in rows]


# ----------------------------------------------------------------------------------------------


def _open_work(conn: Connection, person_id: UUID) -> Sequence[Row[Any]]:
    return conn.execute(statement("open_work", "handover"), {"person_id": person_id}).all()


def _given(
    conn: Connection, rows: Sequence[Row[Any]], person_id: UUID, now: datetime
) -> list[OpenWork]:
    """Return a person's open incidents with who would own each if that person were gone."""
    if not rows:
        return []
    rota = assign.Rota(conn, now, without=person_id)
    found = []
    for row in rows:
        to = rota.give(row.territory_code, row.first_rank)
        found.append(
            OpenWork(
                row.incident_id,
                row.number,
                row.step,
                row.due_at,
                row.matter_name,
                to.person.person_id if to.person else None,
                to.person.name if to.person else None,
                to.unit_code,
                to.rank,
            )
        )
    return found


def _complete(
    conn: Connection,
    handover_id: int,
    person_id: UUID,
    reason: str,
    by_person: UUID | None,
    now: datetime,
) -> None:
    """Give away what a person owns, tell the new owners, and keep the list."""
    held = _open_work(conn, person_id)
    work = _given(conn, held, person_id, now)
    places = {row.incident_id: row.reported_at for row in held}
    why = {"reason": "handed_over", "note": reason, "skipped": []}
    rows = [
        {
            "incident_id": one.incident_id,
            "reported_at": places[one.incident_id],
            "owner_id": one.goes_to_id,
            "owner_unit": one.unit_code,
            "owner_rank": one.rank,
            "reason": why,
        }
        for one in work
    ]
    conn.execute(
        statement("give", "handover"),
        {
            "rows": orjson.dumps(rows).decode(),
            "person_id": str(person_id),
            "by_person": by_person,
            "now": now,
            "note": reason,
        },
    )
    for owner, n in Counter(one.goes_to_id for one in work if one.goes_to_id).items():
        notices.post(conn, owner, "incident.handed_over", {"n": n}, now)
    moved = [
        {
            "incident_id": str(one.incident_id),
            "number": one.number,
            "to": one.goes_to,
            "unit_code": one.unit_code,
            "rank": one.rank,
        }
        for one in work
    ]
    table = schema.handover
    conn.execute(
        table.update().where(table.c.handover_id == handover_id).values(done_at=now, moved=moved)
    )


def _unit_of(conn: Connection, viewer: Viewer, person_id: UUID) -> str:
    access.require(viewer, access.Action.PEOPLE_MANAGE)
    return staff.require_person(conn, viewer, person_id)


def _select() -> Any:
    person = schema.person
    return select(*schema.handover.c, person.c.name.label("person_name")).join(
        person, person.c.person_id == schema.handover.c.person_id
    )


def _one(conn: Connection, handover_id: int) -> Handover:
    row = conn.execute(_select().where(schema.handover.c.handover_id == handover_id)).one()
    return _handover(row)


def _handover(row: Row[Any]) -> Handover:
    return Handover(
        row.handover_id,
        row.person_id,
        row.person_name,
        row.last_day,
        row.reason,
        row.successors,
        row.done_at,
        row.moved,
    )
