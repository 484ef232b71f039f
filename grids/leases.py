"""Who is at work where: signs that are put up for a quarter of an hour, never locks.

Nothing is refused because of a lease. What two people change at once is found out by versions; a
lease only tells them beforehand.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection

from grids import drafts
from grids.access import require, require_territory
from grids.db import statement
from grids.model import Viewer

LASTS = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Lease:
    """Somebody else who is editing a village in a plan."""

    person_id: UUID
    person: str
    plan_id: UUID
    plan_title: str
    village_code: str
    village_name: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Presence:
    """Until when the viewer's own leases last, and who else is there."""

    until: datetime | None
    others: tuple[Lease, ...]


def take(
    conn: Connection, viewer: Viewer, plan_id: UUID, villages: Collection[str], now: datetime
) -> Presence:
    """Say that the viewer edits these villages in a plan, and return who else does.

    Called again before it ends, a lease lasts on; villages that are not named any more are given
    up. The operator of the machine has no name to put up and only sees who is there.

    Raises
    ------
    Forbidden, NotFound
        If there is no such plan or village in the viewer's territory, or the role may not edit.
    """
    require(viewer, "plan.edit")
    drafts.get(conn, viewer, plan_id)
    wanted = sorted(set(villages))
    for code in wanted:
        require_territory(viewer, code, "village")
    until = None
    if viewer.person_id is not None:
        until = now + LASTS
        # First take, in the order of the codes, then end, which passes over what others hold: two
        # windows of one person that name different villages cannot wait for each other.
        conn.execute(
            statement("take", "leases"),
            {"villages": wanted, "plan_id": plan_id, "by": viewer.person_id, "until": until},
        )
        _end(conn, viewer, plan_id, now, but=wanted)
    return Presence(until, others(conn, viewer, plan_id, wanted, now))


def give_up(conn: Connection, viewer: Viewer, plan_id: UUID, now: datetime) -> None:
    """Take down the viewer's leases in a plan.

    Raises
    ------
    Forbidden, NotFound
        As `take`.
    """
    require(viewer, "plan.edit")
    drafts.get(conn, viewer, plan_id)
    _end(conn, viewer, plan_id, now, but=[])


def others(
    conn: Connection, viewer: Viewer, plan_id: UUID, villages: Collection[str], now: datetime
) -> tuple[Lease, ...]:
    """Return who else edits these villages, in this plan or in another one."""
    rows = conn.execute(
        statement("others", "leases"),
        {"villages": list(villages), "plan_id": plan_id, "by": viewer.person_id, "at": now},
    )
    return tuple(Lease(**row._mapping) for row in rows)


def _end(
    conn: Connection, viewer: Viewer, plan_id: UUID, now: datetime, *, but: Collection[str]
) -> None:
    conn.execute(
        statement("end", "leases"),
        {"plan_id": plan_id, "by": viewer.person_id, "at": now, "but": list(but)},
    )
