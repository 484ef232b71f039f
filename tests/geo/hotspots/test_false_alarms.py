"""Maps on which nothing is hot, and maps on which the truth is known.

Bars of 8 % over 300 maps; here 60 maps of a 40 x 40 county. With a true rate of 8 %, more than 9
alarms in 60 maps come once in 40 runs; the seeds are fixed, so the verdict does not change.
"""

import numpy as np
import pytest

from geo.hotspots.change import local_change
from geo.hotspots.excess import local_excess
from geo.hotspots.gi_star import getis_ord_gi_star
from geo.hotspots.rates import empirical_bayes
from geo.hotspots.weights import contiguity

SIDE, MAPS, ALARMS = 40, 60, 9
N = SIDE * SIDE
RATE = 0.0166


@pytest.fixture(scope="module")
def households():
    return np.random.default_rng(7).gamma(0.8, 57, N).round()


@pytest.fixture(scope="module")
def usual(households):
    random = np.random.default_rng(11)
    row, column = np.divmod(np.arange(N), SIDE)
    bumps = sum(
        random.normal() * np.exp(-((row - r) ** 2 + (column - c) ** 2) / 32)
        for r, c in random.integers(0, SIDE, (60, 2))
    )
    smooth = np.exp(0.5 * (bumps - bumps.mean()) / bumps.std())
    shapes = {"flat": np.ones(N), "gamma": random.gamma(4, 0.25, N), "smooth": smooth}
    return {name: households * RATE * shape for name, shape in shapes.items()}


def alarms(draw, marked):
    random = np.random.default_rng(100)
    return sum(bool(marked(draw(random)).any()) for _ in range(MAPS))


@pytest.mark.parametrize("null", ["flat", "gamma"])
def test_the_excess_test_rarely_marks_a_map_without_hotspots(null, households, usual, lattice):
    weights = lattice(SIDE)
    found = alarms(
        lambda random: random.poisson(usual[null]),
        lambda events: local_excess(events, households, weights).q <= 0.05,
    )
    assert found <= ALARMS


def test_the_poisson_version_would_mark_most_maps_of_uneven_rates(households, usual, lattice):
    weights = lattice(SIDE)
    found = alarms(
        lambda random: random.poisson(4 * usual["gamma"]),
        lambda e: local_excess(e, households, weights, dispersion="poisson").q <= 0.05,
    )
    assert found > MAPS / 2


@pytest.mark.parametrize("null", ["flat", "gamma"])
def test_gi_star_of_shrunk_rates_rarely_marks_a_map_without_hotspots(
    null, households, usual, lattice
):
    weights = lattice(SIDE)
    found = alarms(
        lambda random: random.poisson(usual[null]),
        lambda e: getis_ord_gi_star(empirical_bayes(e, households).rate, weights).q <= 0.05,
    )
    assert found <= ALARMS


@pytest.mark.parametrize("null", ["flat", "gamma", "smooth"])
def test_the_change_test_rarely_marks_a_map_on_which_nothing_changed(null, usual, lattice):
    weights = lattice(SIDE)
    found = alarms(
        lambda random: (random.poisson(usual[null]), random.poisson(usual[null] * 83 / 7)),
        lambda periods: local_change(*periods, 7, 83, weights).q <= 0.05,
    )
    assert found <= ALARMS


def test_a_planted_hotspot_is_found_and_little_else_is_marked(households, usual, lattice):
    weights = lattice(SIDE)
    row, column = np.divmod(np.arange(N), SIDE)
    planted = (abs(row - 20) <= 2) & (abs(column - 13) <= 2)
    random = np.random.default_rng(5)
    raised = np.where(planted, 4.0, 1.0) * usual["gamma"]
    hit, right = [], []
    for _ in range(20):
        now, then = random.poisson(raised), random.poisson(usual["gamma"] * 83 / 7)
        for marked in (
            local_excess(now, households, weights).q <= 0.05,
            local_change(now, then, 7, 83, weights).q <= 0.05,
        ):
            hit.append(bool((marked & planted).any()))
            right.append((marked & planted).sum() / max(marked.sum(), 1))
    assert np.mean(hit) >= 0.95
    assert np.mean(right) >= 0.7


def test_the_hotspot_planted_in_the_reference_county_is_found(reference):
    grids = reference("data/synthetic_county_grid.csv")
    pairs = reference("data/synthetic_county_queen_pairs.csv")
    week = reference("expected/synthetic_county_7d_localG_spdep.csv")["count_7d"]
    weights = contiguity(np.column_stack((pairs["i"], pairs["j"])), week.size)
    found = local_excess(week, grids["households"], weights)
    marked = np.flatnonzero(found.q <= 0.05)
    assert marked.size > 0
    # The planted disc has a radius of 1,500 m; a neighbourhood reaches one grid further.
    at = np.column_stack((grids["x_m"], grids["y_m"]))[marked]
    middle = np.median(at, axis=0)
    assert np.mean(np.hypot(*(at - middle).T) <= 3000) >= 0.8
