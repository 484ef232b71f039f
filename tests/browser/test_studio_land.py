"""Land changes hands by a ring, by figures, from free land; each open event as somebody decides."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Engine, text

from tests.browser import drafting
from tests.browser.screen import spot
from tests.browser.studio import (
    draw,
    hint,
    open_plan,
    pane,
    take_village,
    tool,
    village,
    written,
)
from tests.browser.test_drafts import steps
from tests.browser.test_screens import barriers

pytestmark = pytest.mark.browser

OWNED = text("SELECT grid_code, owner_unit, owner_id FROM incident WHERE number = :number")


def test_land_is_nibbled_set_free_and_made_a_grid_of_its_own(sign_in, owner):
    page, _ = sign_in("admin", path="/plans")
    where = village(owner, skip=1)
    plan_id = open_plan(page, "新设网格")
    cells = take_village(page, where)
    bite = drafting.bite(cells)
    tool(page, "圈画划入")
    page.mouse.click(*spot(page, *bite.grid.at))
    expect(hint(page)).to_contain_text(f"“{bite.grid.name}”的地块")
    draw(page, bite.ring)
    card = page.get_by_role("dialog", name="圈画划入")
    expect(card.locator(".shifts li")).not_to_have_count(0)
    written(page, card.get_by_role("button", name="划入").click)
    assert steps(owner, plan_id) == ["nibble"]

    move = drafting.transfer(cells)
    table = pane(page, "小组表")
    table.get_by_role("checkbox", name=move.label, exact=True).check()
    table.get_by_label("目标网格").select_option(label="不属于任何网格")
    freed = written(page, table.get_by_role("button", name="划入所选小组").click)
    land = [one for one in freed["changed"]["features"] if not one["properties"]["grid_code"]]
    assert land
    expect(pane(page, "检查")).to_contain_text("不属于任何网格")

    # A corner by its figures, the others by hand: what lies outside free land is left out.
    west, south, east, north = drafting.box(land)
    tool(page, "新设网格")
    page.get_by_label("输入坐标落点").fill(f"{west:.7f}, {south:.7f}")
    page.get_by_role("button", name="落点").click()
    draw(page, [(east, south), (east, north), (west, north)])
    card = page.get_by_role("dialog", name="新设网格")
    card.get_by_label("新网格名称").fill("沿河新网格")
    made = written(page, card.get_by_role("button", name="新设").click)
    names = {one["properties"]["grid_name"] for one in made["changed"]["features"]}
    assert "沿河新网格" in names
    assert steps(owner, plan_id) == ["nibble", "assign", "draw"]
    expect(pane(page, "检查").locator(".badge.grave")).to_have_count(0)


def report(page: Page, owner: Engine, at) -> str:
    """Report an event at a place, as the desk does, and return its number."""
    boot = json.loads(page.locator("#boot").text_content())
    with owner.connect() as conn:
        matter = conn.execute(text("SELECT code FROM matter ORDER BY code LIMIT 1")).scalar_one()
    lon, lat = at
    answer = page.request.post(
        page.url.split("/plans")[0] + "/api/v1/incidents",
        headers={"X-CSRFToken": boot["csrf"], "Idempotency-Key": f"an-event-at-{lon}-{lat}"},
        data={
            "matter_code": matter,
            "summary": "路面积水",
            "lon": lon,
            "lat": lat,
            "datum": "cgcs2000",
        },
    )
    assert answer.ok, answer.text()
    number: str = answer.json()["number"]
    return number


def test_each_open_event_goes_or_stays_as_somebody_decides(sign_in, owner):
    page, _ = sign_in("admin", path="/plans")
    where = village(owner, skip=2)
    page.get_by_label("未办结事件").select_option(label="逐件决定")
    open_plan(page, "逐件决定")
    move = drafting.transfer(take_village(page, where))
    number = report(page, owner, move.at)
    table = pane(page, "小组表")
    table.get_by_role("checkbox", name=move.label, exact=True).check()
    table.get_by_label("目标网格").select_option(move.target.code)
    written(page, table.get_by_role("button", name="划入所选小组").click)

    impact = pane(page, "影响")
    row = impact.get_by_role("listitem").filter(has_text=number)
    expect(row).to_contain_text(f"{move.source.name} → {move.target.name}")
    # Nobody has accepted it yet: by the common rule it goes with the land.
    expect(row).to_contain_text("按规则")
    goes, stays = (row.get_by_role("button", name=name, exact=True) for name in ("随界转", "留"))
    expect(goes).to_have_attribute("aria-pressed", "true")
    assert barriers(page) == []
    written(page, stays.click, "incident-choices")
    expect(stays).to_have_attribute("aria-pressed", "true")
    expect(row).not_to_contain_text("按规则")
    written(page, goes.click, "incident-choices")
    expect(goes).to_have_attribute("aria-pressed", "true")
    written(page, stays.click, "incident-choices")

    with owner.connect() as conn:
        before = conn.execute(OWNED, {"number": number}).one()
    publish = pane(page, "发布")
    publish.get_by_label("发布说明").fill("逐件决定后发布")
    publish.get_by_role("button", name="发布…").click()
    written(page, page.locator("[data-confirm]").click, "publish")
    with owner.connect() as conn:
        assert conn.execute(OWNED, {"number": number}).one() == before
