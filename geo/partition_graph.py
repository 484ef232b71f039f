"""What is divided when an area is balanced: units that stay whole, and which of them meet.

A unit is a cell of the coverage, or the land nearer to one building than to any other. Lines that
nobody should have to cross, such as rivers, may bar units from each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import Voronoi, cKDTree
from shapely.geometry import LineString
from shapely.geometry.base import BaseGeometry

from geo.coverage_kernels import connected
from geo.crs import MetricFrame, area_m2, length_m
from geo.errors import GeoError
from geo.lattice import SCALE, Coordinates, Geometries, Keys, from_lattice, keys, to_lattice
from geo.patch import place_of
from geo.patch_faces import SharedEdges, along, shared_edges


class OutsideArea(GeoError):
    """A building that does not lie in the area that is divided."""

    code = "partition.outside"
    sentence = "{n} positions lie outside the area that is divided."


# How far beyond the area the edges of Voronoi cells are drawn, and how many times as far away as
# the area is wide places are invented that close the outermost cells.
_MARGIN_M = 10.0
_FAR = 20.0


@dataclass(frozen=True, eq=False)
class UnitGraph:
    """Units of an area and the borders between them, as arrays.

    Attributes
    ----------
    outlines
        Land of each unit in degrees, on the lattice; together they cover the area exactly.
    weight
        Households of each unit.
    area_m2, outer_m
        Size of each unit, and the metres of its border with no unit on the other side.
    places
        A place inside each unit, metres in the county's plane, shape (n, 2).
    i, j, border_m
        Pairs of units that meet along an edge, i < j, each once, and the metres they share.
    barred
        Pairs that meet across a barrier.
    unit_of
        The unit of each position that the graph was made of; empty where it was made of cells.
    """

    outlines: Geometries
    weight: NDArray[np.float64]
    area_m2: NDArray[np.float64]
    outer_m: NDArray[np.float64]
    places: Coordinates
    i: Keys
    j: Keys
    border_m: NDArray[np.float64]
    barred: NDArray[np.bool_]
    unit_of: Keys

    def __len__(self) -> int:
        """Return the number of units."""
        return len(self.weight)


def cells_graph(
    outlines: Geometries, weight: ArrayLike, *, barriers: Sequence[LineString] = ()
) -> UnitGraph:
    """Return the graph of cells that stay whole.

    Parameters
    ----------
    outlines
        Cells of a coverage in degrees, on the lattice.
    weight
        Households of each.
    barriers
        Lines in degrees. Two cells are barred from each other where the straight line between
        their inner places crosses one: a barrier that runs through a cell cannot divide it.
    """
    edges = shared_edges(outlines)
    graph = _graph(outlines, np.asarray(weight, np.float64), edges, np.zeros(len(edges.i), bool))
    if len(barriers) == 0 or len(graph.i) == 0:
        return graph
    inner = shapely.get_coordinates(shapely.point_on_surface(outlines))
    between = shapely.linestrings(np.stack((inner[graph.i], inner[graph.j]), axis=1))
    crossed = np.asarray(shapely.intersects(between, shapely.union_all(barriers)))
    return replace(graph, barred=crossed)


def buildings_graph(
    area: BaseGeometry,
    positions: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    barriers: Sequence[LineString] = (),
    building_m: float = 2.0,
) -> UnitGraph:
    """Return the graph of buildings, each with the land that is nearer to it than to any other.

    Parameters
    ----------
    area
        Polygon or multipolygon in degrees, on the lattice.
    positions
        Where households live, shape (n, 2), CGCS2000 degrees; inside the area or on its border.
    weight
        Households at each position; by default one.
    barriers
        Lines in degrees; they become borders of units.
    building_m
        Positions this near to each other are one building and stay together.

    Raises
    ------
    OutsideArea
        If a position lies outside, with `at` of the first one.

    Notes
    -----
    Voronoi cells are made in the metric plane, and noded with the outline and the barriers by
    snap rounding on the lattice, so that units meet edge to edge. Where the outline cuts off a
    piece of a Voronoi cell with no building in it, the piece is a unit without households.
    """
    xy = np.asarray(positions, np.float64).reshape(-1, 2)
    each = np.ones(len(xy)) if weight is None else np.asarray(weight, np.float64)
    (flat,), origin = to_lattice([area])
    faces = _faces(flat, origin, xy, barriers)
    shown = shapely.points(keys(xy) - np.array(origin))
    at, face = shapely.STRtree(faces).query(shown, predicate="intersects")
    face_of = np.full(len(xy), -1, np.int64)
    face_of[at[::-1]] = face[::-1]
    if (face_of < 0).any():
        lost = np.flatnonzero(face_of < 0)
        raise OutsideArea(n=len(lost), at=np.round(xy[lost[0]], 7).tolist())
    building = _buildings(xy, building_m)
    # Faces of one building hang together through it.
    first = np.full(building.max(initial=-1) + 1, -1, np.int64)
    first[building[::-1]] = face_of[::-1]
    unit = connected(len(faces), face_of, first[building])
    lived = np.zeros(unit.max(initial=-1) + 1)
    np.add.at(lived, unit[face_of], each)
    in_degrees = from_lattice(faces, origin)
    edges = shared_edges(in_degrees)
    on_barrier = np.zeros(len(edges.i), np.bool_)
    if len(barriers):
        lines = _to_steps(shapely.union_all(barriers), origin)
        on_barrier = along(lines, edges.start - np.array(origin), edges.end - np.array(origin))
    apart = unit[edges.i] != unit[edges.j]
    edges = SharedEdges(unit[edges.i], unit[edges.j], *edges[2:])
    edges = SharedEdges(*(column[apart] for column in edges))
    return _graph(_united(in_degrees, unit), lived, edges, on_barrier[apart], unit[face_of])


def _graph(
    outlines: Geometries,
    weight: NDArray[np.float64],
    edges: SharedEdges,
    on_barrier: NDArray[np.bool_],
    unit_of: Keys | None = None,
) -> UnitGraph:
    n = len(outlines)
    low, high = np.minimum(edges.i, edges.j), np.maximum(edges.i, edges.j)
    pair, index = np.unique(low * n + high, return_inverse=True)
    border = np.zeros(len(pair))
    np.add.at(border, index, edges.metres)
    free = np.bincount(index, ~on_barrier, minlength=len(pair))
    i, j = pair // n, pair % n
    shared = np.bincount(i, border, minlength=n) + np.bincount(j, border, minlength=n)
    inner = shapely.get_coordinates(shapely.point_on_surface(outlines))
    frame = MetricFrame.at(float(inner[:, 0].mean()) if n else 0.0)
    return UnitGraph(
        outlines=outlines,
        weight=weight,
        area_m2=area_m2(outlines),
        outer_m=np.maximum(length_m(outlines) - shared, 0),
        places=frame.project_xy(inner),
        i=i,
        j=j,
        border_m=border,
        barred=free == 0,
        unit_of=np.empty(0, np.int64) if unit_of is None else unit_of,
    )


def _faces(
    flat: BaseGeometry,
    origin: tuple[int, int],
    xy: Coordinates,
    barriers: Sequence[LineString],
) -> Geometries:
    """Return the Voronoi cells of positions inside the area, in lattice steps.

    Edges that neither the outline nor a barrier comes near meet in their ends only, so that the
    others alone have to be noded. Where rounding makes that untrue, all are.
    """
    fixed = [flat.boundary, *(_to_steps(line, origin) for line in barriers)]
    rim = shapely.get_coordinates(flat).astype(np.int64) + np.array(origin)
    edges = _voronoi_edges(np.unique(keys(xy), axis=0), rim) - np.array(origin)
    lines: Geometries = np.asarray(shapely.linestrings(edges.astype(np.float64)))
    shapely.prepare(flat)
    lines = lines[shapely.intersects(flat, lines)]
    free = np.asarray(shapely.contains_properly(flat, lines))
    if len(fixed) > 1:
        free &= ~shapely.dwithin(lines, shapely.union_all(fixed[1:]), 3.0)
    for alone in (free, np.zeros_like(free)):
        noded = shapely.union_all([*fixed, *lines[~alone]], grid_size=1)
        net = np.concatenate((lines[alone], shapely.get_parts(noded)))
        faces: Geometries = shapely.get_parts(shapely.polygonize(net))
        faces = faces[shapely.intersects(flat, shapely.point_on_surface(faces))]
        # Snap rounding moves the outline by less than a step; a lost face shows beyond that.
        if abs(shapely.area(faces).sum() - flat.area) <= flat.length:
            break
    return faces


def _voronoi_edges(sites: Keys, rim: Keys) -> Keys:
    """Return the edges between Voronoi cells of different places, as lattice keys, (n, 2, 2).

    Cut off where they leave the box around `rim`, the vertices of the area.
    """
    if len(sites) < 2:
        return np.empty((0, 2, 2), np.int64)
    frame = MetricFrame.at(float(sites[:, 0].mean()) / SCALE)
    metres = frame.project_xy(sites / SCALE)
    ground = frame.project_xy(rim / SCALE)
    low, high = ground.min(axis=0) - _MARGIN_M, ground.max(axis=0) + _MARGIN_M
    middle, spread = (low + high) / 2, float((high - low).max())
    # Four places far away keep all edges finite.
    corners = spread * _FAR * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
    cells = Voronoi(np.concatenate((metres - middle, corners)))
    between = (cells.ridge_points < len(sites)).all(axis=1)
    ends = cells.vertices[np.array(cells.ridge_vertices)[between]] + middle
    begin, way = ends[:, 0], ends[:, 1] - ends[:, 0]
    # The part of each edge inside the box (Liang and Barsky 1984).
    still = way == 0
    to_low, to_high = ((side - begin) / np.where(still, 1.0, way) for side in (low, high))
    enter = np.where(still, -np.inf, np.minimum(to_low, to_high)).max(axis=1).clip(0)
    leave = np.where(still, np.inf, np.maximum(to_low, to_high)).min(axis=1).clip(max=1)
    inside = (enter < leave) & (~still | ((begin > low) & (begin < high))).all(axis=1)
    begin, way = begin[inside], way[inside]
    cut = [begin + way * share[inside, None] for share in (enter, leave)]
    edges = keys(frame.unproject_xy(np.concatenate(cut))).reshape(2, -1, 2).swapaxes(0, 1)
    return np.asarray(edges[(edges[:, 0] != edges[:, 1]).any(axis=1)])


def _buildings(xy: Coordinates, reach_m: float) -> Keys:
    """Return the number of each position's building."""
    if len(xy) == 0:
        return np.empty(0, np.int64)
    metres = MetricFrame.at(float(xy[:, 0].mean())).project_xy(xy)
    pairs = cKDTree(metres).query_pairs(reach_m, output_type="ndarray")
    return connected(len(xy), pairs[:, 0], pairs[:, 1])


def _united(faces: Geometries, unit: Keys) -> Geometries:
    order = np.argsort(unit, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(unit))[:-1]) if len(unit) else []
    united = np.empty(len(members), np.object_)
    for k, own in enumerate(members):
        united[k] = faces[own[0]] if len(own) == 1 else shapely.coverage_union_all(faces[own])
    return united


def _to_steps(geom: BaseGeometry, origin: tuple[int, int]) -> BaseGeometry:
    """Return a geometry in lattice steps, not rounded: rounding is what noding does."""
    shift = np.array(origin, np.float64)
    steps: BaseGeometry = shapely.transform(geom, lambda xy: xy * SCALE - shift)
    return steps


def unit_place(graph: UnitGraph, unit: int) -> list[float] | None:
    """Return [lon, lat] of a place inside a unit."""
    return place_of(graph.outlines[unit])
