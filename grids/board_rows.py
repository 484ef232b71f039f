"""The incidents behind a number of the board."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, and_, func, select

from grids import access, colours, schema
from grids.access import Action
from grids.board_measures import (
    COLOURS,
    INCIDENT,
    MEASURES,
    TALLY,
    area_of,
    inside,
    open_inside,
    within,
)
from grids.errors import BadValue
from grids.model import Viewer
from grids.window import Window

PAGE = 50


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One of the incidents behind a number."""

    incident_id: UUID
    number: str
    matter_name: str
    summary: str
    step: str
    occurred_at: datetime
    occurred_precision: str
    reported_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    place_code: str
    place_name: str


def list_rows(
    conn: Connection,
    viewer: Viewer,
    measure: str,
    window: Window | None,
    now: datetime,
    *,
    area: str | None = None,
    matter: str | None = None,
    offset: int = 0,
    limit: int = PAGE,
) -> tuple[list[BoardRow], int]:
    """Return a page of the incidents behind a number, newest report first, and how many there are.

    `measure` is a name of `MEASURES` or a colour; colours are those of all that is open at this
    moment, so that they have no window.

    Raises
    ------
    BadValue
        If there is no such measure, or it has no window.
    Forbidden, NotFound
        As `read`.
    """
    access.require(viewer, Action.INCIDENT_SEE)
    unit = area_of(conn, viewer, area)
    if measure in COLOURS:
        rule = colours.colour(colours.load(conn), now)
        keys = select(INCIDENT.incident_id, INCIDENT.reported_at).where(
            *open_inside(unit.code, matter), rule == measure
        )
    elif measure in MEASURES and window is not None:
        keys = select(TALLY.incident_id, TALLY.reported_at).where(
            MEASURES[measure], *within(window), *inside(unit.code, matter)
        )
    else:
        known = ", ".join([*MEASURES, *COLOURS])
        raise BadValue(field="measure", given=measure, reason=f"give a period and one of: {known}")
    n = conn.execute(select(func.count()).select_from(keys.subquery())).scalar_one()
    i = schema.incident
    page = (
        keys.order_by(keys.selected_columns.reported_at.desc(), keys.selected_columns.incident_id)
        .limit(limit)
        .offset(offset)
        .cte("page")
    )
    rows = conn.execute(
        select(
            i.c.incident_id,
            i.c.number,
            schema.matter.c.name.label("matter_name"),
            i.c.summary,
            i.c.step,
            i.c.occurred_at,
            i.c.occurred_precision,
            i.c.reported_at,
            i.c.due_at,
            i.c.closed_at,
            schema.unit.c.code.label("place_code"),
            schema.unit.c.name.label("place_name"),
        )
        .select_from(page)
        .join(
            i,
            and_(i.c.incident_id == page.c.incident_id, i.c.reported_at == page.c.reported_at),
        )
        .join(schema.matter, schema.matter.c.code == i.c.matter_code)
        .join(schema.unit, schema.unit.c.code == i.c.territory_code)
        .order_by(i.c.reported_at.desc(), i.c.incident_id)
    )
    return [BoardRow(**row._mapping) for row in rows], n
