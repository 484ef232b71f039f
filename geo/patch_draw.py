"""Drawing a new grid on free land."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import shapely
from shapely.geometry import Polygon

from geo.coverage_kernels import connected
from geo.errors import GeoError
from geo.patch import Cell, Patch, outlines_of
from geo.patch_faces import ground
from geo.patch_nibble import under
from geo.patch_pieces import codes_of, rebuilt
from geo.patch_sketch import TooSmall, area_of


class NoFreeLand(GeoError):
    """All land in the sketch belongs to grids."""

    code = "draw.no_free_land"
    sentence = "There is no free land in the sketch."


def draw_grid(
    cells: Iterable[Cell],
    blob: Polygon,
    new_grid: str,
    new_ids: Iterator[int],
    *,
    min_area_m2: float = 50.0,
) -> Patch:
    """Return the patch that makes a new grid of the free land in a drawn area.

    The area is trimmed to free land of one village, the one that has most of it there, and to one
    piece, the largest; what else is in it stays free. The new grid is one cell without sub-group.

    Parameters
    ----------
    cells
        All cells under the area, and all cells that touch them.
    blob
        The area in CGCS2000 degrees.
    new_grid
        Code of the new grid.
    new_ids
        Gives ids for new cells.
    min_area_m2
        A smaller grid is refused.

    Raises
    ------
    BadSketch, NoFreeLand, TooSmall, LockedBorder
    NotAPatch
        If rounding to the lattice would harm a neighbour.
    """
    given = list(cells)
    land = ground(outlines_of(given))
    area = area_of(land, blob)
    villages = np.array([cell.village for cell in given])
    free = np.array([cell.grid is None for cell in given], np.bool_)
    reached = free & shapely.intersects(land.flat, area)
    at = land.place(shapely.get_coordinates(shapely.point_on_surface(area))[0])
    shares = shapely.area(shapely.intersection(land.flat[reached], area))
    if not shares.sum() > 0:
        raise NoFreeLand(at=at)
    names, of = np.unique(villages[reached], return_inverse=True)
    village = str(names[np.bincount(of, shares).argmax()])

    faces, inside = under(land, area, free & (villages == village))
    i, j = faces.edges.i, faces.edges.j
    joined = inside[i] & inside[j]
    label = connected(len(inside), i[joined], j[joined])
    size = np.bincount(label[inside], faces.area[inside], minlength=1)
    taken = inside & (label == size.argmax())
    if size.max() < min_area_m2:
        area_m2 = round(float(size.max()), 1)
        raise TooSmall(area_m2=area_m2, min_area_m2=min_area_m2, at=at)
    codes, grid_of = codes_of(given, new_grid)
    before = grid_of[faces.owner]
    after = np.where(taken, codes.index(new_grid), before)
    owner = np.where(taken, len(given), faces.owner)
    made = Cell(next(new_ids), village, new_grid, None, Polygon())
    return rebuilt(given, faces._replace(owner=owner), before, after, codes, new_ids, made=[made])
