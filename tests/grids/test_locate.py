"""One rule with two executors: SQL for one position, memory for many."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from geo.datum import Datum, to_cgcs2000
from geo.errors import BadPosition
from geo.position import GEOD, Position, distance_m
from grids.errors import BadValue, NothingPublished
from grids.locate import OUTSIDE, county_locator, homes_of, locate, locate_many
from tests.factories import NORTH, SIDE, WEST


def metres_from(at: Position, azimuth: float, metres: float) -> Position:
    lon, lat, _ = GEOD.fwd(at.lon, at.lat, azimuth, metres)
    return Position(lon, lat)


def test_a_corner_shared_by_four_grids_belongs_to_the_lowest(conn, make):
    first, *_ = make.grids(2, 2)
    found = locate(conn, make.corner_of(first))
    assert found.grid_code == first.code
    assert found.border_m == 0


def test_a_border_between_sub_groups_belongs_to_the_lowest(conn, make):
    (grid,) = make.grids(1, 1, subgroups=2)
    assert locate(conn, make.at(grid, 0.5, 0.5)).subgroup_code == grid.code + "01"
    assert locate(conn, make.at(grid, 0.51, 0.5)).subgroup_code == grid.code + "02"


def test_the_undivided_rest_of_a_grid_comes_after_its_sub_groups(conn, make):
    (grid,) = make.grids(1, 1, subgroups=2)
    conn.execute(
        text("UPDATE cell_version SET subgroup_code = NULL WHERE subgroup_code = :code"),
        {"code": grid.code + "01"},
    )
    assert locate(conn, make.at(grid, 0.5, 0.5)).subgroup_code == grid.code + "02"
    assert locate(conn, make.at(grid, 0.2, 0.5)).subgroup_code is None


def test_the_distance_is_to_the_border_of_the_grid_not_of_the_sub_group(conn, make):
    (grid,) = make.grids(1, 1, subgroups=2)
    found = locate(conn, make.at(grid, 0.51, 0.5))
    to_the_north = distance_m(make.at(grid, 0.51, 0.5), make.at(grid, 0.51, 1))
    to_the_east = distance_m(make.at(grid, 0.51, 0.5), make.at(grid, 1, 0.5))
    assert found.border_m == pytest.approx(min(to_the_north, to_the_east), abs=0.01)


def test_three_metres_from_a_border_with_thirty_of_accuracy_both_grids_are_named(conn, make):
    west, east = make.grids(1, 2)
    found = locate(conn, metres_from(make.at(west, 1, 0.5), 270, 3), 30)
    assert found.grid_code == west.code
    assert found.border_m == pytest.approx(3, abs=0.01)
    assert [rival.grid_code for rival in found.rivals] == [west.code, east.code]
    # Circular segment: the part of a disc beyond a chord 3 of 30 from its centre.
    theta = 2 * math.acos(3 / 30)
    beyond = (theta - math.sin(theta)) / (2 * math.pi)
    assert found.rivals[1].share == pytest.approx(beyond, abs=1e-3)
    assert found.review


def test_well_inside_nobody_has_to_look(conn, make):
    (grid,) = make.grids(1, 1)
    found = locate(conn, make.centre_of(grid), 30)
    assert [(r.grid_code, r.share) for r in found.rivals] == [(grid.code, pytest.approx(1))]
    assert not found.review


def test_without_an_accuracy_there_are_no_rivals(conn, make):
    first, *_ = make.grids(1, 2)
    found = locate(conn, make.at(first, 0.9999, 0.5))
    assert found.rivals == ()
    assert not found.review


def test_the_part_of_the_circle_outside_the_county_has_a_share_of_its_own(conn, make):
    (grid,) = make.grids(1, 1)
    found = locate(conn, make.at(grid, 0, 0.5), 100)
    assert {r.grid_code: pytest.approx(r.share, abs=1e-4) for r in found.rivals} == {
        grid.code: 0.5,
        OUTSIDE: 0.5,
    }
    assert found.review


def test_outside_the_nearest_grid_is_proposed(conn, make):
    _, east = make.grids(1, 2)
    found = locate(conn, metres_from(make.at(east, 1, 0.5), 90, 250), 30)
    assert found.grid_code is None
    assert found.village_code is None
    assert found.review
    assert found.proposal == east.code
    assert found.proposal_m == pytest.approx(250, abs=0.1)
    assert found.border_m is None


def test_the_nearest_is_by_metres_not_by_degrees(conn, make):
    west = make.grids(1, 1)[0]
    make.grids(1, 1, village="530524101002", east_by=2)
    # A third one below: nearer in degrees than the west one, farther in metres.
    conn.execute(
        text(
            "UPDATE cell_version SET outline = ST_SetSRID(ST_MakeEnvelope(99.610, 24.829, 99.620,"
            " 24.83), 4490) WHERE village_code = '530524101002'"
        )
    )
    found = locate(conn, Position(99.61051, 24.8305))
    assert distance_m(Position(99.61051, 24.8305), Position(99.61051, 24.83)) > found.proposal_m
    assert found.proposal == west.code
    assert county_locator(conn).propose(Position(99.61051, 24.8305))[0] == west.code


def test_free_land_belongs_to_its_village_and_proposes_a_grid(conn, make):
    grids = make.grids(1, 3, free=(1,))
    at = Position((WEST + SIDE * 1.25) / 1e7, (NORTH - SIDE / 2) / 1e7)
    found = locate(conn, at, 20)
    assert (found.village_code, found.grid_code) == (grids[0].parent_code, None)
    assert found.proposal == grids[0].code
    assert found.rivals[0].grid_code == grids[0].parent_code
    assert found.review


def test_a_grid_that_covers_the_position_with_a_sliver_only_is_reviewed(conn, make):
    west, east = make.grids(1, 2)
    conn.execute(
        text(
            "UPDATE cell_version SET outline = ST_SetSRID(ST_MakeEnvelope(:a, :s, :b, :n), 4490)"
            " WHERE grid_code = :code"
        ),
        {"code": west.code, "a": 99.6099, "b": 99.61, "s": 24.83, "n": 24.84},
    )
    found = locate(conn, make.at(west, 0.995, 0.5), 100)
    assert found.grid_code == west.code
    assert found.rivals[0].grid_code == east.code
    assert found.review


@pytest.mark.parametrize("accuracy", [-1, 50_001, float("nan")])
def test_an_accuracy_that_is_no_distance_is_refused(conn, make, accuracy):
    (grid,) = make.grids(1, 1)
    with pytest.raises(BadValue):
        locate(conn, make.centre_of(grid), accuracy)


def test_before_the_first_publication_there_is_nothing_to_locate_in(conn):
    with pytest.raises(NothingPublished):
        locate(conn, Position(99.6, 24.8))
    with pytest.raises(NothingPublished):
        locate_many(conn, [[99.6, 24.8]])


def test_no_place_on_earth_is_refused_before_it_gets_here():
    with pytest.raises(BadPosition):
        Position(float("nan"), 24.8)


def test_gcj02_lands_in_the_grid_of_its_true_position(conn, make):
    grids = make.grids(3, 3)
    true = make.centre_of(grids[4])
    shifted = (true.lon + 0.0008, true.lat - 0.0031)  # a map app's numbers, some 360 m off
    there = to_cgcs2000(*shifted, Datum.GCJ02)
    assert distance_m(there, true) < 60
    assert locate(conn, there).grid_code == grids[4].code


def test_the_locator_is_built_once_a_publication(conn, make):
    make.grids(1, 2)
    ready = county_locator(conn)
    assert county_locator(conn) is ready
    make.grids(1, 1, village="530524101002", east_by=2)
    assert county_locator(conn) is not ready


@pytest.fixture
def county(conn, make):
    make.grids(3, 3, subgroups=3, free=(4,))
    make.grids(2, 2, village="530524101002", east_by=3)
    return conn


# Multiples of a sixth of a square hit corners, borders of strips and middles; the rest is anywhere.
steps = st.integers(-3, 36).map(lambda k: k * SIDE // 6)
anywhere = st.integers(-SIDE // 2, 6 * SIDE)
positions = st.tuples(st.one_of(steps, anywhere), st.one_of(steps, anywhere)).map(
    lambda at: Position((WEST + at[0]) / 1e7, (NORTH - at[1]) / 1e7)
)


@given(at=positions, accuracy=st.one_of(st.none(), st.floats(1, 2000)))
@example(at=Position((WEST + SIDE) / 1e7, (NORTH - SIDE) / 1e7), accuracy=30)
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_sql_and_memory_give_the_same_answer(county, at, accuracy):
    one = locate(county, at, accuracy)
    many = locate_many(county, [[at.lon, at.lat]])
    assert many.grid_codes[0] == one.grid_code
    assert many.subgroup_codes[0] == one.subgroup_code
    if one.grid_code is None:
        assert np.isnan(many.border_m[0])
        proposal, metres = county_locator(county).propose(at)
        assert metres == pytest.approx(one.proposal_m, abs=0.02)
        if proposal != one.proposal:  # as far, within rounding
            assert abs(metres - one.proposal_m) < 1e-6
    else:
        assert many.border_m[0] == pytest.approx(one.border_m, abs=0.02)
    assert sum(rival.share for rival in one.rivals) == pytest.approx(1 if accuracy else 0)
    if accuracy:
        (rivals,) = county_locator(county).rivals([[at.lon, at.lat]], [accuracy])
        there = {r.grid_code: r.share for r in rivals}
        here = {r.grid_code: r.share for r in one.rivals}
        for code in here.keys() | there.keys():
            assert here.get(code, 0) == pytest.approx(there.get(code, 0), abs=1e-6)


def test_homes_of_leaves_out_what_has_no_position(county):
    homes = homes_of(county, [[np.nan, np.nan], [(WEST + 1) / 1e7, (NORTH - 1) / 1e7]])
    assert homes.grid_codes.tolist() == [None, "530524101001001"]


def test_the_web_role_locates_over_the_whole_county(county, as_web):
    as_web("530524101002")
    assert locate(county, Position((WEST + 1) / 1e7, (NORTH - 1) / 1e7), 30).grid_code
