"""Grids as they come: undivided, partly divided, empty, uninhabited, with homes on borders."""

import numpy as np
import pytest
import shapely
from sqlalchemy import text

from geo.patch import OtherVillage
from grids import plans
from grids.model import Level
from grids.numbering import CodesUsedUp
from grids.publications import cells_in_force, outlines_in_force, prove_in_force
from grids.publishing import publish
from tests.grids.coverage_factory import (
    COUNTY,
    VILLAGES,
    admin,
    found_small_county,
    scatter_households,
)
from tests.grids.plan_drawing import faultless, free_land, inside_free_land
from tests.grids.test_plans import adjacent_grids, line_across, neighbours


@pytest.fixture
def county(conn):
    return found_small_county(conn)


@pytest.fixture
def plan_id(conn, county):
    return plans.create(conn, admin(), "cases").plan_id


def members(here, grid):
    return [k for k, code in enumerate(here.grid) if code == grid]


def undivided_and_divided(conn):
    """A grid without sub-groups and a divided one beside it."""
    there = cells_in_force(conn)
    undivided = {g for g, s in zip(there.grid, there.subgroup, strict=True) if g and s is None}
    for grid in sorted(undivided):
        for other in sorted(set(there.grid) - undivided - {None}):
            pair = [shapely.union_all(there.outline[members(there, g)]) for g in (grid, other)]
            shared = shapely.intersection(*pair)
            if other[:12] == grid[:12] and shapely.length(shared) > 0:
                return grid, other
    raise AssertionError("the small county has such a pair")


def test_a_grid_without_subgroups_takes_part_in_every_tool(conn, plan_id, county):
    grid, _ = undivided_and_divided(conn)
    plans.split_grid(conn, admin(), plan_id, grid, line_across(conn, grid), "北")
    here = plans.cells(conn, admin(), plan_id, villages=[grid[:12]])
    (made,) = {g for g in here.grid if g and here.names[g].name == "北"}
    assert {here.subgroup[k] for k in members(here, made)} == {None}
    plans.merge_grids(conn, admin(), plan_id, made, grid)
    here = plans.cells(conn, admin(), plan_id, villages=[grid[:12]])
    assert [here.subgroup[k] for k in members(here, grid)] == [None]


def test_subgroups_that_do_not_fill_their_grid_leave_a_rest_that_is_published(conn, plan_id):
    undivided, divided = undivided_and_divided(conn)
    plans.merge_grids(conn, admin(), plan_id, undivided, divided)
    assert faultless(conn, plan_id)
    publish(conn, admin(), plan_id, "partly divided")
    there = cells_in_force(conn, divided)
    assert [s is None for s in there.subgroup].count(True) == 1
    assert any(s is not None for s in there.subgroup)
    assert prove_in_force(conn).exact
    later = plans.create(conn, admin(), "the rest moves on").plan_id
    (rest,) = there.cell_id[[s is None for s in there.subgroup]].tolist()
    plans.found_grid(conn, admin(), later, [rest], "余地")
    publish(conn, admin(), later, "its own again")
    assert all(s is not None for s in cells_in_force(conn, divided).subgroup)


def test_a_subgroup_that_a_border_cuts_is_one_in_each_grid_under_its_old_name(conn, plan_id):
    grid = f"{VILLAGES[0]}004"
    before = cells_in_force(conn, grid)
    names = dict(
        conn.execute(
            text("SELECT code, name FROM unit WHERE code = ANY (:codes)"),
            {"codes": [s for s in before.subgroup if s]},
        ).all()
    )
    plans.split_grid(conn, admin(), plan_id, grid, line_across(conn, grid), "另一半")
    here = plans.cells(conn, admin(), plan_id, villages=[VILLAGES[0]])
    for k in range(len(here)):
        if here.subgroup[k] is not None:
            assert here.subgroup[k].startswith(here.grid[k])
    (made,) = {g for g in here.grid if g and here.names[g].name == "另一半"}
    moved = {here.names[here.subgroup[k]].name for k in members(here, made)}
    assert moved <= set(names.values())
    publish(conn, admin(), plan_id, "cut")
    kinds = conn.execute(
        text("SELECT from_code, kind FROM lineage WHERE to_code = :code"), {"code": made}
    ).all()
    assert kinds == [(grid, "split")]
    codes = set(cells_in_force(conn, made).subgroup)
    assert not codes & set(names)


def test_a_grid_whose_last_cell_goes_ends_and_its_code_is_never_given_again(conn, plan_id, county):
    scatter_households(conn, county, 100)
    gone, into = adjacent_grids(conn, VILLAGES[1])
    ids = cells_in_force(conn, gone).cell_id.tolist()
    plans.assign_cells(conn, admin(), plan_id, ids, into)
    publish(conn, admin(), plan_id, "one less")
    assert gone not in set(outlines_in_force(conn, Level.GRID).code)
    ended = conn.execute(text("SELECT upper(valid) FROM unit WHERE code = :g"), {"g": gone})
    assert ended.scalar() is not None
    left = conn.execute(text("SELECT count(*) FROM household WHERE grid_code = :g"), {"g": gone})
    assert left.scalar() == 0
    kinds = conn.execute(
        text("SELECT to_code, kind FROM lineage WHERE from_code = :g AND length(to_code) = 15"),
        {"g": gone},
    ).all()
    assert (into, "merge") in kinds
    later = plans.create(conn, admin(), "another").plan_id
    outcome = plans.found_grid(conn, admin(), later, [ids[0]], "再来", loose="keep")
    assert gone not in set(outcome.changed.grid)


def test_grids_of_two_villages_do_not_merge(conn, plan_id):
    with pytest.raises(OtherVillage) as refusal:
        plans.merge_grids(conn, admin(), plan_id, f"{VILLAGES[0]}001", f"{VILLAGES[1]}001")
    assert refusal.value.facts["village"] == VILLAGES[1]
    assert plans.get(conn, admin(), plan_id).version == 0


def test_a_grid_without_households_is_published(conn, plan_id):
    outcome = plans.draw_grid(conn, admin(), plan_id, inside_free_land(conn), "空网格")
    (code,) = {g for g in outcome.changed.grid if g is not None}
    assert outcome.changed.n_households.sum() == 0
    assert faultless(conn, plan_id)
    publish(conn, admin(), plan_id, "nobody yet")
    grids = outlines_in_force(conn, Level.GRID)
    assert grids.n_households[list(grids.code).index(code)] == 0


def homes_on(conn, places):
    """A building with three households at each place."""
    conn.execute(
        text(
            "INSERT INTO household (number, position, placed_by, territory_code)"
            " VALUES (:number, ST_SetSRID(ST_MakePoint(:x, :y), 4490), 'unplaced', :county)"
        ),
        [
            {"number": f"{k}-{room}", "x": x, "y": y, "county": COUNTY}
            for k, (x, y) in enumerate(places)
            for room in range(3)
        ],
    )


def test_homes_exactly_on_a_new_border_go_to_one_side_together_and_as_foreseen(conn, plan_id):
    grid = f"{VILLAGES[0]}001"
    plans.split_grid(conn, admin(), plan_id, grid, line_across(conn, grid), "北")
    here = plans.cells(conn, admin(), plan_id, villages=[VILLAGES[0]])
    (made,) = {g for g in here.grid if g and here.names[g].name == "北"}
    sides = [shapely.union_all(here.outline[members(here, g)]) for g in (grid, made)]
    border = shapely.intersection(*sides)
    places = np.unique(shapely.get_coordinates(border), axis=0)
    assert len(places) >= 2
    homes_on(conn, places)
    publish(conn, admin(), plan_id, "cut through houses")
    rows = conn.execute(
        text(
            "SELECT split_part(number, '-', 1) AS building, count(DISTINCT grid_code) AS n_grids,"
            " min(grid_code) AS grid FROM household GROUP BY 1"
        )
    ).all()
    assert len(rows) == len(places)
    assert {row.n_grids for row in rows} == {1}
    assert {row.grid for row in rows} == {min(grid, made)}


# Numbers ------------------------------------------------------------------------------------------


def test_the_codes_of_a_withdrawn_plan_stay_reserved(conn, plan_id):
    outcome = plans.draw_grid(conn, admin(), plan_id, inside_free_land(conn), "一")
    (first,) = {g for g in outcome.changed.grid if g is not None}
    plans.withdraw(conn, admin(), plan_id)
    other = plans.create(conn, admin(), "again").plan_id
    outcome = plans.draw_grid(conn, admin(), other, inside_free_land(conn), "一")
    (second,) = {g for g in outcome.changed.grid if g is not None}
    assert int(second) == int(first) + 1


def test_exclusive_grids_are_numbered_from_901_and_their_parts_stay_exclusive(conn, plan_id):
    number, outline = free_land(conn)
    made = plans.found_grid(conn, admin(), plan_id, [number], "学校", kind="exclusive")
    (code,) = made.changed.grid
    assert code[12:] == "901"
    west, _, east, _ = outline.bounds
    y = outline.representative_point().y
    plans.split_grid(conn, admin(), plan_id, code, [[west - 0.01, y], [east + 0.01, y]], "分校")
    here = plans.cells(conn, admin(), plan_id, villages=[code[:12]])
    (part,) = {g for g in here.grid if g and here.names[g].name == "分校"}
    assert (part[12:], here.names[part].kind) == ("902", "exclusive")
    taken = range(903, 1000)
    conn.execute(
        text(
            "INSERT INTO plan_unit (plan_id, code, level, kind, name, parent_code)"
            " VALUES (:plan, :code, 'grid', 'exclusive', 'g', :parent)"
        ),
        [{"plan": plan_id, "code": f"{code[:12]}{k}", "parent": code[:12]} for k in taken],
    )
    with pytest.raises(CodesUsedUp):
        plans.found_grid(conn, admin(), plan_id, [number], "满了", kind="exclusive")


def test_a_subgroup_that_returns_from_another_grid_has_three_codes_in_its_life(conn, plan_id):
    """Moved and published, moved back and published: the first code is not taken up again."""
    cell, grid = neighbours(conn, VILLAGES[1])[0]
    there = cells_in_force(conn)
    home, first = next(
        (g, s)
        for c, g, s in zip(there.cell_id, there.grid, there.subgroup, strict=True)
        if c == cell
    )
    plans.assign_cells(conn, admin(), plan_id, [cell], grid)
    publish(conn, admin(), plan_id, "there")
    back = plans.create(conn, admin(), "and back").plan_id
    outcome = plans.assign_cells(conn, admin(), back, [cell], home, loose="keep")
    (third,) = outcome.changed.subgroup
    assert third.startswith(home)
    assert third != first
