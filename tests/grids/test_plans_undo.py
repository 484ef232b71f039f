"""Every step can be taken back, the last one or one in the list, and done again."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from geo.coverage import prove
from geo.errors import Refusal
from grids import plan_sketches, plans
from grids.drafts import PlanClosed
from grids.errors import Forbidden
from grids.model import Role, Viewer
from grids.plan_undo import NothingToUndo, UndoBlocked
from tests.grids.coverage_factory import COUNTY, VILLAGES, admin, found_small_county
from tests.grids.plan_drawing import a_move, borders, bulge, inside_free_land, ring_around
from tests.grids.test_plans import adjacent_grids, content, line_across, neighbours


@pytest.fixture
def county(conn):
    return found_small_county(conn)


@pytest.fixture
def plan_id(conn, county):
    return plans.create(conn, admin(), "take it back").plan_id


def two_apart_and_one_on_the_first(conn, plan_id):
    """Steps 1 and 2 on different cells, step 3 on the cell of step 1."""
    cell, grid = neighbours(conn, VILLAGES[1])[0]
    other, to = next(pair for pair in neighbours(conn, VILLAGES[1]) if pair[0] != cell)
    plans.assign_cells(conn, admin(), plan_id, [cell], grid)
    plans.assign_cells(conn, admin(), plan_id, [other], to, loose="keep")
    plans.assign_cells(conn, admin(), plan_id, [cell], None, loose="keep")
    return cell


def test_a_step_is_taken_back_alone_where_no_later_one_touched_its_cells(conn, plan_id):
    two_apart_and_one_on_the_first(conn, plan_id)
    listed = plans.steps(conn, admin(), plan_id)
    assert [step.can_undo for step in listed] == [False, True, True]
    before = content(conn, plan_id)
    plans.undo_step(conn, admin(), plan_id, 2)
    assert len(content(conn, plan_id)) == len(before) - 1
    assert [s.undone for s in plans.steps(conn, admin(), plan_id)] == [False, True, False]
    plans.redo(conn, admin(), plan_id)
    assert content(conn, plan_id) == before


def test_the_later_steps_in_the_way_are_named(conn, plan_id):
    cell = two_apart_and_one_on_the_first(conn, plan_id)
    before = content(conn, plan_id)
    with pytest.raises(UndoBlocked) as refusal:
        plans.undo_step(conn, admin(), plan_id, 1)
    assert refusal.value.facts["steps"] == [{"seq": 3, "tool": "assign"}]
    assert refusal.value.facts["cells"] == [cell]
    assert content(conn, plan_id) == before
    plans.undo_step(conn, admin(), plan_id, 3)
    plans.undo_step(conn, admin(), plan_id, 1)
    assert [s.can_undo for s in plans.steps(conn, admin(), plan_id)] == [False, True, False]


def test_redo_goes_back_along_the_way_that_undo_came(conn, plan_id):
    two_apart_and_one_on_the_first(conn, plan_id)
    full = content(conn, plan_id)
    plans.undo_step(conn, admin(), plan_id, 2)
    plans.undo(conn, admin(), plan_id)
    assert [s.undone for s in plans.steps(conn, admin(), plan_id)] == [False, True, True]
    plans.redo(conn, admin(), plan_id)
    assert [s.undone for s in plans.steps(conn, admin(), plan_id)] == [False, True, False]
    plans.redo(conn, admin(), plan_id)
    assert content(conn, plan_id) == full
    assert not plans.can_redo(conn, plans.get(conn, admin(), plan_id))


@pytest.mark.parametrize("seq", [0, 2, 99])
def test_a_step_that_is_not_there_or_undone_cannot_be_taken_back(conn, plan_id, seq):
    cell, grid = neighbours(conn, VILLAGES[1])[0]
    plans.assign_cells(conn, admin(), plan_id, [cell], grid)
    plans.assign_cells(conn, admin(), plan_id, [cell], None, loose="keep")
    plans.undo(conn, admin(), plan_id)
    with pytest.raises(NothingToUndo):
        plans.undo_step(conn, admin(), plan_id, seq)


def test_a_name_given_later_stands_in_the_way_of_taking_back_an_earlier_one(conn, plan_id):
    outcome = plans.draw_grid(conn, admin(), plan_id, inside_free_land(conn), "甲")
    (code,) = {g for g in outcome.changed.grid if g is not None}
    plans.rename_unit(conn, admin(), plan_id, code, "乙")
    plans.rename_unit(conn, admin(), plan_id, code, "丙")
    assert [s.can_undo for s in plans.steps(conn, admin(), plan_id)] == [True, False, True]
    with pytest.raises(UndoBlocked):
        plans.undo_step(conn, admin(), plan_id, 2)


# Refused drawings ---------------------------------------------------------------------------------


def a_refusal(conn, plan_id, line):
    with pytest.raises(Refusal) as refusal:
        plans.split_grid(conn, admin(), plan_id, f"{VILLAGES[0]}004", line)
    return refusal.value


def test_a_refused_drawing_is_kept_once_and_dropped_when_it_has_become_a_step(conn, plan_id):
    said = {"grid_code": f"{VILLAGES[0]}004", "line": [[99.0, 24.0], [99.1, 24.1]]}
    refusal = a_refusal(conn, plan_id, said["line"])
    first = plan_sketches.keep(conn, admin(), plan_id, "split", said, refusal)
    again = plan_sketches.keep(conn, admin(), plan_id, "split", said | {"loose": "keep"}, refusal)
    assert first == again
    (kept,) = plans.sketches(conn, admin(), plan_id)
    assert (kept.tool, kept.params, kept.code) == ("split", said, refusal.code)
    assert kept.sentence.format(**kept.facts) == refusal.message
    other = said | {"line": [[99.0, 24.0], [99.2, 24.2]]}
    plan_sketches.keep(conn, admin(), plan_id, "split", other, refusal)
    plan_sketches.forget(conn, plan_id, "split", said)
    (left,) = plans.sketches(conn, admin(), plan_id)
    assert left.params == other
    plan_sketches.drop(conn, admin(), plan_id, left.sketch_id)
    plan_sketches.drop(conn, admin(), plan_id, left.sketch_id)
    assert plans.sketches(conn, admin(), plan_id) == []


def test_what_was_not_drawn_is_no_sketch_and_only_editors_of_open_plans_keep_one(conn, plan_id):
    refusal = a_refusal(conn, plan_id, [[99.0, 24.0], [99.1, 24.1]])
    drawn = {"line": [[99.0, 24.0], [99.1, 24.1]]}
    merge = {"from": "1", "into": "2"}
    assert plan_sketches.keep(conn, admin(), plan_id, "merge", merge, refusal) is None
    leader = Viewer(None, "leader", Role.LEADER, COUNTY)
    with pytest.raises(Forbidden):
        plan_sketches.keep(conn, leader, plan_id, "split", drawn, refusal)
    plans.withdraw(conn, admin(), plan_id)
    with pytest.raises(PlanClosed):
        plan_sketches.keep(conn, admin(), plan_id, "split", drawn, refusal)


# Any work at all ----------------------------------------------------------------------------------


def random_step(conn, plan_id, rng):
    """Try one step of any tool; refusals are part of the game."""
    tool = rng.choice(["assign", "found", "split", "merge", "reshape", "move", "nibble", "draw"])
    lines = borders(conn, plan_id)
    border = lines[rng.integers(len(lines))]
    village = border.left_grid[:12]
    at = border.line.interpolate(rng.uniform(0.2, 0.8), normalized=True)
    loose = str(rng.choice(["keep", "refuse", border.right_grid]))
    who = admin()
    match tool:
        case "assign":
            plans.assign_cells(conn, who, plan_id, [border.left], border.right_grid, loose=loose)
        case "found":
            plans.found_grid(conn, who, plan_id, [border.left], "新", loose=loose)
        case "split":
            line = [[at.x - 0.01, at.y - 0.004], [at.x + 0.01, at.y + 0.004]]
            plans.split_grid(conn, who, plan_id, border.left_grid, line)
        case "merge":
            plans.merge_grids(conn, who, plan_id, border.left_grid, border.right_grid)
        case "reshape":
            line = bulge(border.line, rng.uniform(-0.3, 0.3))
            sides = (border.left_grid, border.right_grid)
            plans.reshape_border(conn, who, plan_id, *sides, line, loose=loose)
        case "move":
            arcs = a_move(conn, plan_id, int(rng.integers(3)), [village], rng.uniform(-0.1, 0.1))
            plans.move_border(conn, who, plan_id, arcs, loose=loose)
        case "nibble":
            ring = ring_around((at.x, at.y), rng.uniform(10, 200))
            plans.nibble_land(conn, who, plan_id, border.left_grid, ring, loose=loose)
        case _:
            ring = ring_around((at.x, at.y), rng.uniform(50, 400))
            plans.draw_grid(conn, who, plan_id, ring, "画")


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32 - 1))
def test_whatever_is_done_the_coverage_stays_proven_and_is_undone_to_the_byte(conn, county, seed):
    rng = np.random.default_rng(seed)
    plan_id = plans.create(conn, admin(), f"random {seed}").plan_id
    states = [content(conn, plan_id)]
    for _ in range(10):
        try:
            with conn.begin_nested():
                random_step(conn, plan_id, rng)
        except (Refusal, IndexError):
            assert content(conn, plan_id) == states[-1]
            continue
        here = plans.cells(conn, admin(), plan_id, villages=list(VILLAGES))
        assert prove(here.outline, county.county.outline).exact
        for grid, subgroup in zip(here.grid, here.subgroup, strict=True):
            assert subgroup is None or subgroup.startswith(grid)
        states.append(content(conn, plan_id))
    for state in reversed(states[:-1]):
        plans.undo(conn, admin(), plan_id)
        assert content(conn, plan_id) == state
    for state in states[1:]:
        plans.redo(conn, admin(), plan_id)
        assert content(conn, plan_id) == state


def test_undo_and_redo_work_after_a_restart(conn, plan_id):
    """What undo needs lies in the database: nothing of it is kept by a process."""
    plans.split_grid(
        conn, admin(), plan_id, f"{VILLAGES[0]}004", line_across(conn, f"{VILLAGES[0]}004")
    )
    plans.merge_grids(conn, admin(), plan_id, *adjacent_grids(conn, VILLAGES[1]))
    kept = conn.execute(
        text("SELECT seq, cells, made_in, turned_in FROM plan_step WHERE plan_id = :p ORDER BY 1"),
        {"p": plan_id},
    ).all()
    assert [row.made_in for row in kept] == [1, 2]
    assert all(len(row.cells) > 0 for row in kept)
    plans.undo(conn, admin(), plan_id)
    assert plans.get(conn, admin(), plan_id).version == 3
    plans.redo(conn, admin(), plan_id, version=3)
    assert plans.get(conn, admin(), plan_id).version == 4
