"""Clean coverages made dirty as real files are, with the truth kept beside: nothing here is random.

Every polygon is drawn again by itself, each vertex off by its own error and some left out; then one
is missing, one drawn twice, one a bow-tie, one swollen over its neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.crs import MetricFrame
from geo.lattice import Geometries


@dataclass(frozen=True, eq=False)
class Dirt:
    """Dirty outlines; `truth` is the index of the clean polygon that each was drawn from."""

    outlines: Geometries
    truth: NDArray[np.int64]
    missing: int
    copied: int
    bow_tie: int
    swollen: int


def frame_of(polygons: Geometries) -> MetricFrame:
    """Return the metric zone in the middle of polygons in degrees."""
    west, _, east, _ = shapely.total_bounds(polygons)
    return MetricFrame.at(float(west + east) / 2)


def redrawn(
    polygons: Geometries,
    seed: int,
    jitter_m: tuple[float, float] = (0.5, 3.0),
    dropped: float = 0.0,
) -> Geometries:
    """Return each polygon drawn anew: own errors of so many metres, some vertices left out."""
    rng = np.random.default_rng(seed)
    frame = frame_of(polygons)
    drawn = []
    for metric in frame.project(polygons):
        xy = shapely.get_coordinates(shapely.get_exterior_ring(metric))[:-1]
        kept = rng.random(len(xy)) >= dropped
        if kept.sum() >= 4:
            xy = xy[kept]
        drawn.append(shapely.Polygon(xy + _shaken(rng, len(xy), *jitter_m)))
    return frame.unproject(np.array(drawn, dtype=np.object_))


def dirtied(
    polygons: Geometries,
    seed: int,
    jitter_m: tuple[float, float] = (0.5, 3.0),
    dropped: float = 0.0,
    swell_m: float = 12.0,
) -> Dirt:
    """Return polygons drawn anew with one missing, one drawn twice, one bow-tie, one swollen.

    Parameters
    ----------
    polygons
        A coverage; the four are taken from inside it, so that it has to have some cells that do
        not touch its outline.
    """
    border = shapely.boundary(shapely.coverage_union_all(polygons))
    inner = np.flatnonzero(~shapely.intersects(polygons, border))
    missing, copied, bow_tie, swollen = inner[
        np.linspace(0, len(inner) - 1, 6).astype(int)[1:5]
    ].tolist()
    frame = frame_of(polygons)
    drawn = frame.project(redrawn(polygons, seed, jitter_m, dropped))
    xy = shapely.get_coordinates(drawn[bow_tie])[:-1]
    xy[[0, len(xy) // 2]] = xy[[len(xy) // 2, 0]]
    drawn[bow_tie] = shapely.Polygon(xy)
    drawn[swollen] = shapely.make_valid(drawn[swollen]).buffer(swell_m)
    copy = shapely.transform(drawn[copied], lambda xy: xy + np.array([0.4, -0.3]))
    truth = np.append(np.arange(len(polygons)), copied)
    kept = truth != missing
    outlines = frame.unproject(np.append(drawn, copy))
    return Dirt(outlines[kept], truth[kept], missing, copied, bow_tie, swollen)


def _shaken(rng: np.random.Generator, n: int, least_m: float, most_m: float) -> NDArray[np.float64]:
    turn = rng.uniform(0, 2 * np.pi, n)
    return rng.uniform(least_m, most_m, (n, 1)) * np.column_stack((np.cos(turn), np.sin(turn)))
