"""Whoever is killed while publishing leaves the old publication fully in force, or the new one."""

import multiprocessing
import os
import random
import signal
import time

import pytest
from sqlalchemy import text

from grids import plans
from grids.db import EVERYWHERE, begin, make_engine
from grids.publications import prove_in_force, require_current
from grids.publishing import publish
from tests.grids.coverage_factory import (
    COUNTY,
    admin,
    found_small_county,
    scatter_households,
    state,
)
from tests.grids.test_plans import neighbours

ROUNDS = 6

FORK = multiprocessing.get_context("fork")  # no time is lost on imports: the kill hits publishing


def publish_alone(url, plan_id, ready):
    """Publish on a connection of its own; runs in the child."""
    engine = make_engine(url, pooled=False, application="publisher")
    with begin(engine, COUNTY) as conn:
        conn.execute(text("SELECT 1"))
        ready.set()
        publish(conn, admin(), plan_id, "may be killed")


@pytest.fixture(scope="module")
def county_url(clone):
    url = clone()
    engine = make_engine(url, pooled=False)
    with begin(engine, EVERYWHERE) as conn:
        cells = found_small_county(conn)
        scatter_households(conn, cells, 200)
    return url


def start(url, plan_id):
    ready = FORK.Event()
    child = FORK.Process(target=publish_alone, args=(url, plan_id, ready))
    child.start()
    assert ready.wait(60)
    return child


def terminate_backend(engine):
    with engine.begin() as conn:
        conn.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'publisher' AND datname = current_database()"
            )
        )


def wait_until_it_is_gone(engine):
    """Wait until the server has noticed that the publisher is dead."""
    query = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE application_name = 'publisher' AND datname = current_database()"
    )
    for _ in range(600):
        with engine.connect() as conn:
            if conn.execute(query).scalar() == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the publisher's backend does not end")


@pytest.mark.parametrize("killed", ["the publisher", "its backend"])
def test_a_kill_at_any_moment_leaves_one_whole_publication_in_force(county_url, killed):
    engine = make_engine(county_url, pooled=False)
    rng = random.Random(killed)
    outcomes = set()
    for k in range(ROUNDS):
        with begin(engine, COUNTY) as conn:
            plan_id = plans.create(conn, admin(), f"{killed} {k}").plan_id
            cell, grid = neighbours(conn, "530524101002")[0]
            plans.assign_cells(conn, admin(), plan_id, [cell], grid)
            before, number = state(conn), require_current(conn).number
        child = start(county_url, plan_id)
        time.sleep(rng.uniform(0.0, 0.4))
        if killed == "the publisher":
            os.kill(child.pid, signal.SIGKILL)
        else:
            terminate_backend(engine)
        child.join(60)
        wait_until_it_is_gone(engine)
        with begin(engine, COUNTY) as conn:
            now = require_current(conn).number
            outcomes.add(now - number)
            assert prove_in_force(conn).exact
            assert conn.execute(text("SELECT count(*) FROM coverage_residue()")).scalar() == 0
            digest = conn.execute(text("SELECT coverage_digest()")).scalar()
            assert bytes(digest) == require_current(conn).digest
            if now == number:
                assert state(conn) == before
                plans.withdraw(conn, admin(), plan_id)
            else:
                assert plans.get(conn, admin(), plan_id).state == "published"
    assert outcomes <= {0, 1}
    assert 0 in outcomes
