"""The whole life of an incident on two screens at once: the desk's and the worker's phone."""

from __future__ import annotations

import re

import pytest
import shapely
from playwright.sync_api import Page, expect
from sqlalchemy import text

from tests.browser.phone import all_sent, card
from tests.browser.screen import settled

pytestmark = pytest.mark.browser

OUTLINE = text(
    "SELECT ST_AsBinary(outline) FROM unit_outline WHERE unit_code = :code AND upper_inf(valid)"
)
MATTER = text(
    "SELECT code, name FROM matter WHERE attempts = '3-2-1' AND first_rank = 'primary'"
    " ORDER BY code LIMIT 1"
)
STEPS = text(
    "SELECT s.action FROM incident_step AS s JOIN incident AS i USING (incident_id)"
    " WHERE i.number = :number ORDER BY s.seq"
)
KEPT = text("SELECT step, closed_at IS NOT NULL FROM incident WHERE number = :number")
MOVED = text(
    "SELECT i.grid_code, i.owner_id IS NOT DISTINCT FROM a.person_id AS is_mine"
    " FROM incident AS i CROSS JOIN account AS a WHERE i.number = :n AND a.login = :login"
)
WITHIN_MS = 40_000


def act(desk: Page, action: str, note: str = "", **choices: str) -> None:
    """Do one of the actions that the desk offers, with the words that it needs."""
    detail = desk.locator(".detail")
    detail.locator(f"[data-action={action}]").click()
    form = detail.locator("form.form").first
    if note:
        form.locator("textarea").fill(note)
        for label, choice in choices.items():
            form.get_by_label({"result": "结果", "how": "答复方式"}[label]).select_option(choice)
        form.locator("button[type=submit]").click()
        expect(form).to_have_count(0)


def test_a_quarrel_is_taken_up_tried_supervised_answered_and_closed(sign_in, site, owner):
    grid = site.accounts["worker"].unit_code
    with owner.connect() as conn:
        outline = shapely.from_wkb(conn.execute(OUTLINE, {"code": grid}).scalar_one())
        matter = conn.execute(MATTER).one()
    lon, lat = shapely.maximum_inscribed_circle(outline).coords[0]
    phone, _ = sign_in("worker", phone=True, path="/me#todo")
    desk, _ = sign_in("dispatcher", path="/incidents?new=1")
    settled(desk)

    # The desk enters it, with who reported it; the owner is known at once.
    form = desk.locator(".intake")
    form.get_by_label("事项").select_option(matter.code)
    form.get_by_label("情况", exact=True).fill("两家为排水沟争执")
    form.get_by_label("坐标（经度, 纬度）").fill(f"{lon:.6f}, {lat:.6f}")
    form.get_by_label("姓名").fill("赵大妈")
    form.get_by_label("电话").fill("13800001234")
    expect(form.locator(".owner")).to_contain_text(site.accounts["worker"].name)
    form.get_by_role("button", name="登记并派遣").click()
    detail = desk.locator(".detail")
    number = detail.locator("header .num").first.inner_text()
    expect(detail).to_contain_text("138****1234")

    # It comes to the phone by itself, and what the phone does comes to the desk.
    expect(card(phone, number)).to_be_visible(timeout=WITHIN_MS)
    card(phone, number).get_by_role("button", name="接单").tap()
    all_sent(phone, 1)
    expect(detail.locator(".steps")).to_contain_text("接单", timeout=WITHIN_MS)

    # Three tries in the village, two in the township: it goes up by itself.
    for level, n in (("village", 3), ("township", 2)):
        for k in range(n):
            if level == "township" and k == 0:
                act(desk, "accept")
            act(desk, "attempt", f"第{k + 1}次调解未果", result="failed")
    expect(detail).to_contain_text("规定次数已用尽")
    expect(detail.locator("dl")).to_contain_text(re.compile("办理层级\\s*县"))

    # The county supervises, settles, and cannot close before the reporter was answered.
    detail.get_by_role("button", name="下达督办单").click()
    detail.get_by_label("类别").select_option("yellow")
    detail.get_by_label("督办要求").fill("三日内拿出方案")
    detail.locator("form").filter(has_text="督办要求").locator("button[type=submit]").click()
    sheet = detail.locator("li.sheet")
    expect(sheet).to_contain_text("黄牌")
    expect(detail.locator("header")).to_contain_text("黄")
    act(desk, "accept")
    act(desk, "attempt", "双方签字", result="settled")
    expect(detail.locator(".blocked").first).to_contain_text("暂不能办结")
    act(desk, "answer", "已调解，双方签字", how="phone")
    sheet.get_by_role("button", name="回复督办").click()
    sheet.get_by_label("回复").fill("方案已落实")
    sheet.get_by_role("button", name="回复督办").click()
    sheet.get_by_role("button", name="销号").click()
    sheet.get_by_label("销号说明").fill("核实无误")
    sheet.get_by_role("button", name="销号").click()
    expect(sheet).to_contain_text("已销号")
    act(desk, "verify")
    act(desk, "close")
    expect(detail.locator("header")).to_contain_text("已办结")
    expect(card(phone, number)).to_have_count(0, timeout=WITHIN_MS)

    with owner.connect() as conn:
        deeds = list(conn.execute(STEPS, {"number": number}).scalars())
        assert conn.execute(KEPT, {"number": number}).one() == ("closed", True)
    assert deeds.count("attempt") == 6
    assert deeds[0] == "report"
    assert deeds[-2:] == ["verify", "close"]
    assert {"accept", "supervise", "supervision_answer", "answer", "strike_off"} <= set(deeds)


def test_a_pin_that_is_moved_asks_about_the_owner(sign_in, site, owner):
    grid = site.accounts["worker"].unit_code
    with owner.connect() as conn:
        outline = shapely.from_wkb(conn.execute(OUTLINE, {"code": grid}).scalar_one())
        matter = conn.execute(MATTER).one()
    lon, lat = shapely.maximum_inscribed_circle(outline).coords[0]
    desk, _ = sign_in("dispatcher", path="/incidents?new=1")
    settled(desk)
    form = desk.locator(".intake")
    form.get_by_label("事项").select_option(matter.code)
    form.get_by_label("情况", exact=True).fill("路面塌陷")
    form.get_by_label("坐标（经度, 纬度）").fill(f"{lon:.6f}, {lat:.6f}")
    expect(form.locator(".owner")).to_contain_text(site.accounts["worker"].name)
    form.get_by_role("button", name="登记并派遣").click()
    detail = desk.locator(".detail")
    number = detail.locator("header .num").first.inner_text()
    detail.get_by_role("button", name="改位置").click()
    settled(desk)
    # Far enough out that the edge of the map lies in other grids.
    box = desk.locator("[data-map]").bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    desk.mouse.move(*middle)
    for _ in range(8):
        desk.mouse.wheel(0, 300)
        settled(desk)
    desk.mouse.click(box["x"] + box["width"] * 0.12, middle[1])
    expect(detail).to_contain_text("届时负责人")
    expect(detail).to_contain_text("负责人怎么办")
    detail.get_by_role("button", name="确定位置").click()
    expect(detail.locator(".steps")).to_contain_text("改位置")
    with owner.connect() as conn:
        row = conn.execute(MOVED, {"n": number, "login": "worker"}).one()
    assert row.grid_code != grid
    assert not row.is_mine
