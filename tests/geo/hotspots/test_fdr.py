import numpy as np
from esda import fdr as esda_fdr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import false_discovery_control

from geo.hotspots.fdr import false_discovery_q

PS = hnp.arrays(np.float64, st.integers(1, 60), elements=st.floats(0, 1))


@given(PS)
def test_q_is_that_of_scipy(p):
    assert np.allclose(false_discovery_q(p), false_discovery_control(p), rtol=1e-12, atol=0)


@given(PS)
def test_what_esda_marks_at_its_threshold_is_marked(p):
    # esda wants p strictly below the line, so that at equality it marks fewer.
    threshold = esda_fdr(p, 0.05)
    assert (false_discovery_q(p)[p <= threshold] <= 0.05 * (1 + 1e-12)).all()


@given(PS)
def test_q_is_never_below_p_and_keeps_its_order(p):
    q = false_discovery_q(p)
    assert (q >= p).all()
    assert (np.diff(q[np.argsort(p, kind="stable")]) >= 0).all()


@given(PS, st.integers(0, 5))
def test_units_that_were_not_tested_do_not_count(p, left_out):
    q = false_discovery_q(np.r_[np.full(left_out, np.nan), p])
    assert np.isnan(q[:left_out]).all()
    assert np.array_equal(q[left_out:], false_discovery_q(p))


def test_nothing_tested_marks_nothing():
    assert np.isnan(false_discovery_q([np.nan, np.nan])).all()
