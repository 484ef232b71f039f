"""Hotspot statistics over a county of 2,116 grids, beside the same work done by PySAL.

The neighbours are made once and serve every count, as a county's do; what making them takes has
its own row. Limits are the processor times of HOTSPOTS.md's prototype on 2,110 grids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from esda.getisord import G_Local
from libpysal.weights import W
from pointpats import Knox

from geo.hotspots.change import local_change
from geo.hotspots.excess import local_excess
from geo.hotspots.fdr import false_discovery_q
from geo.hotspots.gi_star import getis_ord_gi_star, standardised
from geo.hotspots.near_repeat import knox
from geo.hotspots.rates import empirical_bayes
from geo.hotspots.weights import Weights, contiguity
from tests.benchmarks.harness import Bench

SIDE = 46
OFTEN = 50


class County(NamedTuple):
    """Counts of a week and of the 83 days before, households, and who touches whom."""

    pairs: npt.NDArray[np.int64]
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
    return County(pairs, random.poisson(usual * 7), random.poisson(usual * 83), households, weights)


@cache
def _rates() -> npt.NDArray[np.float64]:
    return np.asarray(shrunk_rates().rate)


@cache
def _p() -> npt.NDArray[np.float64]:
    return np.asarray(excess().p)


def neighbours() -> Any:
    """Make the neighbours anew, each unit with and without itself."""
    return contiguity(county().pairs, SIDE * SIDE).with_self


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


def false_discovery() -> Any:
    """Correct the p-values of one map."""
    return false_discovery_q(_p())


def gi_star_z() -> Any:
    """Gi* of shrunk rates without its p."""
    return standardised(_rates(), county().weights.with_self)


def gi_star() -> Any:
    """Gi* of shrunk rates with the permutation law by convolution."""
    return getis_ord_gi_star(_rates(), county().weights)


def gi_star_drawn(permutations: int) -> Any:
    """Gi* of shrunk rates by conditional permutations."""
    return getis_ord_gi_star(
        _rates(), county().weights, inference="permutation", permutations=permutations
    )


def gi_star_by_esda(permutations: int) -> Any:
    """Let esda do the same permutations."""
    return G_Local(
        _rates(), _referee(), transform="B", star=True, permutations=permutations, seed=1
    )


@cache
def _referee() -> W:
    weights = county().weights
    rows = np.split(weights.indices, weights.indptr[1:-1])
    return W({i: row.tolist() for i, row in enumerate(rows)}, id_order=list(range(weights.n)))


@cache
def _burglaries() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    random = np.random.default_rng(2)
    return random.normal(0, 5000, (2000, 2)), random.uniform(0, 365, 2000)


def near_repeats() -> Any:
    """Count the pairs of 2,000 reports within 400 m and 14 days, and of 99 shuffles."""
    return knox(*_burglaries(), (400.0,), (14.0,), permutations=99)


def near_repeats_by_pointpats() -> Any:
    """Let pointpats count them."""
    xy, days = _burglaries()
    return Knox(xy, days.reshape(-1, 1), 400.0, 14.0, permutations=99)


def _often(work: Callable[[], Any]) -> Callable[[], Any]:
    """Return the same work done `OFTEN` times; its tenth of a millisecond alone is not measured."""

    def run() -> None:
        for _ in range(OFTEN):
            work()

    return run


def benches() -> Iterator[Bench]:
    """Yield the statistics of a hotspot map of one week; all together stay under a second."""
    yield Bench("neighbours made from pairs", _often(neighbours), repeat=OFTEN)
    for work, ours, at_most_ms in (
        ("shrunk rates, 2,116 grids", shrunk_rates, 0.03),
        ("shrunk rates among neighbours", local_rates, 0.13),
        ("neighbourhood excess test with FDR", excess, 1.0),
        ("neighbourhood change test with FDR", change, 1.0),
        ("FDR", false_discovery, 0.5),
        ("Gi* z alone", gi_star_z, 0.2),
        ("Gi* with p: convolution, FDR", gi_star, 4.5),
    ):
        yield Bench(work, _often(ours), at_most_s=at_most_ms / 1e3, repeat=OFTEN)
    for permutations, at_most_s in ((999, 0.017), (9999, 0.152)):
        yield Bench(
            f"Gi* with p: {permutations:,} permutations",
            partial(gi_star_drawn, permutations),
            at_most_s=at_most_s,
        )
    drawn_by_esda = {"esda, 999 drawn": partial(gi_star_by_esda, 999)}
    yield Bench("Gi* with p: convolution, not drawn", gi_star, drawn_by_esda, ratio=3)
    yield Bench("Gi* with p: 999 permutations", partial(gi_star_drawn, 999), drawn_by_esda, ratio=3)
    yield Bench(
        "near repeats, 2,000, 99 shuffles",
        near_repeats,
        {"pointpats": near_repeats_by_pointpats},
        ratio=10,
        rounds=3,
    )
