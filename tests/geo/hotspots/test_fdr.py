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
def test_marking_q_at_the_level_is_marking_p_at_esdas_threshold(p):
    threshold = esda_fdr(p, 0.05)
    marked = false_discovery_q(p) <= 0.05
    if marked.any():
        assert p[marked].max() <= threshold * (1 + 1e-12)


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
