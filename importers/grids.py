"""Grids: outlines drawn by anybody, fitted together, numbered, proven and put in force at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import shapely
from sqlalchemy import Connection, update

from geo.crs import area_m2
from geo.errors import Refusal
from geo.lattice import Geometries
from geo.repair_account import Repair
from geo.repair_faces import FREE, metric
from grids import access, publications
from grids.model import Level, NewCell, Viewer
from grids.schema import unit
from importers.coverage import (
    close,
    free_villages,
    n_cells,
    number_new,
    outlines_of,
    prepare,
    put_in_force,
    rename,
    repaired,
    unchanged_rows,
)
from importers.former_free_land import FormerFreeLand, former_free_land
from importers.options import ImportOptions, Progress, no_progress
from importers.report import ImportReport
from importers.unit_rows import KnownUnits, UnitRows, land_of

_DIFFERING_M2 = 100.0


class DividedGrid(Refusal):
    """A grid whose outline would change has sub-groups that would lose their land."""

    code = "grid.divided"
    sentence = "The grids {grids} have sub-groups: change their borders in a plan instead."


def import_grids(
    conn: Connection,
    viewer: Viewer,
    files: Sequence[Path],
    options: ImportOptions,
    progress: Progress = no_progress,
) -> ImportReport:
    """Take in grids, publish them, and return the account of every row.

    All files together are one coverage: it is taken whole, or every row is refused, those at
    fault with their own reason. Gaps too wide to be closed become free land of the village with
    the longest border; everything that was moved, cut or closed is listed in the notes. Grids in
    force that the files do not have stay as they are, and the new ones meet them edge to edge;
    free land in force gives way to what is drawn on it, and the rest of it stays free.

    A grid that exists and has the same land is left alone. One whose land differs is replaced when
    the new outlines cover exactly what the old ones did.

    Raises
    ------
    Forbidden
        If the viewer may not import or publish.
    NoParents
        If there are no villages.
    DividedGrid
        If a grid with sub-groups would get another outline.
    TooHard, Unrepairable, Unproven
        If the outlines make no coverage, or none that fits what is in force.
    """
    access.require(viewer, access.Action.IMPORT_RUN)
    progress(0, 5, "read")
    found = prepare(conn, viewer, Level.GRID, files, options)
    if not found.report.refused and found.rows:
        progress(1, 5, "repair")
        in_force = publications.cells_in_force(conn)
        own = {row.our_code for row in found.rows if row.our_code}
        others = np.array(
            [grid is not None and grid not in own for grid in in_force.grid], dtype=np.bool_
        )
        former = former_free_land(in_force, outlines_of(found.rows))
        result = repaired(
            found,
            options,
            beside=former,
            anchors=in_force.outline if len(in_force) else None,
            taken=in_force.outline[others],
        )
        progress(3, 5, "publish")
        if not found.report.refused:
            title = options.plan_name or _title(files)
            _publish(conn, viewer, found, former, result, title)
    if found.report.refused:
        found.keep()
        found.hold_back()
    close(conn, viewer, found, files, options.datum)
    progress(5, 5, "publish")
    return found.report


def _title(files: Sequence[Path]) -> str:
    return ", ".join(path.name for path in files)


def _publish(
    conn: Connection,
    viewer: Viewer,
    found: UnitRows,
    former: FormerFreeLand,
    result: Repair,
    title: str,
) -> None:
    rows, report = found.rows, found.report
    same = unchanged_rows(conn, Level.GRID, rows, result.outlines())
    known = KnownUnits.of(conn, Level.GRID)
    renamed = rename(conn, rows, known)
    moved = [i for i in range(len(rows)) if i not in same]
    report.unchanged = sum(rows[i].our_code not in renamed for i in same)
    report.taken = len(rows) - report.unchanged
    if not moved:
        return
    in_force = publications.cells_in_force(conn)
    replaced = {rows[i].our_code for i in moved if rows[i].our_code in known.names}
    divided = sorted(
        {
            str(grid)
            for grid, subgroup in zip(in_force.grid, in_force.subgroup, strict=True)
            if grid in replaced and subgroup is not None
        }
    )
    if divided:
        raise DividedGrid(grids=", ".join(divided))

    n_parts = n_cells(result, len(rows))
    units = number_new(conn, rows, Level.GRID, n_parts)
    for i in moved:
        if rows[i].our_code in replaced:
            conn.execute(
                update(unit)
                .where(unit.c.code == rows[i].our_code)
                .values(n_parts=max(1, int(n_parts[i])))
            )
    cells = [
        NewCell(rows[who].parent_code, rows[who].our_code, None, cell)
        for cell, who in zip(result.cells, result.owner.tolist(), strict=True)
        if FREE != who < len(rows) and who not in same
    ]
    staying = np.array([grid not in replaced for grid in in_force.grid], dtype=np.bool_)
    staying &= ~np.isin(in_force.cell_id, former.cell_id)
    cells += _free_land(found, former, result, in_force.outline[staying])
    gone, left = former.changed(result, len(rows))
    if gone:
        report.note("free_land.taken", **former.account(gone, left))
    cells += left
    published = put_in_force(conn, viewer, title, cells, units, replaced, gone)
    report.note("published", publication=published.number, cells=len(cells), units=len(units))
    _compare_frames(conn, found)


def _free_land(
    found: UnitRows, former: FormerFreeLand, result: Repair, staying: Geometries
) -> list[NewCell]:
    """Return the gaps that nobody drew as free land, but for those that are somebody's already."""
    villages = [row.parent_code for row in found.rows] + former.villages()
    taken = shapely.STRtree(staying)
    free = []
    for cell, village in free_villages(result, villages).items():
        outline = result.cells[cell]
        if len(taken.query(shapely.point_on_surface(outline), predicate="within")) == 0:
            free.append(NewCell(village, None, None, outline))
    if free:
        sizes = area_m2(np.array([cell.outline for cell in free], dtype=np.object_))
        found.report.note(
            "coverage.free_land",
            cells=[
                {
                    "village": cell.village_code,
                    "area_m2": round(float(size), 1),
                    "at": [round(v, 7) for v in cell.outline.point_on_surface().coords[0]],
                }
                for cell, size in zip(free, sizes, strict=True)
            ],
        )
    return free


def _compare_frames(conn: Connection, found: UnitRows) -> None:
    """Note the villages whose own drawn outline differs from their land in force."""
    codes, frames = land_of(conn, Level.VILLAGE, drawn_only=True)
    drawn = dict(zip(codes, frames, strict=True))
    in_force = publications.outlines_in_force(conn, Level.VILLAGE)
    land = dict(zip(in_force.code.tolist(), in_force.outline.tolist(), strict=True))
    concerned = sorted({row.parent_code for row in found.rows} & land.keys() & drawn.keys())
    both = [(code, land[code], drawn[code]) for code in concerned]
    if not both:
        return
    pairs = np.array([[ours, theirs] for _, ours, theirs in both], dtype=np.object_)
    ours, theirs = metric(pairs[:, 0]), metric(pairs[:, 1])
    differing = shapely.area(shapely.symmetric_difference(ours, theirs))
    listed = [
        {"village": code, "area_m2": round(float(size), 1)}
        for (code, _, _), size in zip(both, differing, strict=True)
        if size > _DIFFERING_M2
    ]
    if listed:
        found.report.note("frames.differ", villages=listed)
