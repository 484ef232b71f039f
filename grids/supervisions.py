"""Supervision sheets (督办): number, deadline, addressee, answer, and the striking off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from grids import access, admission, assign, deadlines, incident_change, roster
from grids.access import Action
from grids.db import statement
from grids.errors import BadValue, Forbidden, GridsError, NotFound
from grids.incident_report import KeyReused
from grids.local_time import local_day
from grids.model import Level, Viewer
from grids.workflow import ENDED

KINDS = ("ordinary", "yellow", "red")
STATES = ("open", "answered", "struck_off")
# Working hours until an answer is due, where the sheet does not say.
_HOURS = {"ordinary": 72.0, "yellow": 48.0, "red": 24.0}


class WrongState(GridsError):
    """A supervision sheet that does not stand where it would have to."""

    code = "supervision.state"
    sentence = "Sheet {number} is {sheet_state}; this needs one that is {needed}."


class ReporterWaits(GridsError):
    """A sheet would be struck off while the reporter of the incident waits for an answer."""

    code = "supervision.unanswered"
    sentence = "Sheet {number} can be struck off once the reporter has been answered."


class Ended(GridsError):
    """An incident that is over would be supervised."""

    code = "supervision.ended"
    sentence = "Incident {number} is over: reopen it before you supervise it."


@dataclass(frozen=True, slots=True)
class Supervision:
    """A sheet: who shall answer what until when, what was answered, whether it is struck off."""

    supervision_id: UUID
    number: str
    incident_id: UUID
    incident_number: str
    kind: str
    note: str
    to_unit: str
    to_name: str
    issued_at: datetime
    issued_by: str | None
    due_at: datetime
    state: str
    answer: str
    answered_at: datetime | None
    answered_by: str | None
    struck_off_at: datetime | None
    struck_off_note: str


def of_incident(conn: Connection, incident_id: UUID) -> list[Supervision]:
    """Return the sheets of an incident, the oldest first."""
    return _read(conn, incident_id=incident_id)


def list_all(
    conn: Connection, viewer: Viewer, now: datetime, *, state: str | None = None
) -> list[Supervision]:
    """Return the sheets of the viewer's territory in a state (none: not struck off), the most
    urgent first; `overdue` asks for those whose answer is late.

    Raises
    ------
    BadValue
        If there is no such state.
    """
    access.require(viewer, Action.INCIDENT_SEE)
    if state not in (None, "overdue", *STATES):
        raise BadValue(field="state", given=state, reason="one of overdue, " + ", ".join(STATES))
    found = _read(conn, scope=viewer.scope, state=None if state == "overdue" else state)
    if state == "overdue":
        found = [one for one in found if one.state == "open" and one.due_at <= now]
    return sorted(found, key=lambda one: (one.due_at, one.number))


def issue(
    conn: Connection,
    viewer: Viewer,
    incident_id: UUID,
    kind: str,
    note: str,
    now: datetime,
    *,
    due_at: datetime | None = None,
    to_unit: str | None = None,
    key: str | None = None,
) -> Supervision:
    """Supervise an incident and return the sheet.

    Parameters
    ----------
    due_at
        Until when an answer is expected; none: 72, 48 or 24 working hours by kind.
    to_unit
        Who has to answer; none: the unit that has the incident.
    key
        The sender's key: sent again it changes nothing and returns the same sheet.

    Raises
    ------
    Forbidden
        If the viewer may not assign.
    NotFound
        If the incident or the unit is not there, or not in the viewer's territory.
    Ended
        If the incident is over.
    BadValue
        For an unknown kind, an empty note, or a deadline that is past.
    KeyReused
        If another sheet came with the same key.
    """
    access.require(viewer, Action.INCIDENT_ASSIGN)
    if kind not in KINDS:
        raise BadValue(field="kind", given=kind, reason="one of " + ", ".join(KINDS))
    if not note.strip():
        raise BadValue(field="note", given=note, reason="empty")
    held = incident_change.hold(conn, viewer, incident_id)
    if key is not None:
        asked = {"incident_id": incident_id, "key": key}
        known = conn.execute(statement("known_key", "supervisions"), asked).one_or_none()
        if known is not None:
            if (known.kind, known.note) != (kind, note):
                raise KeyReused(source=held.number, external_id=key)
            return get(conn, viewer, known.supervision_id)
    if held.step in ENDED:
        raise Ended(number=held.number)
    if due_at is None:
        due_at = deadlines.load(conn).working.after(now, _HOURS[kind], "working")
    elif due_at <= now:
        raise BadValue(field="due_at", given=due_at.isoformat(), reason="a moment to come")
    addressee = to_unit or held.owner_unit
    if to_unit is not None:
        access.require_territory(viewer, to_unit)
        if (
            conn.execute(statement("unit_in_force", "supervisions"), {"code": to_unit}).scalar()
            is None
        ):
            raise NotFound(what="unit", key=to_unit)
    row = {
        "number": _number(conn, held.territory_code, now),
        "incident_id": incident_id,
        "kind": kind,
        "note": note,
        "to_unit": addressee,
        "now": now,
        "by": viewer.person_id,
        "due_at": due_at,
        "key": key,
        "territory_code": held.territory_code,
    }
    supervision_id: UUID = conn.execute(statement("issue", "supervisions"), row).scalar_one()
    issued = get(conn, viewer, supervision_id)
    _write(conn, viewer, held, "supervise", issued, note, now)
    given = assign.responsible(conn, addressee, admission.get(conn, held.matter_code), now)
    told = {held.owner_id, given.person.person_id if given.person else None}
    _tell(conn, told - {viewer.person_id}, "incident.supervised", held, issued, now)
    return issued


def answer(
    conn: Connection, viewer: Viewer, supervision_id: UUID, note: str, now: datetime
) -> Supervision:
    """Say what came of a supervised incident and return the sheet.

    Raises
    ------
    Forbidden
        If the viewer neither owns the incident, nor is on duty for the unit that shall answer, nor
        may assign.
    NotFound, WrongState, BadValue
        If there is no such sheet, it does not wait for an answer, or nothing is said.
    """
    access.require(viewer, Action.INCIDENT_STEP)
    sheet, held = _hold(conn, viewer, supervision_id, "open", note)
    may = access.allowed(viewer.role)
    if Action.INCIDENT_ASSIGN not in may and viewer.person_id != held.owner_id:
        posts = roster.posts_of(conn, viewer.person_id, now) if viewer.person_id else []
        if sheet.to_unit not in {post.unit_code for post in posts}:
            raise Forbidden(role=viewer.role.value, action="answer", who_can="owner, dispatcher")
    asked = {"supervision_id": supervision_id, "answer": note, "now": now, "by": viewer.person_id}
    conn.execute(statement("answer", "supervisions"), asked)
    _write(conn, viewer, held, "supervision_answer", sheet, note, now)
    issuer = conn.execute(statement("issuer", "supervisions"), {"supervision_id": supervision_id})
    told = {issuer.scalar_one()} - {viewer.person_id}
    _tell(conn, told, "supervision.answered", held, sheet, now)
    return get(conn, viewer, supervision_id)


def strike_off(
    conn: Connection, viewer: Viewer, supervision_id: UUID, note: str, now: datetime
) -> Supervision:
    """Strike a sheet off (销号) and return it; from then on it no longer keeps the incident open.

    Raises
    ------
    Forbidden, NotFound, BadValue
        If the viewer may not assign, there is no such sheet, or nothing is said.
    WrongState
        If it was not answered, or is struck off already.
    ReporterWaits
        If whoever reported the incident has not been answered.
    """
    access.require(viewer, Action.INCIDENT_ASSIGN)
    sheet, held = _hold(conn, viewer, supervision_id, "answered", note)
    if held.reporter_known and held.answered_at is None:
        raise ReporterWaits(number=sheet.number)
    asked = {"supervision_id": supervision_id, "note": note, "now": now, "by": viewer.person_id}
    conn.execute(statement("strike_off", "supervisions"), asked)
    _write(conn, viewer, held, "strike_off", sheet, note, now)
    _tell(conn, {held.owner_id} - {viewer.person_id}, "supervision.struck_off", held, sheet, now)
    return get(conn, viewer, supervision_id)


def get(conn: Connection, viewer: Viewer, supervision_id: UUID) -> Supervision:
    """Return a sheet.

    Raises
    ------
    NotFound
        If there is no such sheet in the viewer's territory.
    """
    found = _read(conn, scope=viewer.scope, supervision_id=supervision_id)
    if not found:
        raise NotFound(what="supervision", key=str(supervision_id))
    return found[0]


def _read(conn: Connection, **asked: Any) -> list[Supervision]:
    nothing = {"incident_id": None, "supervision_id": None, "state": None, "scope": ""}
    given = (
        nothing | asked | {"standing": "incident_id" not in asked and "supervision_id" not in asked}
    )
    rows = conn.execute(statement("sheets", "supervisions"), given)
    return [Supervision(**row._mapping) for row in rows]


def _hold(
    conn: Connection, viewer: Viewer, supervision_id: UUID, needed: str, note: str
) -> tuple[Supervision, Row[Any]]:
    if not note.strip():
        raise BadValue(field="note", given=note, reason="empty")
    sheet = get(conn, viewer, supervision_id)
    # Whoever changes an incident or its sheets waits for the other who does.
    held = incident_change.hold(conn, viewer, sheet.incident_id)
    sheet = get(conn, viewer, supervision_id)
    if sheet.state != needed:
        raise WrongState(number=sheet.number, sheet_state=sheet.state, needed=needed)
    return sheet, held


def _number(conn: Connection, territory: str, now: datetime) -> str:
    county, year = territory[: Level.COUNTY.digits], local_day(now).year
    last: int = conn.execute(
        statement("take_number", "supervisions"), {"county_code": county, "year": year}
    ).scalar_one()
    return f"{county}-DB{year}-{last:04d}"


def _write(
    conn: Connection,
    viewer: Viewer,
    held: Row[Any],
    action: str,
    sheet: Supervision,
    note: str,
    now: datetime,
) -> None:
    """Write a line in the incident's history that leaves it where it is."""
    facts = {"number": sheet.number, "kind": sheet.kind, "to_unit": sheet.to_unit}
    incident_change.put(conn, held, {})
    incident_change.write(conn, viewer, held, action, held.step, note, now, facts=facts)


def _tell(
    conn: Connection,
    people: set[UUID | None],
    kind: str,
    held: Row[Any],
    sheet: Supervision,
    now: datetime,
) -> None:
    facts = {"sheet": sheet.number, "colour": sheet.kind, "due_at": sheet.due_at.isoformat()}
    incident_change.tell(conn, people, kind, held, facts, now)
