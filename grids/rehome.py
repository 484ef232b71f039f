"""Homes by position: everything placed anew, when nothing says what has changed.

Publishing re-homes what its plan touches (`plan_moves`). This is for what comes from elsewhere: a
restored register, or homes written while a publication was being made by who did not hold it.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from grids.db import statement
from grids.publications import hold


@dataclass(frozen=True, slots=True)
class Rehomed:
    """How many things got another home."""

    households: int
    cameras: int
    incidents: int


def rehome_all(conn: Connection) -> Rehomed:
    """Give everything with a position the home that covers it, and return how many changed.

    On a border the lowest code covers, as everywhere. Households placed by hand or by code keep
    their home, as do incidents placed by hand and those that somebody has accepted; who owns an
    incident is not changed. Only the owner role can do this.

    Raises
    ------
    NothingPublished
        Before the first boundaries.
    """
    number = {"publication": hold(conn).number}
    households = conn.execute(statement("rehome_households", "rehome"), number).rowcount
    cameras = conn.execute(statement("rehome_cameras", "rehome"), number).rowcount
    incidents = conn.execute(statement("rehome_incidents", "rehome"), number).rowcount
    conn.execute(statement("recount", "rehome"))
    return Rehomed(households, cameras, incidents)
