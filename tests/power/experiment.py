"""Draw maps of a known truth and let every method judge them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.hotspots.change import local_change
from geo.hotspots.excess import local_excess
from geo.hotspots.gi_star import getis_ord_gi_star
from geo.hotspots.rates import empirical_bayes
from geo.hotspots.scan import scan
from tests.power.county import DAYS, WEEK, County, Null

Bools = npt.NDArray[np.bool_]

LEVEL = 0.05
REPLICATES = 199


@dataclass(frozen=True)
class Setting:
    """A planted hotspot: all grids within `radius_m` of one where `least` to `most` cases are
    usual in a week, `risk` times as many.
    """

    name: str
    radius_m: float
    least: float
    most: float
    risk: float


RURAL, TOWNSHIP, TOWN = ("rural", 1000, 3, 5), ("township", 1000, 20, 30), ("town", 2000, 90, 120)
SETTINGS = tuple(
    Setting(*place, risk)
    for place, risks in ((RURAL, (3, 5)), (TOWNSHIP, (2, 3, 5)), (TOWN, (2, 3)))
    for risk in risks
)


def cubes(
    county: County, null: Null, n: int, seed: int, setting: Setting | None = None
) -> Iterator[tuple[npt.NDArray[np.int64], Bools]]:
    """Yield `n` cubes (grids, days) and the grids that are truly hot in the last week."""
    random = np.random.default_rng(seed)
    usual = county.usual(null)
    spots = [] if setting is None else _spots(county, usual * WEEK, setting)
    for _ in range(n):
        cube = random.poisson(usual[:, np.newaxis], (usual.size, DAYS))
        hot = np.zeros(usual.size, np.bool_)
        if setting is not None:
            hot = spots[random.integers(len(spots))]
            raised = (usual * setting.risk)[hot, np.newaxis]
            cube[hot, -WEEK:] = random.poisson(raised, (int(hot.sum()), WEEK))
        yield cube, hot


def _spots(county: County, week: npt.NDArray[np.float64], setting: Setting) -> list[Bools]:
    """Return the grids of every spot that fits a setting."""
    around = [np.hypot(*(county.xy - centre).T) <= setting.radius_m for centre in county.xy]
    return [hot for hot in around if setting.least <= week[hot].sum() <= setting.most]


def marked(county: County, cube: npt.NDArray[np.int64], seed: int) -> dict[str, Bools]:
    """Return the grids that each method marks as hot in the last week."""
    week, before = cube[:, -WEEK:].sum(axis=1), cube[:, :-WEEK].sum(axis=1)
    changed = local_change(week, before, WEEK, DAYS - WEEK, county.weights)
    rates = empirical_bayes(week, county.households, days=WEEK).rate
    by_time = scan(cube, county.zones, replicates=REPLICATES, seed=seed, max_days=WEEK)
    by_homes = scan(
        week,
        county.zones,
        model="poisson",
        population=county.households,
        replicates=REPLICATES,
        seed=seed,
    )

    def clusters(found: object) -> Bools:
        inside = np.zeros(len(cube), np.bool_)
        for one in found.clusters:  # type: ignore[attr-defined]
            inside[one.units] |= one.p <= LEVEL
        return inside

    return {
        "space-time permutation scan": clusters(by_time),
        "change against its own 83 days": (changed.q <= LEVEL) & (changed.direction > 0),
        "neighbourhood excess (negative binomial)": local_excess(
            week, county.households, county.weights
        ).q
        <= LEVEL,
        "Gi* of shrunk rates (convolution)": getis_ord_gi_star(rates, county.weights).q <= LEVEL,
        "Poisson scan against households": clusters(by_homes),
        "excess without overdispersion (Poisson)": local_excess(
            week, county.households, county.weights, dispersion="poisson"
        ).q
        <= LEVEL,
    }
