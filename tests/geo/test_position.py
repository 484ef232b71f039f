from __future__ import annotations

import math

import pytest
from hypothesis import given

from geo.errors import BadPosition
from geo.position import Position, distance_m
from tests import strategies


@pytest.mark.parametrize(
    ("lon", "lat"), [(math.nan, 0), (0, math.inf), (180.1, 0), (0, -90.1), (2747126.1, 561200.8)]
)
def test_what_is_no_place_on_earth_is_refused_with_the_numbers(lon, lat):
    with pytest.raises(BadPosition) as refusal:
        Position(lon, lat)
    assert refusal.value.code == "position.bad"
    assert str(lon) in refusal.value.message


def test_a_degree_of_latitude_in_yunnan_is_110_773_m():
    assert distance_m(Position(99.6, 24.5), Position(99.6, 25.5)) == pytest.approx(110_773, abs=1)


@given(strategies.positions(), strategies.positions())
def test_distance_is_symmetric_and_zero_to_itself(a, b):
    assert distance_m(a, b) == pytest.approx(distance_m(b, a), abs=1e-6)
    assert distance_m(a, a) == 0
