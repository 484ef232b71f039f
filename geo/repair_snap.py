"""Bringing the vertices of neighbours together: greedy clusters on the lattice, never chains."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import cKDTree

from geo.crs import MetricFrame
from geo.lattice import Coordinates, Geometries, Keys, degrees, keys, pack, unpack
from geo.polygon import parts


def cluster(
    given: Keys, weight: NDArray[np.int64], tolerance_m: float, anchors: Keys | None = None
) -> Keys:
    """Return the packed lattice key that each packed key moves to.

    Parameters
    ----------
    given
        Distinct packed keys.
    weight
        How many vertices lie at each; the place of a cluster is their weighted mean.
    tolerance_m
        A key moves to an anchor, or joins a cluster, that is at most this far away. The keys of a
        cluster lie within it from one middle key, so that rows of close vertices never run
        together into one.
    anchors
        Packed keys that stay where they are and draw others to them.

    Notes
    -----
    Middles are taken in the order of how many vertices lie around them, which is what brings the
    copies of one corner together when corners are further apart than their copies.
    """
    fixed = np.empty(0, np.int64) if anchors is None else np.unique(anchors)
    both = np.concatenate((given, fixed))
    plane = _metres(both)
    metres, places = plane[: len(given)], plane[len(given) :]
    target = given.copy()
    loose = np.ones(len(given), dtype=np.bool_)
    if len(fixed):
        distance, nearest = cKDTree(places).query(metres, distance_upper_bound=tolerance_m)
        drawn = np.isfinite(distance)
        target[drawn] = fixed[nearest[drawn]]
        loose = ~drawn
    rows = np.flatnonzero(loose)
    middle = _middles(metres[rows], weight[rows], tolerance_m)
    n = np.bincount(middle, weight[rows], minlength=len(rows))
    steps = unpack(given[rows])
    mean = np.column_stack(
        [
            np.bincount(middle, weight[rows] * (steps[:, axis] - steps[middle, axis]), len(rows))
            for axis in (0, 1)
        ]
    )
    moved = np.rint(mean / np.maximum(n, 1)[:, None]).astype(np.int64) + steps
    target[rows] = pack(moved)[middle]
    return target


def snapped_parts(
    polygons: Geometries, tolerance_m: float, anchors: Keys | None = None
) -> tuple[Geometries, NDArray[np.int64]]:
    """Return the simple parts of polygons with clustered vertices, and whose part each is.

    Parts are in degrees on the lattice and may have become invalid or flat. Consecutive repeats
    stay, so that every part keeps the shape of its arrays.
    """
    simple, owner = parts(polygons)
    solid = ~shapely.is_empty(simple)
    simple, owner = simple[solid], owner[solid]
    xy = shapely.get_coordinates(simple)
    distinct, at, weight = np.unique(pack(keys(xy)), return_inverse=True, return_counts=True)
    target = cluster(distinct, weight, tolerance_m, anchors)
    moved: Geometries = shapely.set_coordinates(simple.copy(), degrees(unpack(target[at])))
    return moved, owner


def _middles(
    metres: Coordinates, weight: NDArray[np.int64], tolerance_m: float
) -> NDArray[np.int64]:
    """Return the index of the middle of each point's cluster; a lone point is its own."""
    middle = np.arange(len(metres), dtype=np.int64)
    if len(metres) < 2:
        return middle
    pairs = cKDTree(metres).query_pairs(tolerance_m, output_type="ndarray")
    if len(pairs) == 0:
        return middle
    ones = np.ones(len(pairs), dtype=np.int8)
    near = sparse.coo_array((ones, (pairs[:, 0], pairs[:, 1])), shape=(len(metres),) * 2)
    near = (near + near.T).tocsr()
    around = near @ weight + weight
    crowded = np.flatnonzero(np.diff(near.indptr))
    taken = np.zeros(len(metres), dtype=np.bool_)
    for point in crowded[np.argsort(-around[crowded], kind="stable")]:
        if not taken[point]:
            others = near.indices[near.indptr[point] : near.indptr[point + 1]]
            others = others[~taken[others]]
            middle[others] = point
            taken[others] = taken[point] = True
    return middle


def _metres(packed: Keys) -> Coordinates:
    xy = degrees(unpack(packed))
    if len(xy) == 0:
        return xy
    return MetricFrame.at(float(np.median(xy[:, 0]))).project_xy(xy)
