"""A second person approves; an earlier edition comes back; a publication waits for its day."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Engine

from grids import db, plan_approval, publications
from grids.access import everyone
from tests.browser.studio import open_plan, pane, take_village, village, visit, written
from tests.browser.test_drafts import borders, move_border
from tests.browser.test_screens import barriers
from web.clock import now

pytestmark = pytest.mark.browser


def ask_approval(owner: Engine, territory: str, needed: bool) -> None:
    with db.begin(owner, db.EVERYWHERE) as conn:
        plan_approval.ask(conn, everyone("test"), territory, needed, now())


def publish(page: Page, memo: str) -> None:
    panel = pane(page, "发布")
    panel.get_by_label("发布说明").fill(memo)
    panel.get_by_role("button", name="发布…").click()
    written(page, page.locator("[data-confirm]").click, "publish")


def in_force(owner: Engine) -> int:
    with owner.connect() as conn:
        assert publications.prove_in_force(conn).exact
        return publications.require_current(conn).number


def test_a_plan_is_handed_in_sent_back_mended_and_approved_by_a_second_person(sign_in, owner, site):
    page, _ = sign_in("admin", path="/plans")
    where = village(owner, skip=3)
    number = in_force(owner)
    ask_approval(owner, where.code, True)
    plan_id = open_plan(page, "须经批准")
    take_village(page, where)
    move_border(page, borders(page, where))
    expect(pane(page, "步骤").locator(".steps li")).to_have_count(1)
    panel = pane(page, "发布")
    expect(panel).to_contain_text("须先经另一人批准")
    panel.get_by_label("意见").fill("请审")
    written(page, panel.locator("[data-submit]").click, "submit")
    expect(panel).to_contain_text("等待批准")
    expect(panel.locator("[data-approve]")).to_be_disabled()
    expect(panel).to_contain_text("自己提交的方案须由他人批准")

    second, _ = sign_in("sysadmin", path="/plans")
    visit(second, site.address, plan_id, where)
    box = pane(second, "发布")
    expect(box).to_contain_text("附言：请审")
    expect(box.locator("[data-approve]")).to_be_enabled()
    box.get_by_label("意见").fill("界线请再核对")
    written(second, box.locator("[data-send-back]").click, "send-back")
    expect(box.locator("[data-approve]")).to_have_count(0)
    page.reload()
    panel = pane(page, "发布")
    expect(panel).to_contain_text("附言：界线请再核对")
    panel.get_by_label("意见").fill("已核对")
    written(page, panel.locator("[data-submit]").click, "submit")
    second.reload()
    box = pane(second, "发布")
    assert barriers(second) == []
    written(second, box.locator("[data-approve]").click, "approve")
    expect(box).to_contain_text("已批准")

    page.reload()
    publish(page, "县网格办批准")
    ask_approval(owner, where.code, False)
    assert in_force(owner) == number + 1


def test_an_earlier_edition_comes_back_as_a_new_one(sign_in, owner, site):
    page, _ = sign_in("admin", path="/plans")
    where = village(owner, skip=4)
    number = in_force(owner)
    open_plan(page, "将被恢复")
    take_village(page, where)
    move_border(page, borders(page, where))
    expect(pane(page, "步骤").locator(".steps li")).to_have_count(1)
    publish(page, "试划")

    page.goto(f"{site.address}/plans")
    page.get_by_role("row", name=re.compile(f"^第 {number} 版")).locator("[data-restore]").click()
    ask = page.get_by_role("dialog", name=f"恢复到第 {number} 版")
    assert barriers(page) == []
    ask.get_by_role("button", name="建立恢复草案").click()
    page.wait_for_url(re.compile(r"/plans/[0-9a-f-]{36}"))
    expect(pane(page, "步骤")).to_contain_text("恢复到旧版边界")
    publish(page, "恢复原界线")
    assert in_force(owner) == number + 2
    page.goto(f"{site.address}/publications?left={number}&right={number + 2}")
    expect(page.get_by_text("这两版的网格边界没有不同")).to_be_visible()


def test_a_publication_waits_for_its_day_and_can_be_taken_back(sign_in, owner):
    page, _ = sign_in("admin", path="/plans")
    where = village(owner, skip=5)
    number = in_force(owner)
    open_plan(page, "定时生效")
    take_village(page, where)
    move_border(page, borders(page, where))
    expect(pane(page, "步骤").locator(".steps li")).to_have_count(1)
    panel = pane(page, "发布")
    panel.get_by_role("button", name="定时生效").click()
    panel.get_by_label("生效时刻").fill("2035-01-01T08:00")
    publish(page, "新年起生效")
    told = page.get_by_role("dialog", name="已定于")
    expect(told).to_contain_text("2035-01-01 08:00")
    told.get_by_role("button", name="关闭").click()
    expect(page.locator(".heading")).to_contain_text("2035-01-01 08:00 起生效")
    assert in_force(owner) == number

    pane(page, "发布").get_by_role("button", name="撤回方案").click()
    ask = page.get_by_role("dialog", name="撤回方案")
    written(page, ask.get_by_role("button", name="撤回方案").click, "withdraw")
    expect(pane(page, "发布")).to_contain_text("已撤回")
    assert in_force(owner) == number
