"""Each tool of the studio does on the map what it says, and asks where a person has to decide."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import drafting
from tests.browser.screen import spot
from tests.browser.studio import (
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


def test_what_would_be_cut_off_is_left_kept_and_signed_for_or_given(sign_in, owner):
    page, watch = sign_in("admin", path="/plans")
    where = village(owner)
    plan_id = open_plan(page, "断开的一块")
    torn = drafting.tear(take_village(page, where))

    def apply() -> None:
        tool(page, "选择")
        tool(page, "划入小组")
        page.mouse.click(*spot(page, *torn.target.at))
        expect(hint(page)).to_contain_text(f"划入“{torn.target.name}”")
        page.mouse.click(*spot(page, *torn.at))
        expect(hint(page)).to_contain_text("已选 1 块")
        page.locator("[data-apply]").click()

    ask = page.get_by_role("dialog", name="网格会断开")
    apply()
    expect(ask).to_contain_text(torn.source.name)
    assert barriers(page) == []
    ask.get_by_role("button", name="取消").click()
    panel = pane(page, "步骤")
    expect(panel).to_contain_text("断开的部分没有决定")
    assert steps(owner, plan_id) == []

    panel.locator("[data-refused]").get_by_role("button", name="再试").click()
    expect(ask).to_be_visible()
    written(page, ask.locator("[data-keep]").click)
    faults = pane(page, "检查")
    sign = faults.get_by_role("button", name="签认")
    written(page, sign.click)
    expect(sign).to_have_count(0)
    assert steps(owner, plan_id) == ["assign", "sign"]
    for _ in range(2):
        written(page, page.get_by_role("button", name="撤销", exact=True).click, "undo")

    apply()
    expect(ask).to_be_visible()
    given = written(page, ask.locator("[data-give]").first.click)
    assert len(given["changed"]["features"]) > 1
    expect(pane(page, "检查").locator(".badge.grave")).to_have_count(0)
    watch.forget()


def test_an_even_division_is_looked_at_and_taken_as_a_step(sign_in, owner):
    page, _ = sign_in("admin", path="/plans")
    where = village(owner, skip=2)
    plan_id = open_plan(page, "户数均衡")
    take_village(page, where)
    panel = pane(page, "户数平衡")
    panel.get_by_text("按户数提出均衡方案").click()
    panel.get_by_role("button", name="提出方案").click()
    expect(panel.locator(".propose .table tbody tr")).to_have_count(4)
    assert barriers(page) == []
    made = written(page, panel.locator("[data-take]").click)
    grids = {one["properties"]["grid_code"] for one in made["changed"]["features"]}
    assert 2 <= len(grids) <= 4
    expect(panel.locator("[data-take]")).to_have_count(0)
    expect(pane(page, "步骤")).to_contain_text("按户数均衡重新划分")
    assert steps(owner, plan_id) == ["balance"]
