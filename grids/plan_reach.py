"""What a step may reach: cells and grids as the plan has them, inside the viewer's territory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import shapely
from shapely.geometry import LineString, Polygon
from sqlalchemy import Connection

from grids import overlay, plan_rows
from grids.access import require_territory
from grids.drafts import Plan
from grids.errors import BadValue, NotFound
from grids.model import Level, Viewer
from grids.overlay import Overlay

# Positions [lon, lat] in CGCS2000 degrees, as they come through a door.
Places = Sequence[Sequence[float]]


def around_cells(
    conn: Connection,
    viewer: Viewer,
    plan: Plan,
    cell_ids: Iterable[int],
    grid_code: str | None = None,
) -> Overlay:
    """Return the overlay of the villages in which cells, and perhaps a grid, lie.

    Raises
    ------
    BadValue
        Without a cell.
    NotFound
        If the plan has no such cell in the viewer's territory.
    """
    wanted = set(cell_ids)
    if not wanted:
        raise BadValue(field="cell_ids", given=[], reason="name at least one cell")
    rows = plan_rows.in_force(conn, wanted)
    rows |= {k: row for k, row in plan_rows.in_plan(conn, plan.plan_id, wanted).items() if row}
    villages = {row.village_code for row in rows.values() if row}
    villages |= {grid_code[: Level.VILLAGE.digits]} if grid_code else set()
    here = overlay.read(conn, viewer.scope, plan.plan_id, villages=sorted(villages), counted=False)
    missing = sorted(wanted - set(here.cell_id.tolist()))
    if missing:
        raise NotFound(what="cell", key=missing[0])
    return here


def require_grid(conn: Connection, viewer: Viewer, plan: Plan, code: str) -> None:
    """Let pass a grid that the plan has: one in force, or one that the plan makes.

    Raises
    ------
    NotFound
    """
    require_territory(viewer, code, "grid")
    found = overlay.names_of(conn, plan.plan_id, [code]).get(code)
    if len(code) != Level.GRID.digits or found is None or not found.in_force:
        raise NotFound(what="grid", key=code)


def line_of(places: Places, field: str = "line") -> LineString:
    """Return positions as a line.

    Raises
    ------
    BadValue
        Naming the field, if there are not two positions of two finite numbers each.
    """
    return LineString(_pairs(places, 2, field))


def polygon_of(places: Places, field: str = "ring") -> Polygon:
    """Return positions as a polygon without holes; it may cross itself.

    Raises
    ------
    BadValue
        Naming the field, if there are not three different positions of two finite numbers each.
    """
    xy = _pairs(places, 3, field)
    if len(np.unique(xy, axis=0)) < 3:
        raise BadValue(field=field, given=len(xy), reason="three different positions or more")
    return Polygon(xy)


def places_of(drawn: LineString | Polygon) -> list[list[float]]:
    """Return a drawing as positions, the way in which steps remember it."""
    return [[x, y] for x, y in shapely.get_coordinates(drawn).tolist()]


def _pairs(places: Places, least: int, field: str) -> np.ndarray:
    even = all(len(place) == 2 for place in places)
    xy = np.array(places, dtype=np.float64) if even else np.empty(0)
    if xy.ndim != 2 or len(xy) < least or not np.isfinite(xy).all():
        raise BadValue(
            field=field, given=len(places), reason=f"{least} positions [lon, lat] or more"
        )
    return xy
