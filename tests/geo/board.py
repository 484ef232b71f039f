"""A board of squares on the lattice, for tests of boundary edits, and what must hold after each."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
import shapely
from shapely.geometry import LineString, Polygon

from geo.coverage import prove, residue
from geo.lattice import SCALE, snap
from geo.patch import Cell
from geo.patch_split import split

WEST, SOUTH, SIDE = 113.0, 30.0, 0.001
ONE = 1 / SCALE
RING = ((2.5, 2.5), (3.5, 2.5), (3.5, 3.5), (2.5, 3.5), (2.5, 2.5))


def at(x, y):
    """A place in sides of the board; not rounded to the lattice."""
    return (WEST + x * SIDE, SOUTH + y * SIDE)


def sketch(*places):
    return LineString([at(x, y) for x, y in places])


def square(x, y, dx=1, dy=1):
    return snap([Polygon([at(x, y), at(x + dx, y), at(x + dx, y + dy), at(x, y + dy)])])[0]


@cache
def board(n=6):
    """n x n squares of some 100 m; grid M is the middle 2 x 2, every other square its own grid.

    The two eastern columns belong to another village.
    """
    cells = []
    for x, y in itertools.product(range(n), repeat=2):
        middle = x in {2, 3} and y in {2, 3}
        grid = "M" if middle else f"g{x}{y}"
        village = "east" if x > 3 else "west"
        cells.append(Cell(10 * x + y, village, grid, f"{grid}-{x}{y}", square(x, y)))
    return tuple(cells)


def state(cells):
    return {cell.id: cell for cell in cells}


def ids():
    return itertools.count(1000)


def cut(*places, cells=None, grid="M", **more):
    """Split a grid of the board, prove the whole again, return the cells afterwards."""
    before = cells or board()
    patch = split(before, grid, sketch(*places), "N", ids(), **more)
    after = patch.apply(state(before))
    require_proven(before, after.values())
    assert patch.inverse().apply(after) == state(before)
    return after


def require_proven(before, after):
    outlines = [cell.outline for cell in after]
    assert shapely.is_valid(outlines).all()
    assert residue(outlines) == residue([cell.outline for cell in before])
    assert prove(outlines, shapely.coverage_union_all([c.outline for c in before])).exact


def land(cells, grid):
    return shapely.coverage_union_all([c.outline for c in cells.values() if c.grid == grid])


def vertices(polygon):
    return {
        tuple(p) for p in np.rint(shapely.get_coordinates(polygon) * SCALE).astype(int).tolist()
    }
