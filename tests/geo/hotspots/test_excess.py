import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from geo.hotspots.dispersion import gamma_variance
from geo.hotspots.excess import local_excess, ratio_interval, upper_tail
from geo.hotspots.inputs import UnusableCounts
from geo.hotspots.weights import contiguity


@given(st.integers(0, 200), st.floats(0.05, 100), st.sampled_from([0.0, 0.01, 0.25, 2.0]))
def test_the_tail_is_that_of_scipy(observed, expected, spread):
    law = (
        stats.nbinom(1 / spread, 1 / (1 + spread * expected)) if spread else stats.poisson(expected)
    )
    found = upper_tail(np.array([float(observed)]), np.array([expected]), np.array([spread]))[0]
    assert found == pytest.approx(law.sf(observed - 1), rel=1e-6, abs=1e-300)


@given(st.integers(0, 300), st.floats(0.1, 100))
def test_the_interval_is_garwoods(observed, expected):
    given_ = np.array([float(observed)]), np.array([expected]), np.array([0.0])
    low, high = ratio_interval(*given_)[0]
    assert high * expected == pytest.approx(stats.chi2.ppf(0.975, 2 * observed + 2) / 2)
    assert low * expected == pytest.approx(
        stats.chi2.ppf(0.025, 2 * observed) / 2 if observed else 0
    )


@given(st.integers(0, 300), st.floats(0.1, 100), st.sampled_from([0.0, 0.02, 0.3, 2.0]))
def test_the_interval_leaves_out_just_the_ratios_that_the_test_rejects(observed, expected, spread):
    counted, spreads = np.array([float(observed)]), np.array([spread])
    low, high = ratio_interval(counted, np.array([expected]), spreads)[0]
    for ratio, inside in ((low * 1.001, True), (low * 0.999, False)):
        if low > 0:
            tail = upper_tail(counted, np.array([ratio * expected]), spreads)[0]
            assert (tail >= 0.025) == inside
    for ratio, inside in ((high * 0.999, True), (high * 1.001, False)):
        beyond = 1 - upper_tail(counted + 1, np.array([ratio * expected]), spreads)[0]
        assert (beyond >= 0.025) == inside


def test_what_is_observed_and_expected_is_that_of_the_unit_with_its_neighbours():
    found = local_excess([4, 1, 0, 5], [10, 20, 30, 40], contiguity([(0, 1), (1, 2), (2, 3)], 4))
    assert found.observed.tolist() == [5, 5, 6, 5]
    assert found.expected == pytest.approx([3, 6, 9, 7])
    assert found.ratio == pytest.approx([5 / 3, 5 / 6, 6 / 9, 5 / 7])


def test_over_dispersion_is_estimated_and_widens_the_law(lattice):
    random = np.random.default_rng(1)
    people = random.integers(20, 200, 900)
    flat = random.poisson(people * 0.1)
    varied = random.poisson(people * 0.1 * random.gamma(4, 0.25, 900))
    assert gamma_variance(flat, people * 0.1) < 0.02
    assert gamma_variance(varied, people * 0.1) == pytest.approx(0.25, abs=0.05)
    weights = lattice(30)
    mixed = local_excess(varied, people, weights)
    poisson = local_excess(varied, people, weights, dispersion="poisson")
    given = local_excess(varied, people, weights, dispersion=mixed.dispersion)
    striking = poisson.p < 0.2
    assert (mixed.p[striking] >= poisson.p[striking]).all()
    assert np.array_equal(given.p, mixed.p)


def test_less_than_one_expected_event_is_not_judged():
    found = local_excess([3, 0, 40], [1, 1, 200], contiguity([(0, 1)], 3))
    assert found.expected[0] < 1
    assert found.too_few.tolist() == [True, True, False]
    assert np.isnan(found.q[:2]).all()
    assert np.isfinite(found.q[2])
    assert found.islands.tolist() == [False, False, True]


def test_events_without_households_are_flagged_and_in_no_sum():
    weights = contiguity([(0, 1), (1, 2)], 3)
    with_them = local_excess([5, 9, 30], [100, 100, 0], weights)
    assert with_them.no_denominator.tolist() == [False, False, True]
    assert np.array_equal(with_them.p, local_excess([5, 9, 0], [100, 100, 0], weights).p)


def test_an_island_is_tested_by_itself():
    found = local_excess([50, 5, 5], [100, 100, 100], contiguity([(1, 2)], 3), dispersion="poisson")
    assert found.islands.tolist() == [True, False, False]
    assert found.p[0] == pytest.approx(stats.poisson.sf(49, 20))


def test_nobody_anywhere_and_foreign_weights_are_refused():
    with pytest.raises(UnusableCounts):
        local_excess([1, 1], [0, 0], contiguity([], 2))
    with pytest.raises(UnusableCounts):
        local_excess([1, 1], [5, 5], contiguity([], 3))
