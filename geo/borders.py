"""How far a position is from the nearest border, and who shares the circle around it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, TypeVar

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry.base import BaseGeometry

from geo.crs import MetricFrame
from geo.lattice import Coordinates, Geometries
from geo.position import GEOD, Position

Id = TypeVar("Id", bound=Hashable)

# Borders are straight in degrees. Pieces up to this length leave the straight line of the metric
# plane by at most 0.4 mm up to 60 degrees of latitude.
_PIECE_DEGREES = 0.001

# Positions are asked strip by strip: neighbours walk the same part of the tree, which the
# processor still has at hand. Four times faster than in random order.
_STRIP_M = 300.0

_CIRCLE_VERTICES = 256


class Borders:
    """The border lines of polygons, prepared to be measured from many positions.

    A border is any ring of any polygon, outer or inner, shared or not.

    Parameters
    ----------
    polygons
        Polygons and multipolygons in CGCS2000 degrees, valid or not; None is passed over.
    """

    def __init__(self, polygons: Sequence[BaseGeometry | None] | Geometries) -> None:
        """Take the distinct edges of all rings; see the class."""
        self._edges = _pieces(_edges(polygons))
        self._trees: dict[int, shapely.STRtree] = {}

    def distance_m(self, xy: ArrayLike) -> NDArray[np.float64]:
        """Return the geodesic metres from each position to the nearest border.

        Parameters
        ----------
        xy
            Shape (n, 2), CGCS2000 degrees, longitude first.

        Returns
        -------
        array of float
            NaN for a position with NaN or infinity; infinity where there is no border at all.

        Notes
        -----
        The nearest border is found in the Gauss-Krueger plane of the position (of the border's
        nearest zone for a position outside). The plane is conformal, its scale changes by less
        than 1e-5 over 5 km. The distance to the point found is then geodesic, so that it is exact
        to about a centimetre up to several kilometres.
        """
        points = np.asarray(xy, dtype=np.float64).reshape(-1, 2)
        metres = np.full(len(points), np.nan)
        finite = np.isfinite(points).all(axis=1)
        if not len(self._edges):
            metres[finite] = np.inf
            return metres
        zones = np.zeros(len(points), np.int64)
        inner = np.clip(points[finite, 0], self._edges[:, :, 0].min(), self._edges[:, :, 0].max())
        zones[finite] = np.floor(inner / 3 + 0.5)
        for zone in np.unique(zones[finite]).tolist():
            here = finite & (zones == zone)
            metres[here] = self._within_zone(points[here], zone)
        return metres

    def _within_zone(self, xy: Coordinates, zone: int) -> NDArray[np.float64]:
        frame = MetricFrame.at(3.0 * zone)
        if zone not in self._trees:
            flat = frame.project_xy(self._edges.reshape(-1, 2)).reshape(-1, 2, 2)
            lines: Any = shapely.linestrings(flat[np.isfinite(flat).all(axis=(1, 2))])
            self._trees[zone] = shapely.STRtree(lines, node_capacity=4)
        tree = self._trees[zone]
        at = frame.project_xy(xy)
        order = np.lexsort((at[:, 0], at[:, 1] // _STRIP_M))
        points: Any = shapely.points(at[order])
        _, nearest = tree.query_nearest(points, all_matches=False)
        lines = tree.geometries[nearest]
        feet = np.empty_like(at)
        feet[order] = shapely.get_coordinates(
            shapely.line_interpolate_point(lines, shapely.line_locate_point(lines, points))
        )
        lon, lat = frame.unproject_xy(feet).T
        _, _, metres = GEOD.inv(xy[:, 0], xy[:, 1], lon, lat)
        return np.asarray(metres)


def border_distance_m(
    xy: ArrayLike, polygons: Sequence[BaseGeometry | None] | Geometries
) -> NDArray[np.float64]:
    """Return the geodesic metres from each position to the nearest border of the polygons.

    For one question; `Borders` keeps what it prepared for the next.
    """
    return Borders(polygons).distance_m(xy)


def shares(
    position: Position,
    accuracy_m: float,
    polygons: Sequence[BaseGeometry] | Geometries,
    ids: Sequence[Id],
) -> list[tuple[Id, float]]:
    """Return who shares the accuracy circle of a position: (id, share of its area), largest first.

    Parameters
    ----------
    position
        The centre, CGCS2000.
    accuracy_m
        The radius in metres; at 0 the whole share goes to the first polygon that covers the
        position.
    polygons, ids
        Cells of a coverage and what to call them. Equal shares keep this order.

    Returns
    -------
    list of (id, share)
        Without those that the circle does not reach. The shares of a coverage sum to at most 1
        (up to rounding); what is missing to 1 lies outside.
    """
    centre = shapely.Point(position.lon, position.lat)
    if accuracy_m <= 0:
        covering = np.flatnonzero(shapely.covers(np.asarray(polygons, dtype=np.object_), centre))
        return [(ids[int(covering[0])], 1.0)] if len(covering) else []
    circle = _circle(position, accuracy_m)
    reached = shapely.STRtree(polygons).query(circle, predicate="intersects")
    reached.sort()
    frame = MetricFrame.at(position.lon)
    near = shapely.make_valid(np.asarray(polygons, dtype=np.object_)[reached], method="structure")
    (disc,) = frame.project([circle])
    common = shapely.area(shapely.intersection(frame.project(near), disc)) / disc.area
    order = np.argsort(-common, kind="stable")
    return [(ids[int(reached[k])], float(common[k])) for k in order if common[k] > 0]


def _circle(position: Position, radius_m: float) -> shapely.Polygon:
    """Return the geodesic circle around a position as a polygon in degrees."""
    azimuth = np.linspace(0, 360, _CIRCLE_VERTICES, endpoint=False)
    n = len(azimuth)
    lon, lat, _ = GEOD.fwd(
        np.full(n, position.lon), np.full(n, position.lat), azimuth, np.full(n, radius_m)
    )
    return shapely.Polygon(np.column_stack([lon, lat]))


def _edges(polygons: Sequence[BaseGeometry | None] | Geometries) -> Coordinates:
    """Return the distinct undirected edges of all rings, shape (n, 2, 2)."""
    rings = shapely.get_rings(shapely.get_parts(np.asarray(polygons, dtype=np.object_)))
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    start = np.flatnonzero(ring[1:] == ring[:-1])
    a, b = xy[start], xy[start + 1]
    turned = (a[:, 0] > b[:, 0]) | ((a[:, 0] == b[:, 0]) & (a[:, 1] > b[:, 1]))
    ends = np.where(turned[:, None], np.hstack([b, a]), np.hstack([a, b]))
    ends = ends[(ends[:, :2] != ends[:, 2:]).any(axis=1)]
    ends = ends[np.lexsort(ends.T)]
    distinct = np.append(True, (ends[1:] != ends[:-1]).any(axis=1))[: len(ends)]
    return np.asarray(ends[distinct].reshape(-1, 2, 2))


def _pieces(edges: Coordinates) -> Coordinates:
    """Return the edges with the long ones cut into equal pieces, straight in degrees."""
    longest = np.abs(edges[:, 1] - edges[:, 0]).max(axis=1, initial=0)
    n_pieces = np.maximum(np.ceil(longest / _PIECE_DEGREES), 1).astype(np.int64)
    edge = np.repeat(np.arange(len(edges)), n_pieces)
    k = np.arange(len(edge)) - np.repeat(np.cumsum(n_pieces) - n_pieces, n_pieces)
    share = np.stack([k / n_pieces[edge], (k + 1) / n_pieces[edge]], axis=1)[:, :, None]
    a, b = edges[edge, 0][:, None], edges[edge, 1][:, None]
    return np.asarray(a * (1 - share) + b * share)
