"""Which incidents lie together: density-based clusters of points, for looking closer."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from geo.hotspots.inputs import UnusableCounts
from geo.hotspots.result import Bools, Floats, Ints, Result


@dataclass(frozen=True, kw_only=True)
class PointClusters(Result):
    """Points in clusters.

    Attributes
    ----------
    label
        Cluster of each point, counted from 0 in the order of their first core points; -1: none.
    core
        True where at least `min_points` points, itself included, lie within `eps_m`.
    n_clusters
        How many clusters there are.
    """

    label: Ints
    core: Bools
    n_clusters: int


def dbscan(
    xy_m: npt.ArrayLike, eps_m: float, min_points: int, *, window: str = "", version: str = ""
) -> PointClusters:
    """Return clusters of points that hang together by dense places.

    Parameters
    ----------
    xy_m
        Places in metres, shape (n, 2).
    eps_m
        Points up to this far apart are near, the limit included.
    min_points
        A point with so many near it, itself included, is a core.

    Raises
    ------
    UnusableCounts
        If places are not finite, or the distance or the number is not positive.

    Notes
    -----
    Ester et al. (1996), KDD. It has no null hypothesis: clusters follow where people live, and
    say nothing of risk. Points are sorted into cells of side eps / sqrt(2), in which all are near
    each other (Gunawan 2013), so the time does not grow with the density. A point near cores of
    several clusters goes to the nearest core's, which the definition leaves open.
    """
    xy = np.ascontiguousarray(xy_m, dtype=np.float64)
    if xy.ndim != 2 or xy.shape[1] != 2 or not np.isfinite(xy).all():
        raise UnusableCounts(name="xy_m", reason="places (x, y) are needed")
    if not (eps_m > 0 and min_points > 0):
        raise UnusableCounts(name="eps_m, min_points", reason="positive numbers are needed")
    core, label = np.zeros(len(xy), np.bool_), np.full(len(xy), -1, np.int64)
    if len(xy):
        # A hair smaller, so that rounding leaves two corners of a cell within the distance.
        side = eps_m / math.sqrt(2.0) * (1.0 - 1e-9)
        column, row = (((c - c.min()) / side).astype(np.int64) + 2 for c in xy.T)
        width = int(column.max()) + 3
        key = row * width + column
        order = np.argsort(key, kind="stable")
        cells, start = np.unique(key[order], return_index=True)
        at, start, near = xy[order], np.append(start, len(xy)), _neighbours(cells, width)
        dense = _cores(at, start, near, eps_m**2, min_points)
        joined = _joined(at, dense, start, near, eps_m**2)
        core[order] = dense
        label[order] = _with_rim(at, dense, joined, start, near, eps_m**2)
        first, place = np.unique(label[core], return_index=True)
        number = np.empty(len(first), np.int64)
        number[np.argsort(place)] = np.arange(len(first))
        label[label >= 0] = number[np.searchsorted(first, label[label >= 0])]
    return PointClusters(
        n=len(xy),
        settings={"method": "dbscan", "eps_m": eps_m, "min_points": min_points},
        window=window,
        version=version,
        label=label,
        core=core,
        n_clusters=int(label.max(initial=-1)) + 1,
    )


@njit(cache=True, nogil=True)
def _root(parent: Ints, point: int) -> int:
    while parent[point] != point:
        parent[point] = parent[parent[point]]
        point = parent[point]
    return point


@njit(cache=True, nogil=True)
def _neighbours(cells: Ints, width: int) -> Ints:
    """Return the numbers of the up to 20 cells around each that can hold near points, then -1."""
    near = np.full((cells.size, 20), -1, np.int64)
    # Cells are sorted, so those to look at in each row move on with the cell they are around.
    west = np.zeros(5, np.int64)
    for c in range(cells.size):
        at = 0
        for row in range(5):
            middle = cells[c] + (row - 2) * width
            while west[row] < cells.size and cells[west[row]] < middle - 2:
                west[row] += 1
            k = west[row]
            while k < cells.size and cells[k] <= middle + 2:
                if abs(row - 2) + abs(cells[k] - middle) not in (0, 4):
                    near[c, at] = k
                    at += 1
                k += 1
    return near


@njit(cache=True, nogil=True)
def _cores(xy: Floats, start: Ints, near: Ints, eps2: float, min_points: int) -> Bools:
    """Return which points have enough points near them; points are sorted by cell."""
    core = np.zeros(len(xy), np.bool_)
    for c in range(len(near)):
        most = start[c + 1] - start[c]
        for k in near[c]:
            most += start[k + 1] - start[k] if k >= 0 else 0
        if most < min_points:
            continue
        for p in range(start[c], start[c + 1]):
            count = start[c + 1] - start[c]
            for k in near[c]:
                if k < 0 or count >= min_points:
                    break
                for q in range(start[k], start[k + 1]):
                    if (xy[p, 0] - xy[q, 0]) ** 2 + (xy[p, 1] - xy[q, 1]) ** 2 <= eps2:
                        count += 1
            core[p] = count >= min_points
    return core


@njit(cache=True, nogil=True)
def _joined(xy: Floats, core: Bools, start: Ints, near: Ints, eps2: float) -> Ints:
    """Return for each core the number of one core of its cluster, for others -1."""
    parent, first = np.arange(len(xy)), np.full(len(near), -1, np.int64)
    for c in range(len(near)):
        for p in range(start[c], start[c + 1]):
            if core[p]:
                first[c] = p if first[c] < 0 else first[c]
                parent[p] = first[c]
    for c in range(len(near)):
        for k in near[c]:
            # One near pair of cores joins two cells.
            if k > c and first[c] >= 0 and first[k] >= 0:
                one, other = _root(parent, first[c]), _root(parent, first[k])
                if one != other and _touch(xy, core, start, c, k, eps2):
                    parent[other] = one
    for p in range(len(xy)):
        parent[p] = _root(parent, p) if core[p] else p
    return np.where(core, parent, -1)


@njit(cache=True, nogil=True)
def _with_rim(xy: Floats, core: Bools, label: Ints, start: Ints, near: Ints, eps2: float) -> Ints:
    """Return the labels with points that are no cores given to the nearest core that is near."""
    whole = label.copy()
    has_core = np.zeros(len(near), np.bool_)
    for c in range(len(near)):
        has_core[c] = core[start[c] : start[c + 1]].any()
    for c in range(len(near)):
        for p in range(start[c], start[c + 1]):
            if core[p]:
                continue
            nearest = eps2
            for place in range(-1, 20):
                k = c if place < 0 else near[c, place]
                if k < 0:
                    break
                if not has_core[k]:
                    continue
                for q in range(start[k], start[k + 1]):
                    away = (xy[p, 0] - xy[q, 0]) ** 2 + (xy[p, 1] - xy[q, 1]) ** 2
                    if core[q] and (away < nearest or (away <= nearest and whole[p] < 0)):
                        nearest, whole[p] = away, label[q]
    return whole


@njit(cache=True, nogil=True)
def _touch(xy: Floats, core: Bools, start: Ints, c: int, k: int, eps2: float) -> bool:
    for p in range(start[c], start[c + 1]):
        if core[p]:
            for q in range(start[k], start[k + 1]):
                if core[q] and (xy[p, 0] - xy[q, 0]) ** 2 + (xy[p, 1] - xy[q, 1]) ** 2 <= eps2:
                    return True
    return False
