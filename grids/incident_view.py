"""Incidents as screens read them: rows of a list, and the card of one."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, and_, func, select, tuple_

from grids import access, rules, schema
from grids.access import Action
from grids.db import statement
from grids.errors import BadValue, NotFound
from grids.model import Viewer

PAGE = 50


@dataclass(frozen=True, slots=True)
class Owner:
    """Who has to act: a unit's rank, and the person if there is one."""

    person_id: UUID | None
    name: str | None
    rank: str
    unit_code: str
    unit_name: str


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident as lists show it; `at` is (lon, lat) in CGCS2000."""

    incident_id: UUID
    number: str
    matter_code: str
    matter_name: str
    summary: str
    place: str
    step: str
    level: str
    occurred_at: datetime
    reported_at: datetime
    due_at: datetime | None
    at: tuple[float, float] | None
    territory_code: str
    grid_code: str | None
    grid_name: str | None
    subgroup_code: str | None
    owner: Owner
    review: bool
    placement: str
    version: int


@dataclass(frozen=True, slots=True)
class Step:
    """A line in what became of an incident."""

    seq: int
    action: str
    from_step: str | None
    to_step: str
    at: datetime
    person: str | None
    note: str


@dataclass(frozen=True, slots=True)
class Card:
    """An incident with where it came from, why it is whose, and what can be done.

    `grid_today` is the grid that its position would have now; `allowed` the actions open to the
    viewer.
    """

    incident: Incident
    source: str
    external_id: str
    channel: str
    scale: str
    publication: int | None
    accuracy_m: float | None
    border_m: float | None
    rivals: list[dict[str, Any]]
    reason: str
    skipped: list[dict[str, str]]
    proposal: str | None
    given: dict[str, Any] | None
    closed_at: datetime | None
    steps: list[Step]
    allowed: list[str]
    grid_today: str | None


@dataclass(frozen=True, slots=True)
class Filter:
    """Which incidents; `step` may be `open`, `overdue` counts against `now`, `unit` is a code.

    `since` and `until` are the first and last day on which they happened, and `counted` leaves out
    rejected ones and duplicates: together they list exactly what a count of `grids.counts` counted.
    """

    step: str | None = None
    review: bool | None = None
    mine: bool = False
    unit: str | None = None
    matter: str | None = None
    overdue: bool = False
    since: date | None = None
    until: date | None = None
    counted: bool = False


def get(conn: Connection, viewer: Viewer, incident_id: UUID) -> Card:
    """Return an incident's card.

    Raises
    ------
    NotFound
        If there is no such incident in the viewer's territory.
    """
    access.require(viewer, Action.INCIDENT_SEE)
    asked = {"incident_id": incident_id, "scope": viewer.scope}
    row = conn.execute(statement("card", "incidents"), asked).one_or_none()
    if row is None:
        raise NotFound(what="incident", key=str(incident_id))
    steps = [Step(*step) for step in conn.execute(statement("steps", "incidents"), asked)]
    reason: Mapping[str, Any] = row.owner_reason
    given = {"x": row.given_x, "y": row.given_y, "datum": row.given_datum}
    return Card(
        incident=_incident(row),
        source=row.source,
        external_id=row.external_id,
        channel=row.channel,
        scale=row.scale,
        publication=row.publication,
        accuracy_m=row.accuracy_m,
        border_m=row.border_m,
        rivals=row.rivals,
        reason=reason["reason"],
        skipped=list(reason.get("skipped", [])),
        proposal=reason.get("proposal"),
        given=given if row.given_x is not None else None,
        closed_at=row.closed_at,
        steps=steps,
        allowed=allowed(viewer, row.step, row.owner_id),
        grid_today=row.grid_today,
    )


def list_page(
    conn: Connection,
    viewer: Viewer,
    which: Filter,
    now: datetime,
    *,
    after: str | None = None,
    limit: int = PAGE,
) -> tuple[list[Incident], str | None]:
    """Return a page of the viewer's incidents, newest report first, and the cursor of the next.

    Raises
    ------
    BadValue
        If the cursor is none of ours.
    NotFound
        If the unit asked for lies outside the viewer's territory.
    """
    access.require(viewer, Action.INCIDENT_SEE)
    i = schema.incident.c
    unit, grid = schema.unit.alias("owner_unit"), schema.unit.alias("grid")
    query = (
        select(
            *(column for column in i if column.name != "position"),
            func.ST_X(i.position).label("lon"),
            func.ST_Y(i.position).label("lat"),
            schema.matter.c.name.label("matter_name"),
            grid.c.name.label("grid_name"),
            schema.person.c.name.label("owner_name"),
            unit.c.name.label("owner_unit_name"),
        )
        .join(schema.matter, schema.matter.c.code == i.matter_code)
        .join(unit, unit.c.code == i.owner_unit)
        .outerjoin(grid, grid.c.code == i.grid_code)
        .outerjoin(schema.person, schema.person.c.person_id == i.owner_id)
        .where(_within(viewer.scope))
        .order_by(i.reported_at.desc(), i.incident_id.desc())
        .limit(limit + 1)
    )
    for condition in _conditions(viewer, which, now):
        query = query.where(condition)
    if after:
        query = query.where(tuple_(i.reported_at, i.incident_id) < tuple_(*_read_cursor(after)))
    rows = conn.execute(query).all()
    page = [_incident(row) for row in rows[:limit]]
    return page, _cursor(page[-1]) if len(rows) > limit else None


def allowed(viewer: Viewer, step: str, owner_id: UUID | None) -> list[str]:
    """Return what a viewer can do with an incident: its owner, or who may assign."""
    may = access.allowed(viewer.role)
    is_desk = Action.INCIDENT_ASSIGN in may
    if Action.INCIDENT_STEP not in may or not (is_desk or is_owner(viewer, owner_id)):
        return []
    return rules.possible_actions(step, is_desk=is_desk)


def is_owner(viewer: Viewer, owner_id: UUID | None) -> bool:
    """Return whether the viewer is the person who has to act."""
    return owner_id is not None and owner_id == viewer.person_id


def _conditions(viewer: Viewer, which: Filter, now: datetime) -> list[Any]:
    i = schema.incident.c
    is_open = i.step.not_in(sorted(rules.ENDED))
    found: list[Any] = []
    if which.step == "open":
        found.append(is_open)
    elif which.step:
        found.append(i.step == which.step)
    if which.review is not None:
        found.append(i.review.is_(which.review))
    if which.mine:
        found.append(i.owner_id == viewer.person_id)
    if which.unit:
        access.require_territory(viewer, which.unit)
        found.append(_within(which.unit))
    if which.matter:
        found.append(i.matter_code == which.matter)
    if which.overdue:
        found.append(and_(is_open, i.due_at < now))
    day = func.local_day(i.occurred_at)
    if which.since:
        found.append(day >= which.since)
    if which.until:
        found.append(day <= which.until)
    if which.counted:
        found.append(i.step.not_in(("rejected", "duplicate")))
    return found


def _within(scope: str) -> Any:
    code = schema.incident.c.territory_code
    return and_(code >= scope, code < scope + "~")


def _incident(row: Any) -> Incident:
    return Incident(
        row.incident_id,
        row.number,
        row.matter_code,
        row.matter_name,
        row.summary,
        row.place,
        row.step,
        row.level,
        row.occurred_at,
        row.reported_at,
        row.due_at,
        None if row.lon is None else (row.lon, row.lat),
        row.territory_code,
        row.grid_code,
        row.grid_name,
        row.subgroup_code,
        Owner(row.owner_id, row.owner_name, row.owner_rank, row.owner_unit, row.owner_unit_name),
        row.review,
        row.placement,
        row.version,
    )


def _cursor(last: Incident) -> str:
    text = f"{last.reported_at.isoformat()} {last.incident_id}"
    return base64.urlsafe_b64encode(text.encode()).decode()


def _read_cursor(given: str) -> tuple[datetime, UUID]:
    try:
        at, key = base64.urlsafe_b64decode(given).decode().split(" ")
        return datetime.fromisoformat(at), UUID(key)
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise BadValue(field="after", given=given, reason="no cursor of this list") from None
