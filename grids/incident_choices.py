"""What becomes of each open incident whose land changes hands, where a plan asks for that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from grids import drafts
from grids.db import statement
from grids.drafts import Plan
from grids.errors import BadValue, NotFound
from grids.model import Viewer


@dataclass(frozen=True, slots=True)
class AskedIncident:
    """An open incident that a plan would give to another unit.

    `moves` says what publishing would do now: what somebody chose, else (`chosen` is false) the
    common rule, by which one that nobody has accepted yet moves and every other stays. `at` is its
    position [lon, lat].
    """

    incident_id: UUID
    number: str
    matter_code: str
    summary: str
    place: str
    step: str
    owner: str | None
    from_code: str | None
    to_code: str | None
    at: tuple[float, float]
    moves: bool
    chosen: bool


def asked(conn: Connection, plan_id: UUID) -> list[AskedIncident]:
    """Return the open incidents that a plan would give to another unit, the oldest first.

    Only those that row-level security shows to the connection's territory.
    """
    rows = conn.execute(statement("asked_incidents", "publish"), {"plan_id": plan_id})
    return [
        AskedIncident(
            row.incident_id,
            row.number,
            row.matter_code,
            row.summary,
            row.place,
            row.step,
            row.owner,
            row.from_grid if row.from_grid != row.to_grid else row.from_subgroup,
            row.to_grid if row.from_grid != row.to_grid else row.to_subgroup,
            (row.lon, row.lat),
            row.moves,
            row.chosen,
        )
        for row in rows
    ]


def choose(
    conn: Connection,
    viewer: Viewer,
    plan_id: UUID,
    moves: Mapping[UUID, bool],
    now: datetime,
    *,
    version: int | None = None,
) -> Plan:
    """Write down which open incidents go with the land, and return the plan, a version later.

    Parameters
    ----------
    moves
        By incident: whether it goes with the land, or stays with whom it has.

    Raises
    ------
    BadValue
        If the plan does not ask.
    NotFound
        For an incident that would not change hands.
    Forbidden, PlanClosed, PlanConflict
        As `drafts.lock`.
    """
    plan = drafts.lock(conn, viewer, plan_id, version)
    if plan.open_incidents != "ask":
        reason = "the plan does not ask what becomes of open incidents"
        raise BadValue(field="open_incidents", given=plan.open_incidents, reason=reason)
    there = {one.incident_id for one in asked(conn, plan_id)}
    for incident_id, goes in moves.items():
        if incident_id not in there:
            raise NotFound(what="incident", key=str(incident_id))
        conn.execute(
            statement("choose_incident", "publish"),
            {
                "plan_id": plan_id,
                "incident_id": incident_id,
                "moves": goes,
                "by": viewer.person_id,
                "at": now,
            },
        )
    conn.execute(statement("touch", "plans"), {"plan_id": plan_id})
    return drafts.get(conn, viewer, plan_id)
