"""A plan is made by steps that can be taken back, and nobody's work is lost."""

from dataclasses import replace

import numpy as np
import pytest
import shapely
from sqlalchemy import text

from geo.coverage import adjacency, prove
from geo.patch import Multipart, OtherVillage, Patch, StalePatch, assign
from grids import overlay, plans
from grids.errors import Forbidden, NotFound
from grids.model import Role, Viewer
from grids.plan_make import make
from grids.plan_undo import NothingToUndo, UndoBlocked
from grids.publications import cells_in_force
from grids.publishing import publish
from tests.grids.coverage_factory import (
    COUNTY,
    VILLAGES,
    admin,
    found_small_county,
    scatter_households,
)


@pytest.fixture
def county(conn):
    return found_small_county(conn)


@pytest.fixture
def plan_id(conn, county):
    return plans.create(conn, admin(), "move a border").plan_id


def neighbours(conn, village):
    """Pairs (cell, grid next to it): cells whose leaving keeps their grid whole."""
    there = cells_in_force(conn, village)
    pairs = adjacency(there.outline)
    found = []
    for i, j in zip(np.r_[pairs.i, pairs.j], np.r_[pairs.j, pairs.i], strict=True):
        if there.grid[i] is None or there.grid[j] is None or there.grid[i] == there.grid[j]:
            continue
        rest = [k for k in range(len(there)) if there.grid[k] == there.grid[i] and k != i]
        union = shapely.union_all(there.outline[rest]) if rest else shapely.Polygon()
        if union.geom_type == "Polygon" and rest:
            found.append((int(there.cell_id[i]), there.grid[j]))
    return found


def line_across(conn, grid):
    """A line through a grid from west to east, well beyond it."""
    outline = shapely.union_all(cells_in_force(conn, grid).outline)
    west, _, east, _ = outline.bounds
    y = outline.representative_point().y
    return [[west - 0.01, y], [east + 0.01, y]]


def content(conn, plan_id):
    return conn.execute(
        text(
            "SELECT cell_id, base_publication, gone, grid_code, subgroup_code,"
            " ST_AsEWKB(outline) FROM plan_cell WHERE plan_id = :id ORDER BY cell_id"
        ),
        {"id": plan_id},
    ).all()


def test_a_cell_given_to_another_grid_takes_its_subgroup_along_under_a_new_code(conn, plan_id):
    cell, grid = neighbours(conn, VILLAGES[1])[0]
    before = cells_in_force(conn, VILLAGES[1])
    former = before.subgroup[before.cell_id == cell][0]
    outcome = plans.assign_cells(conn, admin(), plan_id, [cell], grid)
    (code,) = outcome.changed.subgroup
    assert code.startswith(grid)
    assert code != former
    assert code not in set(before.subgroup)
    assert outcome.changed.names[code].name == f"group {former[-2:]}"
    assert outcome.plan.version == 1
    assert outcome.plan.n_changed == 1


def test_a_cell_that_comes_back_gets_its_own_subgroup_and_the_plan_is_empty_again(conn, plan_id):
    cell, grid = neighbours(conn, VILLAGES[1])[0]
    before = cells_in_force(conn, VILLAGES[1])
    home = before.grid[before.cell_id == cell][0]
    plans.assign_cells(conn, admin(), plan_id, [cell], grid)
    outcome = plans.assign_cells(conn, admin(), plan_id, [cell], home)
    assert outcome.changed.subgroup[0] == before.subgroup[before.cell_id == cell][0]
    assert outcome.plan.n_changed == 0
    assert [f.code for f in plans.check(conn, admin(), plan_id)] == ["plan.empty"]


def test_undo_and_redo_restore_every_byte(conn, plan_id, county):
    scatter_households(conn, county, 50)
    states = [content(conn, plan_id)]
    cell, grid = neighbours(conn, VILLAGES[1])[0]
    plans.assign_cells(conn, admin(), plan_id, [cell], grid)
    states.append(content(conn, plan_id))
    plans.split_grid(
        conn, admin(), plan_id, f"{VILLAGES[0]}004", line_across(conn, f"{VILLAGES[0]}004")
    )
    states.append(content(conn, plan_id))
    plans.merge_grids(conn, admin(), plan_id, *adjacent_grids(conn, VILLAGES[1]), loose="keep")
    states.append(content(conn, plan_id))
    for state in reversed(states[:-1]):
        plans.undo(conn, admin(), plan_id)
        assert content(conn, plan_id) == state
    with pytest.raises(NothingToUndo):
        plans.undo(conn, admin(), plan_id)
    for state in states[1:]:
        plans.redo(conn, admin(), plan_id)
        assert content(conn, plan_id) == state
    with pytest.raises(NothingToUndo):
        plans.redo(conn, admin(), plan_id)
    assert [s.tool for s in plans.steps(conn, admin(), plan_id)] == ["assign", "split", "merge"]


def adjacent_grids(conn, village):
    there = cells_in_force(conn, village)
    pairs = adjacency(there.outline)
    return next(
        (there.grid[i], there.grid[j])
        for i, j in zip(pairs.i, pairs.j, strict=True)
        if there.grid[i] and there.grid[j] and there.grid[i] != there.grid[j]
    )


def test_a_new_step_after_undo_ends_what_could_be_redone(conn, plan_id):
    (cell, grid), (other, to) = neighbours(conn, VILLAGES[1])[:2]
    plans.assign_cells(conn, admin(), plan_id, [cell], grid)
    plans.undo(conn, admin(), plan_id)
    plans.assign_cells(conn, admin(), plan_id, [other], to)
    with pytest.raises(NothingToUndo):
        plans.redo(conn, admin(), plan_id)


def test_undo_says_which_cells_block_it(conn, plan_id):
    cell, grid = neighbours(conn, VILLAGES[1])[0]
    plans.assign_cells(conn, admin(), plan_id, [cell], grid)
    conn.execute(text("UPDATE plan_cell SET grid_code = NULL, subgroup_code = NULL"))
    with pytest.raises(UndoBlocked) as refusal:
        plans.undo(conn, admin(), plan_id)
    assert refusal.value.facts["cells"] == [cell]


def test_the_overlay_of_a_plan_covers_what_the_cells_in_force_cover(conn, plan_id, county):
    plans.split_grid(
        conn, admin(), plan_id, f"{VILLAGES[0]}004", line_across(conn, f"{VILLAGES[0]}004")
    )
    here = plans.cells(conn, admin(), plan_id, villages=list(VILLAGES))
    assert prove(here.outline, county.county.outline).exact
    assert here.changed.any()
    assert not here.changed.all()


def test_the_part_with_more_households_keeps_the_code(conn, plan_id, county):
    grid = f"{VILLAGES[0]}004"
    line = line_across(conn, grid)
    outline = shapely.union_all(cells_in_force(conn, grid).outline)
    for where in (0.25, 0.75):  # crowd the south, then the north
        y = outline.bounds[1] + (outline.bounds[3] - outline.bounds[1]) * where
        crowd = shapely.intersection(
            outline, shapely.box(outline.bounds[0], y - 1e-4, outline.bounds[2], y + 1e-4)
        ).representative_point()
        conn.execute(text("DELETE FROM household"))
        conn.execute(
            text(
                "INSERT INTO household (number, position, placed_by, territory_code, grid_code)"
                " SELECT 'c' || n, ST_SetSRID(ST_MakePoint(:x, :y), 4490), 'position', :grid, :grid"
                " FROM generate_series(1, 9) AS n"
            ),
            {"x": crowd.x, "y": crowd.y, "grid": grid},
        )
        plans.split_grid(conn, admin(), plan_id, grid, line, "new grid")
        here = plans.cells(conn, admin(), plan_id, villages=[VILLAGES[0]])
        kept = here.outline[here.grid == grid]
        assert shapely.covers(kept, crowd).any()
        made = {g for g in here.grid if g and here.names[g].name == "new grid"}
        assert len(made) == 1
        assert here.n_households[here.grid == grid].sum() == 9
        plans.undo(conn, admin(), plan_id)


def test_split_and_merge_back_keeps_code_and_outline(conn, plan_id):
    grid = f"{VILLAGES[0]}001"  # undivided
    before = cells_in_force(conn, grid)
    plans.split_grid(conn, admin(), plan_id, grid, line_across(conn, grid))
    here = plans.cells(conn, admin(), plan_id)
    (made,) = {g for g in here.grid[here.changed] if g and g not in set(cells_in_force(conn).grid)}
    plans.merge_grids(conn, admin(), plan_id, made, grid)
    after = plans.cells(conn, admin(), plan_id, grid=grid)
    assert len(after) == 1
    # Where the line met the border both neighbours keep a vertex, within a lattice step of it.
    assert shapely.symmetric_difference(after.outline[0], before.outline[0]).area < 1e-8
    assert after.grid[0] == grid


def test_codes_of_undone_and_withdrawn_plans_are_never_given_again(conn, plan_id):
    grid = f"{VILLAGES[0]}004"
    line = line_across(conn, grid)
    given = set()
    for _ in range(3):
        outcome = plans.split_grid(conn, admin(), plan_id, grid, line)
        made = {g for g in outcome.changed.grid if g} - set(cells_in_force(conn).grid)
        assert made
        assert not made & given
        given |= made
        plans.undo(conn, admin(), plan_id)
    plans.withdraw(conn, admin(), plan_id)
    other = plans.create(conn, admin(), "again").plan_id
    outcome = plans.split_grid(conn, admin(), other, grid, line)
    assert not {g for g in outcome.changed.grid if g} & given


def test_an_older_version_of_the_plan_is_a_conflict(conn, plan_id):
    (cell, grid), (other, to) = neighbours(conn, VILLAGES[1])[:2]
    plans.assign_cells(conn, admin(), plan_id, [cell], grid, version=0)
    with pytest.raises(plans.PlanConflict) as refusal:
        plans.assign_cells(conn, admin(), plan_id, [other], to, version=0)
    assert refusal.value.facts["now"] == 1


def test_a_withdrawn_plan_is_closed(conn, plan_id):
    cell, grid = neighbours(conn, VILLAGES[1])[0]
    plans.withdraw(conn, admin(), plan_id)
    with pytest.raises(plans.PlanClosed):
        plans.assign_cells(conn, admin(), plan_id, [cell], grid)


def test_outside_the_territory_a_plan_its_cells_and_its_grids_do_not_exist(conn, county):
    wide = plans.create(conn, admin(), "the whole county").plan_id
    cell, grid = neighbours(conn, VILLAGES[1])[0]
    elsewhere = admin(VILLAGES[0])
    with pytest.raises(NotFound):
        plans.get(conn, elsewhere, wide)
    own = plans.create(conn, elsewhere, "my village").plan_id
    with pytest.raises(NotFound):
        plans.assign_cells(conn, elsewhere, own, [cell], f"{VILLAGES[0]}001")
    with pytest.raises(NotFound):
        plans.merge_grids(conn, elsewhere, own, grid, f"{VILLAGES[0]}001")
    with pytest.raises(NotFound):
        plans.cells(conn, elsewhere, own, villages=[VILLAGES[1]])
    assert [p.plan_id for p in plans.list_all(conn, elsewhere)] == [own]


def test_a_role_without_the_right_may_not_edit(conn, plan_id):
    leader = Viewer(None, "leader", Role.LEADER, COUNTY)
    assert plans.get(conn, leader, plan_id).title == "move a border"
    with pytest.raises(Forbidden):
        plans.withdraw(conn, leader, plan_id)


def test_land_of_another_village_is_refused_and_pieces_are_offered(conn, plan_id):
    cell, _ = neighbours(conn, VILLAGES[1])[0]
    with pytest.raises(OtherVillage):
        plans.assign_cells(conn, admin(), plan_id, [cell], f"{VILLAGES[0]}001")
    there = cells_in_force(conn, VILLAGES[1])
    pairs = adjacency(there.outline)
    linked = {frozenset(pair) for pair in zip(pairs.i.tolist(), pairs.j.tolist(), strict=True)}
    far = next(
        (k, g)
        for k in range(len(there))
        for g in sorted(set(there.grid) - {None, there.grid[k]})
        if not any(frozenset((k, m)) in linked for m in np.flatnonzero(there.grid == g))
    )
    with pytest.raises(Multipart):
        plans.assign_cells(conn, admin(), plan_id, [int(there.cell_id[far[0]])], far[1])
    plans.assign_cells(conn, admin(), plan_id, [int(there.cell_id[far[0]])], far[1], loose="keep")
    torn = [f for f in plans.check(conn, admin(), plan_id) if f.code == "unit.pieces"]
    assert far[1] in {f.units[0] for f in torn}
    for fault in torn:
        plans.sign_parts(conn, admin(), plan_id, fault.units[0], fault.facts["n_parts"])
    assert not [f for f in plans.check(conn, admin(), plan_id) if f.severity == "error"]


def test_a_new_grid_is_made_of_free_land(conn, plan_id):
    there = cells_in_force(conn)
    (free,) = there.cell_id[[g is None for g in there.grid]]
    outcome = plans.found_grid(conn, admin(), plan_id, [int(free)], "河滩网格")
    (code,) = outcome.changed.grid
    assert outcome.changed.names[code].name == "河滩网格"
    assert code not in set(there.grid)
    assert not [f for f in plans.check(conn, admin(), plan_id) if f.severity == "error"]


def test_a_patch_of_cells_that_another_publication_changed_meanwhile_is_refused(conn, plan_id):
    cell, grid = neighbours(conn, VILLAGES[1])[0]
    stale = overlay.read(conn, COUNTY, plan_id, villages=[VILLAGES[1]])
    patch = assign(stale.cells(), [cell], grid)
    other = plans.create(conn, admin(), "quicker").plan_id
    plans.assign_cells(conn, admin(), other, [cell], grid)
    publish(conn, admin(), other, "in force before")
    plan = plans.get(conn, admin(), plan_id)
    with pytest.raises(StalePatch) as refusal:
        make(conn, admin(), plan, "assign", {}, patch, stale)
    assert refusal.value.facts["cells"] == [cell]
    taken = Patch((), (replace(stale.cells()[0], id=int(stale.cell_id[1])),))
    with pytest.raises(StalePatch):
        make(conn, admin(), plan, "assign", {}, taken, stale)
    assert content(conn, plan_id) == []
