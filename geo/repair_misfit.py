"""How far apart the copies of a vertex lie that several outlines drew: what has to be snapped."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from geo.crs import MetricFrame
from geo.lattice import Geometries, Keys, degrees, unpack

NOISE_M = 0.02
"""Two lattice steps: copies of a vertex that are closer were one vertex before rounding."""

_FARTHEST_M = 10.0
_TRIED_M = (NOISE_M, 0.05, 0.1, 0.2, *np.arange(0.5, _FARTHEST_M + 0.5, 0.5).tolist())
_BEYOND, _BEYOND_M = 0.25, 0.5
_STRAYS, _STRAY_SHARE = 1, 5e-4
_MOST = 0.5
_NEAREST = 6


def misfit_m(polygons: Geometries, anchors: Keys | None = None) -> float | None:
    """Return the distance within which outlines have their neighbours' copies of their vertices.

    Parameters
    ----------
    polygons
        In degrees; every one drawn by itself.
    anchors
        Packed keys of vertices that copies are sought among as well.

    Returns
    -------
    float or None
        Between 2 cm and 10 m; none when the vertices of neighbours are no copies of each other.

    Notes
    -----
    A vertex lies at most twice the error of drawing away from its copies, while the next vertex is
    farther away as a rule. So the share of vertices that have another outline's vertex within r
    rises with r and then stays level, however many were left out; the answer is where the level
    begins: the smallest r that has most of those within 10 m, and next to none between r and a
    quarter more, half a metre at least.
    """
    xy, owner = shapely.get_coordinates(polygons, return_index=True)
    if len(xy) == 0:
        return NOISE_M
    frame = MetricFrame.at(float(np.median(xy[:, 0])))
    apart = _to_others(frame.project_xy(xy), owner)
    if anchors is not None and len(anchors):
        drawing = cKDTree(frame.project_xy(degrees(unpack(anchors))))
        nearest, _ = drawing.query(frame.project_xy(xy), distance_upper_bound=2 * _FARTHEST_M)
        apart = np.minimum(apart, nearest)
    apart.sort()
    few = max(_STRAYS, _STRAY_SHARE * len(apart))
    near = np.searchsorted(apart, _FARTHEST_M, side="right")
    for tried in _TRIED_M:
        farther = tried + max(_BEYOND * tried, _BEYOND_M)
        within, beyond = np.searchsorted(apart, (tried, farther), side="right")
        if beyond - within <= few and within >= _MOST * near:
            return float(tried)
    return None


def _to_others(metres: NDArray[np.float64], owner: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return how far each vertex is from the nearest of another outline; infinite beyond 20 m."""
    distance, nearest = cKDTree(metres).query(
        metres, k=_NEAREST, distance_upper_bound=2 * _FARTHEST_M
    )
    whose = np.append(owner, -1)[nearest]
    others = np.where(whose != owner[:, None], distance, np.inf)
    return np.asarray(others.min(axis=1))
