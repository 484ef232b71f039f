"""Bringing the copies of a vertex together that neighbours drew: clusters, never chains."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from geo.crs import MetricFrame
from geo.lattice import Coordinates, Geometries, Keys, degrees, keys, pack, unpack
from geo.polygon import parts

_NEAREST = 8


def cluster(
    given: Keys, owner: NDArray[np.int64], tolerance_m: float, anchors: Keys | None = None
) -> Keys:
    """Return the packed lattice key that each vertex moves to.

    Parameters
    ----------
    given
        Packed keys of vertices.
    owner
        Whose vertex each is. Vertices of one owner never come together, so that a narrow neck
        between two stretches of its border stays open.
    tolerance_m
        A vertex moves to an anchor, or to the mean of a cluster. The vertices of a cluster lie
        within this distance from each other, so that rows of close vertices never run together.
    anchors
        Packed keys that stay where they are and draw others to them.

    Notes
    -----
    Clusters grow from the closest pair on (complete linkage over the eight nearest), which is
    what brings the copies of one corner together when corners are further apart than their
    copies.
    """
    fixed = np.empty(0, np.int64) if anchors is None else np.unique(anchors)
    places, place, weight = np.unique(given, return_inverse=True, return_counts=True)
    plane = _metres(np.concatenate((places, fixed)))
    metres, drawing = plane[: len(places)], plane[len(places) :]
    target = places.copy()
    loose = np.ones(len(places), dtype=np.bool_)
    if len(fixed):
        distance, nearest = cKDTree(drawing).query(metres, distance_upper_bound=tolerance_m)
        drawn = np.isfinite(distance)
        target[drawn] = fixed[nearest[drawn]]
        loose = ~drawn
    rows = np.flatnonzero(loose)
    renumbered = np.cumsum(loose) - 1
    own = loose[place]
    root = _linked(metres[rows], renumbered[place[own]], owner[own], tolerance_m)
    steps = unpack(places[rows])
    total = np.bincount(root, weight[rows], minlength=len(rows))
    mean = np.column_stack(
        [
            np.bincount(root, weight[rows] * (steps[:, axis] - steps[root, axis]), len(rows))
            for axis in (0, 1)
        ]
    )
    moved = np.rint(mean / np.maximum(total, 1)[:, None]).astype(np.int64) + steps
    target[rows] = pack(moved)[root]
    return target[place]


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
    xy, part = shapely.get_coordinates(simple, return_index=True)
    target = cluster(pack(keys(xy)), part, tolerance_m, anchors)
    moved: Geometries = shapely.set_coordinates(simple.copy(), degrees(unpack(target)))
    return moved, owner


def _linked(
    metres: Coordinates, place: NDArray[np.int64], owner: NDArray[np.int64], tolerance_m: float
) -> NDArray[np.int64]:
    """Return one member of each point's cluster for each point; a lone point is its own.

    `place` is the point of each vertex, `owner` whose vertex it is.
    """
    near, far = _close_pairs(metres, tolerance_m)
    if len(near) == 0:
        return np.arange(len(metres))
    from geo.repair_kernels import complete_linkage  # noqa: PLC0415  Numba takes time to import

    order = np.argsort(place, kind="stable")
    begin = np.searchsorted(place[order], np.arange(len(metres) + 1))
    found: NDArray[np.int64] = complete_linkage(
        near, far, np.ascontiguousarray(metres), begin, owner[order], tolerance_m
    )
    return found


def _close_pairs(
    metres: Coordinates, tolerance_m: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return pairs of points within the tolerance, the closest first."""
    if len(metres) < 2:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    distance, nearest = cKDTree(metres).query(
        metres, k=_NEAREST, distance_upper_bound=tolerance_m * (1 + 1e-12)
    )
    one = np.repeat(np.arange(len(metres)), _NEAREST).reshape(nearest.shape)
    there = np.isfinite(distance) & (one != nearest)
    one, other, apart = one[there], nearest[there], distance[there]
    low, high = np.minimum(one, other), np.maximum(one, other)
    _, first = np.unique(low * len(metres) + high, return_index=True)
    order = first[np.argsort(apart[first], kind="stable")]
    return low[order], high[order]


def _metres(packed: Keys) -> Coordinates:
    xy = degrees(unpack(packed))
    if len(xy) == 0:
        return xy
    return MetricFrame.at(float(np.median(xy[:, 0]))).project_xy(xy)
