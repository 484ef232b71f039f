"""Polygons taken apart: parts, holes, directed rings, widths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.errors import GeoError
from geo.lattice import Coordinates, Geometries

_POLYGON = 3
_MULTIPOLYGON = 6
_THIN = 0.05  # of the area of a circle with as long a border


class NotPolygonal(GeoError):
    """A geometry that has to be a polygon is missing or something else."""

    code = "polygon.not_polygonal"
    sentence = "Geometry {index} is {kind}; a polygon is needed."


class Rings(NamedTuple):
    """Vertices of rings with the interior on the left, each once; `xy[after]` follows `xy`."""

    xy: Coordinates
    after: NDArray[np.int64]
    owner: NDArray[np.int64]


def is_polygonal(geoms: Sequence[BaseGeometry | None] | Geometries) -> NDArray[np.bool_]:
    """Return which geometries are Polygon or MultiPolygon; missing ones are not."""
    kind = shapely.get_type_id(geoms)
    return np.asarray((kind == _POLYGON) | (kind == _MULTIPOLYGON))


def require_polygonal(geoms: Sequence[BaseGeometry | None] | Geometries) -> None:
    """Raise `NotPolygonal` for the first geometry that is neither Polygon nor MultiPolygon."""
    bad = np.flatnonzero(~is_polygonal(geoms))
    if len(bad):
        index = int(bad[0])
        geom = geoms[index]
        raise NotPolygonal(index=index, kind="missing" if geom is None else geom.geom_type)


def parts(
    polygons: Sequence[BaseGeometry] | Geometries,
) -> tuple[Geometries, NDArray[np.int64]]:
    """Return the simple polygons of polygons and multipolygons, and whose part each is.

    Raises
    ------
    NotPolygonal
        Shapely's own functions pass over a missing geometry or a line in silence.
    """
    array = np.asarray(polygons, dtype=np.object_)
    if (shapely.get_type_id(array) == _POLYGON).all() and not shapely.is_empty(array).any():
        return array.copy(), np.arange(len(array))
    require_polygonal(polygons)
    simple, owner = shapely.get_parts(array, return_index=True)
    return np.asarray(simple, dtype=np.object_), owner.astype(np.int64)


def holes(
    polygons: Sequence[BaseGeometry] | Geometries,
) -> tuple[Geometries, NDArray[np.int64]]:
    """Return every interior ring as a polygon, and the index of the polygon it lies in."""
    simple, owner = parts(polygons)
    rings, part = shapely.get_rings(simple, return_index=True)
    inner = _is_hole(part)
    return np.asarray(shapely.polygons(rings[inner]), dtype=np.object_), owner[part[inner]]


def orient(polygons: Sequence[BaseGeometry] | Geometries) -> Geometries:
    """Return the polygons with the interior on the left: shells anticlockwise, holes clockwise."""
    require_polygonal(polygons)
    oriented: Geometries = shapely.orient_polygons(
        np.asarray(polygons, dtype=np.object_), exterior_cw=False
    )
    return oriented


class ClosedRings(NamedTuple):
    """Vertices of rings as they were given, the last one the first again; of each ring its size."""

    xy: Coordinates
    size: NDArray[np.int64]
    is_hole: NDArray[np.bool_]
    owner: NDArray[np.int64]


def closed_rings(polygons: Sequence[BaseGeometry] | Geometries) -> ClosedRings:
    """Return the rings of all polygons as flat arrays, in the order and direction given."""
    simple, owner = parts(polygons)
    xy = shapely.get_coordinates(simple)
    if not shapely.get_num_interior_rings(simple).any():
        size = shapely.get_num_coordinates(simple).astype(np.int64)
        some = size > 0
        return ClosedRings(xy, size[some], np.zeros(some.sum(), np.bool_), owner[some])
    lines, part = shapely.get_rings(simple, return_index=True)
    size = shapely.get_num_coordinates(lines).astype(np.int64)
    some = size > 0
    size, part = size[some], part[some]
    return ClosedRings(xy, size, _is_hole(part), owner[part])


def rings(polygons: Sequence[BaseGeometry] | Geometries) -> Rings:
    """Return the directed rings of all polygons as flat arrays, interior on the left.

    Start vertex, direction and closing vertex of the given rings do not matter.
    """
    xy, size, is_hole, owner = closed_rings(polygons)
    n = len(xy)
    if n == 0:
        return Rings(xy, np.empty(0, np.int64), np.empty(0, np.int64))
    last = np.cumsum(size) - 1
    first = last - size + 1
    # From its own first vertex the area of a ring keeps all its digits.
    x, y = (xy - np.repeat(xy[first], size, axis=0)).T
    cross = np.zeros(n)
    cross[:-1] = x[:-1] * y[1:] - x[1:] * y[:-1]  # from ring to ring it is 0: (0, 0) starts each
    backwards = (np.add.reduceat(cross, first) < 0) != is_hole
    kept = np.ones(n, dtype=np.bool_)
    kept[last] = False  # the closing vertex is the first again
    begin = first - np.arange(len(first))
    end = begin + size - 2
    after = np.arange(1, n - len(first) + 1)
    after[end] = begin
    if backwards.any():
        turned = np.flatnonzero(np.repeat(backwards, size - 1))
        after[turned] = turned - 1
        after[begin[backwards]] = end[backwards]
    return Rings(xy[kept], after, np.repeat(owner, size - 1))


def widths(
    polygons: Sequence[BaseGeometry] | Geometries,
    tolerance: float | NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Return how wide each polygon is: twice the radius of its greatest inscribed circle.

    Parameters
    ----------
    polygons
        Valid polygons in a plane (metres or lattice steps, not degrees).
    tolerance
        To what length the radius is searched; by default a thousandth of twice the area over
        the length of the rings, which is the width of anything long and thin.

    Notes
    -----
    The search for the greatest circle looks at squares, of which something long and thin has too
    many. The radius of such a polygon is how far it can be eroded, found by bisection to 2 %.
    """
    simple, owner = parts(polygons)
    width = np.zeros(len(polygons))
    if len(simple) == 0:
        return width
    area = shapely.area(simple)
    length = np.maximum(shapely.length(simple), np.finfo(np.float64).tiny)
    limit = 2e-3 * area / length
    if tolerance is not None:
        limit = np.broadcast_to(np.asarray(tolerance, dtype=np.float64), simple.shape)
    radius = np.zeros(len(simple))
    solid = (area > 0) & (limit > 0)
    triangle = solid & (shapely.get_num_coordinates(simple) == 4)
    radius[triangle] = 2 * area[triangle] / length[triangle]
    solid &= ~triangle
    thin = solid & (4 * np.pi * area < _THIN * length * length)
    round_ = solid & ~thin
    radius[round_] = shapely.length(shapely.maximum_inscribed_circle(simple[round_], limit[round_]))
    radius[thin] = _erosions(simple[thin])
    np.maximum.at(width, owner, 2 * radius)
    return width


def eroded(polygons: Geometries, by: NDArray[np.float64] | float) -> Geometries:
    """Return what is left of polygons farther from their border than a distance; often empty."""
    left: Geometries = shapely.buffer(polygons, -np.asarray(by, dtype=np.float64))
    return left


def _erosions(polygons: Geometries) -> NDArray[np.float64]:
    """Return the inscribed radius of each polygon, to 2 %."""
    area, length = shapely.area(polygons), shapely.length(polygons)
    low = area / length  # a polygon that is eroded by less has something left
    high = np.sqrt(area / np.pi)
    guess = np.minimum(2.1 * low, high)
    while True:
        rough = np.flatnonzero(high > 1.02 * low)
        if len(rough) == 0:
            return (low + high) / 2
        empty = shapely.is_empty(eroded(polygons[rough], guess[rough]))
        high[rough[empty]] = guess[rough[empty]]
        low[rough[~empty]] = guess[rough[~empty]]
        guess = np.sqrt(low * high)


def _is_hole(part: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which rings are holes: all but the first of each polygon."""
    return np.asarray(np.diff(part, prepend=-1) == 0)
