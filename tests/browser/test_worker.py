"""A grid worker with a phone: am I inside, who is next door, what must I do."""

from __future__ import annotations

import pytest
import shapely
from playwright.sync_api import expect
from sqlalchemy import text

from tests.browser.screen import settled, the_map

pytestmark = pytest.mark.browser

OUTLINE = text(
    "SELECT ST_AsBinary(outline) FROM unit_outline WHERE unit_code = :code AND upper_inf(valid)"
)
REPORTED = text(
    """
    SELECT i.incident_id, i.number
      FROM incident AS i
      JOIN account AS a ON a.person_id = i.owner_id
     WHERE a.login = 'worker' AND i.step = 'reported'
     ORDER BY i.due_at NULLS LAST
     LIMIT 1
    """
)
STEPS = text("SELECT action, to_step, note FROM incident_step WHERE incident_id = :id ORDER BY seq")
ANOTHER_HOME = text(
    "SELECT household_id, grid_code FROM household WHERE grid_code <> :own ORDER BY number LIMIT 1"
)


@pytest.fixture
def own(site, owner):
    """The worker's grid: its code and a position well inside it."""
    code = site.accounts["worker"].unit_code
    with owner.connect() as conn:
        outline = shapely.from_wkb(conn.execute(OUTLINE, {"code": code}).scalar_one())
    lon, lat = shapely.maximum_inscribed_circle(outline).coords[0]
    return code, lon, lat


def test_a_worker_sees_the_grid_and_learns_that_it_is_theirs(sign_in, own, owner):
    code, lon, lat = own
    page, _ = sign_in(
        "worker",
        phone=True,
        geolocation={"longitude": lon, "latitude": lat, "accuracy": 12},
        permissions=["geolocation"],
    )
    # A worker's first page is this one, whatever was asked for.
    page.wait_for_url("**/me")
    settled(page)
    page.get_by_role("button", name="我在网格内吗").tap()
    expect(page.locator(".answer")).to_contain_text("在您的网格内")
    near = page.locator(".near li")
    with owner.connect() as conn:
        worker = conn.execute(
            text(
                "SELECT u.name || '网格员 ' || p.name FROM unit AS u"
                " JOIN duty AS d ON d.unit_code = u.code AND d.rank = 'primary'"
                "  AND upper_inf(d.valid)"
                " JOIN person AS p USING (person_id)"
                " WHERE u.name = :name AND left(u.code, 6) = left(:code, 6)"
            ),
            {"name": near.first.locator("b").inner_text(), "code": code},
        ).scalar_one_or_none()
    assert worker is not None
    assert worker in near.first.inner_text().replace("\n", "")


def test_a_worker_who_is_not_located_taps_the_map_and_is_told_why(sign_in, own):
    page, _ = sign_in("worker", phone=True, path="/me")
    settled(page)
    page.get_by_role("button", name="我在网格内吗").tap()
    expect(page.get_by_role("alert")).to_contain_text("您拒绝了定位")
    # The map fits the own grid: its middle is where to tap.
    box = the_map(page).bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    answer = page.locator(".answer")
    expect(answer).to_contain_text("地图点选的位置")
    expect(answer).to_contain_text("网格内")


def test_a_worker_accepts_and_resolves_an_incident_in_three_taps(sign_in, owner):
    with owner.connect() as conn:
        incident = conn.execute(REPORTED).one()
    page, _ = sign_in("worker", phone=True, path="/me#todo")
    card = page.locator(".todo li").filter(has_text=incident.number)
    card.get_by_role("button", name="接单").tap()
    card.get_by_role("button", name="处理完成").tap()
    card.get_by_label("处理结果").fill("已到场劝解，双方同意")
    card.get_by_role("button", name="提交").tap()
    expect(card.get_by_role("button", name="提交")).to_have_count(0)
    expect(page.get_by_text("已提交").first).to_be_visible()
    with owner.connect() as conn:
        steps = [tuple(row) for row in conn.execute(STEPS, {"id": incident.incident_id})]
        state = conn.execute(
            text("SELECT step FROM incident WHERE incident_id = :id"),
            {"id": incident.incident_id},
        ).scalar_one()
    assert state == "resolved"
    assert steps[-2:] == [
        ("accept", "accepted", ""),
        ("resolve", "resolved", "已到场劝解，双方同意"),
    ]


def test_a_worker_does_not_learn_of_households_next_door(sign_in, site, owner, own):
    code, *_ = own
    with owner.connect() as conn:
        home = conn.execute(ANOTHER_HOME, {"own": code}).one()
    page, _ = sign_in("worker", phone=True, path="/me")
    for path in (f"households/{home.household_id}", f"households?grid={home.grid_code}"):
        answer = page.request.get(f"{site.address}/api/v1/{path}")
        assert answer.status == 404, path
    assert page.request.get(f"{site.address}/api/v1/households?grid={code}").ok
