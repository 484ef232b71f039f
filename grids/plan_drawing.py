"""Steps that are drawn: lines that cut and move borders, rings that take land."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from uuid import UUID

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection

from geo import patch as patches
from geo import patch_draw, patch_move
from geo.patch import Patch
from geo.patch_move import redraw_arcs
from geo.patch_nibble import nibble
from geo.patch_reshape import reshape
from geo.patch_split import split
from grids import drafts, overlay
from grids.errors import BadValue
from grids.model import Level, NewUnit, Viewer
from grids.numbering import next_codes
from grids.overlay import Overlay
from grids.plan_import import reserve_cells
from grids.plan_make import Outcome, make
from grids.plan_reach import Places, line_of, places_of, polygon_of, require_grid

# A line that crosses itself may cut more than two parts.
_SPARE_GRIDS = 3

# A drawn grid bears this until its village, and so its number, is known.
_UNNUMBERED = "drawn"

# About 10 m: what lies this near to a drawing may be drawn on to it.
_BESIDE_DEGREES = 1e-4


def split_grid(
    conn: Connection,
    viewer: Viewer,
    plan_id: UUID,
    grid_code: str,
    line: Places,
    name: str | None = None,
    *,
    version: int | None = None,
) -> Outcome:
    """Cut a grid along a line; the part with more households keeps the code.

    Parts with equally many households are decided by their area. The others become new grids of
    the same kind, called `name` or the old name with a number.

    Raises
    ------
    Forbidden, NotFound, PlanClosed, PlanConflict, CodesUsedUp
    geo.patch_split.BadSketch, MissesGrid, AlongBorder, Dangling, NotThrough, OnlySlivers,
    TooManyParts, LockedBorder
    """
    plan = drafts.lock(conn, viewer, plan_id, version)
    require_grid(conn, viewer, plan, grid_code)
    here = overlay.around(conn, viewer.scope, plan_id, grids=[grid_code])
    sketch = line_of(line)
    former = here.names[grid_code]
    fresh = next_codes(conn, grid_code[: Level.VILLAGE.digits], _SPARE_GRIDS, kind=former.kind)
    numbers = _numbers(conn)
    patch = split(here.cells(), grid_code, sketch, fresh[0], numbers, further_grids=fresh[1:])
    patch = _code_stays_with_most(conn, patch, here, grid_code)
    made = sorted({c.grid for c in patch.new if c.grid in fresh})
    wanted = (name or "").strip()
    units = [
        NewUnit(code, wanted if k == 0 and wanted else f"{former.name} {k + 2}", former.kind)
        for k, code in enumerate(made)
        if code is not None
    ]
    params = {
        "grid_code": grid_code,
        "line": places_of(sketch),
        "new": [unit.code for unit in units],
    }
    return make(conn, viewer, plan, "split", params, patch, here, units)


def reshape_border(
    conn: Connection,
    viewer: Viewer,
    plan_id: UUID,
    grid_a: str,
    grid_b: str,
    line: Places,
    *,
    version: int | None = None,
    loose: str = "refuse",
) -> Outcome:
    """Put the border between two grids of a village on a line; both and their sub-groups follow.

    Parameters
    ----------
    loose
        As in `plan_assign.assign_cells`.

    Raises
    ------
    Forbidden, NotFound, PlanClosed, PlanConflict, CodesUsedUp
    geo.patch.OtherVillage, geo.patch.Multipart, geo.patch_split.BadSketch
    geo.patch_reshape.NoSharedBorder, TouchesOnce, LeavesGrids
    """
    plan = drafts.lock(conn, viewer, plan_id, version)
    for code in (grid_a, grid_b):
        require_grid(conn, viewer, plan, code)
    here = overlay.around(conn, viewer.scope, plan_id, grids=[grid_a, grid_b])
    sketch = line_of(line)
    patch = reshape(here.cells(), grid_a, grid_b, sketch, _numbers(conn), loose=loose)
    params = {"grid_a": grid_a, "grid_b": grid_b, "line": places_of(sketch)}
    return make(conn, viewer, plan, "reshape", params, patch, here)


def move_border(
    conn: Connection,
    viewer: Viewer,
    plan_id: UUID,
    arcs: Sequence[Mapping[str, Places]],
    *,
    version: int | None = None,
    loose: str = "refuse",
) -> Outcome:
    """Give borders another course: all cells beside them follow.

    Parameters
    ----------
    arcs
        Each a border or a piece of one, `before` exactly as it is and `after` as it is to be. To
        move a node, all borders that meet in it.
    loose
        As in `plan_assign.assign_cells`.

    Raises
    ------
    Forbidden, NotFound, PlanClosed, PlanConflict, CodesUsedUp
    geo.patch_move.NotABorder, LockedVertex, Torn, Folds, RunsAway, Vanishes
    geo.patch.OtherVillage, geo.patch.Multipart
    """
    plan = drafts.lock(conn, viewer, plan_id, version)
    courses = [(line_of(arc["before"], "before"), line_of(arc["after"], "after")) for arc in arcs]
    here = _around(conn, viewer, plan_id, *chain.from_iterable(courses))
    patch = redraw_arcs(here.cells(), courses, _numbers(conn), loose=loose)
    params = {"arcs": [{"before": places_of(old), "after": places_of(new)} for old, new in courses]}
    return make(conn, viewer, plan, "move", params, patch, here)


def move_vertex(
    conn: Connection,
    viewer: Viewer,
    plan_id: UUID,
    at: Sequence[float],
    to: Sequence[float],
    *,
    version: int | None = None,
    loose: str = "refuse",
) -> Outcome:
    """Move a vertex, or a place where borders meet, from one position to another.

    Raises
    ------
    Forbidden, NotFound, PlanClosed, PlanConflict, CodesUsedUp
    geo.patch_move.NotABorder, LockedVertex, Folds, RunsAway, Vanishes
    geo.patch.OtherVillage, geo.patch.Multipart
    """
    plan = drafts.lock(conn, viewer, plan_id, version)
    way = line_of([at, to], "at")
    here = _around(conn, viewer, plan_id, way)
    (x, y), (to_x, to_y) = way.coords
    patch = patch_move.move_vertex(here.cells(), (x, y), (to_x, to_y), _numbers(conn), loose=loose)
    params = {"arcs": [{"before": [list(at)], "after": [list(to)]}]}
    return make(conn, viewer, plan, "move", params, patch, here)


def nibble_land(
    conn: Connection,
    viewer: Viewer,
    plan_id: UUID,
    grid_code: str,
    ring: Places,
    *,
    version: int | None = None,
    loose: str = "refuse",
) -> Outcome:
    """Give the land inside a ring to a grid, as far as it lies in its village.

    Raises
    ------
    Forbidden, NotFound, PlanClosed, PlanConflict, CodesUsedUp
    geo.patch_sketch.BadSketch, geo.patch_nibble.NothingTaken, geo.patch.Multipart
    """
    plan = drafts.lock(conn, viewer, plan_id, version)
    require_grid(conn, viewer, plan, grid_code)
    blob = polygon_of(ring)
    here = _around(conn, viewer, plan_id, blob, grids=[grid_code])
    patch = nibble(here.cells(), grid_code, blob, _numbers(conn), loose=loose)
    params = {"grid_code": grid_code, "ring": places_of(blob)}
    return make(conn, viewer, plan, "nibble", params, patch, here)


def draw_grid(
    conn: Connection,
    viewer: Viewer,
    plan_id: UUID,
    ring: Places,
    name: str,
    *,
    kind: str = "base",
    version: int | None = None,
) -> Outcome:
    """Make a new grid of the free land inside a ring.

    Raises
    ------
    BadValue
        Without a name.
    Forbidden, NotFound, PlanClosed, PlanConflict, CodesUsedUp
    geo.patch_sketch.BadSketch, TooSmall, geo.patch_draw.NoFreeLand
    """
    plan = drafts.lock(conn, viewer, plan_id, version)
    if not name.strip():
        raise BadValue(field="name", given=name, reason="a grid needs a name")
    blob = polygon_of(ring)
    here = _around(conn, viewer, plan_id, blob)
    drawn = patch_draw.draw_grid(here.cells(), blob, _UNNUMBERED, _numbers(conn))
    (village,) = {cell.village for cell in drawn.new if cell.grid == _UNNUMBERED}
    (code,) = next_codes(conn, village, 1, kind=kind)
    patch = Patch(
        drawn.old,
        tuple(replace(c, grid=code) if c.grid == _UNNUMBERED else c for c in drawn.new),
    )
    params = {"ring": places_of(blob), "name": name.strip(), "grid_code": code}
    units = [NewUnit(code, name.strip(), kind)]
    return make(conn, viewer, plan, "draw", params, patch, here, units)


def _around(
    conn: Connection,
    viewer: Viewer,
    plan_id: UUID,
    *drawn: BaseGeometry,
    grids: Sequence[str] = (),
) -> Overlay:
    """Return the grids that a drawing touches, whole, with everything around them."""
    box = shapely.box(*shapely.total_bounds(drawn)).buffer(_BESIDE_DEGREES).bounds
    return overlay.around(conn, viewer.scope, plan_id, grids=grids, box=box)


def _numbers(conn: Connection) -> Iterator[int]:
    """Yield numbers for the cells that a drawing cuts off."""
    while True:
        yield reserve_cells(conn, 1)[0]


def _code_stays_with_most(conn: Connection, patch: Patch, here: Overlay, grid_code: str) -> Patch:
    """Return the patch of a split with the old code on the part with the most households."""
    places = overlay.homes(conn, [grid_code[: Level.VILLAGE.digits]])
    after = {cell.id: cell for cell in here.cells() if cell.grid == grid_code}
    after = {k: c for k, c in after.items() if k not in {old.id for old in patch.old}}
    after |= {cell.id: cell for cell in patch.new}
    parts = {cell.grid for cell in patch.new} | {grid_code}
    parts &= {grid_code} | ({c.grid for c in patch.new} - {c.grid for c in patch.old})
    n = dict.fromkeys(parts, 0)
    members = [cell for cell in after.values() if cell.grid in parts]
    counts = overlay.count_in(
        places,
        patches.outlines_of(members),
        [c.grid for c in members],
        [c.subgroup for c in members],
    )
    for cell, count in zip(members, counts.tolist(), strict=True):
        n[cell.grid] += count
    best = max(n, key=lambda code: (n[code], code == grid_code))
    if best == grid_code:
        return patch
    swap = {best: grid_code, grid_code: best}
    swapped = {k: replace(c, grid=swap.get(c.grid, c.grid)) for k, c in after.items()}
    former = {c.id: c for c in here.cells()}
    old = [former[k] for k in swapped if k in former] + [
        c for c in patch.old if c.id not in swapped
    ]
    return patches.changes(old, swapped.values())
