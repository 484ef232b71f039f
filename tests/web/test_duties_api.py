"""The roster, requests to the list, recurring work and visits over HTTP."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from grids.db import EVERYWHERE, begin
from grids.model import Role
from tests.web.conftest import OWN, Caller

HOUR = timedelta(hours=1)
NOW = datetime.now(UTC)


@pytest.fixture
def admin(token_as):
    return token_as(Role.GRID_ADMIN)


@pytest.fixture
def spare(world, staff_of):
    """A grid without a primary worker, and two people who could be one."""
    grid = OWN + "001004"
    with begin(world.engine, EVERYWHERE) as conn:
        conn.execute(text("DELETE FROM duty WHERE unit_code = :g"), {"g": grid})
        people = conn.execute(
            text(
                "INSERT INTO person (name, unit_code) VALUES ('前任', :u), ('后任', :u)"
                " RETURNING person_id"
            ),
            {"u": OWN},
        ).scalars()
        return grid, *(str(one) for one in people)


def test_a_vacancy_is_filled_and_handed_over_with_the_open_work(admin, spare):
    grid, first, second = spare
    assert grid in {
        one["unit_code"] for one in admin.get(f"/api/v1/vacancies?area={grid}").json["vacancies"]
    }
    body = {"person_id": first, "unit_code": grid, "rank": "primary", "since": "2026-01-01"}
    assert admin.post("/api/v1/duties", body).status_code == 201
    again = admin.post("/api/v1/duties", body)
    assert (again.status_code, again.json["code"]) == (409, "duty.overlaps")
    assert admin.get(f"/api/v1/vacancies?area={grid}").json == {"vacancies": []}
    report = {"matter_code": "0201", "summary": "路灯不亮", "unit_code": grid}
    made = admin.post("/api/v1/incidents", report).json
    waiting = admin.get(f"/api/v1/people/{first}/open-work").json
    assert [one["number"] for one in waiting["work"]] == [made["number"]]
    assert [one["unit_code"] for one in waiting["posts"]] == [grid]
    over = admin.post(
        f"/api/v1/people/{first}/handover",
        {"last_day": "2026-06-30", "reason": "调离", "successors": {grid: second}},
    )
    assert over.status_code == 201
    assert [(one["number"], one["to"]) for one in over.json["moved"]] == [(made["number"], "后任")]
    (row,) = admin.get(f"/api/v1/duties?area={grid}").json["duties"]
    assert (row["person_id"], row["since"], row["open_incidents"]) == (second, "2026-07-01", 1)
    listed = admin.get("/api/v1/handovers").json["handovers"]
    assert listed[0]["person_name"] == "前任"


def test_somebody_on_leave_is_stood_in_for(admin, spare):
    grid, first, _ = spare
    body = {"person_id": first, "unit_code": grid, "rank": "primary", "since": "2026-01-01"}
    duty = admin.post("/api/v1/duties", body).json["duty_id"]
    away = {"since": (NOW - HOUR).isoformat(), "until": (NOW + HOUR).isoformat()}
    assert admin.post(f"/api/v1/people/{first}/leave", away).status_code == 204
    again = admin.post(f"/api/v1/people/{first}/leave", away)
    assert (again.status_code, again.json["code"]) == (409, "leave.overlaps")
    (row,) = admin.get(f"/api/v1/duties?area={grid}").json["duties"]
    assert row["on_leave"] is True
    ended = admin.post(f"/api/v1/duties/{duty}/end", {"last_day": "2026-02-01"})
    assert ended.status_code == 204
    assert admin.get(f"/api/v1/duties?area={grid}").json["duties"] == []


def test_a_department_asks_and_the_county_decides(app, staff_of, token_as):
    asked = token_as(Role.DISPATCHER).post(
        "/api/v1/matter-requests",
        {
            "code": "0777",
            "name": "防溺水巡查",
            "department": "应急办",
            "limit_hours": 24,
            "since": "2026-06-01",
            "temporary": True,
            "until": "2099-09-01",
            "reason": "汛期需要",
        },
    )
    assert (asked.status_code, asked.json["state"]) == (201, "asked")
    decision = f"/api/v1/matter-requests/{asked.json['request_id']}/decision"
    part = token_as(Role.GRID_ADMIN).post(decision, {"approve": True})
    assert (part.status_code, part.json["code"]) == (422, "matter.county_only")
    county = Caller(app, staff_of.account(Role.GRID_ADMIN, OWN[:6]).token)
    assert county.post(decision, {"approve": True}).json["state"] == "approved"
    again = county.post(decision, {"approve": False, "note": "不行"})
    assert (again.status_code, again.json["code"]) == (409, "matter.request_decided")
    assert "0777" in {one["code"] for one in county.get("/api/v1/matters").json["matters"]}
    yesterday = (NOW - timedelta(days=1)).date().isoformat()
    assert county.post("/api/v1/matters/0777/end", {"last_day": yesterday}).status_code == 204
    assert "0777" not in {one["code"] for one in county.get("/api/v1/matters").json["matters"]}


def test_recurring_work_is_asked_for_done_and_counted(admin, world):
    rule = admin.post(
        "/api/v1/task-rules",
        {
            "title": "每旬巡查",
            "kind": "patrol",
            "territory_code": OWN,
            "level": "grid",
            "period": "xun",
            "since": "2026-01-01",
        },
    ).json
    mine = [one for one in admin.get("/api/v1/tasks").json["tasks"] if one["title"] == "每旬巡查"]
    task = next(one for one in mine if one["unit_code"] == world.own.grid)
    done = f"/api/v1/tasks/{task['task_id']}/done"
    for _ in range(2):
        answer = admin.post(done, {"result": "无异常", "key": "phone-00001"})
        assert answer.status_code == 204
    other = admin.post(done, {"result": "有异常", "key": "phone-00002"})
    assert (other.status_code, other.json["code"]) == (409, "task.done")
    rules = admin.get("/api/v1/task-rules").json["rules"]
    (share,) = next(one["shares"] for one in rules if one["rule_id"] == rule["rule_id"])
    assert (share["n"], share["n_done"]) == (len(mine), 1)
    assert admin.post(f"/api/v1/task-rules/{rule['rule_id']}/end").status_code == 204


def test_a_visit_and_a_patrol_count_once_each(admin, world):
    at = (NOW - HOUR).isoformat()
    visit = {"household_id": str(world.own.household), "at": at, "result": "met"}
    visit["key"] = "phone-visit-1"
    first, second = (admin.post("/api/v1/visits", visit) for _ in range(2))
    assert first.json == second.json
    walk = {
        "grid_code": world.own.grid,
        "since": at,
        "until": NOW.isoformat(),
        "result": "in_order",
        "key": "phone-walk-01",
    }
    patrols = {admin.post("/api/v1/patrols", walk).json["patrol_id"] for _ in range(2)}
    assert len(patrols) == 1
    day = NOW.date()
    period = f"since={day - timedelta(days=2)}&until={day + timedelta(days=2)}"
    covered = admin.get(f"/api/v1/visits/coverage?{period}&area={world.own.grid}").json["grids"]
    assert [(one["n_visited"], one["n_visits"], one["n_patrols"]) for one in covered] == [(1, 1, 1)]
    rows = admin.get(f"/api/v1/visits/unvisited?grid={world.own.grid}").json["households"]
    assert [row["last_result"] for row in rows] == ["met"]
    assert all("phone" not in field for row in rows for field in row)
