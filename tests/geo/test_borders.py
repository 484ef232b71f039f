from __future__ import annotations

import itertools

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.borders import Borders, border_distance_m, shares
from geo.position import GEOD, Position

WITH_HOLE = shapely.Polygon(
    [(113.0, 30.0), (113.04, 30.0), (113.04, 30.04), (113.0, 30.04)],
    [[(113.01, 30.01), (113.03, 30.01), (113.03, 30.03), (113.01, 30.03)]],
)


def by_search(at, polygons, rounds=4, n=2001):
    """The nearest border by walking along every edge, ever finer; nothing projected."""
    best = np.inf
    for ring in shapely.get_rings(shapely.get_parts(np.array(polygons, dtype=object))):
        xy = shapely.get_coordinates(ring)
        for a, b in itertools.pairwise(xy):
            low, high = 0.0, 1.0
            for _ in range(rounds):
                share = np.linspace(low, high, n)
                on = a + share[:, None] * (b - a)
                _, _, metres = GEOD.inv(np.full(n, at[0]), np.full(n, at[1]), on[:, 0], on[:, 1])
                k = int(metres.argmin())
                best = min(best, metres[k])
                low, high = share[max(k - 1, 0)], share[min(k + 1, n - 1)]
    return best


@settings(max_examples=40, deadline=None)
@given(
    lon=st.floats(112.96, 113.08),
    lat=st.floats(29.97, 30.07),
    seed=st.integers(0, 1000),
)
def test_the_distance_is_the_geodesic_one_to_a_centimetre(lon, lat, seed):
    rng = np.random.default_rng(seed)
    triangle = shapely.Polygon(rng.uniform([113.0, 30.0], [113.05, 30.04], (3, 2)))
    polygons = [WITH_HOLE, triangle]
    (found,) = border_distance_m([(lon, lat)], polygons)
    assert found == pytest.approx(by_search((lon, lat), polygons), abs=0.01)


@pytest.mark.parametrize(
    ("west", "south"), [(112.4, 30.0), (73.6, 39.4), (-3.3, 52.2), (134.0, 48.2)]
)
def test_it_holds_in_any_zone_and_across_two(west, south):
    cell = shapely.box(west, south, west + 0.3, south + 0.1)
    xy = np.random.default_rng(2).uniform(
        [west - 0.02, south - 0.02], [west + 0.32, south + 0.12], (12, 2)
    )
    expected = [by_search(at, [cell]) for at in xy]
    np.testing.assert_allclose(border_distance_m(xy, [cell]), expected, atol=0.02)


def test_a_hole_is_a_border_and_a_point_on_a_border_is_at_zero():
    on_edge, in_hole = border_distance_m([(113.02, 30.0), (113.02, 30.0101)], [WITH_HOLE])
    assert on_edge == pytest.approx(0, abs=1e-3)
    assert in_hole == pytest.approx(11.09, abs=0.01)


def test_many_positions_come_back_in_their_order():
    xy = np.random.default_rng(3).uniform([113.0, 30.0], [113.04, 30.04], (500, 2))
    borders = Borders([WITH_HOLE, None])
    together = borders.distance_m(xy)
    np.testing.assert_array_equal(together, [borders.distance_m([at])[0] for at in xy])


def test_what_is_no_position_has_no_distance_and_no_border_is_infinitely_far():
    found = border_distance_m([(np.nan, 30), (113, np.inf), (113, 30)], [WITH_HOLE])
    assert np.isnan(found[:2]).all()
    assert found[2] == pytest.approx(0, abs=1e-6)
    assert border_distance_m([(113, 30)], []).tolist() == [np.inf]
    assert border_distance_m(np.empty((0, 2)), [WITH_HOLE]).shape == (0,)


def test_a_position_on_the_other_side_of_the_earth_is_far_but_has_an_answer():
    (found,) = border_distance_m([(-67.0, -30.0)], [WITH_HOLE])
    assert found > 1e7


WEST, EAST = shapely.box(113.0, 30.0, 113.01, 30.01), shapely.box(113.01, 30.0, 113.02, 30.01)


def test_on_the_border_both_sides_have_half_the_circle():
    found = shares(Position(113.01, 30.005), 30, [EAST, WEST], ["east", "west"])
    assert dict(found) == pytest.approx({"east": 0.5, "west": 0.5}, abs=1e-5)


def test_three_metres_from_a_border_with_thirty_metres_both_are_named():
    lon, lat, _ = GEOD.fwd(113.01, 30.005, 270, 3.0)
    (first, most), (second, rest) = shares(Position(lon, lat), 30, [WEST, EAST], "WE")
    # The segment of a circle beyond a chord 3 m from the centre, r = 30 m.
    t = np.arccos(0.1)
    beyond = (t - 0.1 * np.sin(t)) / np.pi
    assert (first, second) == ("W", "E")
    assert rest == pytest.approx(beyond, abs=2e-4)
    assert most == pytest.approx(1 - beyond, abs=2e-4)


@settings(max_examples=60, deadline=None)
@given(
    lon=st.floats(112.998, 113.022),
    lat=st.floats(29.998, 30.012),
    accuracy_m=st.floats(0.1, 3000),
)
def test_shares_descend_and_sum_to_what_lies_inside(lon, lat, accuracy_m):
    found = shares(Position(lon, lat), accuracy_m, [WEST, EAST], [1, 2])
    values = [share for _, share in found]
    assert values == sorted(values, reverse=True)
    assert all(0 < share <= 1 + 1e-9 for share in values)
    (whole,) = [*shares(Position(lon, lat), accuracy_m, [shapely.union(WEST, EAST)], [0]), (0, 0)][
        :1
    ]
    assert sum(values) == pytest.approx(whole[1], abs=1e-6)


def test_without_a_radius_the_first_that_covers_has_it_all():
    assert shares(Position(113.01, 30.005), 0, [WEST, EAST], "WE") == [("W", 1.0)]
    assert shares(Position(113.5, 30.005), 0, [WEST, EAST], "WE") == []


def test_a_circle_that_reaches_nobody_is_shared_by_nobody():
    assert shares(Position(113.5, 30.005), 30, [WEST, EAST], "WE") == []
