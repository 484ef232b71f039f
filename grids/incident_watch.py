"""What happens to incidents by themselves: suspensions end, owners are warned of limits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from grids import access, notices
from grids.db import statement
from grids.incident_change import hold, put, tell, write
from grids.incident_steps import running_on

# In one transaction; what is left waits for the next round.
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Watched:
    """How many incidents run on, and how many owners were told of limits."""

    resumed: int
    warned: int
    overdue: int


def watch(conn: Connection, now: datetime) -> Watched:
    """Let suspensions end, tell owners once of what is at risk and once of what is overdue.

    An owner of several is told their number in one message. Can be run again at any moment.
    """
    return Watched(
        _resume(conn, now),
        _tell(conn, "at_risk", "yellow", now),
        _tell(conn, "overdue", "red", now),
    )


def _resume(conn: Connection, now: datetime) -> int:
    viewer = access.everyone()
    asked = {"now": now, "most": _AT_ONCE}
    keys = conn.execute(statement("suspension_over", "incidents"), asked).scalars().all()
    for key in keys:
        held = hold(conn, viewer, key)
        put(conn, held, running_on(conn, held, now) | {"step": "in_progress"})
        write(conn, viewer, held, "resume", "in_progress", "", now, facts={"why": "date"})
        tell(conn, [held.owner_id], "incident.resumed", held, {}, now)
    return len(keys)


def _tell(conn: Connection, rule: str, colour: str, now: datetime) -> int:
    asked = {"now": now, "colour": colour, "most": _AT_ONCE}
    rows = conn.execute(statement(f"turned_{colour}", "incidents"), asked).all()
    owned = sorted((row for row in rows if row.owner_id), key=_owner)
    n_told = 0
    for owner_id, group in groupby(owned, key=_owner):
        several = list(group)
        kind = f"incident.{rule}" if len(several) == 1 else f"incident.{rule}_many"
        notices.post(conn, owner_id, kind, _facts(several), now)
        n_told += 1
    return n_told


def _owner(row: Row[Any]) -> UUID:
    owner_id: UUID = row.owner_id
    return owner_id


def _facts(rows: list[Row[Any]]) -> dict[str, Any]:
    if len(rows) > 1:
        return {"n": len(rows)}
    (row,) = rows
    return {"incident_id": row.incident_id, "number": row.number, "due_at": row.due_at.isoformat()}
