"""What people draw on the small county: pieces of its borders, lines and rings beside them."""

from __future__ import annotations

import numpy as np
import shapely
from shapely.geometry import LineString

from grids import plan_arcs, plans
from grids.publications import cells_in_force
from tests.grids.coverage_factory import VILLAGES, admin


def borders(conn, plan_id, kind="grid", villages=VILLAGES):
    """The borders of a kind between cells of two grids in the plan, longest first."""
    found = plan_arcs.arcs(conn, admin(), plan_id, villages=villages)
    found = [arc for arc in found if arc.kind == kind and arc.left_grid and arc.right_grid]
    return sorted(found, key=lambda arc: -arc.line.length)


def bent(line: LineString, by: float = 0.1) -> tuple[list[list[float]], list[list[float]]]:
    """A border as it is, and with a vertex in its middle pushed aside by a share of its length."""
    before = [list(at) for at in line.coords]
    k = len(before) // 2
    (x0, y0), (x1, y1) = before[0], before[-1]
    after = [list(at) for at in before]
    after[k] = [before[k][0] - (y1 - y0) * by, before[k][1] + (x1 - x0) * by]
    return before, after


def a_move(conn, plan_id, which=0, villages=VILLAGES, by=0.05):
    """The arcs of a step that bends a border between two grids."""
    line = [a for a in borders(conn, plan_id, villages=villages) if len(a.line.coords) > 4][which]
    before, after = bent(line.line, by)
    return [{"before": before, "after": after}]


def bulge(line: LineString, by: float = 0.25) -> list[list[float]]:
    """A line that leaves a border at a quarter of its length and comes back at three quarters."""
    a, b = (line.interpolate(share, normalized=True) for share in (0.25, 0.75))
    dx, dy = -(b.y - a.y) * by, (b.x - a.x) * by
    return [[a.x, a.y], [a.x + dx, a.y + dy], [b.x + dx, b.y + dy], [b.x, b.y]]


def ring_around(place, metres=60.0):
    """A square around a position."""
    lon, lat = place
    dx, dy = metres / 96_000, metres / 111_000
    return [
        [lon - dx, lat - dy],
        [lon + dx, lat - dy],
        [lon + dx, lat + dy],
        [lon - dx, lat + dy],
        [lon - dx, lat - dy],
    ]


def free_land(conn):
    """The number and the outline of the free land in force."""
    there = cells_in_force(conn)
    (k,) = [k for k, grid in enumerate(there.grid) if grid is None]
    return int(there.cell_id[k]), there.outline[k]


def inside_free_land(conn, share=0.4):
    """A ring well inside the free land."""
    _, outline = free_land(conn)
    at = shapely.maximum_inscribed_circle(outline)
    (lon, lat), (edge, top) = at.coords
    radius = float(np.hypot(edge - lon, top - lat)) * share
    return [list(xy) for xy in shapely.Point(lon, lat).buffer(radius, quad_segs=3).exterior.coords]


def faultless(conn, plan_id):
    """Whether nothing stands in the way of publishing."""
    return not [f for f in plans.check(conn, admin(), plan_id) if f.severity == "error"]
