"""Every state of the boundary studio can be seen, read and left by everybody, in both languages."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import drafting
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.screen import settled, spot
from tests.browser.studio import draw, open_plan, pane, take_village, tool, village
from tests.browser.test_screens import HAN, OUT, barriers

pytestmark = pytest.mark.browser


def looked_at(page: Page, name: str) -> None:
    """Photograph a state, let axe look at it, and see that nothing hangs over the edge."""
    OUT.mkdir(exist_ok=True)
    page.screenshot(path=OUT / f"studio-{name}.png")
    assert barriers(page) == []
    over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert over <= 0, f"{over} pixels hang over the edge"


def test_the_states_of_a_draft_shut_nobody_out(sign_in, owner):
    page, _ = sign_in("admin", path="/plans")
    where = village(owner, skip=2)
    open_plan(page, "各种状态")
    looked_at(page, "empty")
    cut = drafting.cut(take_village(page, where), set())

    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="键盘操作")
    looked_at(page, "keys")
    keys.get_by_role("button", name="关闭").click()

    tool(page, "按线拆分")
    page.mouse.click(*spot(page, *cut.grid.at))
    draw(page, cut.line)
    card = page.get_by_role("dialog", name="拆分网格")
    expect(card.locator(".shifts li")).not_to_have_count(0)
    looked_at(page, "drawn")
    card.get_by_role("button", name="拆分").click()
    expect(pane(page, "步骤").locator(".steps li")).to_have_count(1)
    for name in ("检查", "户数平衡", "影响", "发布"):
        pane(page, name)
        settled(page)
        looked_at(page, f"with-steps-{name}")

    tool(page, "卷帘对照")
    expect(page.get_by_label("卷帘位置")).to_be_visible()
    looked_at(page, "slide")
    tool(page, "卷帘对照")

    tool(page, "量算")
    draw(page, cut.line)
    expect(page.locator(".hint")).to_contain_text(re.compile(r"长 [\d.,]+ (m|km)"))

    page.set_viewport_size(PHONE)
    expect(page.get_by_text("手机上只能查看")).to_be_visible()
    expect(page.get_by_role("toolbar", name="工具")).to_have_count(0)
    settled(page)
    looked_at(page, "hand")

    page.set_viewport_size(DESKTOP)
    page.goto(f"{page.url}&lang=en")
    expect(page.get_by_role("toolbar", name="Tools")).to_be_visible()
    settled(page)
    looked_at(page, "en")
    assert HAN.findall(page.get_by_role("toolbar", name="Tools").inner_text()) == []
    assert HAN.findall(page.locator(".hint").inner_text()) == []
