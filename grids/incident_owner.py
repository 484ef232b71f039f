"""Another owner for an incident: by hand, up to the next level's desk, or where its pin went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from grids import access, admission, assign, deadlines, roster, rules
from grids.errors import BadValue, NotFound
from grids.model import Assignment, Level, Viewer


@dataclass(frozen=True, slots=True)
class NewOwner:
    """A person (or none) who answers, for which unit, in which rank, and why."""

    person_id: UUID | None
    unit_code: str
    rank: str
    reason: dict[str, Any]

    def columns(self) -> dict[str, Any]:
        """Return the columns of the incident that say so."""
        return {
            "owner_id": self.person_id,
            "owner_unit": self.unit_code,
            "owner_rank": self.rank,
            "owner_reason": self.reason,
        }

    def facts(self, held: Row[Any]) -> dict[str, Any]:
        """Return who had it before and who has it now."""
        return {"from": held.owner_id, "to": self.person_id, "unit_code": self.unit_code}


def by_hand(
    conn: Connection,
    viewer: Viewer,
    held: Row[Any],
    now: datetime,
    note: str,
    *,
    person_id: UUID | None,
    unit_code: str | None,
) -> NewOwner:
    """Return the owner that somebody chose: a person, or whoever answers for a unit.

    Raises
    ------
    BadValue
        If not exactly one of person and unit is given.
    NotFound
        If the person or the unit is not there, or not in the viewer's territory.
    """
    if (person_id is None) == (unit_code is None):
        raise BadValue(field="person_id", given=person_id, reason="either a person or a unit")
    reason = {"reason": "by_hand", "note": note, "by": viewer.name, "skipped": []}
    if person_id is not None:
        return NewOwner(person_id, _unit_of(conn, viewer, person_id, now), "hand", reason)
    assert unit_code is not None
    access.require_territory(viewer, unit_code)
    known = conn.execute(
        text("SELECT 1 FROM unit WHERE code = :code AND upper_inf(valid)"), {"code": unit_code}
    ).scalar()
    if known is None:
        raise NotFound(what="unit", key=unit_code)
    given = assign.responsible(conn, unit_code, admission.get(conn, held.matter_code), now)
    return NewOwner(_person(given), given.unit_code, "hand", reason)


def above(conn: Connection, held: Row[Any], target: Level, now: datetime, *, why: str) -> NewOwner:
    """Return the desk of a level over the incident's place, or of the next one that is manned."""
    code = held.territory_code[: target.digits]
    given = assign.responsible(conn, code, admission.get(conn, held.matter_code), now)
    reason = {
        "reason": why,
        "skipped": list(given.skipped),
        "from_level": rules.handling_level(held.owner_unit).value,
    }
    return NewOwner(_person(given), given.unit_code, "desk", reason)


def given_back(conn: Connection, held: Row[Any], now: datetime) -> NewOwner | None:
    """Return the desk over an owner in the field who gave an incident back.

    Where the same person sits at that desk too, it is the next one up; none if nobody else is left.
    """
    level = rules.handling_level(held.owner_unit).parent
    while level is not None:
        owner = above(conn, held, level, now, why="given_back")
        if owner.person_id is None or owner.person_id != held.owner_id:
            return owner
        level = level.parent
    return None


def assigned(given: Assignment, **more: Any) -> NewOwner:
    """Return the owner that the roster says."""
    reason = {"reason": given.reason, "skipped": list(given.skipped)} | more
    return NewOwner(_person(given), given.unit_code, given.rank, reason)


def new_clock(conn: Connection, held: Row[Any], unit_code: str, now: datetime) -> dict[str, Any]:
    """Return the columns of a limit that begins anew with who handles it now.

    It is accepted by nobody yet.
    """
    limits = deadlines.load(conn)
    level = rules.handling_level(unit_code)
    deadline = limits.of_level(level, held.matter_code, held.level, now)
    return {
        "due_at": deadline.due_at,
        "warn_at": deadline.warn_at,
        "limit_hours": deadline.hours,
        "limit_clock": deadline.clock,
        "limit_left_hours": None,
        "told_colour": None,
    } | to_accept(limits, held, now)


def to_accept(limits: deadlines.Deadlines, held: Row[Any], now: datetime) -> dict[str, Any]:
    """Return the columns of an incident that somebody has to accept from now on."""
    due_at = limits.accept_by(held.matter_code, held.level, now)
    return {"accepted_at": None, "accept_due_at": due_at}


def _person(given: Assignment) -> UUID | None:
    return given.person.person_id if given.person else None


def _unit_of(conn: Connection, viewer: Viewer, person_id: UUID, now: datetime) -> str:
    """Return the unit that a person answers for as an owner: a post of theirs, else their own."""
    unit_code: str | None = conn.execute(
        text("SELECT unit_code FROM person WHERE person_id = :p AND active"), {"p": person_id}
    ).scalar()
    codes = [post.unit_code for post in roster.posts_of(conn, person_id, now)]
    codes += [unit_code] if unit_code else []
    for code in codes:
        if access.in_territory(viewer, code):
            return code
    raise NotFound(what="person", key=str(person_id))
