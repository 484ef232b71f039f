"""What the cutting tools share: cells and lines noded on the lattice into faces with an owner."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.coverage import half_edges
from geo.lattice import (
    SCALE,
    Coordinates,
    Geometries,
    Keys,
    degrees,
    from_lattice,
    to_lattice,
    unpack,
)
from geo.position import GEOD


class SharedEdges(NamedTuple):
    """Edges with a polygon on both sides: the two polygons, the ends, the metres."""

    i: Keys
    j: Keys
    start: Keys
    end: Keys
    metres: NDArray[np.float64]


class Faces(NamedTuple):
    """Faces in degrees, the index of the cell of each, their shared edges and square metres.

    The areas decide what is large and what is small; they are right to one part in a thousand.
    """

    outlines: Geometries
    owner: Keys
    edges: SharedEdges
    area: NDArray[np.float64]


class Ground(NamedTuple):
    """Cells in degrees, the same in lattice steps, and the key from which those count."""

    outlines: Geometries
    flat: Geometries
    origin: tuple[int, int]

    def degrees(self, steps: Coordinates) -> Coordinates:
        """Return the degrees of places in lattice steps, whole ones or not."""
        return np.asarray((steps + self.origin) / SCALE)

    def place(self, steps: Coordinates) -> list[float]:
        """Return [lon, lat] of one place in lattice steps, to seven decimals."""
        rounded: list[float] = np.round(self.degrees(steps), 7).tolist()
        return rounded


def ground(outlines: Geometries) -> Ground:
    """Return the ground that cells in degrees make."""
    flat, origin = to_lattice(outlines)
    return Ground(outlines, flat, origin)


def cut(land: Ground, near: NDArray[np.bool_], lines: BaseGeometry) -> Faces:
    """Return all cells as faces, those near by cut along lines, in lattice steps."""
    pieces, cell = node(land.flat[near], lines)
    outlines = np.concatenate((from_lattice(pieces, land.origin), land.outlines[~near]))
    owner = np.concatenate((np.flatnonzero(near)[cell], np.flatnonzero(~near)))
    return Faces(outlines, owner, shared_edges(outlines), _about_m2(outlines))


def uncut(outlines: Geometries) -> Faces:
    """Return cells as faces of their own."""
    owner = np.arange(len(outlines))
    return Faces(outlines, owner, shared_edges(outlines), _about_m2(outlines))


def beside(faces: Faces, n_cells: int, more: Geometries) -> Faces:
    """Return faces of some cells and further whole cells, which are counted after those."""
    outlines = np.concatenate((faces.outlines, more))
    owner = np.concatenate((faces.owner, n_cells + np.arange(len(more))))
    area = np.concatenate((faces.area, _about_m2(more)))
    return Faces(outlines, owner, shared_edges(outlines), area)


def node(cells: Geometries, lines: BaseGeometry) -> tuple[Geometries, Keys]:
    """Return the faces that lines cut out of cells, and in which cell each lies.

    Parameters
    ----------
    cells
        Polygons of a coverage in lattice steps.
    lines
        In lattice steps, not necessarily whole ones.

    Notes
    -----
    Nodes are made by snap rounding: a new one lies within 0.71 lattice steps of the edges it is
    put on, in both neighbours alike. Polygonizing also returns what the cells surround without
    containing it; such phantom faces lie in no cell and are dropped.
    """
    noded = shapely.union_all([*shapely.boundary(cells), lines], grid_size=1)
    faces: Geometries = shapely.get_parts(shapely.polygonize([noded]))
    inside = shapely.point_on_surface(faces)
    face, cell = shapely.STRtree(cells).query(inside, predicate="intersects")
    owner = np.full(len(faces), -1, np.int64)
    owner[face[::-1]] = cell[::-1]
    real = owner >= 0
    return faces[real], owner[real]


def shared_edges(polygons: Geometries) -> SharedEdges:
    """Return the edges that polygons of a coverage share, ends as lattice keys, shape (n, 2)."""
    u, v, owner = half_edges(polygons)
    first, second = opposites(u, v)
    i, j = owner[first], owner[second]
    apart = i != j
    start, end = unpack(u[first[apart]]), unpack(v[first[apart]])
    return SharedEdges(i[apart], j[apart], start, end, edge_m(degrees(start), degrees(end)))


def lone_edges(polygons: Geometries) -> tuple[Keys, Keys, Keys]:
    """Return the edges with a polygon on one side only: the polygon, the ends as lattice keys."""
    u, v, owner = half_edges(polygons)
    lone = np.ones(len(u), np.bool_)
    for paired in opposites(u, v):
        lone[paired] = False
    return owner[lone], unpack(u[lone]), unpack(v[lone])


def along(lines: BaseGeometry, start: Coordinates, end: Coordinates) -> NDArray[np.bool_]:
    """Return which edges, given in lattice steps, lie on the noded image of the lines."""
    reach = 0.75
    shapely.prepare(lines)
    on = np.ones(len(start), np.bool_)
    for at in (start, end, (start + end) / 2):
        on &= shapely.dwithin(shapely.points(at), lines, reach)
    return on


def _about_m2(polygons: Geometries) -> NDArray[np.float64]:
    """Return the areas of polygons of a few kilometres, on the radii of their middle latitude."""
    _, south, _, north = shapely.bounds(polygons).T
    along_meridian, along_parallel = _metres_a_radian(np.radians((south + north) / 2))
    return np.asarray(
        shapely.area(polygons) * along_meridian * along_parallel * np.radians(1.0) ** 2
    )


def _metres_a_radian(lat: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the metres of a radian of latitude and of one of longitude at a latitude."""
    flat = 1 - GEOD.es * np.sin(lat) ** 2
    across = GEOD.a / np.sqrt(flat)
    return across * (1 - GEOD.es) / flat, across * np.cos(lat)


def edge_m(start: Coordinates, end: Coordinates) -> NDArray[np.float64]:
    """Return the metres between places in degrees that are a few kilometres apart at most.

    On the two radii of curvature at the middle of each edge: relative error below 1e-6, in a
    fortieth of the time of the geodesic.
    """
    east, north = np.radians(end - start).T
    along_meridian, along_parallel = _metres_a_radian(np.radians((start + end)[:, 1] / 2))
    return np.asarray(np.hypot(east * along_parallel, north * along_meridian))


def place_of(geom: BaseGeometry) -> list[float] | None:
    """Return [lon, lat] of a place on a geometry, to seven decimals; None when it has none."""
    (at,) = shapely.get_coordinates(shapely.point_on_surface(geom)).tolist() or [None]
    return at and [round(at[0], 7), round(at[1], 7)]


def longest_border(
    k: int, label: Keys, edges: SharedEdges, counted: NDArray[np.bool_]
) -> int | None:
    """Return the label with which label k shares the longest border, over the edges counted."""
    i, j = label[edges.i], label[edges.j]
    touching = ((i == k) != (j == k)) & counted
    if not touching.any():
        return None
    other = np.where(i == k, j, i)[touching]
    shared: Any = np.bincount(other, edges.metres[touching])
    return int(shared.argmax())


def opposites(u: Keys, v: Keys) -> tuple[Keys, Keys]:
    """Return the indices of half-edges and of those that run the other way, each pair once."""
    low, high = np.minimum(u, v), np.maximum(u, v)
    order = np.lexsort((high, low))
    same = (np.diff(low[order]) == 0) & (np.diff(high[order]) == 0)
    first, second = order[:-1][same], order[1:][same]
    opposite = u[first] == v[second]
    return first[opposite], second[opposite]
