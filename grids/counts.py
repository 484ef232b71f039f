"""Counts of incidents per grid and day, and of households per grid.

A day is that of China's one clock on which an incident happened; its grid is the one that it was
placed in when it came, whatever borders did later. Rejected incidents and duplicates do not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection

from grids.db import statement


def daily(
    conn: Connection, since: date, until: date, *, matter: str | None = None, scope: str = ""
) -> dict[str, int]:
    """Return incidents per grid from `since` to `until`, both days included; zeros are missing."""
    rows = conn.execute(
        statement("by_grid", "counts"),
        {"since": since, "until": until, "matter": matter, "scope": scope},
    )
    return {row.grid_code: int(row.n) for row in rows}


def by_day(
    conn: Connection, since: date, until: date, *, matter: str | None = None, scope: str = ""
) -> dict[date, int]:
    """Return incidents of a territory per day, both ends included; days without any are missing."""
    rows = conn.execute(
        statement("by_day", "counts"),
        {"since": since, "until": until, "matter": matter, "scope": scope},
    )
    return {row.day: int(row.n) for row in rows}


def by_grid_and_day(
    conn: Connection, since: date, until: date, *, matter: str | None = None, scope: str = ""
) -> list[tuple[str, date, int]]:
    """Return incidents by grid and day of a period, both ends included; zeros are missing."""
    rows = conn.execute(
        statement("by_grid_and_day", "counts"),
        {"since": since, "until": until, "matter": matter, "scope": scope},
    )
    return [(row.grid_code, row.day, int(row.n)) for row in rows]


def window_counts(
    conn: Connection,
    windows: Sequence[tuple[date, date]],
    *,
    matter: str | None = None,
    scope: str = "",
) -> list[dict[str, int]]:
    """Return as `daily` for each of several periods, in one question."""
    found: list[dict[str, int]] = [{} for _ in windows]
    rows = conn.execute(
        statement("windows", "counts"),
        {
            "since": [since for since, _ in windows],
            "until": [until for _, until in windows],
            "matter": matter,
            "scope": scope,
        },
    )
    for row in rows:
        found[row.place - 1][row.grid_code] = int(row.n)
    return found


def households(conn: Connection, scope: str = "") -> dict[str, int]:
    """Return placed households of each grid in force in a territory, zeros included."""
    rows = conn.execute(statement("households", "counts"), {"scope": scope})
    return {row.grid_code: row.n for row in rows}


def days(conn: Connection) -> tuple[date, date] | None:
    """Return the first and last day that has a count; None if there is none."""
    row = conn.execute(statement("extent", "counts")).one()
    return (row.first, row.last) if row.first else None


def rebuild(conn: Connection) -> int:
    """Count everything again from the incidents and return the number of rows."""
    conn.execute(statement("clear", "counts"))
    return conn.execute(statement("rebuild", "counts")).rowcount
