"""Steps on whole cells: cells change their grid, grids are founded and merged."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection

from geo import patch as patches
from grids import drafts, overlay
from grids.errors import BadValue
from grids.model import Level, NewUnit, Viewer
from grids.numbering import next_codes
from grids.plan_make import Outcome, make
from grids.plan_reach import around_cells, require_grid


def assign_cells(
    conn: Connection,
    viewer: Viewer,
    plan_id: UUID,
    cell_ids: Sequence[int],
    grid_code: str | None,
    *,
    version: int | None = None,
    loose: str = "refuse",
) -> Outcome:
    """Give cells to another grid of their village; none as the grid makes them free land.

    Sub-groups follow: they get codes of the grid that gains and keep their names.

    Parameters
    ----------
    version
        Of the plan that the caller has seen; none: whatever it is.
    loose
        What becomes of land that would be cut off from its grid: "refuse" the step, "keep" it as
        a piece that somebody has to sign for before publishing, or the code of a neighbouring
        grid that takes it.

    Raises
    ------
    Forbidden, NotFound, PlanClosed, PlanConflict
        As `drafts.lock`; also for cells and grids outside the viewer's territory.
    geo.patch.OtherVillage, geo.patch.Multipart
    """
    plan = drafts.lock(conn, viewer, plan_id, version)
    here = around_cells(conn, viewer, plan, cell_ids, grid_code)
    if grid_code is not None:
        require_grid(conn, viewer, plan, grid_code)
    patch = patches.assign(here.cells(), cell_ids, grid_code, loose=loose)
    params = {"cell_ids": list(cell_ids), "grid_code": grid_code}
    return make(conn, viewer, plan, "assign", params, patch, here)


def found_grid(
    conn: Connection,
    viewer: Viewer,
    plan_id: UUID,
    cell_ids: Sequence[int],
    name: str,
    *,
    kind: str = "base",
    version: int | None = None,
    loose: str = "refuse",
) -> Outcome:
    """Make a new grid out of cells of one village, free land or not.

    Parameters
    ----------
    kind
        base, micro, or exclusive (an organ, a park, a school: numbered 901 to 999).
    version, loose
        As `assign_cells`.

    Raises
    ------
    BadValue
        Without a name.
    Forbidden, NotFound, PlanClosed, PlanConflict, CodesUsedUp
    geo.patch.OtherVillage, geo.patch.Multipart
    """
    plan = drafts.lock(conn, viewer, plan_id, version)
    if not name.strip():
        raise BadValue(field="name", given=name, reason="a grid needs a name")
    here = around_cells(conn, viewer, plan, cell_ids)
    village = next(c.village for c in here.cells() if c.id == cell_ids[0])
    (code,) = next_codes(conn, village, 1, kind=kind)
    patch = patches.assign(here.cells(), cell_ids, code, loose=loose)
    params = {"cell_ids": list(cell_ids), "grid_code": code, "name": name}
    units = [NewUnit(code, name.strip(), kind)]
    return make(conn, viewer, plan, "found", params, patch, here, units)


def merge_grids(
    conn: Connection,
    viewer: Viewer,
    plan_id: UUID,
    grid_from: str,
    grid_into: str,
    *,
    version: int | None = None,
    loose: str = "refuse",
) -> Outcome:
    """Give the whole of one grid to another of its village; the first one's code ends.

    Parameters
    ----------
    version, loose
        As `assign_cells`.

    Raises
    ------
    Forbidden, NotFound, PlanClosed, PlanConflict, CodesUsedUp
    geo.patch.SameGrid, geo.patch.OtherVillage, geo.patch.Multipart
    """
    plan = drafts.lock(conn, viewer, plan_id, version)
    for code in (grid_from, grid_into):
        require_grid(conn, viewer, plan, code)
    villages = sorted({code[: Level.VILLAGE.digits] for code in (grid_from, grid_into)})
    here = overlay.read(conn, viewer.scope, plan_id, villages=villages, counted=False)
    patch = patches.merge(here.cells(), grid_from, grid_into, loose=loose)
    params = {"from": grid_from, "into": grid_into}
    return make(conn, viewer, plan, "merge", params, patch, here)
