import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.classify import UNCLASSED, class_of

RATIOS = [0.5, 0.8, 1.25, 2, 4]


def test_ratios_fall_into_the_published_classes():
    values = [0, 0.49, 0.5, 0.79, 0.8, 1, 1.25, 1.26, 2, 2.01, 4, 4.01, np.inf]
    assert class_of(values, RATIOS, centre=1).tolist() == [0, 0, 1, 1, 2, 2, 2, 3, 3, 4, 4, 5, 5]


@given(st.sampled_from([0.5, 0.8, 1.25, 2.0, 0.9, 3.0, 0.3]))
def test_a_ratio_and_its_reciprocal_are_mirrored(ratio):
    low, high = class_of([ratio, 1 / ratio], [0.25, 0.5, 0.8, 1.25, 2, 4], centre=1)
    assert low + high == 6


def test_without_a_centre_a_break_opens_the_class_above():
    assert class_of([0, 9, 10, 11], [10]).tolist() == [0, 0, 1, 1]


def test_what_is_no_number_has_no_class():
    assert class_of([np.nan, 1.0], RATIOS, centre=1).tolist() == [UNCLASSED, 2]


def test_breaks_that_do_not_ascend_are_refused():
    with pytest.raises(ValueError, match="ascend"):
        class_of([1.0], [2.0, 1.0])
