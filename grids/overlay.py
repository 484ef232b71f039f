"""The coverage as a plan would have it: what is in force under the cells that the plan changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Connection

from geo.lattice import Geometries
from geo.patch import Cell
from grids import drafts
from grids.access import require_territory
from grids.db import statement
from grids.errors import NotFound
from grids.model import Level, Viewer
from grids.publications import Codes, Integers, codes, shapes
from grids.territory import code_range

Box = tuple[float, float, float, float]

_N_COLUMNS = 9


@dataclass(frozen=True, slots=True)
class UnitName:
    """How a unit is called and what it is; `in_force` is false for one that was retired."""

    name: str
    kind: str
    n_parts: int
    in_force: bool


@dataclass(frozen=True, eq=False)
class Overlay:
    """Cells of a plan's coverage as arrays of one length, ordered by cell number.

    Attributes
    ----------
    cell_id, village, grid, subgroup, outline, area_m2
        As in `publications.CellsInForce`.
    changed
        Which cells the plan changes or makes.
    version
        How often the plan has changed each cell; 0 for those in force.
    n_households
        Households whose position lies in each cell; the lowest code on a border.
    names
        Names of the grids and sub-groups.
    """

    cell_id: Integers
    village: Codes
    grid: Codes
    subgroup: Codes
    outline: Geometries
    area_m2: NDArray[np.float64]
    changed: NDArray[np.bool_]
    version: Integers
    n_households: Integers
    names: Mapping[str, UnitName]

    def __len__(self) -> int:
        """Return the number of cells."""
        return len(self.cell_id)

    def only(self, cell_ids: Iterable[int]) -> Overlay:
        """Return the part with these cells."""
        mask = np.isin(self.cell_id, list(cell_ids))
        return Overlay(
            self.cell_id[mask],
            self.village[mask],
            self.grid[mask],
            self.subgroup[mask],
            self.outline[mask],
            self.area_m2[mask],
            self.changed[mask],
            self.version[mask],
            self.n_households[mask],
            self.names,
        )

    def cells(self) -> list[Cell]:
        """Return the cells as the values that patches are made of."""
        rows = zip(self.cell_id, self.village, self.grid, self.subgroup, self.outline, strict=True)
        return [Cell(int(number), *rest) for number, *rest in rows]


def cells(
    conn: Connection,
    viewer: Viewer,
    plan_id: UUID,
    *,
    villages: Sequence[str] | None = None,
    grid: str | None = None,
) -> Overlay:
    """Return the cells of some villages, or of a grid, as the plan would have them.

    Parameters
    ----------
    villages, grid
        Which; without either the villages that the plan touches.

    Raises
    ------
    NotFound
        If plan, village or grid do not exist in the viewer's territory.
    """
    plan = drafts.get(conn, viewer, plan_id)
    if grid is not None:
        require_territory(viewer, grid, "grid")
        found = read(conn, viewer.scope, plan_id, villages=[grid[: Level.VILLAGE.digits]])
        return found.only(found.cell_id[found.grid == grid].tolist())
    wanted = list(plan.village_codes) if villages is None else list(villages)
    for code in villages or ():
        require_territory(viewer, code, "village")
    return read(conn, viewer.scope, plan_id, villages=wanted)


def around(
    conn: Connection,
    scope: str,
    plan_id: UUID,
    *,
    grids: Sequence[str] = (),
    box: Box | None = None,
) -> Overlay:
    """Return whole grids and everything that their box touches, its households not counted.

    Parameters
    ----------
    grids
        Codes of grids.
    box
        A place where something is drawn: every grid with a cell there is meant, too.

    Raises
    ------
    NotFound
        If the plan's coverage has no such grid, or nothing at that place.
    """
    west, south, east, north = box or (None, None, None, None)
    row = conn.execute(
        statement("reach", "plans"),
        code_range(scope)
        | {
            "plan_id": plan_id,
            "grids": list(grids),
            "west": west,
            "south": south,
            "east": east,
            "north": north,
        },
    ).one()
    if row.west is None:
        what = ("grid", ", ".join(grids)) if grids else ("cell", "there")
        raise NotFound(what=what[0], key=what[1])
    reach = (row.west, row.south, row.east, row.north)
    return read(conn, scope, plan_id, box=reach, counted=False)


def with_neighbours(
    conn: Connection,
    scope: str,
    plan_id: UUID,
    villages: Sequence[str],
    box: Sequence[float] | None,
) -> tuple[set[int], list[Cell]]:
    """Return the numbers of the cells of villages and of a box, and those cells with all around.

    Both are cut to a territory.
    """
    west, south, east, north = box or (None, None, None, None)
    rows = conn.execute(
        statement("neighbourhood", "plans"),
        code_range(scope)
        | {
            "plan_id": plan_id,
            "villages": sorted(set(villages)),
            "west": west,
            "south": south,
            "east": east,
            "north": north,
        },
    ).all()
    found = [
        Cell(row.cell_id, row.village_code, row.grid_code, row.subgroup_code, outline)
        for row, outline in zip(rows, shapes(row.outline for row in rows), strict=True)
    ]
    return {row.cell_id for row in rows if row.wanted}, found


def read(
    conn: Connection,
    scope: str,
    plan_id: UUID,
    *,
    villages: Iterable[str] = (),
    box: Box | None = None,
    counted: bool = True,
) -> Overlay:
    """Return the overlay of villages and of a box (west, south, east, north), cut to a territory.

    Households are not looked for, and are 0, where they are not to be `counted`.
    """
    west, south, east, north = box or (None, None, None, None)
    rows = conn.execute(
        statement("overlay", "plans"),
        code_range(scope)
        | {
            "plan_id": plan_id,
            "villages": sorted(set(villages)),
            "west": west,
            "south": south,
            "east": east,
            "north": north,
        },
    ).all()
    columns: list[tuple[Any, ...]] = list(zip(*rows, strict=True)) or [()] * _N_COLUMNS
    cell_id, _, village_code, grid_code, subgroup_code, wkb, area_m2, changed, version = columns
    village, grid, subgroup = codes(village_code), codes(grid_code), codes(subgroup_code)
    outline = shapes(wkb)
    named = {*grid_code, *subgroup_code} - {None}
    lived_in = homes(conn, sorted(set(village)) if counted else [])
    return Overlay(
        cell_id=np.array(cell_id, np.int64),
        village=village,
        grid=grid,
        subgroup=subgroup,
        outline=outline,
        area_m2=np.array(area_m2, np.float64),
        changed=np.array(changed, np.bool_),
        version=np.array(version, np.int64),
        n_households=count_in(lived_in, outline, grid, subgroup),
        names=names_of(conn, plan_id, named),
    )


def names_of(conn: Connection, plan_id: UUID, unit_codes: Iterable[str]) -> dict[str, UnitName]:
    """Return names and kinds by code, of units in force, retired, or made by the plan."""
    rows = conn.execute(
        statement("names", "plans"), {"plan_id": plan_id, "codes": sorted(unit_codes)}
    )
    return {code: UnitName(*rest) for code, *rest in rows}


def homes(conn: Connection, villages: Sequence[str]) -> Geometries:
    """Return the positions of the households of villages, as far as the viewer may see them."""
    if not villages:
        return np.empty(0, np.object_)
    rows = conn.execute(statement("homes", "plans"), {"villages": list(villages)}).all()
    places = np.array([tuple(row) for row in rows], dtype=np.float64).reshape(-1, 2)
    return np.asarray(shapely.points(places), dtype=np.object_)


def count_in(
    points: Geometries,
    outline: Geometries,
    grid: Sequence[str | None] | Codes,
    subgroup: Sequence[str | None] | Codes,
) -> Integers:
    """Return how many points lie in each cell; on a border they count for the lowest code."""
    cell = cell_of(points, outline, grid, subgroup)
    return np.bincount(cell[cell >= 0], minlength=len(outline))


def cell_of(
    points: Geometries,
    outline: Geometries,
    grid: Sequence[str | None] | Codes,
    subgroup: Sequence[str | None] | Codes,
) -> Integers:
    """Return the index of the cell that each point lies in, on a border that of the lowest code.

    Points outside all cells have -1.
    """
    home = np.full(len(points), -1, np.int64)
    if len(points) == 0 or len(outline) == 0:
        return home
    point, cell = shapely.STRtree(outline).query(points, predicate="covered_by")
    label = [(g is None, g or "", s is None, s or "") for g, s in zip(grid, subgroup, strict=True)]
    rank = np.empty(len(label), np.int64)
    rank[sorted(range(len(label)), key=label.__getitem__)] = np.arange(len(label))
    order = np.lexsort((rank[cell], point))
    first = np.unique(point[order], return_index=True)[1]
    home[point[order][first]] = cell[order][first]
    return home
