"""Notices in a browser: at once by the stream, in words, seen once, and in every tab."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from sqlalchemy import text

from grids import db, notices

pytestmark = pytest.mark.browser


def post(owner, login, kind, **facts):
    with db.begin(owner, db.EVERYWHERE) as conn:
        person = conn.execute(
            text("SELECT person_id FROM account WHERE login = :login"), {"login": login}
        ).scalar_one()
        notices.post(conn, person, kind, facts, datetime.now(UTC))


def bell(page):
    return page.locator(".bell > button")


def is_live(page):
    """The tab knows of a stream: the list says so."""
    bell(page).click()
    expect(page.locator(".drop")).to_contain_text("实时接收")
    page.keyboard.press("Escape")
    expect(page.locator(".drop")).to_have_count(0)


def test_an_assignment_is_told_within_two_seconds_and_takes_no_focus(sign_in, owner, tmp_path):
    page, _ = sign_in("admin", path="/publications")
    is_live(page)
    page.locator(".edition").focus()
    post(owner, "admin", "incident.assigned", number="2026-0001")
    expect(page.locator(".toast")).to_contain_text("事件 2026-0001 已分派给您", timeout=2000)
    assert page.evaluate("document.activeElement.className") == "edition"
    expect(bell(page)).to_have_accessible_name("通知，1 条未看")
    bell(page).click()
    expect(page.locator(".drop li").first).to_contain_text("事件 2026-0001 已分派给您")
    expect(bell(page)).to_have_accessible_name("通知")
    found = Axe().run(page).response["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
    page.screenshot(path=tmp_path / "bell.png")
    page.reload()
    expect(bell(page)).to_have_accessible_name("通知")


def test_tabs_share_one_stream_and_all_are_told(sign_in, owner):
    first, _ = sign_in("admin", path="/publications")
    is_live(first)
    asked = []
    first.context.on("request", lambda r: asked.append(r.url) if "/stream" in r.url else None)
    second = first.context.new_page()
    second.goto(first.url)
    post(owner, "admin", "plan.approved", title="东村调整")
    for page in (first, second):
        expect(page.locator(".toast")).to_contain_text("方案“东村调整”已批准")
    assert asked == []
    first.close()
    post(owner, "admin", "plan.sent_back", title="东村调整", note="重画")
    # Its toast may tell it together with another that came meanwhile; the list names each.
    bell(second).click()
    expect(second.locator(".drop")).to_contain_text("被退回：重画")


def test_without_a_stream_one_asks(sign_in, owner):
    page, _ = sign_in("admin", path="/password")
    page.add_init_script(
        "delete window.EventSource; window.EventSource = class { close() {} addEventListener() {} }"
    )
    page.goto(page.url.replace("/password", "/publications"))
    expect(bell(page)).to_be_visible()
    post(owner, "admin", "incident.assigned_many", n=3)
    expect(page.locator(".toast")).to_contain_text("3 件事件已分派给您", timeout=60_000)
    bell(page).click()
    expect(page.locator(".drop")).to_contain_text("每半分钟刷新一次")


def test_the_list_fits_a_small_screen(sign_in, tmp_path):
    page, _ = sign_in("leader", phone=True, path="/publications")
    bell(page).click()
    drop = page.locator(".drop")
    expect(drop).to_be_visible()
    box = drop.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    page.screenshot(path=tmp_path / "small.png")
