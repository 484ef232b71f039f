import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from geo.hotspots.inputs import UnusableCounts
from geo.hotspots.trend import mann_kendall

series = arrays.arrays(
    np.float64, st.tuples(st.just(3), st.integers(3, 30)), elements=st.integers(-5, 5)
)


@pytest.mark.parametrize(("row", "correction"), [("original", "none"), ("hamed_rao", "hamed_rao")])
def test_the_nile_equals_pymannkendall(reference, row, correction):
    flow = reference("data/nile.csv")["flow"]
    table = reference("expected/nile_mann_kendall_pymannkendall.csv")
    wanted = {name: column[table["test"].tolist().index(row)] for name, column in table.items()}
    found = mann_kendall(flow[np.newaxis], correction=correction)
    assert found.s[0] == wanted["S"]
    assert found.z[0] == pytest.approx(wanted["z"], rel=1e-12)
    assert found.p[0] == pytest.approx(wanted["p"], rel=1e-9)
    assert found.slope[0] == pytest.approx(wanted["slope"])


@given(series)
def test_s_is_the_sum_of_signs_of_all_pairs(x):
    i, j = np.triu_indices(x.shape[1], 1)
    assert (mann_kendall(x).s == np.sign(x[:, j] - x[:, i]).sum(axis=1)).all()


@given(series)
@example(np.array([[3.0, 4, 0, 5, 1, 4, 5, 2]]))  # 0 and 1 are equal once a third a step is out
def test_a_series_turned_round_has_the_opposite_trend(x):
    there, back = mann_kendall(x), mann_kendall(x[:, ::-1])
    assert there.s.tolist() == (-back.s).tolist()
    assert there.z == pytest.approx(-back.z)


def test_a_variance_that_is_corrected_away_speaks_for_no_trend():
    found = mann_kendall([[-1, 1, 4, -2, 1, -4, 3, -3, -1], [-1, -3, 3, -4, 1, -2, 4, 1, -1]])
    assert found.z.tolist() == [0, 0]
    assert found.p.tolist() == [1, 1]


def test_a_flat_series_has_no_trend():
    found = mann_kendall(np.ones((1, 10)))
    assert (found.z[0], found.p[0], found.slope[0]) == (0, 1, 0)


def test_memory_passes_for_a_trend_less_often():
    random = np.random.default_rng(3)
    noise = random.normal(size=(400, 60))
    memory = np.zeros_like(noise)
    for step in range(1, 60):
        memory[:, step] = 0.5 * memory[:, step - 1] + noise[:, step]
    plain = (mann_kendall(memory, correction="none").p <= 0.05).mean()
    corrected = (mann_kendall(memory).p <= 0.05).mean()
    assert corrected < 0.8 * plain


@pytest.mark.parametrize("bad", [np.ones((2, 2)), np.ones(9), [[1.0, np.nan, 2.0]]])
def test_what_is_no_series_is_refused(bad):
    with pytest.raises(UnusableCounts):
        mann_kendall(bad)
