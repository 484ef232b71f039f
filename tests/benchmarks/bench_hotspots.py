"""Hotspot statistics over a county of 2,116 grids, beside the same work done by esda."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
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


BENCHMARKS: tuple[Callable[[], Any], ...] = (
    shrunk_rates,
    local_rates,
    excess,
    change,
    gi_star,
    gi_star_999,
    gi_star_999_by_esda,
)


def measured(work: Callable[[], Any], rounds: int = 7) -> float:
    """Return the median milliseconds of a piece of work, after one round to warm up."""
    work()
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken)


if __name__ == "__main__":
    for benchmark in BENCHMARKS:
        print(f"{benchmark.__name__:24} {measured(benchmark):9.2f} ms")
