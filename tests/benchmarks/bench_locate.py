"""Points into polygons, beside the ways that others would take."""

from __future__ import annotations

from collections.abc import Iterator

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from geo.borders import Borders
from geo.lattice import Geometries
from geo.locator import Locator
from tests.benchmarks.data import adversarial, county, grids, points
from tests.benchmarks.harness import Bench, Count


def benches() -> Iterator[Bench | Count]:
    """Yield what is measured; each prepares its data when its turn comes."""
    xy = points(1_000_000)
    compiled, arrays = Locator(grids()), Locator(grids(), engine="numpy")
    geometries = shapely.points(xy)
    peers = {
        "prepared STRtree": lambda: shapely.STRtree(geometries).query(grids(), predicate="covers"),
        "geopandas.sjoin": lambda: _sjoin(geometries, grids()),
    }
    yield Bench("1 M points -> 2,110 grids, one core", lambda: compiled.locate(xy), peers, ratio=40)
    yield Bench(
        "1 M points -> 2,110 grids, nothing compiled",
        lambda: arrays.locate(xy),
        {"prepared STRtree": peers["prepared STRtree"]},
        ratio=3,
        rounds=3,
    )
    subgroups = Locator(county().cells)
    yield Bench(
        "1 M points -> 10,386 sub-groups, one core",
        lambda: subgroups.locate(xy),
        {"geopandas.sjoin": lambda: _sjoin(geometries, county().cells)},
        ratio=25,
        rounds=3,
    )
    many = np.tile(xy, (10, 1))
    yield Bench(
        "10 M points -> 2,110 grids, two threads, wall",
        lambda: compiled.locate(many, parallel=True),
        at_most_s=0.27,
        wall=True,
    )
    some = xy[:20_000].tolist()
    yield Bench(
        "one point, in process",
        lambda: [compiled.one(lon, lat) for lon, lat in some],
        at_most_s=3e-6,
        repeat=len(some),
    )
    yield Bench("index of 2,110 grids, built", lambda: Locator(grids()), rounds=3)
    yield Count(
        "answers unequal to GEOS covers, of 4.8 M",
        lambda: sum(
            _unequal(locator, polygons, seed)
            for seed, (locator, polygons) in enumerate(
                [(compiled, grids()), (arrays, grids()), (subgroups, county().cells)]
            )
        ),
    )
    borders = Borders(grids())
    yield Bench("100,000 distances to a border", lambda: borders.distance_m(xy[:100_000]), rounds=3)


def _sjoin(geometries: Geometries, polygons: Geometries) -> gpd.GeoDataFrame:
    # A fresh frame each time: the spatial index is part of the work.
    left = gpd.GeoDataFrame(geometry=geometries, crs=4490)
    right = gpd.GeoDataFrame(geometry=polygons, crs=4490)
    return gpd.sjoin(left, right, predicate="within", how="inner")


def _unequal(locator: Locator, polygons: Geometries, seed: int) -> int:
    xy = np.concatenate([points(1_000_000)[:900_000], adversarial(polygons, 100_000, seed)])
    return int((locator.locate(xy) != _by_geos(polygons, xy)).sum())


def _by_geos(polygons: Geometries, xy: NDArray[np.float64]) -> NDArray[np.int64]:
    labels = np.full(len(xy), -1)
    polygon, point = shapely.STRtree(shapely.points(xy)).query(polygons, predicate="covers")
    order = np.argsort(-polygon, kind="stable")
    labels[point[order]] = polygon[order]
    return labels
