"""What two plans both changed is shown with all three versions, and never overwritten."""

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from geo.coverage import adjacency
from geo.errors import GeoError
from grids import plans
from grids.errors import GridsError
from grids.model import Level
from grids.plan_conflicts import conflicts, meet
from grids.plan_merge import GoTogether, NotInConflict, OnlyTheirs, resolve
from grids.publications import (
    cells_in_force,
    outlines_in_force,
    prove_in_force,
    require_current,
)
from grids.publishing import Faulty, StalePlan, publish
from tests.grids.coverage_factory import COUNTY, VILLAGES, admin, found_small_county
from tests.grids.test_plans import content, line_across, neighbours
from tests.grids.test_publishing import (
    a_plan,
    homes_by_position,
    random_step,
    residue,
    sign_everything,
)

GRID = f"{VILLAGES[0]}004"


@pytest.fixture
def county(conn):
    return found_small_county(conn)


def cut(conn, plan_id, grid=GRID, share=0.5):
    """Split a grid from west to east at a share of its height."""
    outline = shapely.union_all(cells_in_force(conn, grid).outline)
    west, south, east, north = outline.bounds
    y = south + (north - south) * share
    line = [[west - 0.01, y], [east + 0.01, y + 1e-4]]
    return plans.split_grid(conn, admin(), plan_id, grid, line)


def two_cuts(conn):
    """A published plan and an open one that cut the same grid along different lines."""
    first, second = a_plan(conn), a_plan(conn)
    cut(conn, first, share=0.4)
    cut(conn, second, share=0.6)
    publish(conn, admin(), first, "the first cut")
    return first, second


def labels(conn, cell):
    there = cells_in_force(conn)
    (at,) = np.flatnonzero(there.cell_id == cell)
    return there.grid[at], there.subgroup[at]


def two_takers(conn):
    """A cell that a published plan gave to one grid and an open plan gives to another."""
    there = cells_in_force(conn, VILLAGES[1])
    takers = {}
    for cell, grid in neighbours(conn, VILLAGES[1]):
        takers.setdefault(cell, set()).add(grid)
    cell = next((c for c, grids in takers.items() if len(grids) > 1), None)
    home = there.grid[there.cell_id == (cell or neighbours(conn, VILLAGES[1])[0][0])][0]
    if cell is None:
        cell, grid = neighbours(conn, VILLAGES[1])[0]
        theirs, mine = grid, None
    else:
        theirs, mine = sorted(takers[cell])[:2]
    first, second = a_plan(conn), a_plan(conn)
    plans.assign_cells(conn, admin(), first, [cell], theirs)
    plans.assign_cells(conn, admin(), second, [cell], mine)
    publish(conn, admin(), first, "theirs")
    return cell, home, theirs, mine, second


def test_a_cell_given_to_two_grids_is_shown_as_it_was_as_it_is_and_as_it_would_be(conn, county):
    cell, home, theirs, mine, plan_id = two_takers(conn)
    (found,) = conflicts(conn, admin(), plan_id)
    assert (found.cell_id, found.group) == (cell, 1)
    assert found.base.grid_code == home
    assert found.theirs.grid_code == theirs
    assert found.mine.grid_code == mine
    assert (found.by.publication, found.by.memo) == (3, "theirs")
    with pytest.raises(StalePlan) as refusal, conn.begin_nested():
        publish(conn, admin(), plan_id, "")
    assert [fact["cell_id"] for fact in refusal.value.facts["cells"]] == [cell]


@pytest.mark.parametrize("keep", ["mine", "theirs"])
def test_a_person_decides_which_version_of_a_cell_counts(conn, county, keep):
    cell, _, theirs, mine, plan_id = two_takers(conn)
    outcome = resolve(conn, admin(), plan_id, {cell: keep})
    assert conflicts(conn, admin(), plan_id) == []
    assert plans.steps(conn, admin(), plan_id)[-1].tool == "resolve"
    if keep == "theirs":
        assert outcome.plan.n_changed == 0
        assert labels(conn, cell)[0] == theirs
        return
    publish(conn, admin(), plan_id, "mine after all")
    assert labels(conn, cell)[0] == mine
    assert residue(conn) == []


def test_a_decision_is_a_step_that_can_be_undone(conn, county):
    cell, *_, plan_id = two_takers(conn)
    before = content(conn, plan_id)
    resolve(conn, admin(), plan_id, {cell: "mine"})
    assert content(conn, plan_id) != before
    plans.undo(conn, admin(), plan_id)
    assert content(conn, plan_id) == before
    assert [c.cell_id for c in conflicts(conn, admin(), plan_id)] == [cell]


def test_a_cell_that_is_not_in_conflict_cannot_be_decided(conn, county):
    cell, *_, plan_id = two_takers(conn)
    with pytest.raises(NotInConflict):
        resolve(conn, admin(), plan_id, {cell + 1: "mine"})


def test_cells_along_a_border_that_moved_are_decided_together_or_not_at_all(conn, county):
    _, plan_id = two_cuts(conn)
    found = conflicts(conn, admin(), plan_id)
    cells = [c.cell_id for c in found]
    assert len(cells) > 1
    assert {c.group for c in found} == {1}
    with pytest.raises(GoTogether) as refusal:
        resolve(conn, admin(), plan_id, {cells[0]: "mine", cells[1]: "theirs"})
    assert refusal.value.facts["groups"] == [cells]
    with pytest.raises(GoTogether):
        resolve(conn, admin(), plan_id, {cells[0]: "mine"})


def test_my_cut_in_place_of_theirs_is_proven_and_the_grid_they_made_ends(conn, county):
    _, plan_id = two_cuts(conn)
    made_by_them = set(outlines_in_force(conn, Level.GRID).code) - set(county.grid)
    chosen = {c.cell_id: "mine" for c in conflicts(conn, admin(), plan_id)}
    resolve(conn, admin(), plan_id, chosen)
    publish(conn, admin(), plan_id, "the other line")
    assert residue(conn) == []
    assert prove_in_force(conn).exact
    now = set(outlines_in_force(conn, Level.GRID).code)
    assert made_by_them
    assert not made_by_them & now
    assert len(now - set(county.grid)) == 1


def test_their_cut_in_place_of_mine_leaves_my_plan_empty(conn, county):
    _, plan_id = two_cuts(conn)
    chosen = {c.cell_id: "theirs" for c in conflicts(conn, admin(), plan_id)}
    outcome = resolve(conn, admin(), plan_id, chosen)
    assert outcome.plan.n_changed == 0


def test_a_new_vertex_on_the_border_of_my_cell_is_no_conflict(conn, county):
    first, second, cell, grid = cut_beside(conn, county)
    publish(conn, admin(), first, "")
    assert conflicts(conn, admin(), second) == []
    publish(conn, admin(), second, "by itself")
    assert plans.steps(conn, admin(), second)[-1].tool == "rebase"
    assert labels(conn, cell)[0] == grid
    assert residue(conn) == []


def cut_beside(conn, county):
    """A plan that cuts a grid, and one that gives away a cell where the cut meets its border."""
    for grid in sorted(set(county.grid)):
        with conn.begin_nested() as tried:
            first, second = a_plan(conn), a_plan(conn)
            try:
                cut(conn, first, grid)
            except GeoError:
                tried.rollback()
                continue
            here = cells_in_force(conn, grid[:12])
            home = dict(zip(here.cell_id.tolist(), here.grid, strict=True))
            query = "SELECT cell_id FROM plan_cell WHERE plan_id = :id"
            touched = set(conn.execute(text(query), {"id": first}).scalars())
            for cell, taker in neighbours(conn, grid[:12]):
                if cell in touched and grid not in (taker, home[cell]):
                    plans.assign_cells(conn, admin(), second, [cell], taker)
                    return first, second, cell, taker
            tried.rollback()
    raise AssertionError("no cut meets the border of a cell that can be given away")


def test_two_plans_that_did_the_same_do_not_quarrel(conn, county):
    (cell, _), *rest = neighbours(conn, VILLAGES[1])
    other, taker = next(pair for pair in rest if pair[0] != cell)
    first, second = a_plan(conn), a_plan(conn)
    for plan_id in (first, second):
        plans.assign_cells(conn, admin(), plan_id, [cell], None, loose="keep")
    plans.assign_cells(conn, admin(), second, [other], taker, loose="keep")
    publish(conn, admin(), first, "")
    sign_everything(conn, second)
    assert conflicts(conn, admin(), second) == []
    publish(conn, admin(), second, "")
    assert labels(conn, cell)[0] is None
    assert labels(conn, other)[0] == taker


def test_land_for_a_grid_that_ended_can_bring_it_back_under_a_new_code(conn, county):
    cell, gone = next(
        (c, g) for c, g in neighbours(conn, VILLAGES[1]) if beside(conn, g) is not None
    )
    into = beside(conn, gone)
    mine, theirs = a_plan(conn), a_plan(conn)
    plans.assign_cells(conn, admin(), mine, [cell], gone)
    plans.merge_grids(conn, admin(), theirs, gone, into, loose="keep")
    sign_everything(conn, theirs)
    publish(conn, admin(), theirs, "too small")
    (found,) = conflicts(conn, admin(), mine)
    assert (found.cell_id, found.by.memo) == (cell, "too small")
    assert found.mine.grid_code == gone
    resolve(conn, admin(), mine, {cell: "mine"})
    publish(conn, admin(), mine, "we need it")
    back, subgroup = labels(conn, cell)
    assert back not in (gone, into)
    assert back not in set(county.grid)
    assert subgroup.startswith(back)
    name = "SELECT name FROM unit WHERE code = :code"
    names = [conn.execute(text(name), {"code": code}).scalar() for code in (gone, back)]
    assert names[0] == names[1]
    assert residue(conn) == []


def beside(conn, grid):
    """A grid of the same village beside this one."""
    there = cells_in_force(conn, grid[:12])
    pairs = adjacency(there.outline)
    for i, j in zip(pairs.i.tolist(), pairs.j.tolist(), strict=True):
        if there.grid[i] == grid and there.grid[j] not in (None, grid):
            return there.grid[j]
    return None


def test_two_harmless_plans_that_together_disconnect_a_grid_are_refused(conn, county):
    """Case 44: disjoint cells, the same grid; each alone leaves it whole."""
    first, second, grid = disconnecting_pair(conn)
    publish(conn, admin(), first, "")
    assert conflicts(conn, admin(), second) == []
    with pytest.raises(Faulty) as refusal, conn.begin_nested():
        publish(conn, admin(), second, "")
    torn = {
        u for f in refusal.value.facts["faults"] if f["code"] == "unit.pieces" for u in f["units"]
    }
    assert torn == {grid}
    conn.execute(text("UPDATE plan SET source = 'import' WHERE plan_id = :p"), {"p": second})
    with pytest.raises(GridsError, match="pieces"), conn.begin_nested():
        publish(conn, admin(), second, "around the check")
    assert prove_in_force(conn).exact


def disconnecting_pair(conn):
    """Two plans that take one cell each from a grid which hangs together by either of them."""
    for village in VILLAGES:
        there = cells_in_force(conn, village)
        for grid in sorted({g for g in there.grid if g}):
            members = np.flatnonzero(there.grid == grid)
            for a in members:
                for b in members[members > a]:
                    if not (
                        whole(there, members, {a})
                        and whole(there, members, {b})
                        and len(members) > 3
                        and not whole(there, members, {a, b})
                    ):
                        continue
                    with conn.begin_nested() as tried:
                        try:
                            pair = [a_plan(conn), a_plan(conn)]
                            for plan_id, k in zip(pair, (a, b), strict=True):
                                cell = [int(there.cell_id[k])]
                                plans.assign_cells(conn, admin(), plan_id, cell, None)
                            return *pair, grid
                        except GeoError:
                            tried.rollback()
    raise AssertionError("the county has no grid that hangs together in a ring")


def whole(there, members, without):
    rest = shapely.union_all([there.outline[k] for k in members if k not in without])
    return rest.geom_type == "Polygon"


def test_what_was_never_in_force_together_cannot_be_brought_back(conn, county):
    """The plan cut a grid, and then gave away land of a grid that others had cut out of it."""
    plan_id, other = a_plan(conn), a_plan(conn)
    cut(conn, plan_id, share=0.5)
    cut(conn, other, share=0.3)
    publish(conn, admin(), other, "")
    (made,) = set(cells_in_force(conn, VILLAGES[0]).grid) - set(county.grid) - {None}
    cell = int(cells_in_force(conn, made).cell_id[0])
    plans.assign_cells(conn, admin(), plan_id, [cell], None, loose="keep")
    again = a_plan(conn)
    plans.split_grid(conn, admin(), again, made, line_across(conn, made))
    publish(conn, admin(), again, "")
    found = [c.cell_id for c in conflicts(conn, admin(), plan_id)]
    assert cell in found
    with pytest.raises(OnlyTheirs), conn.begin_nested():
        resolve(conn, admin(), plan_id, dict.fromkeys(found, "mine"))
    outcome = resolve(conn, admin(), plan_id, dict.fromkeys(found, "theirs"))
    assert outcome.plan.n_changed == 0


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 10**6))
def test_however_two_plans_meet_every_decision_leaves_a_proven_coverage(conn, county, seed):
    rng = np.random.default_rng(seed)
    with conn.begin_nested() as start:
        first, second = a_plan(conn), a_plan(conn)
        for plan_id in (first, second):
            for _ in range(int(rng.integers(1, 4))):
                random_step(conn, plan_id, rng)
        if plans.get(conn, admin(), first).n_changed and not faults(conn, first):
            publish(conn, admin(), first, "")
        meeting = meet(conn, second, COUNTY)
        try:
            choices = {}
            for group in meeting.groups:
                choices |= dict.fromkeys(group, str(rng.choice(["mine", "theirs"])))
            if choices:
                resolve(conn, admin(), second, choices)
        except OnlyTheirs:
            resolve(conn, admin(), second, dict.fromkeys(choices, "theirs"))
        assert meet(conn, second, COUNTY).groups == ()
        if plans.get(conn, admin(), second).n_changed:
            sign_everything(conn, second)
            if not faults(conn, second):
                publish_if_they_fit_together(conn, second)
        assert residue(conn) == []
        assert prove_in_force(conn).exact
        assert homes_by_position(conn) == 0
        start.rollback()


def publish_if_they_fit_together(conn, plan_id):
    """Publish; what each plan leaves whole the two may cut in pieces, which is refused unsigned."""
    number = require_current(conn).number
    refused = []
    try:
        with conn.begin_nested():
            publish(conn, admin(), plan_id, "")
    except Faulty as refusal:
        refused = refusal.facts["faults"]
    assert {fault["code"] for fault in refused} <= {"unit.pieces"}
    assert require_current(conn).number == number + (not refused)


def faults(conn, plan_id):
    """Errors but for pieces, which are signed here."""
    sign_everything(conn, plan_id)
    found = plans.check(conn, admin(), plan_id)
    return [f for f in found if f.severity == "error" and f.code != "plan.stale"]
