from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from geo.errors import BadPosition
from geo.lattice import (
    SCALE,
    degrees,
    from_lattice,
    keys,
    off_lattice,
    on_lattice,
    pack,
    snap,
    to_lattice,
    unpack,
)
from tests import strategies

WORLD_KEYS = arrays.arrays(
    np.int64,
    st.tuples(st.integers(1, 20), st.just(2)),
    elements=st.integers(-90 * SCALE, 90 * SCALE),
)


@given(WORLD_KEYS)
def test_keys_survive_degrees_and_packing(rows):
    assert np.array_equal(keys(degrees(rows)), rows)
    assert np.array_equal(unpack(pack(rows)), rows)


@given(WORLD_KEYS)
def test_packed_keys_sort_like_their_rows(rows):
    assert np.array_equal(np.argsort(pack(rows), kind="stable"), np.lexsort(rows.T[::-1]))


@given(strategies.positions())
def test_snapping_moves_less_than_8_mm_and_twice_is_once(position):
    point = shapely.Point(position.lon, position.lat)
    once = snap([point])
    assert on_lattice(once)
    assert abs(once[0].x - point.x) <= 0.5000001 / SCALE
    assert shapely.equals_identical(snap(once), once).all()


def test_a_degree_with_seven_decimals_is_the_stored_float():
    assert degrees(keys(np.array([[99.6054321, 24.8279]]))).tolist() == [[99.6054321, 24.8279]]


@pytest.mark.parametrize("row", [(np.nan, 24), (99, np.inf), (561200.8, 2747126.1)])
def test_metres_and_nan_have_no_key(row):
    with pytest.raises(BadPosition):
        keys(np.array([(99.6, 24.8), row]))


def test_repeats_go_and_height_goes():
    crooked = shapely.from_wkt("POLYGON Z ((0 0 5, 1 0 5, 1.00000001 0 5, 1 1 5, 0 0 5))")
    assert snap([crooked])[0].wkt == "POLYGON ((0 0, 1 0, 1 1, 0 0))"
    line = shapely.from_wkt("MULTILINESTRING ((0 0, 1e-9 0, 1 1), (5 5, 6 6))")
    assert snap([line])[0].wkt == "MULTILINESTRING ((0 0, 1 1), (5 5, 6 6))"


def test_what_collapses_stays_visible():
    sliver = shapely.box(0, 0, 1e-9, 1e-9)
    with_pinhole = shapely.Polygon(
        [(0, 0), (1, 0), (1, 1)], [[(0.5, 0.2), (0.500000001, 0.2), (0.5, 0.200000001)]]
    )
    snapped = snap([sliver, None, with_pinhole])
    assert not snapped[0].is_empty
    assert not snapped[0].is_valid
    assert snapped[1] is None
    assert len(snapped[2].interiors) == 1
    assert not snapped[2].is_valid


def test_geometries_between_lattice_places_are_named():
    last_bit = shapely.Point(np.nextafter(99.6054321, 100), 24.8279)
    between = shapely.LineString([(99.60543215, 24.8), (99, 24)])
    assert off_lattice([last_bit, between, None]).tolist() == [False, True, False]
    assert not on_lattice([between])
    assert on_lattice([])


@given(strategies.coverages())
def test_lattice_space_and_back_is_the_identity(cells):
    steps, origin = to_lattice(cells)
    xy = shapely.get_coordinates(steps)
    assert np.array_equal(xy, np.rint(xy))
    assert xy.min(axis=0).tolist() == [0, 0]
    assert shapely.equals_identical(from_lattice(steps, origin), cells).all()


@given(strategies.polygons(), strategies.polygons())
def test_geos_in_lattice_space_stays_on_the_lattice(one, other):
    (a, b), origin = to_lattice([one, other])
    both = shapely.union(a, b, grid_size=1)
    assert on_lattice(from_lattice([both], origin))
