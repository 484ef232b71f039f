"""The machine dies while boundaries are published: what was in force stays in force."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy.exc import DBAPIError

from grids import plans, publications, publishing
from grids.db import EVERYWHERE, begin, make_engine
from grids.migrations import migrate
from tests.grids.coverage_factory import admin, found_small_county, state
from web.cluster import Cluster


class Machine:
    """A database server of its own that can be cut off from one moment to the next."""

    def __init__(self, folder: Path) -> None:
        self.cluster = Cluster.at(folder)

    def starts(self) -> None:
        self.cluster.up()
        self.engine = make_engine(self.cluster.url(), pooled=False)

    def is_cut_off(self) -> None:
        """Kill every process of the server at once; none can write anything more."""
        keeper = int((self.cluster.data / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{keeper}/task/{keeper}/children").read_text().split()
        for pid in (keeper, *map(int, children)):
            os.kill(pid, signal.SIGKILL)

    def is_cut_off_while_publishing(self, plan_id: UUID) -> None:
        """Cut it off when all is written and only the commit is missing."""
        with begin(self.engine, EVERYWHERE) as conn:
            publishing.publish(conn, admin(), plan_id, "to be lost")
            self.is_cut_off()

    def shows(self) -> tuple[int, bool, object]:
        """Return the publication in force, whether it is exact, and all that publishing touches."""
        with begin(self.engine, EVERYWHERE) as conn:
            current = publications.require_current(conn)
            return current.number, publications.prove_in_force(conn).exact, state(conn)


@pytest.fixture
def machine(tmp_path):
    machine = Machine(tmp_path / "home")
    machine.starts()
    yield machine
    machine.cluster.remove()


def a_plan_that_merges_two_grids(machine):
    with begin(machine.engine, EVERYWHERE) as conn:
        county = found_small_county(conn)
        plan = plans.create(conn, admin(), "merge two grids")
        there = sorted({grid for grid in county.grid if grid.startswith(county.village[0])})
        plans.merge_grids(conn, admin(), plan.plan_id, *there[:2], loose="keep")
        return plan.plan_id


def test_a_power_cut_while_publishing_leaves_the_old_boundaries_in_force(machine):
    migrate(machine.engine)
    plan_id = a_plan_that_merges_two_grids(machine)
    before = machine.shows()
    with pytest.raises(DBAPIError):
        machine.is_cut_off_while_publishing(plan_id)
    machine.starts()
    assert machine.shows() == before

    with begin(machine.engine, EVERYWHERE) as conn:
        publishing.publish(conn, admin(), plan_id, "to be kept")
    kept = machine.shows()
    assert kept[:2] == (before[0] + 1, True)
    machine.is_cut_off()
    machine.starts()
    assert machine.shows() == kept
