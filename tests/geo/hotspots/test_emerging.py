import csv

import numpy as np
import pytest

from geo.hotspots.emerging import emerging_hot_spots, patterns
from geo.hotspots.inputs import UnusableCounts
from geo.hotspots.rates import empirical_bayes

SIDE, WEEKS = 20, 30
N = SIDE * SIDE


def test_sequences_get_the_classes_that_esri_publishes(reference_folder):
    path = reference_folder / "expected" / "ehsa_definition_cases.csv"
    with path.open(encoding="utf-8", newline="") as file:
        cases = list(csv.DictReader(file))
    assert len(cases) == 21
    for case in cases:
        hot, cold = (np.array([[mark == kind for mark in case["sequence"]]]) for kind in "HC")
        direction = np.array([{"+": 1, "-": -1}.get(case["mk_significant_trend"], 0)])
        (pattern,), (side,) = patterns(hot, cold, direction)
        # The ambiguous case is settled for the class that is named first.
        wanted = case["expected"].split(" OR ")[0].removesuffix(" Spot").lower()
        said = "no pattern detected" if side == 0 else f"{pattern} {'hot' if side > 0 else 'cold'}"
        assert said == wanted, case["sequence"]


@pytest.fixture(scope="module")
def households():
    return np.random.default_rng(7).gamma(2, 30, N).round() + 5


def rates(events, households):
    return np.column_stack([empirical_bayes(week, households, days=7).rate for week in events.T])


def test_a_year_of_noise_names_few_grids(lattice, households):
    weights = lattice(SIDE)
    named, textbook = [], []
    for seed in range(8):
        random = np.random.default_rng(seed)
        cube = rates(random.poisson(0.03 * households[:, np.newaxis], (N, WEEKS)), households)
        named.append(np.count_nonzero(emerging_hot_spots(cube, weights).side))
        textbook.append(np.count_nonzero(emerging_hot_spots(cube, weights, fdr="none").side))
    assert np.mean(named) <= 0.01 * N
    assert np.mean(textbook) > 10 * np.mean(named)


def test_planted_stories_are_told(lattice, households):
    weights = lattice(SIDE)
    random = np.random.default_rng(5)
    row, column = np.divmod(np.arange(N), SIDE)
    usual = np.repeat(0.05 * households[:, np.newaxis], WEEKS, axis=1)

    def spot(r, c):
        return (abs(row - r) <= 1) & (abs(column - c) <= 1)

    usual[spot(4, 4), -1:] *= 8
    usual[spot(4, 15), -5:] *= 6
    usual[spot(15, 4), :] *= 6
    usual[spot(15, 15), :-3] *= 6
    found = emerging_hot_spots(rates(random.poisson(usual), households), weights)
    said = {
        place: found.plain[place[0] * SIDE + place[1]]
        for place in [(4, 4), (4, 15), (15, 4), (15, 15)]
    }
    assert said == {(4, 4): "new", (4, 15): "consecutive", (15, 4): "persistent", (15, 15): "past"}
    far = (abs(row - 10) <= 1) | (abs(column - 10) <= 1)
    assert np.mean(found.side[far] != 0) <= 0.02
    assert found.last_hot[4 * SIDE + 4] == WEEKS - 1


def test_z_equals_the_definition_on_a_small_cube(lattice):
    random = np.random.default_rng(1)
    cube = random.normal(size=(9, 4))
    weights = lattice(3)
    found = emerging_hot_spots(cube, weights, time_lag=1)
    near = weights.with_self
    for unit in range(9):
        members = near.indices[near.indptr[unit] : near.indptr[unit + 1]]
        for step in range(4):
            inside = cube[members, max(step - 1, 0) : step + 1]
            k = inside.size
            spread = cube.std() * np.sqrt((36 * k - k**2) / 35)
            wanted = (inside.sum() - k * cube.mean()) / spread if k < 36 else 0
            assert found.z[unit, step] == pytest.approx(wanted)


def test_equal_values_say_nothing(lattice):
    found = emerging_hot_spots(np.ones((9, 5)), lattice(3))
    assert found.no_variation
    assert set(found.pattern) == {"none"}


@pytest.mark.parametrize("cube", [np.ones((9, 2)), np.ones((8, 5)), np.full((9, 5), np.nan)])
def test_what_is_no_cube_is_refused(cube, lattice):
    with pytest.raises(UnusableCounts):
        emerging_hot_spots(cube, lattice(3))
