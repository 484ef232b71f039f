"""Scans, series, surfaces and clusters at a million incidents, beside those who do the same."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.cluster import DBSCAN
from sqlalchemy import Connection, text

from geo.hotspots.clusters import dbscan
from geo.hotspots.density import kernel_density
from geo.hotspots.emerging import emerging_hot_spots
from geo.hotspots.near_repeat import knox
from geo.hotspots.scan import scan
from geo.hotspots.zones import Zones, circles
from grids.db import make_engine
from tests.benchmarks.county_database import county_urls
from tests.benchmarks.harness import Bench
from tests.power.county import County, county

DAYS, INCIDENTS = 730, 1_000_000
Floats = npt.NDArray[np.float64]


class Reports(NamedTuple):
    """A million reports of two years: by grid and day, and where."""

    ground: County
    near: Zones
    cube: npt.NDArray[np.int64]
    places: Floats


@cache
def reports() -> Reports:
    """Return reports whose rates differ from grid to grid by a gamma law."""
    ground, random = county(), np.random.default_rng(3)
    weight = ground.usual("N1")
    weight = weight / weight.sum()
    cube = random.poisson(INCIDENTS / DAYS * weight[:, np.newaxis], (weight.size, DAYS))
    homes = random.choice(weight.size, INCIDENTS, p=weight)
    places = ground.xy[homes] + random.normal(0, 250, (INCIDENTS, 2))
    return Reports(ground, circles(ground.xy, 5000), cube, places)


def permutation_scan(days: int, **given: Any) -> Any:
    """Scan for what is new in windows that end today, on one thread."""
    return scan(reports().cube, reports().near, max_days=days, threads=1, **given)


def quarter_scan() -> Any:
    """Scan the last 90 days of one matter in twelve."""
    cube = _quarter()
    return scan(cube, reports().near, threads=1)


@cache
def _quarter() -> npt.NDArray[np.int64]:
    return np.random.default_rng(5).binomial(reports().cube[:, -90:], 1 / 6)


def poisson_scan() -> Any:
    """Scan the last week against households."""
    week, homes = _quarter()[:, -7:].sum(axis=1), reports().ground.households
    return scan(week, reports().near, model="poisson", population=homes, threads=1)


def retrospective_scan() -> Any:
    """Scan all windows of up to 7 days in 90, 64 replicates."""
    return scan(_quarter(), reports().near, mode="retrospective", replicates=64, threads=1)


def emerging() -> Any:
    """Tell new from lasting in a year of weeks."""
    return emerging_hot_spots(_weeks(), reports().ground.weights)


@cache
def _weeks() -> Floats:
    cube = reports().cube[:, -364:].reshape(-1, 52, 7).sum(axis=2)
    return cube / np.maximum(reports().ground.households, 5)[:, np.newaxis]


def surface() -> Any:
    """Draw the density in 50 m cells with a bandwidth of 500 m."""
    return kernel_density(reports().places, bandwidth_m=500, cell_m=50)


def clusters(n: int) -> Any:
    """Group the first n reports that lie within 100 m of a hundred others."""
    return dbscan(reports().places[:n], 100, 100)


def clusters_by_scikit_learn(n: int) -> Any:
    """Let scikit-learn group them."""
    return DBSCAN(eps=100, min_samples=100, algorithm="kd_tree").fit(reports().places[:n])


@cache
def _points_in_database() -> Connection:
    """Return a connection that has the first 100,000 reports in a temporary table."""
    conn = make_engine(county_urls()[0], pooled=False).connect()
    conn.execute(text("CREATE TEMPORARY TABLE report_place (place geometry(Point))"))
    driver = conn.connection.driver_connection
    assert driver is not None
    with driver.cursor() as cursor, cursor.copy("COPY report_place FROM STDIN") as copy:
        for x, y in reports().places[:100_000].tolist():
            copy.write(f"POINT({x!r} {y!r})\n")
    conn.execute(text("ANALYZE report_place"))
    return conn


def clusters_by_postgis() -> Any:
    """Let PostGIS group the first 100,000; its time is the database's, so the clock counts."""
    return (
        _points_in_database()
        .execute(
            text(
                "SELECT count(DISTINCT cluster) FROM (SELECT ST_ClusterDBSCAN(place, 100, 100)"
                " OVER () AS cluster FROM report_place) AS found"
            )
        )
        .scalar_one()
    )


def near_repeats() -> Any:
    """Table the pairs of 20,000 reports by distance and lag, 99 shuffles."""
    days = np.random.default_rng(1).uniform(0, DAYS, 20_000)
    return knox(reports().places[:20_000], days, (100, 200, 400), (7, 14, 28), permutations=99)


def benches() -> Iterator[Bench]:
    """Yield every method at the size that a county reaches; processor time of one thread."""
    yield Bench(
        "scan 999, 5 km, 7 d, 1 M incidents",
        lambda: permutation_scan(7),
        at_most_s=0.6,
        rounds=3,
    )
    yield Bench("scan 999, 5 km, 14 d, 1 M", lambda: permutation_scan(14), rounds=3)
    yield Bench("scan 999, 5 km, 7 d, one matter, 90 d", quarter_scan, at_most_s=0.5, rounds=3)
    yield Bench("Poisson scan 999, 5 km, one week", poisson_scan, at_most_s=0.16, rounds=3)
    yield Bench("retrospective scan 64, 90 d", retrospective_scan, rounds=1)
    yield Bench("emerging, 2,110 grids x 52 weeks", emerging, at_most_s=0.037)
    yield Bench("density 50 m, bandwidth 500 m, 1 M", surface, at_most_s=0.058)
    yield Bench("clusters 100 m, 100 points, 1 M", lambda: clusters(INCIDENTS), at_most_s=0.82)
    yield Bench(
        "clusters 100 m, 100 points, 100,000",
        lambda: clusters(100_000),
        {"scikit-learn": lambda: clusters_by_scikit_learn(100_000)},
        ratio=5,
        rounds=3,
    )
    _points_in_database()
    yield Bench(
        "clusters 100 m, 100 points, 100,000, by the clock",
        lambda: clusters(100_000),
        {"ST_ClusterDBSCAN": clusters_by_postgis},
        ratio=5,
        rounds=3,
        wall=True,
    )
    yield Bench("near repeats, 20,000, 99 shuffles", near_repeats, rounds=3)
