"""Vertices that carry nothing: dropped, so that what was cut and joined again is as it was."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import shapely
from shapely.geometry import LineString, Polygon

from geo.coverage import half_edges
from geo.lattice import Geometries, Keys, among, degrees, keys, pack, unpack

# Snap rounding puts a node within 0.71 lattice steps of the edge that it divides.
_STRAIGHT = 0.75

# The packed key of no place: its longitude would be -214 degrees.
_GONE = np.iinfo(np.int64).min


def needless(now: Geometries, before: Geometries) -> Keys:
    """Return the former nodes of a coverage that only a straight edge passes through now.

    Vertices on edges with a polygon on one side only are never among them: what lies on the other
    side may need them.
    """
    was, is_now = Meeting.of(before), Meeting.of(now)
    former = np.setdiff1d(is_now.met_by(2), was.met_by(2))
    return is_now.straight(np.setdiff1d(former, is_now.rim()))


class Meeting(NamedTuple):
    """Undirected edges of a coverage over packed keys, and how many polygons have each."""

    low: Keys
    high: Keys
    times: Keys

    @classmethod
    def of(cls, polygons: Geometries, at: Keys | None = None) -> Meeting:
        """Return the edges of polygons; of those only that end in sorted vertices, if given."""
        u, v, _ = half_edges(polygons)
        if at is not None:
            ends = among(u, at) | among(v, at)
            u, v = u[ends], v[ends]
        order = np.lexsort((high := np.maximum(u, v), low := np.minimum(u, v)))
        low, high = low[order], high[order]
        first = np.ones(len(low), np.bool_)
        first[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
        starts = np.flatnonzero(first)
        return cls(low[first], high[first], np.diff(starts, append=len(low)))

    def met_by(self, n: int) -> Keys:
        """Return the vertices that exactly n edges meet."""
        vertices, times = np.unique(np.concatenate((self.low, self.high)), return_counts=True)
        met: Keys = vertices[times == n]
        return met

    def rim(self) -> Keys:
        """Return the vertices on edges with a polygon on one side only."""
        alone = self.times == 1
        return np.unique(np.concatenate((self.low[alone], self.high[alone])))

    def straight(self, candidates: Keys) -> Keys:
        """Return which of the sorted candidates lie straight between what their one line joins.

        Those that three or more edges meet are passed over. Runs of others are simplified by
        Douglas and Peucker's method with three quarters of a lattice step, which keeps them this
        near to the line that replaces them.
        """
        chain = set(candidates[among(candidates, self.met_by(2))].tolist())
        beside: dict[int, list[int]] = {key: [] for key in chain}
        for u, v in zip(self.low.tolist(), self.high.tolist(), strict=True):
            for one, other in ((u, v), (v, u)):
                if one in beside:
                    beside[one].append(other)
        dropped: list[int] = []
        while chain:
            run = _run(chain, beside)
            if run[0] != run[-1]:
                line = LineString(unpack(np.array(run))).simplify(_STRAIGHT)
                kept = pack(np.rint(shapely.get_coordinates(line)).astype(np.int64))
                dropped += set(run).difference(kept.tolist())
        return np.sort(np.array(dropped, np.int64))


def _run(chain: set[int], beside: dict[int, list[int]]) -> list[int]:
    """Return a line through vertices of a chain, which it takes, and the ends beyond them."""
    first = chain.pop()
    halves = []
    for ahead in beside[first]:
        half = [first, ahead]
        while half[-1] in chain:
            chain.discard(half[-1])
            one, other = beside[half[-1]]
            half.append(other if one == half[-2] else one)
        halves.append(half)
    return halves[0][:0:-1] + halves[1]


def rim(polygons: Geometries) -> Keys:
    """Return the packed vertices on edges with a polygon on one side only."""
    return Meeting.of(polygons).rim()


def without(polygons: Geometries, dropped: Keys) -> Geometries:
    """Return the polygons without the vertices of these packed keys, which are sorted."""
    return _redrawn(polygons, dropped, np.full(len(dropped), _GONE))


def moved(polygons: Geometries, at: Keys, to: Keys) -> Geometries:
    """Return the polygons with vertices elsewhere, from packed keys to packed keys.

    A polygon without any of them is the same object as before; one of which fewer than three
    vertices are left in a ring is empty.
    """
    order = np.argsort(at)
    return _redrawn(polygons, at[order], to[order])


def _redrawn(polygons: Geometries, at: Keys, to: Keys) -> Geometries:
    """Return what `moved` says, for sorted keys, some of which may go nowhere."""
    result = polygons.copy()
    xy, owner = shapely.get_coordinates(polygons, return_index=True)
    concerned = np.unique(owner[among(pack(keys(xy)), at)])
    if not len(concerned):
        return result
    rings, polygon = shapely.get_rings(polygons[concerned], return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    open_ended = np.append(ring[1:] == ring[:-1], False)  # the closing vertex is the first again
    place, ring = pack(keys(xy[open_ended])), ring[open_ended]
    goes = among(place, at)
    place[goes] = to[np.searchsorted(at, place[goes])]
    stays = place != _GONE
    place, ring = place[stays], ring[stays]
    n = np.bincount(ring, minlength=len(rings))
    before = np.roll(place, 1)
    last = np.cumsum(n)[n > 0] - 1
    before[last - n[n > 0] + 1] = place[last]
    distinct = place != before
    place, ring = place[distinct], ring[distinct]
    torn = np.unique(polygon[np.bincount(ring, minlength=len(rings)) < 3])
    result[concerned[torn]] = Polygon()
    whole = ~among(polygon, torn)
    number = np.cumsum(whole) - 1
    taken = whole[ring]
    drawn: Any = shapely.linearrings(degrees(unpack(place[taken])), indices=number[ring[taken]])
    concerned = np.delete(concerned, torn)
    result[concerned] = shapely.polygons(drawn, indices=_ranks(polygon[whole]))
    return result


def _ranks(numbers: Keys) -> Keys:
    """Return 0, 1, 2, ... for ascending numbers, the same for equal ones."""
    return np.cumsum(np.diff(numbers, prepend=numbers[:1]) != 0)
