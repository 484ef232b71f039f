import numpy as np
import pytest

from geo.hotspots.accuracy import prediction_accuracy
from geo.hotspots.inputs import UnusableCounts


def test_half_the_events_in_a_tenth_of_the_area_is_a_pai_of_five():
    later = np.array([50, 50, 0, 0, 0, 0, 0, 0, 0, 0])
    found = prediction_accuracy(range(10, 0, -1), [1] * 10, [10] * 10, later, shares=(0.1,))
    assert found.hit_rate.tolist() == [0.5]
    assert found.pai == pytest.approx([5.0])
    assert found.pei == pytest.approx([1.0])
    assert found.rri == pytest.approx([5.0])


def test_no_choice_is_better_than_the_best():
    random = np.random.default_rng(3)
    area, later = np.full(200, 2.0), random.poisson(3, 200)
    found = prediction_accuracy(random.random(200), area, later, later, shares=(0.01, 0.05, 0.5))
    assert (found.pei <= 1 + 1e-12).all()


def test_no_events_and_no_area_are_refused():
    with pytest.raises(UnusableCounts):
        prediction_accuracy([1, 2], [1, 1], [0, 0], [1, 1])
    with pytest.raises(UnusableCounts):
        prediction_accuracy([1, 2], [1, 0], [1, 1], [1, 1])
