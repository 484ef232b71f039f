from decimal import Decimal, localcontext
from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import special, stats

from geo.hotspots.tails import beta_tail, binomial_mid_p

sizes = st.floats(0.01, 1e6)


@given(sizes, sizes, st.floats(-6, 6))
@example(1e6, 1e6, 5.0)
@example(0.01, 1e6, 0.0)
def test_the_tail_is_that_of_scipy_to_eleven_digits(a, b, deviations):
    """At the mean, around it and where hardly anything is left."""
    mean = a / (a + b)
    spread = np.sqrt(mean * (1 - mean) / (a + b + 1))
    x = float(np.clip(mean - deviations * spread, 1e-12, 1 - 1e-12))
    one = (np.array([value]) for value in (a, b, x, 1 - x))
    wanted = special.betainc(a, b, x)
    assert beta_tail(*one)[0] == pytest.approx(wanted, rel=1e-10, abs=1e-290)


def test_a_small_tail_keeps_its_digits():
    law = stats.binom(10_000, 1e-3)
    k = np.arange(20, 200, 20, dtype=float)
    found = beta_tail(k, 10_001 - k, np.full(k.size, 1e-3), np.full(k.size, 1 - 1e-3))
    assert found == pytest.approx(law.sf(k - 1), rel=1e-10, abs=0)
    assert found[-1] < 1e-150


def test_the_ends_are_nothing_and_everything():
    assert beta_tail([2.0, 2.0], [3.0, 3.0], [0.0, 1.0], [1.0, 0.0]).tolist() == [0.0, 1.0]


def beta_by_scipy(a, b, x, y):
    """Give scipy the smaller of x and y = 1 - x: it makes the other by subtraction."""
    return special.betainc(a, b, x) if x <= y else special.betaincc(b, a, y)


@given(st.floats(-2, 6), st.floats(-5, 1), st.floats(-6, 20))
@example(6, -5, 0)
@example(6, 1, 0)
@example(-2, -5, 20)
def test_tails_of_negative_binomials_are_those_of_scipy(log_mean, log_spread, deviations):
    mean, size = 10.0**log_mean, 10.0**-log_spread
    count = max(1.0, np.floor(mean + deviations * np.sqrt(mean + mean**2 / size)))
    law = count, size, mean / (mean + size), size / (mean + size)
    wanted = beta_by_scipy(*law)
    found = beta_tail(*([one] for one in law))[0]
    assert found == pytest.approx(wanted, rel=1e-10, abs=1e-290)


@pytest.mark.parametrize("mean", [0.01, 3.2, 100.0, 900.0])
@pytest.mark.parametrize("spread", [1e-5, 1e-7, 1e-9])
@pytest.mark.parametrize("deviations", [0, 4, 12])
def test_a_law_with_hardly_any_spread_keeps_its_digits(mean, spread, deviations):
    """Summed with 80 digits; here scipy itself errs by up to 4e-9."""
    size, count = 1 / spread, max(1, int(mean + deviations * mean**0.5))
    with localcontext(prec=80):
        of, x = Decimal(size), Decimal(mean) / (Decimal(mean) + Decimal(size))
        term = below = (of * (1 - x).ln()).exp()
        for k in range(count - 1):
            term *= x * (of + k) / (k + 1)
            below += term
        wanted = float(1 - below)
    found = beta_tail([count], [size], [mean / (mean + size)], [size / (mean + size)])[0]
    assert found == pytest.approx(wanted, rel=1e-11)


@given(st.integers(1, 1_000_000), st.floats(1e-6, 1 - 1e-6), st.floats(-20, 20))
@example(1_000_000, 0.5, 0.0)
def test_mid_p_is_twice_the_smaller_tail_of_scipy(trials, share, deviations):
    middle, width = trials * share, np.sqrt(trials * share * (1 - share))
    seen = float(np.clip(np.floor(middle + deviations * width), 0, trials))
    rest = 1 - share

    def at_least(count):
        if count <= 0:
            return 1.0
        return beta_by_scipy(count, trials - count + 1, share, rest) if count <= trials else 0.0

    def at_most(count):
        if count >= trials:
            return 1.0
        return beta_by_scipy(trials - count, count + 1, rest, share) if count >= 0 else 0.0

    upper = (at_least(seen) + at_least(seen + 1)) / 2
    lower = (at_most(seen) + at_most(seen - 1)) / 2
    found = binomial_mid_p(*(np.array([one]) for one in (seen, float(trials), share, rest)))[0]
    assert found == pytest.approx(min(1.0, 2 * min(upper, lower)), rel=1e-10, abs=1e-290)


@given(st.integers(0, 80), st.integers(0, 80), st.integers(1, 63))
def test_mid_p_is_exact_where_fractions_can_tell(now, then, share):
    chance, n = Fraction(share, 64), now + then
    law = [comb(n, k) * chance**k * (1 - chance) ** (n - k) for k in range(n + 1)]
    upper, lower = sum(law[now + 1 :]) + law[now] / 2, sum(law[:now]) + law[now] / 2
    given_ = float(now), float(n), share / 64, 1 - share / 64
    found = binomial_mid_p(*(np.array([one]) for one in given_))[0]
    assert found == pytest.approx(float(min(1, 2 * min(upper, lower))), rel=1e-12)
