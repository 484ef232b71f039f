"""What every change of an incident shares: held for it, written down, and told to people."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text, update

from grids import audit, notices, schema
from grids.db import statement
from grids.errors import NotFound, StaleRecord
from grids.incident_report import KeyReused
from grids.model import Viewer
from grids.workflow import UNCOUNTED

_I = schema.incident.c


def hold(conn: Connection, viewer: Viewer, incident_id: UUID) -> Row[Any]:
    """Return an incident, kept from being changed by others until this transaction ends.

    Raises
    ------
    NotFound
        If there is no such incident in the viewer's territory.
    """
    row = conn.execute(
        statement("hold", "incidents"), {"incident_id": incident_id, "scope": viewer.scope}
    ).one_or_none()
    if row is None:
        raise NotFound(what="incident", key=str(incident_id))
    return row


def require_version(held: Row[Any], version: int) -> None:
    """Let pass who has seen the incident as it is.

    Raises
    ------
    StaleRecord
        If somebody else changed it since.
    """
    if held.version != version:
        raise StaleRecord(what="incident", key=held.number, yours=version, now=held.version)


def was_done(
    conn: Connection, held: Row[Any], key: str, action: str, note: str, said: Mapping[str, Any]
) -> bool:
    """Return whether this deed was done before, under the sender's key of it.

    Raises
    ------
    KeyReused
        If another deed was done under the key.
    """
    done = conn.execute(
        text(
            "SELECT action, note, facts -> 'said' AS said FROM incident_step"
            " WHERE incident_id = :incident_id AND idempotency_key = :key"
        ),
        {"incident_id": held.incident_id, "key": key},
    ).one_or_none()
    if done is None:
        return False
    if (done.action, done.note, done.said or {}) != (action, note, _plain(said)):
        raise KeyReused(source=held.number, external_id=key)
    return True


def put(conn: Connection, held: Row[Any], values: Mapping[str, Any]) -> None:
    """Change columns of a held incident, one version on; the daily count follows its step.

    An owner's unit, a deadline and other columns come under their own names.
    """
    conn.execute(
        update(schema.incident)
        .where(_I.incident_id == held.incident_id, _I.reported_at == held.reported_at)
        .values(version=_I.version + 1, **values)
    )
    to_step = values.get("step", held.step)
    by = (held.step in UNCOUNTED) - (to_step in UNCOUNTED)
    if by:
        recount(conn, held, by)


def recount(conn: Connection, held: Row[Any], by: int) -> None:
    """Let the daily count of the grid that an incident was last placed in follow."""
    conn.execute(
        statement("count_again", "incidents"),
        {"incident_id": held.incident_id, "reported_at": held.reported_at, "by": by},
    )


def write(
    conn: Connection,
    viewer: Viewer,
    held: Row[Any],
    action: str,
    to_step: str,
    note: str,
    now: datetime,
    *,
    key: str | None = None,
    facts: Mapping[str, Any] | None = None,
    said: Mapping[str, Any] | None = None,
    from_step: str | None = None,
) -> None:
    """Add the step and the audit row of something done.

    `facts` is what came of it, `said` what was asked for besides the note: it tells the same deed
    sent again from another one under the same key.
    """
    known = dict(facts or {})
    conn.execute(
        statement("add_step", "incidents"),
        {
            "incident_id": held.incident_id,
            "action": action,
            "from_step": from_step or held.step,
            "to_step": to_step,
            "person_id": viewer.person_id,
            "now": now,
            "note": note,
            "facts": json.dumps(known | ({"said": _plain(said)} if said else {}), default=str),
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
        facts={"from": from_step or held.step, "to": to_step} | known,
    )


def tell(
    conn: Connection,
    people: Iterable[UUID | None],
    kind: str,
    held: Row[Any],
    facts: Mapping[str, Any],
    now: datetime,
) -> None:
    """Owe people a message about an incident, each once."""
    said = {"incident_id": held.incident_id, "number": held.number} | dict(facts)
    for person_id in sorted({one for one in people if one is not None}):
        notices.post(conn, person_id, kind, said, now)


def _plain(said: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what was said as it comes back from the database."""
    plain: dict[str, Any] = json.loads(json.dumps(dict(said or {}), default=str))
    return plain
