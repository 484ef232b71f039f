"""Incidents that belong together: look-alikes nearby, repetitions, and parts of one that was two.

Nothing is thrown away: what repeats another keeps its number, its history and its reporter, whose
answer comes from the one that goes on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Row, update

from geo.position import Position
from grids import access, incident_view, locate, schema
from grids.access import Action
from grids.db import statement
from grids.errors import GridsError
from grids.incident_change import put, write
from grids.incident_intake import receive
from grids.incident_report import IncidentReport
from grids.incident_rows import Receipt
from grids.incident_view import Incident
from grids.model import Viewer

RADIUS_M = 50.0
WITHIN = timedelta(hours=72)
_MOST = 20
_I = schema.incident.c


class NotMergeable(GridsError):
    """An incident would repeat itself, or one that is itself a repetition or was rejected."""

    code = "incident.not_mergeable"
    sentence = "Incident {number} cannot take the other one over: {reason}."


@dataclass(frozen=True, slots=True)
class LookAlike:
    """An incident near a place and a moment."""

    incident: Incident
    distance_m: float
    hours_apart: float
    same_matter: bool


def similar(
    conn: Connection,
    viewer: Viewer,
    position: Position,
    at: datetime,
    now: datetime,
    *,
    matter: str | None = None,
    but: UUID | None = None,
) -> list[LookAlike]:
    """Return what was reported within 50 m and 72 h of a place and a moment.

    Those of the same matter come first, then the nearest, then the closest in time; rejected ones
    and repetitions are left out.

    Parameters
    ----------
    matter
        Code of the matter that is to be reported.
    but
        An incident that does not count: the one that is compared.
    """
    access.require(viewer, Action.INCIDENT_SEE)
    east_m, north_m = locate.metres_of_a_degree(position.lat)
    wide, high = RADIUS_M / east_m, RADIUS_M / north_m
    found = conn.execute(
        statement("similar", "incidents"),
        {
            "lon": position.lon,
            "lat": position.lat,
            "west": position.lon - wide,
            "east": position.lon + wide,
            "south": position.lat - high,
            "north": position.lat + high,
            "radius_m": RADIUS_M,
            "at": at,
            "within": WITHIN,
            "matter": matter,
            "but": but,
            "most": _MOST,
        },
    ).all()
    rows = incident_view.by_ids(conn, viewer, [row.incident_id for row in found], now)
    return [
        LookAlike(
            rows[row.incident_id],
            row.distance_m,
            float(row.hours_apart),
            bool(row.same_matter),
        )
        for row in found
        if row.incident_id in rows
    ]


def require_mergeable(repeats: Row[Any], kept: Row[Any]) -> None:
    """Let pass an incident that can go on for another.

    Raises
    ------
    NotMergeable
        If both are one, or the one to be kept was rejected or repeats another itself.
    """
    if repeats.incident_id == kept.incident_id:
        raise NotMergeable(number=kept.number, reason="it is the same one")
    if kept.step == "duplicate":
        raise NotMergeable(number=kept.number, reason="it repeats another itself")
    if kept.step == "rejected":
        raise NotMergeable(number=kept.number, reason="it was rejected")


def owed_after(kept: Row[Any], repeats: Row[Any]) -> dict[str, Any]:
    """Return the columns of an incident that owes an answer for one that repeats it as well."""
    if repeats.reporter_known and repeats.answered_at is None:
        return {"reporter_known": True, "answered_at": None}
    return {}


def take_over(
    conn: Connection, viewer: Viewer, kept: Row[Any], repeats: Iterable[Row[Any]], now: datetime
) -> None:
    """Let an incident go on for those that repeat it, and write it into its history."""
    numbers: list[str] = []
    columns: dict[str, Any] = {}
    for one in repeats:
        numbers.append(one.number)
        columns |= owed_after(kept, one)
        point_to(conn, one.incident_id, kept.incident_id)
    put(conn, kept, columns)
    write(conn, viewer, kept, "merge", kept.step, "", now, facts={"numbers": numbers})


def point_to(conn: Connection, former: UUID, kept: UUID) -> None:
    """Let what repeats `former` repeat `kept`, so that a repetition is never of a repetition."""
    conn.execute(
        update(schema.incident)
        .where(_I.duplicate_of == former)
        .values(duplicate_of=kept, version=_I.version + 1)
    )


def split_off(
    conn: Connection,
    viewer: Viewer,
    held: Row[Any],
    summary: str,
    matter_code: str | None,
    now: datetime,
) -> Receipt:
    """Take in a part of an incident as one of its own, at the same place, and return its receipt.

    Raises
    ------
    MatterNotAdmitted
        If its matter is not on the admission list.
    """
    has_position = held.lon is not None
    report = IncidentReport(
        source="split",
        external_id=str(uuid4()),
        matter_code=matter_code or held.matter_code,
        summary=summary,
        place=held.place,
        x=held.lon,
        y=held.lat,
        datum="cgcs2000" if has_position else None,
        accuracy_m=held.accuracy_m,
        unit_code=None if has_position else held.territory_code,
        occurred_at=held.occurred_at,
        occurred_precision=held.occurred_precision,
        channel="desk",
    )
    receipt, _ = receive(conn, viewer, report, now, split_from=held.incident_id)
    return receipt
