"""Every process of the database is killed while boundaries are published: nothing is ever torn.

`WANGGE_KILLS` says how often; without it a dozen times. The cluster is the test's own and keeps
its data as a real one does.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import time

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from grids import plans
from grids.db import EVERYWHERE, begin, make_engine
from grids.migrations import migrate
from grids.publications import prove_in_force, require_current
from grids.publishing import publish
from tests.grids.coverage_factory import (
    COUNTY,
    VILLAGES,
    admin,
    found_small_county,
    scatter_households,
    state,
)
from tests.grids.test_plans import neighbours
from tests.scenarios.test_power_cut import Machine

KILLS = int(os.environ.get("WANGGE_KILLS", "12"))
FORK = multiprocessing.get_context("fork")


@pytest.fixture
def machine(tmp_path):
    machine = Machine(tmp_path / "home")
    machine.starts()
    migrate(machine.engine)
    with begin(machine.engine, EVERYWHERE) as conn:
        cells = found_small_county(conn)
        scatter_households(conn, cells, 200)
    yield machine
    machine.cluster.remove()


def publish_alone(url, plan_id, ready, acknowledged):
    """Publish on a connection of its own, and say so when the commit has been acknowledged."""
    engine = make_engine(url, pooled=False)
    try:
        with begin(engine, COUNTY) as conn:
            conn.execute(text("SELECT 1"))
            ready.set()
            number = publish(conn, admin(), plan_id, "").number
        acknowledged.value = number
    except DBAPIError:
        pass  # the database was cut off


def a_plan(machine):
    """A plan that gives one cell to another grid, with all that publishing may change before it."""
    with begin(machine.engine, COUNTY) as conn:
        plan_id = plans.create(conn, admin(), "may be lost").plan_id
        cell, grid = neighbours(conn, VILLAGES[1])[0]
        plans.assign_cells(conn, admin(), plan_id, [cell], grid)
        return plan_id, require_current(conn).number, state(conn)


def test_a_database_killed_at_any_moment_of_publishing_is_never_torn(machine):
    rng = random.Random("power")
    patience = 1.0
    in_force, lost, latest = 0, 0, 0.0
    for _ in range(KILLS):
        plan_id, before, former = a_plan(machine)
        ready, acknowledged = FORK.Event(), FORK.Value("i", 0)
        arguments = (machine.cluster.url(), plan_id, ready, acknowledged)
        child = FORK.Process(target=publish_alone, args=arguments)
        child.start()
        assert ready.wait(60)
        begun = time.monotonic()
        child.join(rng.uniform(0, 1.2 * patience))
        if not child.is_alive():  # it was quicker: take less time the next time
            patience = time.monotonic() - begun
        machine.is_cut_off()
        child.join(60)
        machine.engine.dispose()
        begun = time.monotonic()
        machine.starts()
        with begin(machine.engine, EVERYWHERE) as conn:
            latest = max(latest, time.monotonic() - begun)
            now = require_current(conn)
            assert now.number in (before, before + 1)
            assert now.number >= acknowledged.value
            assert prove_in_force(conn).exact
            assert conn.execute(text("SELECT count(*) FROM coverage_residue()")).scalar() == 0
            digest = conn.execute(text("SELECT coverage_digest()")).scalar()
            assert bytes(digest) == now.digest
            if now.number == before:
                assert state(conn) == former
                plans.withdraw(conn, admin(), plan_id)
                lost += 1
            else:
                assert plans.get(conn, admin(), plan_id).state == "published"
                in_force += 1
    assert lost > 0
    print(f"\n{KILLS} kills: {lost} before the commit, {in_force} after; back in {latest:.1f} s")
