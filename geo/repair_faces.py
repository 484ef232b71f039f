"""Faces between lines: the net of all borders, what each face is, and the cells they make."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.crs import MetricFrame
from geo.lattice import SCALE, Coordinates, Geometries, from_lattice, pack, to_lattice, unpack
from geo.polygon import widths

FREE = -1
_FINE_M, _FINE = 0.005, 0.02


@dataclass(frozen=True, eq=False)
class Faces:
    """The faces that noded lines enclose, each inside one parent.

    Attributes
    ----------
    shapes
        Polygons in degrees on the lattice.
    parent
        Index of the parent each lies in; 0 throughout when there are no parents.
    claims
        Pairs (face, polygon): the polygon covers the middle of the face and belongs to its parent.
    strays
        Pairs like `claims` where the polygon belongs to another parent.
    flat
        The polygons in metres, all in one zone.
    """

    shapes: Geometries
    parent: NDArray[np.int64]
    claims: NDArray[np.int64]
    strays: NDArray[np.int64]
    flat: Geometries

    def __len__(self) -> int:
        """Return the number of faces."""
        return len(self.shapes)

    @property
    def n_claims(self) -> NDArray[np.int64]:
        """Return how many polygons claim each face."""
        return np.bincount(self.claims[:, 0], minlength=len(self))

    @cached_property
    def area_m2(self) -> NDArray[np.float64]:
        """Area of each face, in the plane of the zone."""
        return np.asarray(shapely.area(self.flat))

    def widths_m(self, chosen: NDArray[Any]) -> NDArray[np.float64]:
        """Return the width in metres of the chosen faces: twice the greatest inscribed radius.

        To half a centimetre, or to one per cent where a face is wider than that. Each is searched
        once: who assigns a gap and who lists it ask for the same.
        """
        new = chosen[np.isnan(self._known_widths_m[chosen])]
        flat = self.flat[new]
        usual = self.area_m2[new] / np.maximum(shapely.length(flat), _FINE_M)
        self._known_widths_m[new] = widths(flat, np.maximum(_FINE_M, _FINE * usual))
        found: NDArray[np.float64] = self._known_widths_m[chosen]
        return found

    @cached_property
    def _known_widths_m(self) -> NDArray[np.float64]:
        return np.full(len(self), np.nan)


def metric(shapes: Geometries) -> Geometries:
    """Return shapes in metres in the zone of their middle."""
    bounds = shapely.total_bounds(shapes)
    return MetricFrame.at(float(bounds[0] + bounds[2]) / 2).project(shapes)


def net_faces(
    borders: Geometries,
    polygons: Geometries,
    parents: Geometries | None = None,
    parent_of: NDArray[np.int64] | None = None,
    taken: Geometries | None = None,
) -> Faces:
    """Return the faces that the borders enclose, with the polygons that claim them.

    Parameters
    ----------
    borders
        Polygons on the lattice, valid or not, whose rings are to be noded together.
    polygons
        The valid polygons that faces are to be given to.
    parents
        Clean polygons on the lattice; faces outside all of them are left out.
    parent_of
        Index of the parent that each polygon belongs to.
    taken
        Clean polygons on the lattice whose borders are noded with the others and whose land is
        left out.

    Notes
    -----
    The lines are noded by snap rounding with the lattice as its grid, so that a face is a polygon
    of lattice keys and stays one (J. Hobby 1999; GEOS OverlayNG).
    """
    clean = [shapes for shapes in (parents, taken) if shapes is not None]
    lines = np.concatenate((borders, *clean))
    steps, origin = to_lattice(lines)
    net = shapely.union_all(_arcs(steps), grid_size=1)
    inside = shapely.get_parts(shapely.polygonize(shapely.get_parts(net)))
    shapes = from_lattice(inside, origin)
    middles = middle_points(inside, origin)
    parent = np.zeros(len(shapes), dtype=np.int64)
    if parents is not None:
        face, within = shapely.STRtree(parents).query(middles, predicate="within")
        parent[:] = FREE
        parent[face] = within
        kept = parent >= 0
        shapes, middles, parent = shapes[kept], middles[kept], parent[kept]
    if taken is not None:
        kept = np.ones(len(shapes), dtype=np.bool_)
        kept[shapely.STRtree(taken).query(middles, predicate="within")[0]] = False
        shapes, middles, parent = shapes[kept], middles[kept], parent[kept]
    face, claimant = shapely.STRtree(polygons).query(middles, predicate="within")
    claims = np.column_stack((face, claimant)).astype(np.int64)
    at_home = np.ones(len(claims), dtype=np.bool_)
    if parent_of is not None:
        at_home = parent_of[claims[:, 1]] == parent[claims[:, 0]]
    flat = metric(shapes) if len(shapes) else shapes
    return Faces(shapes, parent, claims[at_home], claims[~at_home], flat)


def unite(
    faces: Faces, piece: NDArray[np.int64], owner: NDArray[np.int64]
) -> tuple[Geometries, NDArray[np.int64], NDArray[np.int64]]:
    """Return the cells that faces of one owner and parent make, their owners and parents.

    A cell is one polygon; an owner whose faces lie apart has several. Cells stand in the order of
    their owners, free land last.

    Parameters
    ----------
    piece
        A number for each face, equal where faces of one owner hang together by edges.
    """
    order = np.argsort(piece, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(piece[order])) + 1) if len(order) else []
    united = np.empty(len(groups), dtype=np.object_)
    united[:] = [
        faces.shapes[group[0]]
        if len(group) == 1
        else shapely.coverage_union_all(faces.shapes[group])
        for group in groups
    ]
    cells, of = shapely.get_parts(united, return_index=True)
    first = np.array([group[0] for group in groups], dtype=np.int64)[of]
    whose = owner[first]
    sort = np.lexsort((whose, whose == FREE))
    made: Geometries = np.asarray(cells, dtype=np.object_)
    return made[sort], whose[sort], faces.parent[first][sort]


def _arcs(steps: Geometries) -> Geometries:
    """Return every edge of the polygons once, joined to long lines."""
    from geo.repair_kernels import chained  # noqa: PLC0415  Numba takes time to import

    lines = shapely.get_rings(shapely.get_parts(steps))
    xy, line = shapely.get_coordinates(lines, return_index=True)
    places, vertex = np.unique(pack(xy.astype(np.int64)), return_inverse=True)
    start = np.flatnonzero(line[1:] == line[:-1])
    low = np.minimum(vertex[start], vertex[start + 1])
    high = np.maximum(vertex[start], vertex[start + 1])
    edge = np.unique((low * len(places) + high)[low != high])
    along, arc = chained(edge // len(places), edge % len(places), len(places))
    arcs: Any = shapely.linestrings(unpack(places[along]).astype(np.float64), indices=arc)
    return np.asarray(arcs, dtype=np.object_)


def middle_points(inside: Geometries, origin: tuple[int, int]) -> Geometries:
    """Return a point inside each face, in degrees between the lattice places."""
    xy: Coordinates = shapely.get_coordinates(shapely.point_on_surface(inside))
    points: Geometries = shapely.points((xy + np.array(origin)) / SCALE)
    return points
