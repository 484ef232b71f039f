"""Going back is going on: a former coverage is planned anew, proven and published."""

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from grids import plans
from grids.db import statement
from grids.errors import BadValue, NotFound
from grids.model import Level
from grids.plan_rows import state_of
from grids.publications import cells_in_force, outlines_in_force, prove_in_force
from grids.publishing import publish
from grids.rollback import NotRestorable, restore
from tests.grids.coverage_factory import (
    COUNTY,
    VILLAGES,
    admin,
    found_small_county,
    scatter_households,
)
from tests.grids.test_plan_conflicts import cut, faults
from tests.grids.test_plans import adjacent_grids
from tests.grids.test_publishing import (
    a_plan,
    homes_by_position,
    moved_cell,
    random_step,
    residue,
    settle,
    sign_everything,
)


@pytest.fixture
def county(conn):
    return found_small_county(conn)


def land(conn, level=Level.GRID):
    """What the outlines of a level are, whatever the units are called."""
    outlines = outlines_in_force(conn, level)
    return sorted(shapely.to_wkb(shapely.normalize(shape)) for shape in outlines.outline)


def named(conn, level=Level.GRID):
    """The names of the units of a level with their land."""
    rows = conn.execute(
        text(
            "SELECT unit.name, ST_AsBinary(ST_Normalize(o.outline)) AS outline"
            " FROM unit_outline AS o JOIN unit ON unit.code = o.unit_code"
            " WHERE upper_inf(o.valid) AND o.level = :level"
        ),
        {"level": level.value},
    )
    return sorted((row.name, bytes(row.outline)) for row in rows)


def test_a_merged_grid_comes_back_under_a_new_code_with_its_name_land_and_people(conn, county):
    scatter_households(conn, county, 200)
    settle(conn)
    before = {level: named(conn, level) for level in (Level.GRID, Level.SUBGROUP)}
    codes = set(outlines_in_force(conn, Level.GRID).code)
    gone, into = adjacent_grids(conn, VILLAGES[1])
    plan_id = a_plan(conn)
    plans.merge_grids(conn, admin(), plan_id, gone, into)
    publish(conn, admin(), plan_id, "a mistake")

    back = restore(conn, admin(), 2)
    assert back.title == "Back to publication 2"
    assert [step.tool for step in plans.steps(conn, admin(), back.plan_id)] == ["restore"]
    publication = publish(conn, admin(), back.plan_id, "as it was")
    assert publication.number == 4
    assert {level: named(conn, level) for level in before} == before
    (new,) = set(outlines_in_force(conn, Level.GRID).code) - codes
    assert new not in (gone, into)
    assert gone not in outlines_in_force(conn, Level.GRID).code
    told = conn.execute(
        text("SELECT from_code FROM lineage WHERE publication = 4 AND to_code = :new"), {"new": new}
    ).scalars()
    assert list(told) == [into]
    assert homes_by_position(conn) == 0
    assert residue(conn) == []


def test_a_split_grid_has_its_land_again_and_the_part_split_off_ends(conn, county):
    before, grids = land(conn), set(outlines_in_force(conn, Level.GRID).code)
    plan_id = a_plan(conn)
    cut(conn, plan_id)
    publish(conn, admin(), plan_id, "")
    back = restore(conn, admin(), 2, title="undo the cut")
    publish(conn, admin(), back.plan_id, "")
    assert set(outlines_in_force(conn, Level.GRID).code) == grids
    assert land(conn) == before
    assert residue(conn) == []


def test_the_way_back_can_be_undone_like_any_step_and_gone_back_from(conn, county):
    plan_id, *_ = moved_cell(conn)
    publish(conn, admin(), plan_id, "")
    after = land(conn)
    back = restore(conn, admin(), 2)
    assert plans.undo(conn, admin(), back.plan_id).plan.n_changed == 0
    plans.redo(conn, admin(), back.plan_id)
    publish(conn, admin(), back.plan_id, "")
    again = restore(conn, admin(), 3)
    publish(conn, admin(), again.plan_id, "")
    assert land(conn) == after
    assert residue(conn) == []


def test_one_village_goes_back_while_the_others_stay(conn, county):
    for village in VILLAGES[:2]:
        plan_id, *_ = moved_cell(conn, village)
        publish(conn, admin(), plan_id, "")
    there = cells_in_force(conn, VILLAGES[0])
    back = restore(conn, admin(), 2, area=VILLAGES[1])
    assert back.village_codes == (VILLAGES[1],)
    publish(conn, admin(), back.plan_id, "")
    assert cells_in_force(conn, VILLAGES[0]).grid.tolist() == there.grid.tolist()
    assert residue(conn) == []


def test_nothing_to_go_back_to_is_said(conn, county):
    with pytest.raises(BadValue):
        restore(conn, admin(), 2)
    with pytest.raises(NotFound):
        restore(conn, admin(), 99)
    with pytest.raises(NotFound):
        restore(conn, admin(VILLAGES[0]), 1, area=VILLAGES[1])


def test_an_area_whose_border_has_got_a_vertex_since_cannot_go_back_alone(conn, county):
    """The village's border is its neighbours', too: they go back together or not at all."""
    for grid in sorted(set(county.grid)):
        plan_id = a_plan(conn)
        try:
            cut(conn, plan_id, grid)
        except Exception:
            continue
        touched = plans.get(conn, admin(), plan_id).village_codes
        if len(touched) > 1:
            break
    assert len(touched) > 1
    publish(conn, admin(), plan_id, "")
    with pytest.raises(NotRestorable), conn.begin_nested():
        restore(conn, admin(), 2, area=grid[:12])
    back = restore(conn, admin(), 2, area=COUNTY)
    publish(conn, admin(), back.plan_id, "")
    assert residue(conn) == []


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 10**6))
def test_whatever_was_published_the_former_coverage_comes_back_cell_by_cell(conn, county, seed):
    rng = np.random.default_rng(seed)
    with conn.begin_nested() as start:
        before = {level: named(conn, level) for level in (Level.GRID, Level.SUBGROUP)}
        cells = former(conn, 2)
        for _ in range(int(rng.integers(1, 3))):
            plan_id = a_plan(conn)
            for _ in range(int(rng.integers(1, 4))):
                random_step(conn, plan_id, rng)
            if plans.get(conn, admin(), plan_id).n_changed and not faults(conn, plan_id):
                publish(conn, admin(), plan_id, "")
        moved = {level: named(conn, level) for level in before} != before
        if moved or former(conn, require_number(conn)) != cells:
            back = restore(conn, admin(), 2)
            sign_everything(conn, back.plan_id)
            publish(conn, admin(), back.plan_id, "")
        assert {level: named(conn, level) for level in before} == before
        assert sorted(former(conn, require_number(conn)).values()) == sorted(cells.values())
        assert prove_in_force(conn).exact
        assert residue(conn) == []
        start.rollback()


def require_number(conn):
    return conn.execute(text("SELECT max(number) FROM publication")).scalar()


def former(conn, number):
    """The outlines of all cells under a publication, by cell."""
    values = {"number": number, "low": COUNTY, "high": COUNTY + "~"}
    rows = state_of(conn.execute(statement("all_as_of", "conflicts"), values))
    return {k: row.outline for k, row in rows.items()}
