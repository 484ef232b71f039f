"""The life of a plan is scriptable: hand in, approve, put off, publish, decide, go back."""

import json

import pytest
from click.testing import CliRunner

from grids import plans
from grids.db import EVERYWHERE, begin, make_engine
from tests.grids.coverage_factory import VILLAGES, admin, found_small_county
from tests.grids.test_plans import neighbours
from web.cli import main


@pytest.fixture
def wangge(clone, monkeypatch):
    """Run a command on a small county; its exit code and its document."""
    url = clone()
    with begin(make_engine(url, pooled=False), EVERYWHERE) as conn:
        found_small_county(conn)
    monkeypatch.setenv("DATABASE_URL", url)

    def run(*arguments):
        result = CliRunner().invoke(main, ["--json", "plan", *map(str, arguments)])
        wrong_usage = result.exit_code == 2
        return result.exit_code, None if wrong_usage else json.loads(result.output)

    run.engine = make_engine(url, pooled=False)
    return run


def a_plan(wangge, which=0):
    with begin(wangge.engine, EVERYWHERE) as conn:
        cell, grid = neighbours(conn, VILLAGES[1])[which]
        plan_id = plans.create(conn, admin(), "a plan").plan_id
        plans.assign_cells(conn, admin(), plan_id, [cell], grid)
    return plan_id, cell


def test_a_plan_is_handed_in_approved_put_off_and_published(wangge):
    plan_id, _ = a_plan(wangge)
    assert wangge("submit", plan_id, "--note", "请审批")[1]["state"] == "submitted"
    assert wangge("send-back", plan_id)[0] == 1
    assert wangge("approve", plan_id)[1]["state"] == "approved"
    _, waiting = wangge("publish", plan_id, "--from", "2099-01-01")
    assert waiting["publication"] is None
    assert waiting["scheduled_for"].startswith(("2098-12-31T16:00", "2099-01-01T00:00"))
    assert wangge("publish", plan_id, "--from", "2001-01-01")[0] == 1
    assert wangge("publish", plan_id, "--from", "yesterday")[0] == 2
    _, made = wangge("publish", plan_id, "--memo", "now after all")
    assert made["publication"] == 3


def test_a_conflict_is_decided_and_a_publication_gone_back_from(wangge):
    first, cell = a_plan(wangge)
    second, _ = a_plan(wangge)
    with begin(wangge.engine, EVERYWHERE) as conn:
        plans.assign_cells(conn, admin(), second, [cell], None, loose="keep")
    assert wangge("publish", first)[0] == 0
    _, met = wangge("conflicts", second)
    assert [one["cell_id"] for one in met["conflicts"]] == [cell]
    _, decided = wangge("resolve", second, "--theirs", cell)
    assert decided["plan"]["n_changed"] == 0
    _, back = wangge("restore", 2, "--title", "back")
    assert (back["title"], back["n_changed"]) == ("back", 1)
    assert wangge("publish", back["plan_id"])[1]["publication"] == 4
