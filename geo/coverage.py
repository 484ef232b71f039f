"""The proof that polygons cover a county exactly: no gap, no overlap, of any size.

Every ring is read with its interior on the left as directed half-edges between lattice keys. An
edge and its opposite cancel, with multiplicity. If every cell is a valid polygon and what is left
is exactly the boundary of a valid frame, then the winding numbers of the cells add up to that of
the frame: every point off the edges lies in exactly one cell inside the frame, in none outside.
No tolerance is involved. The sum also composes: cells may be replaced by others with the same
residue without looking at their neighbours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import sparse
from shapely.errors import GEOSException
from shapely.geometry.base import BaseGeometry

from geo.coverage_kernels import directed_edges
from geo.errors import GeoError
from geo.lattice import Geometries, Keys, degrees, keys, snap, snapped, unpack
from geo.polygon import closed_rings, is_polygonal, parts
from geo.position import GEOD


class InvalidFrame(GeoError):
    """The outline to prove against is no valid polygon, so nothing can be proven against it."""

    code = "coverage.invalid_frame"
    sentence = "The outline to prove against is not a valid polygon: {reason}."


class BrokenCoverage(GeoError):
    """Cells that were to be united do not meet edge to edge."""

    code = "coverage.broken"
    sentence = "The cells of {group} do not meet edge to edge and cannot be united exactly."


class HalfEdges(NamedTuple):
    """Directed edges between packed lattice keys, with the index of the polygon on their left."""

    u: Keys
    v: Keys
    owner: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Chain:
    """A multiset of directed half-edges: what is left of polygons when shared edges cancel.

    Two chains are equal when they hold the same half-edges equally often, whatever polygons, ring
    starts or orders they came from.

    Attributes
    ----------
    u, v
        Packed lattice keys of the ends, sorted by (u, v), each directed edge once.
    times
        How often the edge remains, at least 1.
    """

    u: Keys
    v: Keys
    times: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of half-edges, repeated ones counted."""
        return int(self.times.sum())

    def __eq__(self, other: object) -> bool:
        """Return whether both hold the same half-edges equally often."""
        if not isinstance(other, Chain):
            return NotImplemented
        return (
            np.array_equal(self.u, other.u)
            and np.array_equal(self.v, other.v)
            and np.array_equal(self.times, other.times)
        )

    def __hash__(self) -> int:
        """Return a hash that agrees with equality."""
        return hash(self.digest)

    @cached_property
    def digest(self) -> str:
        """A SHA-256 of the half-edges, the same on every machine."""
        rows = np.column_stack((self.u, self.v, self.times)).astype("<i8")
        return hashlib.sha256(rows.tobytes()).hexdigest()

    def less(self, other: Chain) -> int:
        """Return how many half-edges are here beyond those of the other chain."""
        u = np.concatenate((self.u, other.u))
        v = np.concatenate((self.v, other.v))
        _, left = _summed((v, u), np.concatenate((self.times, -other.times)))
        return int(left[left > 0].sum())

    def segments(self) -> Geometries:
        """Return the half-edges as line strings in degrees, each directed edge once."""
        ends = np.stack((degrees(unpack(self.u)), degrees(unpack(self.v))), axis=1)
        return np.asarray(shapely.linestrings(ends), dtype=np.object_)


@dataclass(frozen=True)
class Proof:
    """What a proof found; `exact` says that there is no gap and no overlap of any size.

    Attributes
    ----------
    exact
        Every cell valid and on the lattice, nothing extra, nothing missing.
    invalid
        Indices of the cells that are missing, empty, no polygon or not valid.
    off_lattice
        Indices of the cells with coordinates between lattice places; they were judged as rounded.
    extra
        Half-edges left by the cells that the frame does not have.
    missing
        Half-edges of the frame that the cells do not leave.
    """

    exact: bool
    invalid: tuple[int, ...]
    off_lattice: tuple[int, ...]
    extra: int
    missing: int


class Adjacency(NamedTuple):
    """Pairs of neighbours, i < j, sorted, each once, with the geodesic length they share."""

    i: NDArray[np.int64]
    j: NDArray[np.int64]
    border_m: NDArray[np.float64]


def half_edges(polygons: Sequence[BaseGeometry] | Geometries) -> HalfEdges:
    """Return the directed edges of all rings over packed lattice keys, interior on the left.

    Edges that the lattice shortens to nothing are left out; they would cancel against themselves.
    """
    xy, size, is_hole, owner = closed_rings(polygons)
    u, v, whose, bad = directed_edges(xy, size, is_hole, owner)
    if bad >= 0:
        keys(xy[bad])  # refuses what is no place in the world
    return HalfEdges(u, v, whose)


def residue(polygons: Sequence[BaseGeometry] | Geometries) -> Chain:
    """Return the chain that is left when opposite half-edges of the polygons cancel."""
    u, v, _ = half_edges(polygons)
    return chain(u, v)


def chain(u: NDArray[np.int64], v: NDArray[np.int64]) -> Chain:
    """Return the chain of directed edges after opposite ones cancelled, with multiplicity."""
    low, high = np.minimum(u, v), np.maximum(u, v)
    at, net = _summed((high, low), np.where(u < v, 1, -1))
    forward = net > 0
    left_u = np.where(forward, low[at], high[at])
    left_v = np.where(forward, high[at], low[at])
    order = np.lexsort((left_v, left_u))
    return Chain(left_u[order], left_v[order], np.abs(net)[order])


def prove(
    cells: Sequence[BaseGeometry | None] | Geometries,
    frame: BaseGeometry | None = None,
) -> Proof:
    """Return whether the cells cover the frame exactly, and how far they are from it.

    Parameters
    ----------
    cells
        Polygons or multipolygons in degrees. Their order, ring starts and directions are free.
    frame
        The outline to be covered. Without one, the cells are proven against the outer rings of
        their own union, so that a ring inside it counts as a gap.

    Raises
    ------
    InvalidFrame
        If the frame is not a valid polygon or multipolygon.

    Notes
    -----
    Cells are judged as they are on the lattice: a cell that rounding would twist is invalid.
    """
    given = np.empty(len(cells), dtype=np.object_)
    given[:] = cells
    invalid = ~is_polygonal(given) | shapely.is_empty(given)
    polygons = given.copy()
    polygons[invalid] = shapely.Polygon()
    polygons, away = snapped(polygons)
    invalid |= ~shapely.is_valid(polygons)
    left = residue(polygons)
    outline = enclosed(left.segments()) if frame is None else _required_frame(frame)
    wanted = residue([outline])
    extra, missing = left.less(wanted), wanted.less(left)
    return Proof(
        exact=not (invalid.any() or away.any() or extra or missing),
        invalid=tuple(np.flatnonzero(invalid).tolist()),
        off_lattice=tuple(np.flatnonzero(away).tolist()),
        extra=extra,
        missing=missing,
    )


def enclosed(lines: Geometries) -> BaseGeometry:
    """Return the polygons inside the outer rings that lines form, holes filled; empty if none.

    Given the residue of a coverage this is the outline of its union. Lines that cross without a
    common vertex enclose nothing that could be trusted, and GEOS may fail on what it makes of
    them: the result is empty.
    """
    if not shapely.is_simple(shapely.multilinestrings(lines)):
        return shapely.Polygon()
    faces = shapely.get_parts(shapely.polygonize(lines))
    if len(faces) == 0 or not shapely.is_valid(faces).all():
        return shapely.Polygon()
    united, _ = parts([shapely.union_all(faces)])
    rings_outside: Any = shapely.get_exterior_ring(united)
    return shapely.union_all(shapely.polygons(rings_outside))


def adjacency(polygons: Sequence[BaseGeometry] | Geometries, *, queen: bool = False) -> Adjacency:
    """Return the pairs of polygons that share an edge, with the length of the shared border.

    Parameters
    ----------
    polygons
        Cells of a coverage. Borders are shared where both sides have the same vertices; where a
        vertex is missing on one side there is no common edge to find.
    queen
        Also pairs that share a vertex only; their border is 0.
    """
    u, v, owner = half_edges(polygons)
    forward = u < v
    edge = _ranked((np.maximum(u, v), np.minimum(u, v)))
    one, other = _joined(edge[forward], edge[~forward])
    there, back = np.flatnonzero(forward)[one], np.flatnonzero(~forward)[other]
    apart = owner[there] != owner[back]
    there, back = there[apart], back[apart]
    lon, lat = degrees(unpack(np.concatenate((u[there], v[there])))).T
    n = len(there)
    _, _, metres = GEOD.inv(lon[:n], lat[:n], lon[n:], lat[n:])
    size = len(polygons)
    first, second = np.minimum(owner[there], owner[back]), np.maximum(owner[there], owner[back])
    shared = sparse.coo_array((metres, (first, second)), shape=(size, size)).tocsr()
    if queen:
        _, vertex = np.unique(u, return_inverse=True)
        incidence = sparse.coo_array(
            (np.ones(len(u), dtype=np.int64), (owner, vertex)), shape=(size, len(u))
        ).tocsr()
        touching = sparse.triu(incidence @ incidence.T, k=1).tocsr()
        touching.data = np.zeros(touching.nnz)
        pairs = touching.tocoo()
        lengths = np.zeros(pairs.nnz)
        if pairs.nnz:  # SciPy gives a sparse array for no places at all
            lengths[:] = shared[pairs.row, pairs.col]
    else:
        pairs = shared.tocoo()
        lengths = pairs.data
    i, j = pairs.row.astype(np.int64), pairs.col.astype(np.int64)
    order = np.lexsort((j, i))
    return Adjacency(i[order], j[order], np.asarray(lengths, dtype=np.float64)[order])


def outlines(
    polygons: Sequence[BaseGeometry] | Geometries, groups: Sequence[Hashable] | NDArray[np.generic]
) -> dict[Hashable, BaseGeometry]:
    """Return the exact union of the cells of each group, in the order groups first appear.

    Parameters
    ----------
    polygons
        Cells of a coverage, on the lattice.
    groups
        One label for each cell; `None` is a label like any other.

    Raises
    ------
    BrokenCoverage
        If a union is not valid or its boundary is not the residue of its cells.
    """
    labels = groups.tolist() if isinstance(groups, np.ndarray) else list(groups)
    number: dict[Hashable, int] = {}
    group = np.array([number.setdefault(label, len(number)) for label in labels], dtype=np.int64)
    array = np.empty(len(polygons), dtype=np.object_)
    array[:] = polygons
    members = np.split(np.argsort(group, kind="stable"), np.cumsum(np.bincount(group))[:-1])
    unions = np.empty(len(number), dtype=np.object_)
    for index, (label, cells) in enumerate(zip(number, members, strict=False)):
        unions[index] = _united(array[cells], label)
    inner, outer = half_edges(array), half_edges(unions)
    broken = _unbalanced(
        np.concatenate((inner.u, outer.v)),
        np.concatenate((inner.v, outer.u)),
        np.concatenate((group[inner.owner], outer.owner)),
    )
    broken = np.union1d(broken, np.flatnonzero(~shapely.is_valid(unions)))
    if len(broken):
        raise BrokenCoverage(group=list(number)[int(broken[0])])
    return dict(zip(number, unions, strict=True))


def _united(cells: Geometries, group: Hashable) -> BaseGeometry:
    if len(cells) == 1:
        only: BaseGeometry = cells[0]
        return only
    try:
        return shapely.coverage_union_all(cells)
    except GEOSException:
        raise BrokenCoverage(group=group) from None


def _unbalanced(
    u: NDArray[np.int64], v: NDArray[np.int64], group: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the groups whose half-edges do not cancel among themselves."""
    at, _ = _summed((group, np.maximum(u, v), np.minimum(u, v)), np.where(u < v, 1, -1))
    return group[at]


def _summed(
    columns: tuple[NDArray[np.int64], ...], weight: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return, for each distinct row whose weights do not sum to 0, one index of it and the sum."""
    if len(weight) == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    order, differs = _sorted_rows(columns)
    starts = np.flatnonzero(differs)
    totals = np.add.reduceat(weight[order], starts)
    some = totals != 0
    return order[starts[some]], totals[some]


def _ranked(columns: tuple[NDArray[np.int64], ...]) -> NDArray[np.int64]:
    """Return a number for each row, the same for equal rows."""
    order, differs = _sorted_rows(columns)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.cumsum(differs)
    return rank


def _sorted_rows(
    columns: tuple[NDArray[np.int64], ...],
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the order that sorts rows, last column first, and which differ from the one before."""
    order = np.lexsort(columns)
    differs = np.zeros(len(order), dtype=np.bool_)
    differs[:1] = True
    for column in columns:
        ordered = column[order]
        differs[1:] |= ordered[1:] != ordered[:-1]
    return order, differs


def _joined(
    left: NDArray[np.int64], right: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the index pairs (l, r) with `left[l] == right[r]`."""
    order = np.argsort(right, kind="stable")
    ordered = right[order]
    begin = np.searchsorted(ordered, left, side="left")
    count = np.searchsorted(ordered, left, side="right") - begin
    one = np.repeat(np.arange(len(left)), count)
    within = np.arange(len(one)) - np.repeat(np.cumsum(count) - count, count)
    return one, order[np.repeat(begin, count) + within]


def _required_frame(frame: BaseGeometry) -> BaseGeometry:
    if not is_polygonal([frame])[0] or frame.is_empty:
        raise InvalidFrame(reason=f"{frame.geom_type}{' EMPTY' if frame.is_empty else ''}")
    snapped: BaseGeometry = snap([frame])[0]
    if not snapped.is_valid:
        raise InvalidFrame(reason=shapely.is_valid_reason(snapped))
    return snapped
