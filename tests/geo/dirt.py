"""Clean coverages made dirty as real files are, with the truth kept beside: nothing here is random.

Every polygon is drawn again by itself, each vertex off by its own error and some left out; then one
is missing, one drawn twice, one a bow-tie, one swollen over its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import affinity
from shapely.geometry.base import BaseGeometry

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


Spoil = Callable[[np.random.Generator, list[BaseGeometry], int], None]


def _bow_tie(rng: np.random.Generator, drawn: list[BaseGeometry], at: int) -> None:
    xy = _corners(drawn[at])
    one, other = rng.choice(len(xy), 2, replace=False)
    xy[[one, other]] = xy[[other, one]]
    drawn[at] = shapely.Polygon(xy)


def _spike(rng: np.random.Generator, drawn: list[BaseGeometry], at: int) -> None:
    xy = _corners(drawn[at])
    out = xy[0] + rng.normal(size=2) * 200
    drawn[at] = shapely.Polygon(np.insert(xy, 1, [out, xy[0] + [0, 1e-9]], axis=0))


def _sliver(rng: np.random.Generator, drawn: list[BaseGeometry], at: int) -> None:
    x, y = _corners(drawn[at])[0]
    drawn.append(shapely.Polygon([(x, y), (x + 300, y + 0.3), (x + 300, y)]))


def _hole(rng: np.random.Generator, drawn: list[BaseGeometry], at: int) -> None:
    ring = shapely.get_coordinates(drawn[at].centroid.buffer(rng.choice([0.5, 10, 60])))
    drawn[at] = shapely.Polygon(_corners(drawn[at]), [ring])


def _shrunk(rng: np.random.Generator, drawn: list[BaseGeometry], at: int) -> None:
    less = shapely.make_valid(drawn[at]).buffer(-rng.choice([1.0, 5.0, 30.0]))
    drawn[at] = drawn[at] if less.is_empty else less


def _over_everything(rng: np.random.Generator, drawn: list[BaseGeometry], at: int) -> None:
    drawn.append(shapely.union_all(shapely.make_valid(drawn)).buffer(5))


def _corners(polygon: BaseGeometry) -> NDArray[np.float64]:
    return shapely.get_coordinates(shapely.get_exterior_ring(polygon))[:-1]


def _changed(change: Callable[[BaseGeometry], BaseGeometry]) -> Spoil:
    def spoil(rng: np.random.Generator, drawn: list[BaseGeometry], at: int) -> None:
        drawn[at] = change(drawn[at])

    return spoil


def _added(more: Callable[[BaseGeometry], BaseGeometry]) -> Spoil:
    def spoil(rng: np.random.Generator, drawn: list[BaseGeometry], at: int) -> None:
        drawn.append(more(drawn[at]))

    return spoil


SPOILS: dict[str, Spoil] = {
    "missing": lambda rng, drawn, at: drawn.remove(drawn[at]),
    "copied exactly": _added(lambda one: one),
    "copied half a metre off": _added(lambda one: affinity.translate(one, 0.5, -0.4)),
    "copied far off": _added(lambda one: affinity.translate(one, 50, 50)),
    "copied smaller": _added(lambda one: affinity.scale(one, 0.97, 0.97)),
    "copied much smaller": _added(lambda one: affinity.scale(one, 0.6, 0.6)),
    "drawn upon": _added(lambda one: one.centroid.buffer(20)),
    "tiny": _added(lambda one: shapely.box(*_corners(one)[0], *(_corners(one)[0] + 0.05))),
    "flat": _added(lambda one: shapely.Polygon(_corners(one)[[0, 1, 0]])),
    "bow-tie": _bow_tie,
    "spike": _spike,
    "sliver": _sliver,
    "hole": _hole,
    "hole on the edge": _changed(
        lambda one: shapely.Polygon(
            _corners(one), [np.vstack((_corners(one)[:2], one.centroid.coords[0]))]
        )
    ),
    "swollen": _changed(lambda one: shapely.make_valid(one).buffer(12)),
    "shrunk": _shrunk,
    "ring drawn twice": _changed(lambda one: shapely.Polygon(np.tile(_corners(one), (2, 1)))),
    "vertices thrice": _changed(lambda one: shapely.Polygon(np.repeat(_corners(one), 3, axis=0))),
    "ring through its middle": _changed(
        lambda one: shapely.Polygon(np.vstack((_corners(one), one.centroid.coords[0])))
    ),
    "in two parts": _changed(
        lambda one: shapely.MultiPolygon([one, affinity.translate(one, 9000, 0)])
    ),
    "clockwise": _changed(shapely.reverse),
    "with heights": _changed(lambda one: shapely.force_3d(one, 5.0)),
    "over everything": _over_everything,
}


def spoiled(polygons: Geometries, seed: int, kinds: Sequence[str]) -> Geometries:
    """Return polygons of a coverage with one more defect for each kind, at places by the seed."""
    rng = np.random.default_rng(seed)
    frame = frame_of(polygons)
    drawn = list(frame.project(polygons))
    for kind in kinds:
        whole = [at for at, one in enumerate(drawn) if one.geom_type == "Polygon" and one.area > 1]
        if len(whole) > 1:
            SPOILS[kind](rng, drawn, int(rng.choice(whole)))
    given = np.empty(len(drawn), dtype=np.object_)
    given[:] = drawn
    with_heights = shapely.has_z(given)
    placed: Geometries = shapely.transform(given, frame.unproject_xy)
    placed[with_heights] = shapely.force_3d(placed[with_heights], 5.0)
    return placed
