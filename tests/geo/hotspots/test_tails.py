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


@given(st.integers(0, 500), st.integers(0, 500), st.floats(0.01, 0.99))
def test_mid_p_counts_half_of_what_was_seen_on_the_smaller_side(now, then, share):
    trials = now + then
    law = stats.binom(trials, share)
    half = law.pmf(now) / 2
    wanted = min(2 * min(law.cdf(now) - half, law.sf(now) + half), 1.0)
    found = binomial_mid_p(*(np.array([v], float) for v in (now, trials, share, 1 - share)))[0]
    assert found == pytest.approx(wanted if trials else 1.0, rel=1e-9, abs=1e-200)
