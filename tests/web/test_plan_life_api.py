"""From a finished draft to a publication through the doors: presence, approval, conflicts, back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from grids.model import Role
from web.clock import now

PLANS = "/api/v1/plans"


@pytest.fixture
def office(token_as):
    """A grid administrator who draws."""
    return token_as(Role.GRID_ADMIN)


@pytest.fixture
def second(token_as):
    """Somebody else with the right to approve."""
    return token_as(Role.SYSADMIN)


def a_plan(caller, world, title="调整边界", way=(0.0026, 0.0052)):
    """A plan that cuts the first grid of the own territory from corner to corner."""
    plan = caller.post(PLANS, {"title": title}).json
    (lon, lat), (dx, dy) = world.own.at, way
    line = [[lon - dx, lat - dy], [lon + dx, lat + dy]]
    body = {"tool": "split", "grid_code": world.own.grid, "line": line, "version": 0}
    done = caller.post(f"{PLANS}/{plan['plan_id']}/steps", body)
    assert done.status_code == 200, done.text
    return done.json["plan"]


def test_a_plan_says_whether_it_needs_a_second_person_and_has_one(office, second, world):
    area = {"territory_code": world.own.code, "needed": True}
    assert office.post("/api/v1/approval-areas", area).json["areas"][0]["territory_code"]
    plan = a_plan(office, world)
    path = f"{PLANS}/{plan['plan_id']}"
    try:
        assert plan["approval"] == {"needed": True, "by": None, "at": None, "own": True}
        refused = office.post(path + "/publish", {"version": plan["version"]})
        assert (refused.status_code, refused.json["code"]) == (409, "plan.not_approved")
        body = {"version": plan["version"], "note": "请审批"}
        handed_in = office.post(path + "/submit", body).json
        assert handed_in["state"] == "submitted"
        assert handed_in["submitted_at"]
        own = office.post(path + "/approve", body)
        assert (own.status_code, own.json["code"]) == (409, "plan.own_approval")
        assert not second.get(path).json["approval"]["own"]
        approved = second.post(path + "/approve", body).json
        assert approved["approval"]["by"]
        later = (now() + timedelta(days=2)).isoformat()
        waiting = office.post(
            path + "/publish", {"version": plan["version"], "effective_from": later}
        ).json
        assert waiting["publication"] is None
        assert waiting["scheduled_for"]
        assert office.get(path).json["state"] == "scheduled"
        assert office.post(path + "/withdraw", {}).json["state"] == "withdrawn"
    finally:
        office.post("/api/v1/approval-areas", area | {"needed": False})


def test_who_is_at_work_is_seen_by_others_and_gone_when_given_up(office, second, world):
    plan = a_plan(office, world, "王的方案")
    path = f"{PLANS}/{plan['plan_id']}/lease"
    wanted = {"village_codes": [world.own.village]}
    assert office.post(path, wanted).json["until"]
    (other,) = second.post(path, wanted).json["others"]
    assert (other["plan_title"], other["village_code"]) == ("王的方案", world.own.village)
    assert office.send("DELETE", path).status_code == 204
    assert second.post(path, wanted).json["others"] == []
    second.send("DELETE", path)
    office.post(f"{PLANS}/{plan['plan_id']}/withdraw", {})


def test_a_conflict_is_shown_in_three_versions_decided_and_gone_back_from(office, world):
    first, plan = a_plan(office, world), a_plan(office, world, way=(0.0026, -0.0052))
    made = office.post(f"{PLANS}/{first['plan_id']}/publish", {"version": first["version"]})
    assert made.status_code == 200, made.text
    number = made.json["publication"]
    path = f"{PLANS}/{plan['plan_id']}"
    met = office.get(path + "/conflicts").json
    assert met["rebased"] is False
    conflict = met["conflicts"][0]
    assert conflict["by"]["publication"] == number
    shapes = [conflict[side]["geometry"] for side in ("base", "theirs", "mine")]
    assert all(shapes[k] != shapes[k - 1] for k in range(3))
    stale = office.post(path + "/publish", {"version": plan["version"]})
    assert (stale.status_code, stale.json["code"]) == (409, "plan.stale")
    choices = [{"cell_id": one["cell_id"], "keep": "theirs"} for one in met["conflicts"]]
    body = {"version": plan["version"], "choices": choices}
    decided = office.post(path + "/resolve", body).json
    assert decided["plan"]["steps"][-1]["tool"] == "resolve"
    assert office.get(path + "/conflicts").json == {"conflicts": [], "rebased": True}

    listed = office.get("/api/v1/publications").json["publications"]
    assert listed[0]["number"] == number
    assert office.get(f"/api/v1/publications?after={number}").json["publications"][0]["number"] == (
        number - 1
    )
    assert office.get(f"/api/v1/publications/{number}").json == listed[0]
    back = office.post(f"/api/v1/publications/{number - 1}/restore", {"title": "恢复"})
    assert back.status_code == 201, back.text
    assert (back.json["title"], back.json["steps"][0]["tool"]) == ("恢复", "restore")
    undone = office.post(
        f"{PLANS}/{back.json['plan_id']}/publish", {"version": back.json["version"]}
    )
    assert undone.json["publication"] == number + 1


def test_choices_on_incidents_need_a_plan_that_asks(office, world):
    plan = a_plan(office, world)
    body = {
        "version": plan["version"],
        "choices": [{"incident_id": str(world.own.incident), "do": "stay"}],
    }
    refused = office.post(f"{PLANS}/{plan['plan_id']}/incident-choices", body)
    assert (refused.status_code, refused.json["code"]) == (422, "value.bad")
