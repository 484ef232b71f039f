"""What somebody outside may know of an incident: how far it is, and what they were answered.

Nobody's name, no note of the house, no other reporter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from grids import assign
from grids.db import statement

ENDED = frozenset({"closed", "rejected"})
# What outsiders are told of steps that matter inside only.
_PUBLIC = {"returned": "in_progress", "escalated": "in_progress", "verified": "resolved"}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an incident is.

    Parameters
    ----------
    step
        reported, accepted, in_progress, resolved, suspended, rejected or closed. A duplicate is as
        far as the incident that it repeats, and `joined` then.
    due_at
        None while it is suspended.
    agency
        The department, else the unit that answers for it.
    answer
        What the reporter was told last.
    summary, place, lon, lat
        The sender's own words, and where it lies in CGCS2000: for the sender alone.
    """

    incident_id: UUID
    number: str
    matter_code: str
    matter_name: str
    agency: str
    step: str
    joined: bool
    reported_at: datetime
    updated_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    answer: str
    answered_at: datetime | None
    summary: str
    place: str
    lon: float | None
    lat: float | None

    @property
    def ended(self) -> bool:
        """Return whether nothing more is to be done."""
        return self.step in ENDED


def find(conn: Connection, incident_ids: Sequence[UUID]) -> list[Progress]:
    """Return how far incidents are, the newest report first; what does not exist is left out."""
    rows = conn.execute(
        statement("progress", "residents"),
        {"ids": list(incident_ids), "scope": assign.county_of(conn)},
    )
    return [_progress(row) for row in rows]


def list_sent(
    conn: Connection,
    source: str,
    *,
    since: datetime,
    until: datetime,
    most: int,
    matters: Sequence[str] | None = None,
    ids: Sequence[UUID] | None = None,
    ended: bool | None = None,
) -> list[Progress]:
    """Return how far the incidents of one sender are that were reported from `since` to `until`.

    Parameters
    ----------
    matters, ids, ended
        None: whichever.
    most
        The newest come first, and the list ends there.
    """
    found = conn.execute(
        statement("of_source", "residents"),
        {
            "source": source,
            "since": since,
            "until": until,
            "most": most,
            "matters": None if matters is None else list(matters),
            "ids": None if ids is None else list(ids),
            "ended": ended,
            "scope": assign.county_of(conn),
        },
    )
    return find(conn, list(found.scalars()))


def _progress(row: Row[Any]) -> Progress:
    step = "in_progress" if row.step == "duplicate" else _PUBLIC.get(row.step, row.step)
    return Progress(
        row.incident_id,
        row.number,
        row.matter_code,
        row.matter_name,
        row.department or row.unit_name,
        step,
        row.own_step == "duplicate",
        row.reported_at,
        row.updated_at,
        row.due_at,
        row.closed_at,
        row.answer or "",
        row.answered_at,
        row.summary,
        row.place,
        row.lon,
        row.lat,
    )
