"""Several people at once, and a machine that stops half-way: nothing is lost, nothing is half."""

import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from grids import plans
from grids.db import EVERYWHERE, begin, make_engine
from grids.drafts import PlanConflict
from tests.grids.coverage_factory import COUNTY, VILLAGES, admin, found_small_county
from tests.grids.plan_drawing import a_move, borders, inside_free_land
from tests.grids.test_plans import content, neighbours


@pytest.fixture(scope="module")
def engine(clone):
    engine = make_engine(clone(), application="somebody")
    with begin(engine, EVERYWHERE) as conn:
        found_small_county(conn)
    yield engine
    engine.dispose()


@pytest.fixture
def plan_id(engine):
    with begin(engine, COUNTY) as conn:
        return plans.create(conn, admin(), "together").plan_id


def at_once(*works):
    """Run each piece of work in a thread of its own and return what each raised, or None."""
    raised = [None] * len(works)
    ready = threading.Barrier(len(works))

    def run(k):
        ready.wait()
        try:
            works[k]()
        except Exception as error:
            raised[k] = error

    threads = [threading.Thread(target=run, args=(k,)) for k in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_of_two_who_drag_the_same_vertex_the_second_is_told(engine, plan_id):
    with begin(engine, COUNTY) as conn:
        moves = [a_move(conn, plan_id, by=by) for by in (0.05, -0.05)]

    def drag(arcs):
        with begin(engine, COUNTY) as conn:
            plans.move_border(conn, admin(), plan_id, arcs, version=0)

    raised = at_once(*(lambda arcs=arcs: drag(arcs) for arcs in moves))
    assert sorted(type(error).__name__ for error in raised) == ["NoneType", "PlanConflict"]
    (told,) = [error for error in raised if error]
    assert isinstance(told, PlanConflict)
    assert told.facts["now"] == 1
    with begin(engine, COUNTY) as conn:
        (step,) = plans.steps(conn, admin(), plan_id)
        winner = moves[raised.index(None)]
        assert step.params["arcs"] == winner


def test_two_plans_never_get_the_same_code(engine):
    with begin(engine, COUNTY) as conn:
        ids = [plans.create(conn, admin(), f"plan {k}").plan_id for k in range(4)]
        ring = inside_free_land(conn)
    made = []

    def draw(plan_id):
        with begin(engine, COUNTY) as conn:
            outcome = plans.draw_grid(conn, admin(), plan_id, ring, "新")
            made.extend(g for g in outcome.changed.grid if g is not None)

    assert at_once(*(lambda p=p: draw(p) for p in ids)) == [None] * 4
    assert len(set(made)) == 4


def test_a_connection_that_breaks_after_a_step_leaves_the_plan_as_it_was(engine, plan_id):
    with begin(engine, COUNTY) as conn:
        cell, grid = neighbours(conn, VILLAGES[1])[0]
        plans.assign_cells(conn, admin(), plan_id, [cell], grid)
        before = content(conn, plan_id)
        plan = plans.get(conn, admin(), plan_id)
        border = borders(conn, plan_id)[0]

    def break_before_commit():
        with begin(engine, COUNTY) as conn:
            plans.merge_grids(conn, admin(), plan_id, border.left_grid, border.right_grid)
            assert content(conn, plan_id) != before
            pid = conn.execute(text("SELECT pg_backend_pid()")).scalar()
            with engine.connect() as other:
                other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})

    with pytest.raises(OperationalError):
        break_before_commit()
    with begin(engine, COUNTY) as conn:
        assert content(conn, plan_id) == before
        assert plans.get(conn, admin(), plan_id) == plan
        assert [s.tool for s in plans.steps(conn, admin(), plan_id)] == ["assign"]
        plans.undo(conn, admin(), plan_id, version=plan.version)
        assert content(conn, plan_id) == []
