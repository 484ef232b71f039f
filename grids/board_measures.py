"""What the board counts: the conditions of its numbers, which also choose the rows behind them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, not_, or_, true

from grids import access, colours, schema, territory
from grids.db import statement
from grids.errors import NotFound
from grids.model import Level, Viewer
from grids.window import Window
from grids.workflow import ENDED, UNCOUNTED

TALLY = schema.incident_tally.c
INCIDENT = schema.incident.c


def measures_of(c: Any) -> dict[str, ColumnElement[bool]]:
    """Return the condition of each count over the columns of the tally, or of its groups."""
    valid, closed = c.step.not_in(sorted(UNCOUNTED)), c.step == "closed"
    return {
        "collected": true(),
        "reported": c.step != "duplicate",
        "valid": valid,
        "taken_up": and_(valid, c.step != "reported"),
        "closed": closed,
        "open": c.step.not_in(sorted(ENDED)),
        "closed_grid": and_(closed, c.closed_digits == Level.GRID.digits),
        "closed_village": and_(closed, c.closed_digits == Level.VILLAGE.digits),
        "closed_township": and_(closed, c.closed_digits == Level.TOWNSHIP.digits),
        "closed_county": and_(closed, c.closed_digits == Level.COUNTY.digits),
        "came_closed": and_(closed, c.came_closed),
        "responded": and_(valid, c.response_s.is_not(None), not_(c.came_closed)),
    }


# What counts, by its name; each of the first three holds the next.
MEASURES: Mapping[str, ColumnElement[bool]] = MappingProxyType(measures_of(TALLY))
COLOURS = tuple(reversed(colours.COLOURS))
NOTHING: Mapping[str, int] = MappingProxyType(dict.fromkeys(MEASURES, 0))


def area_of(conn: Connection, viewer: Viewer, area: str | None) -> Row[Any]:
    """Return code, name and households of an area; None is the viewer's territory or the county.

    Raises
    ------
    Forbidden, NotFound
        If it lies outside the territory, or there is no such unit in force.
    """
    if area is not None:
        access.require_territory(viewer, area)
    code = area or viewer.scope or None
    row = conn.execute(statement("area", "board"), {"area": code}).one_or_none()
    if row is None:
        raise NotFound(what="unit", key=code or "")
    return row


def inside(area: str, matter: str | None) -> list[ColumnElement[bool]]:
    """Return what keeps the tally to an area, and to one matter if there is one."""
    found = [territory.within(TALLY.territory_code, area)]
    return [*found, TALLY.matter_code == matter] if matter else found


def within(window: Window) -> list[ColumnElement[bool]]:
    """Return what keeps the tally to the days of a window.

    What is known by its month alone lies in a window that holds the whole month.
    """
    is_inside = or_(not_(TALLY.by_month), TALLY.day <= window.last_whole_month)
    return [TALLY.day >= window.since, TALLY.day <= window.until, is_inside]


def open_inside(area: str, matter: str | None) -> list[ColumnElement[bool]]:
    """Return what keeps incidents to the open ones of an area, and to a matter if there is one."""
    found = [colours.is_open(), territory.within(INCIDENT.territory_code, area)]
    return [*found, INCIDENT.matter_code == matter] if matter else found
