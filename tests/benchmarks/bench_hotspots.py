"""Hotspot statistics over a county of 2,116 grids, beside the same work done by esda."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from esda.getisord import G_Local
from libpysal.weights import W

from geo.hotspots.change import local_change
from geo.hotspots.excess import local_excess
from geo.hotspots.gi_star import getis_ord_gi_star
from geo.hotspots.rates import empirical_bayes
from geo.hotspots.weights import Weights, contiguity
from tests.benchmarks.harness import Bench

SIDE = 46


class County(NamedTuple):
    """Counts of a week and of the 83 days before, households, and who touches whom."""

    week: npt.NDArray[np.int64]
    before: npt.NDArray[np.int64]
    households: npt.NDArray[np.float64]
    weights: Weights


@cache
def county() -> County:
    """Return a lattice county of the model's size: 95,000 households, 222 reports a day."""
    random = np.random.default_rng(1)
    households = random.gamma(0.8, 57, SIDE * SIDE).round()
    usual = households * random.gamma(4, 0.25, SIDE * SIDE) * 222 / households.sum()
    number = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
    touching = [
        (number[:, :-1], number[:, 1:]),
        (number[:-1], number[1:]),
        (number[:-1, :-1], number[1:, 1:]),
    ]
    pairs = np.concatenate([np.column_stack((a.ravel(), b.ravel())) for a, b in touching])
    weights = contiguity(pairs, SIDE * SIDE)
    return County(random.poisson(usual * 7), random.poisson(usual * 83), households, weights)


def shrunk_rates() -> Any:
    """Shrink the rates of a week towards the county's."""
    return empirical_bayes(county().week, county().households, days=7)


def local_rates() -> Any:
    """Shrink the rates of a week towards those of the neighbours."""
    given = county()
    return empirical_bayes(given.week, given.households, scope="local", weights=given.weights)


def excess() -> Any:
    """Test every neighbourhood against its households."""
    return local_excess(county().week, county().households, county().weights)


def change() -> Any:
    """Test every neighbourhood against its own 83 days before."""
    return local_change(county().week, county().before, 7, 83, county().weights)


def gi_star() -> Any:
    """Gi* of shrunk rates with the permutation law by convolution."""
    return getis_ord_gi_star(shrunk_rates().rate, county().weights)


def gi_star_999() -> Any:
    """Gi* of shrunk rates by 999 conditional permutations."""
    return getis_ord_gi_star(shrunk_rates().rate, county().weights, inference="permutation")


def gi_star_999_by_esda() -> Any:
    """Let esda do the same 999 permutations."""
    return G_Local(
        shrunk_rates().rate, _referee(), transform="B", star=True, permutations=999, seed=1
    )


@cache
def _referee() -> W:
    weights = county().weights
    rows = np.split(weights.indices, weights.indptr[1:-1])
    return W({i: row.tolist() for i, row in enumerate(rows)}, id_order=list(range(weights.n)))


def benches() -> Iterator[Bench]:
    """Yield the statistics of a hotspot map of one week; all together stay under a second."""
    yield Bench("shrunk rates, 2,116 grids", shrunk_rates, at_most_s=0.01)
    yield Bench("shrunk rates among neighbours", local_rates, at_most_s=0.05)
    yield Bench("neighbourhood excess test", excess, at_most_s=0.05)
    yield Bench("neighbourhood change test", change, at_most_s=0.1)
    yield Bench(
        "Gi* with p: convolution, not drawn",
        gi_star,
        {"esda, 999 drawn": gi_star_999_by_esda},
        ratio=3,
    )
    yield Bench(
        "Gi* with p: 999 permutations", gi_star_999, {"esda, 999 drawn": gi_star_999_by_esda}
    )
