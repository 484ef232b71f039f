"""Sub-groups: outlines fitted into the grids in force, whose land stays exactly what it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection

from geo.coverage import outlines, residue
from geo.lattice import Geometries
from geo.repair_account import Repair
from geo.repair_border import hold_border
from geo.repair_faces import FREE
from grids import access, publications
from grids.model import Level, NewCell, Viewer
from grids.publications import CellsInForce
from importers import row_problems
from importers.coverage import (
    close,
    n_cells,
    number_new,
    prepare,
    put_in_force,
    rename,
    repaired,
    unchanged_rows,
)
from importers.options import ImportOptions, Progress, no_progress
from importers.report import ImportReport
from importers.unit_rows import KnownUnits, UnitRows


def import_subgroups(
    conn: Connection,
    viewer: Viewer,
    files: Sequence[Path],
    options: ImportOptions,
    progress: Progress = no_progress,
) -> ImportReport:
    """Take in sub-groups, publish them, and return the account of every row.

    They divide the land of their grid that no other sub-group has. A border that runs along the
    grid's is put on it; land of the grid that none of them takes stays its undivided rest, strips
    narrower than twice the snap distance (at least a metre) go to the neighbour. Where a new
    border ends on that of a grid, all cells on both sides get the vertex; on the border of the
    county, which stays as it is, the end moves to the nearest vertex that is there.

    All files together are taken whole, or every row is refused, those at fault with their reason.

    Raises
    ------
    Forbidden
        If the viewer may not import or publish.
    NoParents
        If there are no grids.
    TooHard, Unrepairable, Unproven
        If the outlines cannot be fitted into their grids.
    """
    access.require(viewer, access.Action.IMPORT_RUN)
    progress(0, 5, "read")
    found = prepare(conn, viewer, Level.SUBGROUP, files, options)
    room: _Room | None = None
    if not found.report.refused and found.rows:
        room = _room_for(conn, found)
    if room is not None and not found.report.refused:
        progress(1, 5, "repair")
        parent_of = [room.number[row.parent_code] for row in found.rows]
        result = repaired(found, options, parents=room.land, parent_of=parent_of, gap_limit_m=None)
        progress(3, 5, "publish")
        if not found.report.refused:
            title = options.plan_name or ", ".join(path.name for path in files)
            _publish(conn, viewer, found, result, room, title)
    if found.report.refused:
        found.keep()
        found.hold_back()
    close(conn, viewer, found, files, options.datum)
    progress(5, 5, "publish")
    return found.report


@dataclass(frozen=True, eq=False)
class _Room:
    """The land that sub-groups divide, and the cells around it, as parents of a repair.

    `land` holds the grids' own land first, then cells that touch it; `number` is the place of a
    grid in it, `around` the index in `in_force` of each of those cells; `consumed` says which
    cells in force make way.
    """

    in_force: CellsInForce
    land: Geometries
    number: dict[str, int]
    consumed: NDArray[np.bool_]
    around: NDArray[np.int64]


def _room_for(conn: Connection, found: UnitRows) -> _Room:
    """Return the land of the grids that sub-groups are given for; refuse rows without any."""
    in_force = publications.cells_in_force(conn)
    grids = {row.parent_code for row in found.rows}
    own = {row.our_code for row in found.rows if row.our_code}
    consumed = np.array(
        [
            grid in grids and (subgroup is None or subgroup in own)
            for grid, subgroup in zip(in_force.grid, in_force.subgroup, strict=True)
        ],
        dtype=np.bool_,
    )
    lands = outlines(in_force.outline[consumed], in_force.grid[consumed])
    number = {str(grid): i for i, grid in enumerate(lands)}
    for row in found.rows:
        if row.parent_code not in number:
            found.refuse(row, "parent", row_problems.NoRoom(grid=row.parent_code))
    own_land = np.array(list(lands.values()), dtype=np.object_)
    others = np.flatnonzero(~consumed)
    near, _ = shapely.STRtree(own_land).query(in_force.outline[others], predicate="intersects")
    around = others[np.unique(near)]
    land: Geometries = np.concatenate((own_land, in_force.outline[around]))
    return _Room(in_force, land, number, consumed, around)


def _publish(
    conn: Connection,
    viewer: Viewer,
    found: UnitRows,
    result: Repair,
    room: _Room,
    title: str,
) -> None:
    rows, report, in_force = found.rows, found.report, room.in_force
    known = KnownUnits.of(conn, Level.SUBGROUP)
    same = unchanged_rows(conn, Level.SUBGROUP, rows, result.outlines())
    renamed = rename(conn, rows, known)
    report.unchanged = sum(rows[i].our_code not in renamed for i in same)
    report.taken = len(rows) - report.unchanged
    if len(same) == len(rows):
        return
    old = np.concatenate((in_force.outline[room.consumed], in_force.outline[room.around]))
    held = hold_border(result.cells, residue(old))
    if held.n_moved:
        report.note("border.held", ends=held.n_moved, moved_m=round(held.moved_m, 2))

    n_grids = len(room.number)
    n_parts = n_cells(result, len(rows))
    units = number_new(conn, rows, Level.SUBGROUP, n_parts)
    grid_codes = list(room.number)
    cells = []
    around: dict[int, list[shapely.Polygon]] = {}
    for cell, who, parent in zip(
        held.cells, result.owner.tolist(), result.parent.tolist(), strict=True
    ):
        if parent >= n_grids:
            around.setdefault(int(room.around[parent - n_grids]), []).append(cell)
            continue
        grid = grid_codes[parent]
        code = None if who == FREE else rows[who].our_code
        cells.append(NewCell(grid[:12], grid, code, cell))
    replaces = _replaced(room, around)
    for i in np.flatnonzero(~room.consumed).tolist():
        if str(in_force.grid[i]) in replaces or in_force.village[i] in replaces:
            cells += [
                NewCell(in_force.village[i], in_force.grid[i], in_force.subgroup[i], outline)
                for outline in around.get(i, [in_force.outline[i]])
            ]
    published = put_in_force(conn, viewer, title, cells, units, replaces)
    report.note("published", publication=published.number, cells=len(cells), units=len(units))


def _replaced(room: _Room, around: dict[int, list[shapely.Polygon]]) -> set[str]:
    """Return the grids whose cells make way, and the villages whose free land got a vertex."""
    replaces = set(room.number)
    for i, shapes in around.items():
        if residue(shapes) != residue([room.in_force.outline[i]]):
            grid = room.in_force.grid[i]
            replaces.add(str(room.in_force.village[i] if grid is None else grid))
    return replaces
