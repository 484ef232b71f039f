"""The calendar: days off in the week and weekends that are worked, as the county lists them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert

from grids import access, audit, schema
from grids.access import Action
from grids.errors import BadValue, GridsError
from grids.model import Level, Viewer
from grids.working_days import WorkingDays

_COLUMNS = schema.calendar_day.c
KINDS = ("off", "work")


class WholeCounty(GridsError):
    """What counts in the whole county was to be set from a part of it."""

    code = "county.only"
    sentence = "This is set for the whole county; yours is {scope}."


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """A day that is `off` or `work` against the habit of its weekday, or said again to be."""

    day: date
    kind: Literal["off", "work"]
    name: str = ""


def load(conn: Connection) -> WorkingDays:
    """Return which days are worked."""
    rows = conn.execute(select(_COLUMNS.day, _COLUMNS.kind))
    return WorkingDays({row.day: row.kind == "work" for row in rows})


def list_year(conn: Connection, year: int) -> list[CalendarDay]:
    """Return the listed days of a year, in order."""
    return _listed(conn, date(year, 1, 1), date(year, 12, 31))


def replace_year(
    conn: Connection, viewer: Viewer, year: int, days: Sequence[CalendarDay]
) -> list[CalendarDay]:
    """Make these the listed days of a year, in the place of all that it had.

    Limits that run already keep the moments that were said when they began.

    Raises
    ------
    Forbidden
        If the role may not manage people and duties.
    WholeCounty
        If the viewer's territory is a part of the county.
    BadValue
        For a day of another year, an unknown kind, or a day that is listed twice.
    """
    require_county(viewer)
    seen: set[date] = set()
    for one in days:
        if one.day.year != year:
            raise BadValue(field="day", given=one.day.isoformat(), reason=f"not in {year}")
        if one.kind not in KINDS:
            raise BadValue(field="kind", given=one.kind, reason=", ".join(KINDS))
        if one.day in seen:
            raise BadValue(field="day", given=one.day.isoformat(), reason="listed twice")
        seen.add(one.day)
    first, last = date(year, 1, 1), date(year, 12, 31)
    conn.execute(delete(schema.calendar_day).where(_COLUMNS.day.between(first, last)))
    _put(conn, days)
    facts = {"year": year, "days": len(days)}
    audit.record(conn, viewer, "calendar.set", f"calendar {year}", territory=None, facts=facts)
    return list_year(conn, year)


def add(conn: Connection, viewer: Viewer, days: Sequence[CalendarDay]) -> int:
    """List days besides those that are listed, or in their place; return how many changed.

    Raises
    ------
    Forbidden, WholeCounty
        As `replace_year`.
    """
    require_county(viewer)
    standing = {
        (row.day, row.kind, row.name)
        for row in conn.execute(
            select(schema.calendar_day).where(_COLUMNS.day.in_([one.day for one in days]))
        )
    }
    changed = [one for one in days if (one.day, one.kind, one.name) not in standing]
    _put(conn, changed)
    if changed:
        span = f"{changed[0].day} .. {changed[-1].day}"
        facts = {"days": len(changed)}
        audit.record(conn, viewer, "calendar.add", f"calendar {span}", territory=None, facts=facts)
    return len(changed)


def require_county(viewer: Viewer) -> None:
    """Let pass who may set what counts in the whole county.

    Raises
    ------
    Forbidden
        If the role may not manage people and duties.
    WholeCounty
        If the viewer's territory is a part of the county.
    """
    access.require(viewer, Action.PEOPLE_MANAGE)
    if len(viewer.scope) > Level.COUNTY.digits:
        raise WholeCounty(scope=viewer.scope)


def _put(conn: Connection, days: Sequence[CalendarDay]) -> None:
    if not days:
        return
    rows: list[dict[str, Any]] = [
        {"day": one.day, "kind": one.kind, "name": one.name} for one in days
    ]
    put = insert(schema.calendar_day)
    said = {"kind": put.excluded.kind, "name": put.excluded.name}
    conn.execute(put.on_conflict_do_update(index_elements=["day"], set_=said), rows)


def _listed(conn: Connection, first: date, last: date) -> list[CalendarDay]:
    rows = conn.execute(
        select(schema.calendar_day).where(_COLUMNS.day.between(first, last)).order_by(_COLUMNS.day)
    )
    return [CalendarDay(row.day, row.kind, row.name) for row in rows]
