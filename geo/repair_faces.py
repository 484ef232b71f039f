"""Faces between lines: the net of all borders, what each face is, and who gets it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from geo.coverage import half_edges
from geo.crs import MetricFrame
from geo.lattice import SCALE, Coordinates, Geometries, from_lattice, pack, to_lattice, unpack
from geo.polygon import widths

FREE = -1


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
    area_m2
        Area of each, in the plane of the zone.
    """

    shapes: Geometries
    parent: NDArray[np.int64]
    claims: NDArray[np.int64]
    strays: NDArray[np.int64]
    area_m2: NDArray[np.float64]

    def __len__(self) -> int:
        """Return the number of faces."""
        return len(self.shapes)

    @property
    def n_claims(self) -> NDArray[np.int64]:
        """Return how many polygons claim each face."""
        return np.bincount(self.claims[:, 0], minlength=len(self))

    def widths_m(self, chosen: NDArray[Any]) -> NDArray[np.float64]:
        """Return the width in metres of the chosen faces: twice the greatest inscribed radius."""
        if len(chosen) == 0:
            return np.zeros(0)
        return widths(metric(self.shapes[chosen]), 0.005)


def metric(shapes: Geometries) -> Geometries:
    """Return shapes in metres in the zone of their middle."""
    bounds = shapely.total_bounds(shapes)
    return MetricFrame.at(float(bounds[0] + bounds[2]) / 2).project(shapes)


def net_faces(
    borders: Geometries,
    polygons: Geometries,
    parents: Geometries | None = None,
    parent_of: NDArray[np.int64] | None = None,
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

    Notes
    -----
    The lines are noded by snap rounding with the lattice as its grid, so that a face is a polygon
    of lattice keys and stays one (J. Hobby 1999; GEOS OverlayNG).
    """
    lines = borders if parents is None else np.concatenate((borders, parents))
    steps, origin = to_lattice(lines)
    net = shapely.union_all(_arcs(steps), grid_size=1)
    inside = shapely.get_parts(shapely.polygonize(shapely.get_parts(net)))
    shapes = from_lattice(inside, origin)
    middles = _middle_points(inside, origin)
    parent = np.zeros(len(shapes), dtype=np.int64)
    if parents is not None:
        face, within = shapely.STRtree(parents).query(middles, predicate="within")
        parent[:] = FREE
        parent[face] = within
        kept = parent >= 0
        shapes, middles, parent = shapes[kept], middles[kept], parent[kept]
    face, claimant = shapely.STRtree(polygons).query(middles, predicate="within")
    claims = np.column_stack((face, claimant)).astype(np.int64)
    at_home = np.ones(len(claims), dtype=np.bool_)
    if parent_of is not None:
        at_home = parent_of[claims[:, 1]] == parent[claims[:, 0]]
    area = shapely.area(metric(shapes)) if len(shapes) else np.zeros(0)
    return Faces(shapes, parent, claims[at_home], claims[~at_home], area)


class Neighbours:
    """Which faces of the same parent share an edge, and how much of it."""

    def __init__(self, faces: Faces) -> None:
        """Find the shared edges of the faces."""
        one, other, border = _shared(faces)
        self.one, self.other = one, other
        both = np.concatenate((one, other))
        order = np.argsort(both, kind="stable")
        self._to = np.concatenate((other, one))[order].tolist()
        self._border = np.concatenate((border, border))[order].tolist()
        self._start = np.searchsorted(both[order], np.arange(len(faces) + 1)).tolist()

    def scores(self, face: int, owner: NDArray[np.int64]) -> dict[int, float]:
        """Return how long a border the face shares with each owner around it."""
        score: dict[int, float] = defaultdict(float)
        for at in range(self._start[face], self._start[face + 1]):
            who = int(owner[self._to[at]])
            if who >= 0:
                score[who] += self._border[at]
        return score

    def components(self, owner: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return a number for each face, equal where faces of one owner hang together by edges."""
        same = owner[self.one] == owner[self.other]
        links = sparse.coo_array(
            (np.ones(int(same.sum())), (self.one[same], self.other[same])),
            shape=(len(owner), len(owner)),
        )
        _, component = connected_components(links, directed=False)
        return np.asarray(component, dtype=np.int64)


def assign_faces(
    faces: Faces, neighbours: Neighbours, area_m2: NDArray[np.float64], gap_limit_m: float
) -> NDArray[np.int64]:
    """Return the polygon that gets each face; `FREE` where a gap is too wide to be closed.

    A face claimed by one polygon is its own. One claimed by several goes to a polygon that would
    otherwise lose more than half of its area (the smallest first), or else to the claimant with
    the longest border. An unclaimed face goes to the neighbour with the longest border, unless it
    is wider than `gap_limit_m` or lies among unclaimed faces only.

    Parameters
    ----------
    area_m2
        Area of each polygon.
    """
    owner = np.full(len(faces), FREE, dtype=np.int64)
    n_claims = faces.n_claims
    face, claimant = faces.claims[:, 0], faces.claims[:, 1]
    sole = n_claims[face] == 1
    owner[face[sole]] = claimant[sole]

    gaps = np.flatnonzero(n_claims == 0)
    maybe_wide = gaps[faces.area_m2[gaps] > gap_limit_m * gap_limit_m / 2]
    wide = set(maybe_wide[faces.widths_m(maybe_wide) > gap_limit_m].tolist())

    contested = ~sole
    claimants: dict[int, list[int]] = defaultdict(list)
    for x, who in faces.claims[contested].tolist():
        claimants[x].append(who)
    lost_m2 = np.bincount(
        claimant[contested], faces.area_m2[face[contested]], minlength=len(area_m2)
    )
    for x, those in claimants.items():
        endangered = [who for who in those if lost_m2[who] > 0.5 * area_m2[who]]
        if endangered:
            owner[x] = min(endangered, key=lambda who: (area_m2[who], who))

    open_faces = [x for x in np.flatnonzero(owner == FREE).tolist() if x not in wide]
    open_faces.sort(key=lambda x: -faces.area_m2[x])
    while open_faces:
        left = []
        for x in open_faces:
            score = neighbours.scores(x, owner)
            if x in claimants:
                score = {who: border for who, border in score.items() if who in claimants[x]}
            if score:
                owner[x] = max(score, key=lambda who: (score[who], -who))
            else:
                left.append(x)
        if len(left) == len(open_faces):
            stuck = [x for x in left if x in claimants]
            if not stuck:
                break
            owner[stuck[0]] = min(claimants[stuck[0]], key=lambda who: (area_m2[who], who))
            left.remove(stuck[0])
        open_faces = left
    return owner


def give_away_scraps(
    faces: Faces, neighbours: Neighbours, owner: NDArray[np.int64], limit_m: float
) -> NDArray[np.int64]:
    """Return the owners after thin pieces that hang on nothing of their own went to a neighbour.

    A piece is a scrap when it is not the largest of its owner, at most `limit_m` wide and has a
    neighbour; islands and the lobes of a bow-tie stay.
    """
    owner = owner.copy()
    for _ in range(4):
        piece = neighbours.components(owner)
        area = np.bincount(piece, faces.area_m2)
        largest: dict[int, int] = {}
        owned = np.flatnonzero(owner >= 0).tolist()
        for x in owned:
            best = largest.setdefault(int(owner[x]), int(piece[x]))
            if area[piece[x]] > area[best]:
                largest[int(owner[x])] = int(piece[x])
        loose = np.array([x for x in owned if piece[x] != largest[int(owner[x])]], dtype=np.int64)
        if len(loose) == 0:
            break
        thickness = np.zeros(len(area))
        np.maximum.at(thickness, piece[loose], faces.widths_m(loose))
        given = False
        for x in loose[thickness[piece[loose]] <= limit_m].tolist():
            score = neighbours.scores(x, owner)
            score.pop(int(owner[x]), None)
            if score:
                owner[x] = max(score, key=lambda who: (score[who], -who))
                given = True
        if not given:
            break
    return owner


def unite(
    faces: Faces, neighbours: Neighbours, owner: NDArray[np.int64]
) -> tuple[Geometries, NDArray[np.int64], NDArray[np.int64]]:
    """Return the cells that faces of one owner and parent make, their owners and parents.

    A cell is one polygon; an owner whose faces lie apart has several.
    """
    piece = neighbours.components(owner)
    order = np.argsort(piece, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(piece[order])) + 1) if len(order) else []
    cells: list[Any] = []
    whose: list[int] = []
    for group in groups:
        united = (
            faces.shapes[group[0]]
            if len(group) == 1
            else shapely.coverage_union_all(faces.shapes[group])
        )
        simple = shapely.get_parts(united)
        cells.extend(simple)
        whose.extend([int(group[0])] * len(simple))
    made = np.empty(len(cells), dtype=np.object_)
    made[:] = cells
    first = np.array(whose, dtype=np.int64)
    return made, owner[first], faces.parent[first]


def _arcs(steps: Geometries) -> Geometries:
    """Return every edge of the polygons once, joined to long lines."""
    lines = shapely.get_rings(shapely.get_parts(steps))
    xy, line = shapely.get_coordinates(lines, return_index=True)
    key = pack(xy.astype(np.int64))
    start = np.flatnonzero(line[1:] == line[:-1])
    low = np.minimum(key[start], key[start + 1])
    high = np.maximum(key[start], key[start + 1])
    order = np.lexsort((high, low))
    low, high = low[order], high[order]
    first = np.ones(len(low), dtype=np.bool_)
    first[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    first &= low != high
    ends = np.stack((unpack(low[first]), unpack(high[first])), axis=1).astype(np.float64)
    edges: Geometries = np.asarray(shapely.linestrings(ends), dtype=np.object_)
    merged = shapely.line_merge(shapely.multilinestrings(edges))
    arcs: Geometries = shapely.get_parts(merged)
    return arcs


def _middle_points(inside: Geometries, origin: tuple[int, int]) -> Geometries:
    """Return a point inside each face, in degrees between the lattice places."""
    xy: Coordinates = shapely.get_coordinates(shapely.point_on_surface(inside))
    points: Geometries = shapely.points((xy + np.array(origin)) / SCALE)
    return points


def _shared(
    faces: Faces,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return the pairs of faces of one parent that share an edge, and its length, edge by edge."""
    u, v, face = half_edges(faces.shapes)
    low, high = np.minimum(u, v), np.maximum(u, v)
    order = np.lexsort((high, low))
    low, high, face = low[order], high[order], face[order]
    twin = np.flatnonzero((low[1:] == low[:-1]) & (high[1:] == high[:-1]))
    one, other = face[twin], face[twin + 1]
    home = faces.parent[one] == faces.parent[other]
    one, other, twin = one[home], other[home], twin[home]
    span = (unpack(low[twin]) - unpack(high[twin])).astype(np.float64)
    narrowing = np.cos(np.radians(unpack(low[twin])[:, 1] / SCALE))
    return one, other, np.hypot(span[:, 0] * narrowing, span[:, 1])
