"""What is done with an incident: steps by its owner or the desk, and another owner by hand."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from grids import access, admission, assign, audit, notices, roster, rules
from grids.access import Action
from grids.db import statement
from grids.errors import BadValue, Forbidden, NotFound, StaleRecord
from grids.incident_report import KeyReused
from grids.incident_view import Card, get, is_owner
from grids.model import Viewer


@dataclass(frozen=True, slots=True)
class _NewOwner:
    person_id: UUID | None
    unit_code: str


def step(
    conn: Connection,
    viewer: Viewer,
    incident_id: UUID,
    action: str,
    *,
    version: int,
    now: datetime,
    note: str = "",
    key: str | None = None,
) -> Card:
    """Do `action` and return the card as it is then.

    Parameters
    ----------
    version
        The version the sender has seen.
    key
        The sender's key of this deed: sent again it changes nothing, whatever the version is now.

    Raises
    ------
    NotFound
        If there is no such incident in the viewer's territory.
    Forbidden
        If the viewer is neither its owner nor may assign, or the action is the desk's.
    KeyReused
        If another deed came with the same key.
    StaleRecord
        If somebody else changed the incident since.
    BadValue, WrongStep, NoteNeeded
        From `rules.next_step`.
    """
    access.require(viewer, Action.INCIDENT_STEP)
    held = _hold(conn, viewer, incident_id)
    if key is not None and _was_done(conn, held, key, action, note):
        return get(conn, viewer, incident_id)
    is_desk = Action.INCIDENT_ASSIGN in access.allowed(viewer.role)
    _require_version(held, version)
    to_step = rules.next_step(held.step, action, note)
    if not is_desk and (not is_owner(viewer, held.owner_id) or rules.TRANSITIONS[action].desk_only):
        raise Forbidden(role=viewer.role.value, action=action, who_can="owner, dispatcher")
    place = {"incident_id": incident_id, "reported_at": held.reported_at}
    conn.execute(
        statement("move", "incidents"),
        place | {"to_step": to_step, "by_desk": is_desk, "now": now},
    )
    _write(conn, viewer, held, action, to_step, note, now, key=key)
    by = (held.step == "rejected") - (to_step == "rejected")
    if by:
        conn.execute(statement("recount", "incidents"), place | {"by": by})
    if held.owner_id and not is_owner(viewer, held.owner_id):
        _tell(conn, held.owner_id, "incident.step", held, {"action": action}, now)
    return get(conn, viewer, incident_id)


def reassign(
    conn: Connection,
    viewer: Viewer,
    incident_id: UUID,
    *,
    reason: str,
    version: int,
    now: datetime,
    person_id: UUID | None = None,
    unit_code: str | None = None,
) -> Card:
    """Give an incident to a person, or to whoever answers for a unit, and return its card.

    It keeps its step, leaves the review queue, and stays with this owner when borders move.

    Raises
    ------
    NotFound
        If the incident, the person or the unit is not there, or not in the viewer's territory.
    BadValue
        If no reason is given, or not exactly one of person and unit.
    StaleRecord
        If somebody else changed the incident since.
    WrongStep
        If the incident has ended.
    """
    access.require(viewer, Action.INCIDENT_ASSIGN)
    if not reason.strip():
        raise BadValue(field="reason", given=reason, reason="empty")
    if (person_id is None) == (unit_code is None):
        raise BadValue(field="person_id", given=person_id, reason="either a person or a unit")
    held = _hold(conn, viewer, incident_id)
    _require_version(held, version)
    if held.step in rules.ENDED:
        raise rules.WrongStep(step=held.step, action="assign", possible="reopen")
    if person_id is not None:
        owner = _owner_of_person(conn, viewer, person_id, now)
    else:
        assert unit_code is not None
        owner = _owner_of_unit(conn, viewer, unit_code, held, now)
    facts = {"reason": "by_hand", "note": reason, "by": viewer.name, "skipped": []}
    conn.execute(
        text(
            "UPDATE incident SET owner_id = :person_id, owner_unit = :unit_code,"
            " owner_rank = 'hand', owner_reason = CAST(:facts AS jsonb), review = false,"
            " version = version + 1 WHERE incident_id = :incident_id AND reported_at = :reported_at"
        ),
        {
            "person_id": owner.person_id,
            "unit_code": owner.unit_code,
            "facts": json.dumps(facts, ensure_ascii=False),
            "incident_id": incident_id,
            "reported_at": held.reported_at,
        },
    )
    changed = {"from": held.owner_id, "to": owner.person_id, "unit_code": owner.unit_code}
    _write(conn, viewer, held, "assign", held.step, reason, now, facts=changed)
    if owner.person_id:
        _tell(conn, owner.person_id, "incident.assigned", held, {}, now)
    return get(conn, viewer, incident_id)


def _hold(conn: Connection, viewer: Viewer, incident_id: UUID) -> Row[Any]:
    row = conn.execute(
        statement("hold", "incidents"), {"incident_id": incident_id, "scope": viewer.scope}
    ).one_or_none()
    if row is None:
        raise NotFound(what="incident", key=str(incident_id))
    return row


def _require_version(held: Row[Any], version: int) -> None:
    if held.version != version:
        raise StaleRecord(what="incident", key=held.number, yours=version, now=held.version)


def _was_done(conn: Connection, held: Row[Any], key: str, action: str, note: str) -> bool:
    done = conn.execute(
        text(
            "SELECT action, note FROM incident_step"
            " WHERE incident_id = :incident_id AND idempotency_key = :key"
        ),
        {"incident_id": held.incident_id, "key": key},
    ).one_or_none()
    if done is None:
        return False
    if (done.action, done.note) != (action, note):
        raise KeyReused(source=held.number, external_id=key)
    return True


def _write(
    conn: Connection,
    viewer: Viewer,
    held: Row[Any],
    action: str,
    to_step: str,
    note: str,
    now: datetime,
    *,
    key: str | None = None,
    facts: dict[str, Any] | None = None,
) -> None:
    """Add the step and the audit row of something done."""
    conn.execute(
        statement("add_step", "incidents"),
        {
            "incident_id": held.incident_id,
            "action": action,
            "from_step": held.step,
            "to_step": to_step,
            "person_id": viewer.person_id,
            "now": now,
            "note": note,
            "facts": json.dumps(facts or {}, default=str),
            "key": key,
            "territory_code": held.territory_code,
        },
    )
    audit.record(
        conn,
        viewer,
        f"incident.{action}",
        f"incident {held.incident_id}",
        territory=held.territory_code,
        facts={"from": held.step, "to": to_step} | (facts or {}),
    )


def _tell(
    conn: Connection,
    person_id: UUID,
    kind: str,
    held: Row[Any],
    facts: dict[str, Any],
    now: datetime,
) -> None:
    said = {"incident_id": held.incident_id, "number": held.number} | facts
    notices.post(conn, person_id, kind, said, now)


def _owner_of_person(conn: Connection, viewer: Viewer, person_id: UUID, now: datetime) -> _NewOwner:
    """Return a person as owner, for the post they hold or the unit they belong to."""
    unit_code: str | None = conn.execute(
        text("SELECT unit_code FROM person WHERE person_id = :p AND active"), {"p": person_id}
    ).scalar()
    codes = [post.unit_code for post in roster.posts_of(conn, person_id, now)]
    codes += [unit_code] if unit_code else []
    for code in codes:
        if access.in_territory(viewer, code):
            return _NewOwner(person_id, code)
    raise NotFound(what="person", key=str(person_id))


def _owner_of_unit(
    conn: Connection, viewer: Viewer, unit_code: str, held: Row[Any], now: datetime
) -> _NewOwner:
    access.require_territory(viewer, unit_code)
    known = conn.execute(
        text("SELECT 1 FROM unit WHERE code = :code AND upper_inf(valid)"), {"code": unit_code}
    ).scalar()
    if known is None:
        raise NotFound(what="unit", key=unit_code)
    given = assign.responsible(conn, unit_code, admission.get(conn, held.matter_code), now)
    return _NewOwner(given.person.person_id if given.person else None, given.unit_code)
