"""What the cutting tools share: cells and lines noded on the lattice into faces with an owner."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.coverage import half_edges
from geo.lattice import Coordinates, Geometries, Keys, degrees, unpack
from geo.position import GEOD


class SharedEdges(NamedTuple):
    """Edges with a polygon on both sides: the two polygons, the ends, the geodesic metres."""

    i: Keys
    j: Keys
    start: Keys
    end: Keys
    metres: NDArray[np.float64]


class Faces(NamedTuple):
    """Faces in lattice steps and the index of the cell that each lies in."""

    outlines: Geometries
    owner: Keys


def shared_edges(polygons: Geometries) -> SharedEdges:
    """Return the edges that polygons of a coverage share, ends as lattice keys, shape (n, 2)."""
    u, v, owner = half_edges(polygons)
    first, second = _pairs(u, v)
    i, j = owner[first], owner[second]
    apart = i != j
    start, end = unpack(u[first[apart]]), unpack(v[first[apart]])
    a, b = degrees(start), degrees(end)
    _, _, metres = GEOD.inv(a[:, 0], a[:, 1], b[:, 0], b[:, 1])
    return SharedEdges(i[apart], j[apart], start, end, np.asarray(metres))


def lone_edges(polygons: Geometries) -> tuple[Keys, Keys, Keys]:
    """Return the edges with a polygon on one side only: the polygon, the ends as lattice keys."""
    u, v, owner = half_edges(polygons)
    lone = np.ones(len(u), np.bool_)
    for paired in _pairs(u, v):
        lone[paired] = False
    return owner[lone], unpack(u[lone]), unpack(v[lone])


def node(cells: Geometries, lines: BaseGeometry) -> Faces:
    """Return the faces that lines cut out of cells, noded by snap rounding.

    Parameters
    ----------
    cells
        Polygons of a coverage in lattice steps.
    lines
        In lattice steps, not necessarily whole ones.

    Notes
    -----
    A new node lies within 0.71 lattice steps of the edges it is put on, in both neighbours alike.
    Polygonizing also returns what the cells surround without containing it; such phantom faces
    lie in no cell and are dropped.
    """
    noded = shapely.union_all([*shapely.boundary(cells), lines], grid_size=1)
    faces: Geometries = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    inside = shapely.point_on_surface(faces)
    face, cell = shapely.STRtree(cells).query(inside, predicate="intersects")
    owner = np.full(len(faces), -1, np.int64)
    owner[face[::-1]] = cell[::-1]
    real = owner >= 0
    return Faces(faces[real], owner[real])


def along(lines: BaseGeometry, start: Coordinates, end: Coordinates) -> NDArray[np.bool_]:
    """Return which edges, given in lattice steps, lie on the noded image of the lines."""
    reach = 0.75
    shapely.prepare(lines)
    on = np.ones(len(start), np.bool_)
    for at in (start, end, (start + end) / 2):
        on &= shapely.dwithin(shapely.points(at), lines, reach)
    return on


def _pairs(u: Keys, v: Keys) -> tuple[Keys, Keys]:
    """Return the indices of opposite half-edges."""
    low, high = np.minimum(u, v), np.maximum(u, v)
    order = np.lexsort((high, low))
    same = (np.diff(low[order]) == 0) & (np.diff(high[order]) == 0)
    first, second = order[:-1][same], order[1:][same]
    opposite = u[first] == v[second]
    return first[opposite], second[opposite]
