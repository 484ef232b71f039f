"""Scanning windows on the ground: for each unit, the units around it by distance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from geo.hotspots.inputs import UnusableCounts
from geo.hotspots.result import Bools, Floats, Ints

# Centres this near to each other lie in the same place: they enter a circle together.
_SAME_PLACE_M = 1e-6

USUAL_RADIUS_M = 5000.0
_MANY = 2000


@dataclass(frozen=True, slots=True)
class Zones:
    """Circles around each of n units, as prefixes of its neighbours in order of distance.

    Attributes
    ----------
    indptr, members
        The circles around unit i hold `members[indptr[i]:k]` for every k with `closes[k - 1]`;
        the first member is the unit itself, or one in the same place.
    distance_m
        Distance of each member from the centre: the radius of the circle that it closes.
    closes
        False where the next member is just as far: the circle holds both or neither.
    """

    indptr: Ints
    members: npt.NDArray[np.int32]
    distance_m: Floats
    closes: Bools

    @property
    def n(self) -> int:
        """Return the number of units."""
        return int(self.indptr.size - 1)

    def circle(self, centre: int, last: int) -> Ints:
        """Return the units of the circle around `centre` whose last member is entry `last`."""
        return self.members[self.indptr[centre] : last + 1].astype(np.int64)

    def within(self, size: Floats, largest: float) -> Zones:
        """Return the circles whose units' sizes sum to at most `largest`; the smallest stays.

        A unit that is larger than that by itself can then still be found alone.
        """
        held = np.cumsum(size[self.members])
        before = np.repeat(
            held[self.indptr[:-1]] - size[self.members[self.indptr[:-1]]], self.counts
        )
        fits = held - before <= largest
        # What lies in one place enters together: it fits together or not at all.
        group = np.concatenate(([0], np.cumsum(self.closes)[:-1]))
        fits = np.logical_and.reduceat(fits, _starts(group))[group]
        fits |= group == np.repeat(group[self.indptr[:-1]], self.counts)
        n_kept = np.add.reduceat(fits.astype(np.int64), self.indptr[:-1])
        indptr = np.concatenate(([0], np.cumsum(n_kept)))
        return Zones(indptr, self.members[fits], self.distance_m[fits], self.closes[fits])

    def only(self, units: Bools) -> Zones:
        """Return the circles without the units where `units` is False; they may be empty."""
        kept = units[self.members]
        centre = np.repeat(np.arange(self.n), self.counts)[kept]
        return _zones(centre, self.members[kept], self.distance_m[kept], self.n)

    @property
    def counts(self) -> Ints:
        """Return how many members each centre has, shape (n,)."""
        return np.diff(self.indptr)


def usual_radius_m(xy_m: Floats) -> float:
    """Return how far circles should reach where nobody says: 5 km, or farther between large units.

    Where half of the circles of 5 km hold one unit alone nothing but single units could be found:
    then it is the least radius that holds 2,000 units around each, infinity for fewer units.
    """
    tree = cKDTree(xy_m)
    near = tree.query_ball_point(xy_m, USUAL_RADIUS_M, return_length=True)
    if np.median(near) > 1:
        return USUAL_RADIUS_M
    if len(xy_m) <= _MANY:
        return np.inf
    # By a step more, so that rounding leaves none of the farthest out.
    return float(tree.query(xy_m, [_MANY])[0].max()) + _SAME_PLACE_M


def circles(xy_m: npt.ArrayLike, max_radius_m: float) -> Zones:
    """Return the circles around each place that hold all places up to a radius.

    Parameters
    ----------
    xy_m
        One place a unit in metres, shape (n, 2), of a projected system.
    max_radius_m
        Largest radius. Infinity: up to all places, n * n entries.

    Raises
    ------
    UnusableCounts
        If places are not finite, or are degrees instead of metres, or the radius is negative.
    """
    xy = np.asarray(xy_m, dtype=np.float64)
    if xy.ndim != 2 or xy.shape[1] != 2 or not len(xy) or not np.isfinite(xy).all():
        raise UnusableCounts(name="xy_m", reason="one place (x, y) per unit is needed")
    if len(xy) > 1 and (np.abs(xy) <= (180, 90)).all():
        raise UnusableCounts(name="xy_m", reason="these are degrees; metres are needed")
    if not max_radius_m >= 0:
        raise UnusableCounts(name="max_radius_m", reason="a radius is 0 or more")
    if np.isinf(max_radius_m):
        i, j = np.triu_indices(len(xy), 1)
    else:
        i, j = cKDTree(xy).query_pairs(max_radius_m, output_type="ndarray").T
    own = np.arange(len(xy))
    centre, member = np.concatenate((own, i, j)), np.concatenate((own, j, i))
    distance = np.hypot(*(xy[centre] - xy[member]).T)
    order = np.lexsort((member, distance, centre))
    return _zones(centre[order], member[order].astype(np.int32), distance[order], len(xy))


def _zones(centre: Ints, member: npt.NDArray[np.int32], distance: Floats, n: int) -> Zones:
    """Return the zones of entries that are sorted by centre and distance."""
    indptr = np.concatenate(([0], np.cumsum(np.bincount(centre, minlength=n))))
    closes = np.ones(len(member), np.bool_)
    closes[:-1] = (distance[1:] - distance[:-1] > _SAME_PLACE_M) | (centre[1:] != centre[:-1])
    return Zones(indptr.astype(np.int64), member, distance, closes)


def _starts(group: Ints) -> Ints:
    """Return where each run of equal numbers begins."""
    return np.flatnonzero(np.concatenate(([True], group[1:] != group[:-1])))
