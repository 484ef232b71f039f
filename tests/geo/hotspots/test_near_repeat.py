import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pointpats import Knox

from geo.hotspots.inputs import UnusableCounts
from geo.hotspots.near_repeat import knox


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_pairs_are_those_of_plain_loops(seed):
    random = np.random.default_rng(seed)
    n = int(random.integers(2, 40))
    xy, days = random.integers(0, 50, (n, 2)) * 20.0, random.integers(0, 30, n)
    distances, lags = (100.0, 200.0, 400.0), (0.0, 7.0, 14.0)
    found = knox(xy, days, distances, lags, permutations=3)
    wanted = np.zeros((3, 3), int)
    for i in range(n):
        for j in range(i):
            row = [k for k, end in enumerate(distances) if np.hypot(*(xy[i] - xy[j])) <= end]
            column = [k for k, end in enumerate(lags) if abs(days[i] - days[j]) <= end]
            if row and column:
                wanted[row[0], column[0]] += 1
    assert (found.observed == wanted).all()


@pytest.mark.parametrize("delta", [60.0, 150.0, 400.0])
@pytest.mark.parametrize("tau", [0.0, 3.0, 14.0])
def test_pairs_within_a_distance_and_a_lag_are_those_of_pointpats(delta, tau):
    random = np.random.default_rng(4)
    xy, days = random.normal(0, 700, (300, 2)), random.integers(0, 60, 300)
    theirs = Knox(xy, days.reshape(-1, 1), delta, tau, permutations=0)
    # The second lag takes in all times, so the row holds every pair within the distance.
    found = knox(xy, days, (delta,), (tau, 60.0), permutations=1)
    assert found.observed[0].tolist() == theirs.observed[0].tolist()


def test_chance_is_that_of_pointpats():
    random = np.random.default_rng(6)
    xy, days = random.normal(0, 700, (200, 2)), random.integers(0, 60, 200)
    theirs = Knox(xy, days.reshape(-1, 1), 150.0, 7.0, permutations=0)
    found = knox(xy, days, (150.0,), (7.0,), permutations=1999)
    # Shuffled times leave the number of pairs near in time as it is: the mean is the product.
    assert found.expected[0, 0] == pytest.approx(theirs.expected[0, 0], rel=0.02)


def test_repeats_near_and_soon_stand_out():
    random = np.random.default_rng(3)
    xy, days = random.uniform(0, 20_000, (600, 2)), random.uniform(0, 365, 600)
    after = random.integers(0, 600, 120)
    xy = np.concatenate((xy, xy[after] + random.normal(0, 40, (120, 2))))
    days = np.concatenate((days, days[after] + random.uniform(0, 7, 120)))
    found = knox(xy, days, (100.0, 200.0, 400.0), (7.0, 14.0, 28.0), permutations=199)
    assert found.p[0, 0] == pytest.approx(1 / 200)
    assert found.ratio[0, 0] > 5
    assert found.p[2, 2] > 0.05


def test_nothing_stands_out_where_times_are_chance():
    random = np.random.default_rng(8)
    low = 0
    for _ in range(40):
        xy, days = random.normal(0, 3000, (150, 2)), random.uniform(0, 60, 150)
        low += int(knox(xy, days, (500.0,), (7.0,), permutations=99).p[0, 0] <= 0.05)
    assert low <= 6


def test_equal_seeds_give_equal_tables():
    random = np.random.default_rng(1)
    xy, days = random.uniform(0, 2000, (80, 2)), random.uniform(0, 60, 80)
    one, two = (knox(xy, days, (300.0,), (7.0,), permutations=49, seed=5) for _ in range(2))
    assert one.p.tobytes() == two.p.tobytes()


@pytest.mark.parametrize(
    ("xy", "days", "distances", "lags"),
    [
        (np.zeros((2, 2)), np.zeros(3), (1.0,), (1.0,)),
        (np.zeros((2, 2)), np.zeros(2), (2.0, 1.0), (1.0,)),
        (np.zeros((2, 2)), np.zeros(2), (1.0,), ()),
    ],
)
def test_what_has_no_table_is_refused(xy, days, distances, lags):
    with pytest.raises(UnusableCounts):
        knox(xy, days, distances, lags)
