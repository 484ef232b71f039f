"""How an item enters the admission list: a department asks, the grid office decides.

What is not on the list cannot be given to grid workers. The decision is made for the whole county,
by somebody else than who asked; an urgent temporary item has an end.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection, Row, select

from grids import access, admission, audit, notices, rules, schema
from grids.admission import Matter
from grids.errors import BadValue, GridsError, NotFound
from grids.local_time import local_day
from grids.model import Level, Viewer
from grids.territory import within

STATES = ("asked", "approved", "refused", "withdrawn")
MOST = 200


class RequestWaiting(GridsError):
    """An item of this code waits for a decision already."""

    code = "matter.request_waiting"
    sentence = "A request for the item {matter} waits for a decision already."


class RequestDecided(GridsError):
    """The request was decided or withdrawn before."""

    code = "matter.request_decided"
    sentence = "This request was {state} before."


class OwnRequest(GridsError):
    """Who asks for an item does not decide about it."""

    code = "matter.own_request"
    sentence = "Somebody else decides about a request of your own."


class CountyDecides(GridsError):
    """An item is put on the list for the whole county."""

    code = "matter.county_only"
    sentence = "The list is the whole county's; yours is {scope}."


class NotYours(GridsError):
    """Only who asked can take a request back."""

    code = "matter.not_yours"
    sentence = "Somebody else made this request."


@dataclass(frozen=True, slots=True)
class MatterRequest:
    """A request for an item, as it would stand on the list, and what became of it."""

    request_id: UUID
    item: Matter
    reason: str
    state: str
    asked_by: str | None
    asked_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    note: str


def ask(
    conn: Connection, viewer: Viewer, item: Matter, reason: str, now: datetime
) -> MatterRequest:
    """Ask for an item to be put on the list, or for one that is there to be changed.

    Raises
    ------
    BadValue
        If code, name, department or reason is empty, the attempts are no rule, it has no first
        day, or a temporary item has no end to come.
    RequestWaiting
        If a request for the same code waits.
    """
    access.require(viewer, access.Action.INCIDENT_ASSIGN)
    for field, given in (
        ("code", item.code),
        ("name", item.name),
        ("department", item.department),
        ("reason", reason),
    ):
        if not given.strip():
            raise BadValue(field=field, given=given, reason="empty")
    rules.parse_attempts(item.attempts)
    if item.since is None:
        raise BadValue(field="since", given=None, reason="an item has a first day")
    if item.temporary and item.until is None:
        raise BadValue(field="until", given=None, reason="a temporary item has an end")
    if item.until is not None and item.until <= max(item.since, local_day(now)):
        raise BadValue(field="until", given=item.until.isoformat(), reason="over before it begins")
    table = schema.matter_request
    waiting = select(table.c.request_id).where(table.c.code == item.code, table.c.state == "asked")
    if conn.execute(waiting).one_or_none() is not None:
        raise RequestWaiting(matter=item.code)
    request_id: UUID = conn.execute(
        table.insert()
        .values(
            code=item.code,
            item=orjson.loads(orjson.dumps(item)),
            reason=reason.strip(),
            asked_by=viewer.person_id,
            asked_at=now,
            territory_code=viewer.scope,
        )
        .returning(table.c.request_id)
    ).scalar_one()
    audit.record(conn, viewer, "matter.ask", f"matter {item.code}", territory=viewer.scope)
    return _get(conn, viewer, request_id)


def decide(
    conn: Connection,
    viewer: Viewer,
    request_id: UUID,
    *,
    approve: bool,
    note: str,
    now: datetime,
) -> MatterRequest:
    """Put the item on the list, or say why not; who asked is told.

    Raises
    ------
    NotFound
        If there is no such request in the viewer's territory.
    CountyDecides
        If the viewer decides for less than the county.
    OwnRequest
        If the viewer asked for it.
    RequestDecided
        If it does not wait any more.
    BadValue
        If a refusal gives no reason.
    """
    access.require(viewer, access.Action.PEOPLE_MANAGE)
    held = _hold(conn, viewer, request_id)
    if len(viewer.scope) > Level.COUNTY.digits:
        raise CountyDecides(scope=viewer.scope)
    if viewer.person_id is not None and held.asked_by == viewer.person_id:
        raise OwnRequest
    if not approve and not note.strip():
        raise BadValue(field="note", given=note, reason="empty")
    state = "approved" if approve else "refused"
    if approve:
        admission.save(conn, viewer, _item(held.item))
    _close(conn, viewer, held, state, note, now)
    if held.asked_by is not None:
        notices.post(conn, held.asked_by, f"matter.{state}", {"code": held.code}, now)
    return _get(conn, viewer, request_id)


def withdraw(conn: Connection, viewer: Viewer, request_id: UUID, now: datetime) -> MatterRequest:
    """Take back a request of one's own that waits.

    Raises
    ------
    NotFound
        If there is no such request in the viewer's territory.
    NotYours
        If somebody else made it.
    RequestDecided
        If it does not wait any more.
    """
    access.require(viewer, access.Action.INCIDENT_ASSIGN)
    held = _hold(conn, viewer, request_id)
    if held.asked_by != viewer.person_id:
        raise NotYours
    _close(conn, viewer, held, "withdrawn", "", now)
    return _get(conn, viewer, request_id)


def list_requests(
    conn: Connection, viewer: Viewer, state: str | None = None
) -> list[MatterRequest]:
    """Return the requests of the viewer's territory, those that wait first, then the newest."""
    access.require(viewer, access.Action.INCIDENT_SEE)
    if state is not None and state not in STATES:
        raise BadValue(field="state", given=state, reason="one of " + ", ".join(STATES))
    table = schema.matter_request.c
    asked = _select(viewer).order_by(table.state != "asked", table.asked_at.desc()).limit(MOST)
    rows = conn.execute(asked.where(table.state == state) if state else asked)
    return [_request(row) for row in rows]


# ----------------------------------------------------------------------------------------------


def _hold(conn: Connection, viewer: Viewer, request_id: UUID) -> Row[Any]:
    table = schema.matter_request
    row = conn.execute(
        select(*table.c)
        .where(
            table.c.request_id == request_id,
            within(table.c.territory_code, viewer.scope),
        )
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFound(what="request", key=str(request_id))
    if row.state != "asked":
        raise RequestDecided(state=row.state)
    return row


def _close(
    conn: Connection, viewer: Viewer, held: Row[Any], state: str, note: str, now: datetime
) -> None:
    table = schema.matter_request
    conn.execute(
        table.update()
        .where(table.c.request_id == held.request_id)
        .values(state=state, note=note.strip(), decided_by=viewer.person_id, decided_at=now)
    )
    record = f"matter {held.code}"
    audit.record(conn, viewer, f"matter.{state}", record, territory=held.territory_code)


def _select(viewer: Viewer) -> Any:
    table, asked, decided = schema.matter_request, schema.person.alias(), schema.person.alias()
    return (
        select(*table.c, asked.c.name.label("asker"), decided.c.name.label("decider"))
        .outerjoin(asked, asked.c.person_id == table.c.asked_by)
        .outerjoin(decided, decided.c.person_id == table.c.decided_by)
        .where(within(table.c.territory_code, viewer.scope))
    )


def _get(conn: Connection, viewer: Viewer, request_id: UUID) -> MatterRequest:
    columns = schema.matter_request.c
    return _request(conn.execute(_select(viewer).where(columns.request_id == request_id)).one())


def _request(row: Row[Any]) -> MatterRequest:
    return MatterRequest(
        row.request_id,
        _item(row.item),
        row.reason,
        row.state,
        row.asker,
        row.asked_at,
        row.decider,
        row.decided_at,
        row.note,
    )


def _item(kept: dict[str, Any]) -> Matter:
    """Return the matter that a request holds as JSON."""
    days = {
        name: date.fromisoformat(kept[name]) if kept[name] else None for name in ("since", "until")
    }
    return Matter(**{**kept, **days})
