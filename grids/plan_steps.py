"""The steps of a plan: each a proven patch, written down with what it replaced."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from shapely.geometry import LineString
from sqlalchemy import Connection

from geo import patch as patches
from geo.patch import Patch
from geo.patch_split import split
from grids import drafts, overlay, plan_rows
from grids.access import require_territory
from grids.db import statement
from grids.drafts import Plan
from grids.errors import BadValue, GridsError, NotFound
from grids.model import Level, NewUnit, Viewer
from grids.numbering import next_codes
from grids.overlay import Overlay
from grids.plan_import import reserve_cells
from grids.plan_make import Outcome, make, outcome, write_step

# A line that crosses itself may cut more than two parts.
_SPARE_GRIDS = 3


class NothingToUndo(GridsError):
    """There is no step to take back, or none to do again."""

    code = "plan.nothing_to_undo"
    sentence = "There is no step to {action}."


class UndoBlocked(GridsError):
    """The cells are no longer as the step left them."""

    code = "plan.undo_blocked"
    sentence = "Step {seq} ({tool}) cannot be undone: cells {cells} were changed in another way."


@dataclass(frozen=True, slots=True)
class Step:
    """A step as it is listed; `undone` ones can be done again until another step is made."""

    seq: int
    tool: str
    params: dict[str, Any]
    at: datetime
    by_name: str | None
    undone: bool


def assign_cells(
    conn: Connection,
    viewer: Viewer,
    plan_id: UUID,
    cell_ids: Sequence[int],
    grid_code: str | None,
    *,
    version: int | None = None,
    allow_pieces: bool = False,
) -> Outcome:
    """Give cells to another grid of their village; none as the grid makes them free land.

    Sub-groups follow: they get codes of the grid that gains and keep their names.

    Parameters
    ----------
    version
        Of the plan that the caller has seen; none: whatever it is.
    allow_pieces
        Let grids fall into pieces; publishing asks for a signature then.

    Raises
    ------
    Forbidden, NotFound, PlanClosed, PlanConflict
        As `drafts.lock`; also for cells and grids outside the viewer's territory.
    geo.patch.OtherVillage, geo.patch.Multipart
    """
    plan = drafts.lock(conn, viewer, plan_id, version)
    here = _villages_of(conn, viewer, plan, cell_ids, grid_code)
    if grid_code is not None:
        _require_grid(conn, viewer, plan, grid_code)
    patch = patches.assign(here.cells(), cell_ids, grid_code, allow_pieces=allow_pieces)
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
    allow_pieces: bool = False,
) -> Outcome:
    """Make a new grid out of cells of one village, free land or not.

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
    here = _villages_of(conn, viewer, plan, cell_ids)
    village = next(c.village for c in here.cells() if c.id == cell_ids[0])
    (code,) = next_codes(conn, village, 1, kind=kind)
    patch = patches.assign(here.cells(), cell_ids, code, allow_pieces=allow_pieces)
    params = {"cell_ids": list(cell_ids), "grid_code": code, "name": name}
    units = [NewUnit(code, name.strip(), kind)]
    return make(conn, viewer, plan, "found", params, patch, here, units)


def split_grid(
    conn: Connection,
    viewer: Viewer,
    plan_id: UUID,
    grid_code: str,
    line: Sequence[Sequence[float]] | LineString,
    name: str | None = None,
    *,
    version: int | None = None,
) -> Outcome:
    """Cut a grid along a line; the part with more households keeps the code.

    Parts with equally many households are decided by their area. The others become new grids,
    called `name` or the old name with a number.

    Parameters
    ----------
    line
        Positions [lon, lat] in CGCS2000 degrees.

    Raises
    ------
    Forbidden, NotFound, PlanClosed, PlanConflict, CodesUsedUp
    geo.patch_split.BadSketch, MissesGrid, AlongBorder, Dangling, NotThrough, OnlySlivers,
    TooManyParts, LockedBorder
    """
    plan = drafts.lock(conn, viewer, plan_id, version)
    _require_grid(conn, viewer, plan, grid_code)
    here = overlay.around_grid(conn, viewer.scope, plan_id, grid_code)
    sketch = line if isinstance(line, LineString) else _line(line)
    fresh = next_codes(conn, grid_code[: Level.VILLAGE.digits], _SPARE_GRIDS)
    numbers = (reserve_cells(conn, 1)[0] for _ in iter(int, 1))
    patch = split(here.cells(), grid_code, sketch, fresh[0], numbers, further_grids=fresh[1:])
    patch = _code_stays_with_most(conn, patch, here, grid_code)
    former = here.names[grid_code].name
    made = sorted({c.grid for c in patch.new if c.grid in fresh})
    units = [
        NewUnit(code, (name or "").strip() if k == 0 and name else f"{former} {k + 2}")
        for k, code in enumerate(made)
        if code is not None
    ]
    params = {
        "grid_code": grid_code,
        "line": [[x, y] for x, y in sketch.coords],
        "new": [unit.code for unit in units],
    }
    return make(conn, viewer, plan, "split", params, patch, here, units)


def merge_grids(
    conn: Connection,
    viewer: Viewer,
    plan_id: UUID,
    grid_from: str,
    grid_into: str,
    *,
    version: int | None = None,
    allow_pieces: bool = False,
) -> Outcome:
    """Give the whole of one grid to another of its village; the first one's code ends.

    Raises
    ------
    Forbidden, NotFound, PlanClosed, PlanConflict, CodesUsedUp
    geo.patch.SameGrid, geo.patch.OtherVillage, geo.patch.Multipart
    """
    plan = drafts.lock(conn, viewer, plan_id, version)
    for code in (grid_from, grid_into):
        _require_grid(conn, viewer, plan, code)
    villages = sorted({code[: Level.VILLAGE.digits] for code in (grid_from, grid_into)})
    here = overlay.read(conn, viewer.scope, plan_id, villages=villages)
    patch = patches.merge(here.cells(), grid_from, grid_into, allow_pieces=allow_pieces)
    params = {"from": grid_from, "into": grid_into}
    return make(conn, viewer, plan, "merge", params, patch, here)


def sign_parts(
    conn: Connection,
    viewer: Viewer,
    plan_id: UUID,
    unit_code: str,
    n_parts: int,
    *,
    version: int | None = None,
) -> Outcome:
    """Sign that a grid or sub-group may lie in this many pieces.

    Raises
    ------
    BadValue
        If the number is below 1.
    Forbidden, NotFound, PlanClosed, PlanConflict
    """
    plan = drafts.lock(conn, viewer, plan_id, version)
    if n_parts < 1:
        raise BadValue(field="n_parts", given=n_parts, reason="a unit has at least one piece")
    require_territory(viewer, unit_code, "unit")
    if unit_code not in overlay.names_of(conn, plan_id, [unit_code]):
        raise NotFound(what="unit", key=unit_code)
    params = {"unit": unit_code, "n_parts": n_parts}
    return write_step(conn, viewer, plan, "sign", params, {}, {})


def steps(conn: Connection, viewer: Viewer, plan_id: UUID) -> list[Step]:
    """Return the steps of a plan, the first one first, undone ones included."""
    drafts.get(conn, viewer, plan_id)
    rows = conn.execute(statement("steps", "plans"), {"plan_id": plan_id})
    return [Step(**row._mapping) for row in rows]


def undo(conn: Connection, viewer: Viewer, plan_id: UUID, *, version: int | None = None) -> Outcome:
    """Take back the last step: the plan holds byte for byte what it held before.

    Raises
    ------
    NothingToUndo
        If no step is left.
    UndoBlocked
        If the cells are not as the step left them (an import has replaced them since).
    Forbidden, NotFound, PlanClosed, PlanConflict
    """
    return _turn(conn, viewer, plan_id, version, undone=True)


def redo(conn: Connection, viewer: Viewer, plan_id: UUID, *, version: int | None = None) -> Outcome:
    """Do again the step that was undone last; raises as `undo`."""
    return _turn(conn, viewer, plan_id, version, undone=False)


def _turn(
    conn: Connection, viewer: Viewer, plan_id: UUID, version: int | None, *, undone: bool
) -> Outcome:
    plan = drafts.lock(conn, viewer, plan_id, version)
    query = "last_step" if undone else "next_undone_step"
    row = conn.execute(statement(query, "plans"), {"plan_id": plan_id}).one_or_none()
    if row is None:
        raise NothingToUndo(action="undo" if undone else "redo")
    before, after = plan_rows.unpacked(row.before), plan_rows.unpacked(row.after)
    there, wanted = (after, before) if undone else (before, after)
    now = plan_rows.in_plan(conn, plan_id, there)
    different = sorted(number for number in there if now[number] != there[number])
    if different:
        raise UndoBlocked(seq=row.seq, tool=row.tool, cells=different)
    for cell_row in (*there.values(), *wanted.values()):
        if cell_row is not None:
            require_territory(viewer, cell_row.village_code, "plan")
    plan_rows.write(conn, plan_id, wanted)
    conn.execute(
        statement("mark_step", "plans"), {"plan_id": plan_id, "seq": row.seq, "undone": undone}
    )
    return outcome(conn, viewer, plan, there, wanted)


def _villages_of(
    conn: Connection,
    viewer: Viewer,
    plan: Plan,
    cell_ids: Iterable[int],
    grid_code: str | None = None,
) -> Overlay:
    """Return the overlay of the villages in which cells, and perhaps a grid, lie."""
    wanted = set(cell_ids)
    if not wanted:
        raise BadValue(field="cell_ids", given=[], reason="name at least one cell")
    rows = plan_rows.in_force(conn, wanted)
    rows |= {k: row for k, row in plan_rows.in_plan(conn, plan.plan_id, wanted).items() if row}
    villages = {row.village_code for row in rows.values() if row}
    villages |= {grid_code[: Level.VILLAGE.digits]} if grid_code else set()
    here = overlay.read(conn, viewer.scope, plan.plan_id, villages=sorted(villages))
    missing = sorted(wanted - set(here.cell_id.tolist()))
    if missing:
        raise NotFound(what="cell", key=missing[0])
    return here


def _require_grid(conn: Connection, viewer: Viewer, plan: Plan, code: str) -> None:
    require_territory(viewer, code, "grid")
    found = overlay.names_of(conn, plan.plan_id, [code]).get(code)
    if len(code) != Level.GRID.digits or found is None or not found.in_force:
        raise NotFound(what="grid", key=code)


def _line(places: Sequence[Sequence[float]]) -> LineString:
    xy = np.asarray(places, dtype=np.float64)
    if xy.ndim != 2 or xy.shape[1] != 2 or len(xy) < 2:
        raise BadValue(field="line", given=len(places), reason="two positions [lon, lat] or more")
    return LineString(xy)


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
