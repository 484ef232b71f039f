"""Visits to households and patrols of grids, and how far they cover a grid.

A visit keeps who, when, which household and one of a few results: no words about people. Nobody's
movements are recorded; a patrol is a time and a grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

import orjson
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import Range

from grids import access, audit, schema
from grids.db import statement
from grids.errors import BadValue, Forbidden, NotFound, require_choice
from grids.incident_report import KeyReused
from grids.local_time import CHINA
from grids.model import Level, Viewer, level_of
from grids.territory import code_range

VISIT_RESULTS = ("met", "not_home", "moved_away", "follow_up")
PATROL_RESULTS = ("in_order", "reported")
LONGEST_PATROL = timedelta(hours=24)
MOST_UNVISITED = 50
# Clocks of phones go wrong by this much without a reason to refuse what they say.
_CLOCK_ERROR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far a grid was covered in a period: households visited of those it has, and patrols."""

    grid_code: str
    name: str
    n_households: int
    n_visited: int
    n_visits: int
    last_visit_at: datetime | None
    n_patrols: int
    last_patrol_at: datetime | None


@dataclass(frozen=True, slots=True)
class Unvisited:
    """A household and when it was last visited, if ever."""

    household_id: UUID
    number: str
    address: str
    klass: str
    last_visit_at: datetime | None
    last_result: str | None


def record_visit(
    conn: Connection,
    viewer: Viewer,
    household_id: UUID,
    *,
    at: datetime,
    result: str,
    now: datetime,
    key: str | None = None,
    task_id: UUID | None = None,
) -> UUID:
    """Write down a visit and return its key; the same again with the sender's key changes nothing.

    Raises
    ------
    NotFound
        If there is no such household, placed in a grid, in the viewer's territory.
    BadValue
        If the result is none of `VISIT_RESULTS`, or the time is to come.
    KeyReused
        If another visit came with the same key.
    """
    person_id = _require_person(viewer)
    require_choice("result", result, VISIT_RESULTS)
    _past("at", at, now)
    if key is not None:
        known = conn.execute(
            statement("known_visit", "visits"), {"person_id": person_id, "key": key}
        ).one_or_none()
        if known is not None:
            if (known.household_id, known.at, known.result) != (household_id, at, result):
                raise KeyReused(source=viewer.name, external_id=key)
            return UUID(str(known.visit_id))
    asked = code_range(viewer.scope) | {"household_id": household_id}
    home = conn.execute(statement("visited", "visits"), asked).one_or_none()
    if home is None or home.grid_code is None:
        raise NotFound(what="household", key=str(household_id))
    visit_id: UUID = conn.execute(
        schema.visit.insert()
        .values(
            person_id=person_id,
            household_id=household_id,
            grid_code=home.grid_code,
            territory_code=home.territory_code,
            at=at,
            result=result,
            idempotency_key=key,
            task_id=task_id,
        )
        .returning(schema.visit.c.visit_id)
    ).scalar_one()
    audit.record(conn, viewer, "visit.record", f"visit {visit_id}", territory=home.territory_code)
    return visit_id


def record_patrol(
    conn: Connection,
    viewer: Viewer,
    grid_code: str,
    *,
    since: datetime,
    until: datetime,
    result: str,
    now: datetime,
    key: str | None = None,
    task_id: UUID | None = None,
) -> UUID:
    """Write down a patrol of a grid and return its key; the same again changes nothing.

    Raises
    ------
    NotFound
        If the grid is none in force in the viewer's territory.
    BadValue
        If the result is none of `PATROL_RESULTS`, or the times do not fit: in order, past, at most
        a day long.
    KeyReused
        If another patrol came with the same key.
    """
    person_id = _require_person(viewer)
    require_choice("result", result, PATROL_RESULTS)
    _past("until", until, now)
    if not timedelta(0) < until - since <= LONGEST_PATROL:
        raise BadValue(field="since", given=since.isoformat(), reason="not up to a day before")
    if key is not None:
        known = conn.execute(
            statement("known_patrol", "visits"), {"person_id": person_id, "key": key}
        ).one_or_none()
        if known is not None:
            said = (known.grid_code, known.since, known.until, known.result)
            if said != (grid_code, since, until, result):
                raise KeyReused(source=viewer.name, external_id=key)
            return UUID(str(known.patrol_id))
    access.require_territory(viewer, grid_code)
    unit = schema.unit.c
    found = conn.execute(
        schema.unit.select().where(unit.code == grid_code, unit.level == Level.GRID.value)
    ).one_or_none()
    if found is None or found.valid.upper is not None:
        raise NotFound(what="unit", key=grid_code)
    patrol_id: UUID = conn.execute(
        schema.patrol.insert()
        .values(
            person_id=person_id,
            grid_code=grid_code,
            territory_code=grid_code,
            during=Range(since, until),
            result=result,
            idempotency_key=key,
            task_id=task_id,
        )
        .returning(schema.patrol.c.patrol_id)
    ).scalar_one()
    audit.record(conn, viewer, "patrol.record", f"patrol {patrol_id}", territory=grid_code)
    return patrol_id


@dataclass(frozen=True, slots=True)
class ListedVisit:
    """A visit as a list has it; `household_id` is of a household that lies in a grid."""

    person_id: UUID
    household_id: UUID
    at: datetime
    result: str

    @property
    def key(self) -> str:
        """What tells visits of a person apart in lists: the household and the moment."""
        return f"list {self.household_id} {self.at.isoformat()}"


def take_in(conn: Connection, viewer: Viewer, listed: Sequence[ListedVisit]) -> int:
    """Write down the visits of a list and return how many were new.

    Raises
    ------
    Forbidden
        If the viewer may not import.
    """
    access.require(viewer, access.Action.IMPORT_RUN)
    rows = [
        {
            "person_id": one.person_id,
            "household_id": one.household_id,
            "at": one.at,
            "result": one.result,
            "key": one.key,
        }
        for one in listed
    ]
    taken = conn.execute(statement("take_visits", "visits"), {"rows": orjson.dumps(rows).decode()})
    return taken.rowcount


def coverage(
    conn: Connection, viewer: Viewer, since: date, until: date, *, area: str | None = None
) -> list[Coverage]:
    """Return how far each grid of an area was covered from `since` to `until`, both included.

    Households are those of today; a visit counts where the household was when it was visited.

    Raises
    ------
    NotFound
        If the area lies outside the viewer's territory.
    """
    access.require(viewer, access.Action.WORKER_SEE)
    low = _area(viewer, area)
    asked = code_range(low) | {
        "since": datetime.combine(since, time.min, CHINA),
        "until": datetime.combine(until + timedelta(days=1), time.min, CHINA),
    }
    return [Coverage(*row) for row in conn.execute(statement("coverage", "visits"), asked)]


def longest_unvisited(conn: Connection, viewer: Viewer, grid_code: str) -> list[Unvisited]:
    """Return up to 50 households of a grid whose last visit is longest ago, never visited first.

    Raises
    ------
    NotFound
        If the grid lies outside the viewer's territory.
    BadValue
        If the code is not that of a grid.
    """
    access.require(viewer, access.Action.HOUSEHOLD_SEE)
    low = _area(viewer, grid_code)
    if level_of(low) not in (Level.GRID, Level.SUBGROUP):
        raise BadValue(field="grid", given=grid_code, reason="not the code of a grid")
    asked = code_range(low) | {"most": MOST_UNVISITED}
    rows = conn.execute(statement("longest_unvisited", "visits"), asked)
    return [Unvisited(*row) for row in rows]


def _area(viewer: Viewer, area: str | None) -> str:
    if area is None:
        return viewer.scope
    access.require_territory(viewer, area)
    return area


def _require_person(viewer: Viewer) -> UUID:
    """Return who visits: a person, and not the command line."""
    access.require(viewer, access.Action.INCIDENT_STEP)
    if viewer.person_id is None:
        raise Forbidden(role=viewer.role.value, action="visit", who_can="a person")
    return viewer.person_id


def _past(field: str, at: datetime, now: datetime) -> None:
    if at.tzinfo is None or at > now + _CLOCK_ERROR:
        raise BadValue(field=field, given=at.isoformat(), reason="in the future or without zone")
