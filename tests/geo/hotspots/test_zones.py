import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.hotspots.inputs import UnusableCounts
from geo.hotspots.zones import USUAL_RADIUS_M, circles, usual_radius_m

places = st.lists(
    st.tuples(st.integers(0, 2000), st.integers(0, 2000)), min_size=1, max_size=30
).map(lambda found: np.array(found, float) * 10 + 1000)


@given(places, st.sampled_from([0.0, 500.0, 5000.0, np.inf]))
def test_a_circle_holds_exactly_the_places_within_its_radius(xy, radius):
    zones = circles(xy, radius)
    for centre in range(zones.n):
        distance = np.hypot(*(xy - xy[centre]).T)
        for last in range(zones.indptr[centre], zones.indptr[centre + 1]):
            if zones.closes[last]:
                inside = np.flatnonzero(distance <= zones.distance_m[last] + 1e-6)
                assert sorted(zones.circle(centre, last)) == inside.tolist()
        largest = zones.members[zones.indptr[centre] : zones.indptr[centre + 1]]
        assert sorted(largest) == np.flatnonzero(distance <= radius).tolist()


@given(places, st.integers(1, 40))
def test_limited_circles_hold_no_more_than_the_limit_or_one_place(xy, limit):
    size = np.arange(len(xy), dtype=float) % 7 + 1
    zones = circles(xy, np.inf)
    smaller = zones.within(size, limit)
    for centre in range(zones.n):
        ends = smaller.circle(centre, smaller.indptr[centre + 1] - 1)
        alone = np.hypot(*(xy[ends] - xy[centre]).T).max() <= 1e-6
        assert alone or size[ends].sum() <= limit
        whole = zones.members[zones.indptr[centre] : zones.indptr[centre + 1]]
        assert whole[: len(ends)].tolist() == ends.tolist()


@given(places)
def test_circles_without_some_units_are_those_of_the_others(xy):
    kept = np.arange(len(xy)) % 3 != 1
    zones = circles(xy, 3000.0)
    fewer = zones.only(kept)
    for centre in range(zones.n):
        mine = zones.members[zones.indptr[centre] : zones.indptr[centre + 1]]
        left = fewer.members[fewer.indptr[centre] : fewer.indptr[centre + 1]]
        assert left.tolist() == [unit for unit in mine if kept[unit]]
        assert not len(left) or fewer.closes[fewer.indptr[centre + 1] - 1]


def test_degrees_are_refused():
    with pytest.raises(UnusableCounts, match="metres"):
        circles([[99.6, 24.8], [99.7, 24.9]], 5000)


@pytest.mark.parametrize("xy", [[], [[1.0, np.nan]], [1.0, 2.0]])
def test_places_that_are_none_are_refused(xy):
    with pytest.raises(UnusableCounts):
        circles(xy, 5000)


def lattice(n, apart_m):
    return np.stack(np.meshgrid(np.arange(n), np.arange(n)), axis=-1).reshape(-1, 2) * apart_m


def test_circles_reach_five_kilometres_where_units_lie_that_near():
    assert usual_radius_m(lattice(9, 1000.0)) == USUAL_RADIUS_M
    assert usual_radius_m(lattice(9, 4999.0)) == USUAL_RADIUS_M


def test_circles_of_large_units_reach_as_far_as_there_are_units():
    assert usual_radius_m(lattice(9, 20_000.0)) == np.inf
    far = usual_radius_m(lattice(50, 20_000.0))
    assert np.isfinite(far)
    assert circles(lattice(50, 20_000.0), far).counts.min() >= 2000
