"""The admission list: the matters that may be given to grids, with their limits and rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, func, select
from sqlalchemy.dialects.postgresql import Range, insert

from grids import access, audit, rules, schema
from grids.errors import BadValue, NotFound
from grids.model import Viewer
from grids.working_days import Clock

_COLUMNS = schema.matter.c


@dataclass(frozen=True, slots=True)
class Matter:
    """An item of the admission list.

    `first_rank` says who is asked first: the `primary` worker or the sub-group's `informant`;
    `limit_hours` run from the report, by `limit_clock`: `working` counts the hours of working days,
    `all` every hour; `attempts` is village-township-county, as `3-2-1`.
    """

    code: str
    scheme: str
    name: str
    department: str
    level: str
    first_rank: str
    limit_hours: int
    attempts: str
    temporary: bool
    since: date | None
    until: date | None
    limit_clock: Clock = "working"


def get(conn: Connection, code: str) -> Matter:
    """Return a matter, in force or not.

    Raises
    ------
    NotFound
        If there is no such item.
    """
    row = conn.execute(select(schema.matter).where(_COLUMNS.code == code)).one_or_none()
    if row is None:
        raise NotFound(what="matter", key=code)
    return _matter(row)


def list_in_force(conn: Connection, on: date) -> list[Matter]:
    """Return the matters of a day by code."""
    rows = conn.execute(
        select(schema.matter).where(_COLUMNS.valid.contains(on)).order_by(_COLUMNS.code)
    )
    return [_matter(row) for row in rows]


def by_code(conn: Connection, codes: Iterable[str]) -> dict[str, Matter]:
    """Return those of the matters that exist, by their codes."""
    rows = conn.execute(select(schema.matter).where(_COLUMNS.code.in_(list(codes))))
    return {row.code: _matter(row) for row in rows}


def save(conn: Connection, viewer: Viewer, matter: Matter) -> None:
    """Add an item or change the one of the same code.

    Raises
    ------
    BadValue
        If the attempts are no rule, or a temporary item has no end.
    """
    access.require(viewer, access.Action.PEOPLE_MANAGE)
    rules.parse_attempts(matter.attempts)
    if matter.temporary and matter.until is None:
        raise BadValue(field="until", given=None, reason="a temporary item has an end")
    values = {
        "scheme": matter.scheme,
        "name": matter.name,
        "department": matter.department,
        "level": matter.level,
        "first_rank": matter.first_rank,
        "limit_hours": matter.limit_hours,
        "limit_clock": matter.limit_clock,
        "attempts": matter.attempts,
        "temporary": matter.temporary,
        "valid": Range(matter.since, matter.until),
    }
    conn.execute(
        insert(schema.matter)
        .values(code=matter.code, **values)
        .on_conflict_do_update(index_elements=["code"], set_=values)
    )
    audit.record(conn, viewer, "matter.save", f"matter {matter.code}", territory=viewer.scope)


def end(conn: Connection, viewer: Viewer, code: str, until: date) -> None:
    """Take an item off the list from a day on; incidents that have it keep it."""
    access.require(viewer, access.Action.PEOPLE_MANAGE)
    done = conn.execute(
        schema.matter.update()
        .where(_COLUMNS.code == code)
        .values(valid=func.daterange(func.lower(_COLUMNS.valid), until))
    )
    if done.rowcount == 0:
        raise NotFound(what="matter", key=code)
    audit.record(conn, viewer, "matter.end", f"matter {code}", territory=viewer.scope)


def _matter(row: Row[Any]) -> Matter:
    return Matter(
        row.code,
        row.scheme,
        row.name,
        row.department,
        row.level,
        row.first_rank,
        row.limit_hours,
        row.attempts,
        row.temporary,
        row.valid.lower,
        row.valid.upper,
        row.limit_clock,
    )
