import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from geo.hotspots.change import local_change
from geo.hotspots.inputs import UnusableCounts
from geo.hotspots.weights import contiguity

ALONE = contiguity([], 1)


@given(st.integers(0, 60), st.integers(0, 60), st.floats(1, 40), st.floats(1, 400))
def test_mid_p_is_that_of_the_binomial(now, then, days_now, days_then):
    law = stats.binom(now + then, days_now / (days_now + days_then))
    half = law.pmf(now) / 2
    by_hand = min(1.0, 2 * min(law.sf(now) + half, law.cdf(now - 1) + half))
    found = local_change([now], [then], days_now, days_then, ALONE)
    assert found.p_mid[0] == pytest.approx(by_hand, rel=1e-6, abs=1e-250)


@given(st.integers(0, 60), st.integers(0, 60), st.floats(1, 40), st.floats(1, 40))
def test_turning_the_periods_round_turns_the_answer_round(now, then, days_now, days_then):
    forth = local_change([now], [then], days_now, days_then, ALONE)
    back = local_change([then], [now], days_then, days_now, ALONE)
    assert forth.p_mid[0] == pytest.approx(back.p_mid[0], rel=1e-9)
    assert forth.direction[0] == -back.direction[0]
    if now and then:
        assert forth.rate_ratio[0] == pytest.approx(1 / back.rate_ratio[0])
        assert forth.ci95[0] == pytest.approx(1 / back.ci95[0][::-1])


@given(st.integers(1, 200), st.integers(1, 200))
def test_the_interval_holds_the_ratio(now, then):
    found = local_change([now], [then], 7, 28, ALONE)
    low, high = found.ci95[0]
    assert found.rate_ratio[0] == pytest.approx(4 * now / then)
    assert low < found.rate_ratio[0] < high


def test_the_ratio_is_of_rates_not_of_counts():
    found = local_change([14], [14], 7, 14, ALONE)
    assert found.rate_ratio[0] == pytest.approx(2.0)
    assert found.expected[0] == pytest.approx(28 / 3)
    assert found.direction[0] == 1


def test_a_busy_month_everywhere_is_no_news_against_the_common_trend(lattice):
    random = np.random.default_rng(6)
    usual = random.gamma(4, 2, 400)
    then, now = random.poisson(usual * 12), random.poisson(usual * 3)
    weights = lattice(20)
    own = local_change(now, then, 7, 83, weights)
    trend = local_change(now, then, 7, 83, weights, against="common trend")
    assert (own.q <= 0.05).mean() > 0.9
    assert not (trend.q <= 0.05).any()
    assert np.median(trend.rate_ratio) == pytest.approx(1, abs=0.1)


def test_nothing_before_has_no_finite_ratio_and_nothing_at_all_has_none():
    first = local_change([5], [0], 7, 7, ALONE)
    assert np.isinf(first.rate_ratio[0])
    assert np.isinf(first.ci95[0, 1])
    silent = local_change([0], [0], 7, 7, ALONE)
    assert np.isnan(silent.rate_ratio[0])
    assert silent.p_mid[0] == 1
    assert silent.too_few[0]
    assert np.isnan(silent.q[0])


def test_a_period_that_was_not_watched_has_no_denominator():
    found = local_change([5, 9], [4, 7], [7, 7], [0, 7], contiguity([(0, 1)], 2))
    assert found.no_denominator.tolist() == [True, False]
    assert found.now.tolist() == [9, 9]


def test_a_common_trend_of_nothing_is_refused():
    with pytest.raises(UnusableCounts):
        local_change([0], [3], 7, 7, ALONE, against="common trend")
