"""Taking land for a grid by painting over it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from geo.errors import GeoError
from geo.lattice import SCALE, Keys
from geo.patch import Cell, Patch, UnknownGrid, outlines_of
from geo.patch_faces import Faces, Ground, beside, cut, ground
from geo.patch_loose import cuts_off
from geo.patch_pieces import codes_of, rebuilt
from geo.patch_sketch import area_of

# Cells within this many lattice steps of a new border take part: snap rounding may touch them.
_TOUCH = 3


class NothingTaken(GeoError):
    """There is no land in the sketch that the grid could take."""

    code = "nibble.nothing"
    sentence = "The sketch takes no land of village {village} for grid {grid}."


def nibble(
    cells: Iterable[Cell],
    grid: str,
    blob: Polygon,
    new_ids: Iterator[int],
    *,
    loose: str = "refuse",
) -> Patch:
    """Return the patch that gives a grid what a drawn area covers of its village.

    Other grids and free land of the village lose it; land of other villages is left alone. Sub-
    groups follow: small fragments join a neighbour, larger ones become cells without sub-group
    (as in `split`).

    Parameters
    ----------
    cells
        All cells of the grid and of the grids under the area, and all cells that touch them.
    grid
        The grid that gains.
    blob
        The area in CGCS2000 degrees.
    new_ids
        Gives ids for new cells.
    loose
        What becomes of pieces that are cut off from their grid: "refuse", "keep" or the code of
        the neighbour that gets them. An area away from the grid is such a piece, too.

    Raises
    ------
    UnknownGrid, BadSketch, NothingTaken, NotBeside, LockedBorder
    Multipart
        If a grid would fall into pieces.
    NotAPatch
        If rounding to the lattice would harm a neighbour.
    """
    given = list(cells)
    village = next((cell.village for cell in given if cell.grid == grid), None)
    if village is None:
        raise UnknownGrid(grid=grid)
    few, others = _concerned(given, grid, blob)
    faces, before, after, codes = _painted(few, grid, village, blob)
    if not cuts_off(faces, before, after, codes):
        return rebuilt(few, faces, before, after, codes, new_ids, loose=None)
    known = [*few, *others]
    more = beside(faces, len(few), outlines_of(others))
    codes, grid_of = codes_of(known)
    painted = np.flatnonzero(before != after)
    before = grid_of[more.owner]
    after = before.copy()
    after[painted] = codes.index(grid)
    return rebuilt(known, more, before, after, codes, new_ids, loose=loose)


def _concerned(cells: Sequence[Cell], grid: str, blob: Polygon) -> tuple[list[Cell], list[Cell]]:
    """Return all cells of the grids that an area may touch, and the others.

    The others, five sixths of what this tool is given, take part only when a piece is cut off and
    looks for a neighbour.
    """
    reach = 2 * _TOUCH / SCALE
    west, south, east, north = shapely.bounds(outlines_of(cells)).T
    least_x, least_y, most_x, most_y = blob.bounds
    close = (west <= most_x + reach) & (east >= least_x - reach)
    close &= (south <= most_y + reach) & (north >= least_y - reach)
    grids = {cells[k].grid for k in np.flatnonzero(close).tolist()} | {grid}
    few = [cell for cell in cells if cell.grid in grids]
    return few, [cell for cell in cells if cell.grid not in grids]


def _painted(
    cells: Sequence[Cell], grid: str, village: str, blob: Polygon
) -> tuple[Faces, Keys, Keys, list[str | None]]:
    """Return cells cut by an area, the index of each face's grid before and after, and the codes.

    Raises
    ------
    BadSketch, NothingTaken
    """
    land = ground(outlines_of(cells))
    area = area_of(land, blob)
    faces, inside = under(land, area, np.array([cell.village == village for cell in cells]))
    codes, grid_of = codes_of(cells)
    before = grid_of[faces.owner]
    after = np.where(inside, codes.index(grid), before)
    if (after == before).all():
        at = land.place(shapely.get_coordinates(shapely.point_on_surface(area))[0])
        raise NothingTaken(grid=grid, village=village, at=at)
    return faces, before, after, codes


def under(
    land: Ground, area: BaseGeometry, takes_part: NDArray[np.bool_]
) -> tuple[Faces, NDArray[np.bool_]]:
    """Return the faces that an area cuts out of the cells that take part, and which lie in it.

    Cells that do not take part are cut nowhere; they get the nodes of their neighbours.
    """
    shapely.prepare(area)
    hit = takes_part & shapely.intersects(area, land.flat)
    lines: Any = shapely.intersection(area.boundary, shapely.coverage_union_all(land.flat[hit]))
    shapely.prepare(lines)
    near = shapely.dwithin(lines, land.flat, _TOUCH)
    faces = cut(land, near, lines)
    # A cell that is not cut lies in the area with all that it has or with nothing.
    inside = hit[faces.owner]
    pieces = np.flatnonzero(near[faces.owner] & inside)
    places = shapely.get_coordinates(shapely.point_on_surface(faces.outlines[pieces]))
    inside[pieces] = shapely.contains_xy(area, *(places * SCALE - land.origin).T)
    return faces, inside
