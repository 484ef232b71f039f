import numpy as np
import pytest
from scipy import stats

from geo.hotspots.inputs import UnusableCounts
from geo.hotspots.power import minimum_detectable_ratio


@pytest.mark.parametrize("spread", [0.0, 0.05, 0.4])
def test_at_the_ratio_the_test_has_the_power_it_promises(spread):
    expected = np.array([0.5, 4.0, 25.0, 104.0])
    ratio = minimum_detectable_ratio(expected, 2000, spread=spread)
    for mean, r in zip(expected, ratio, strict=True):

        def law(m):
            return stats.nbinom(1 / spread, 1 / (1 + spread * m)) if spread else stats.poisson(m)

        critical = int(law(mean).isf(0.05 / 2000)) + 1
        assert law(mean).sf(critical - 1) <= 0.05 / 2000
        assert law(mean * r).sf(critical - 1) == pytest.approx(0.8)


def test_a_village_with_four_expected_events_must_reach_about_five_times_its_level():
    assert minimum_detectable_ratio([4.0], 2110)[0] == pytest.approx(4.7, abs=0.3)


def test_more_expected_events_and_fewer_tests_show_more():
    by_size = minimum_detectable_ratio([1, 10, 100, 1000], 2110)
    assert (np.diff(by_size) < 0).all()
    assert minimum_detectable_ratio([10], 13)[0] < by_size[1]


def test_nothing_expected_shows_nothing():
    assert np.isinf(minimum_detectable_ratio([0.0], 10)[0])


def test_no_ratio_suffices_where_the_usual_level_swings_too_widely():
    assert np.isinf(minimum_detectable_ratio([0.1], 100, spread=[500.0])).all()


@pytest.mark.parametrize("wrong", [{"n_tests": 0}, {"power": 1.0}, {"alpha": 0.0}])
def test_impossible_wishes_are_refused(wrong):
    with pytest.raises(UnusableCounts):
        minimum_detectable_ratio([5.0], **{"n_tests": 10, **wrong})
