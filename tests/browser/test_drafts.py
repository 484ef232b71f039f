"""Nothing that is drawn gets lost: colleagues at one border, no connection, a browser that dies."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, Playwright, expect
from sqlalchemy import Engine, text

from grids import publications
from tests.browser import drafting
from tests.browser.screen import settled, spot
from tests.browser.studio import (
    draw,
    hint,
    open_plan,
    pane,
    take_village,
    tool,
    village,
    visit,
    written,
)
from tests.browser.test_screens import barriers
from tests.chromium import FLAGS
from web.browser import find_browser

pytestmark = pytest.mark.browser

STEPS = text("SELECT tool FROM plan_step WHERE plan_id = :plan ORDER BY seq")


def steps(owner: Engine, plan_id: str) -> list[str]:
    with owner.connect() as conn:
        return list(conn.execute(STEPS, {"plan": plan_id}).scalars())


def move_border(page: Page, arcs: list[dict], right: int = 4, down: int = 3) -> None:
    """Drag the middle vertex of a border with the mouse by some pixels.

    On a busy machine its handle is drawn a while after the hint, and a hand would try again.
    """
    line = drafting.border(arcs)
    middle = line[len(line) // 2]
    tool(page, "移动界线")
    page.mouse.click(*spot(page, *middle))
    expect(hint(page)).to_contain_text("两侧同时变化")
    sent = []
    page.on("request", lambda one: sent.append(one) if one.url.endswith("/steps") else None)
    for _ in range(4):
        x, y = spot(page, *middle)
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + right, y + down, steps=3)
        page.mouse.up()
        end = time.monotonic() + 6
        while not sent and time.monotonic() < end:
            page.wait_for_timeout(100)
        if sent:
            return
    raise AssertionError("the border was not moved")


def borders(page: Page, where) -> list[dict]:
    """Ask for a village's borders as the page itself does."""
    address, plan = page.url.split("?")[0].split("/plans/")
    asked = f"{address}/api/v1/plans/{plan}/arcs?village={where.code}"
    return page.request.get(asked).json()["features"]


def test_two_people_at_one_border_see_each_other_and_lose_nothing(sign_in, owner, site):
    first, _ = sign_in("admin", path="/plans")
    where = village(owner, skip=3)
    plan_id = open_plan(first, "两人同改")
    cells = take_village(first, where)
    second, watch = sign_in("sysadmin", path="/plans")
    # The second does not hear of the first in time.
    second.route("**/lease", lambda _: None)
    visit(second, site.address, plan_id, where)

    cut = drafting.cut(cells, set())
    tool(second, "按线拆分")
    second.mouse.click(*spot(second, *cut.grid.at))
    draw(second, cut.line)
    card = second.get_by_role("dialog", name="拆分网格")
    card.get_by_label("新网格名称").fill("第二人的网格")
    expect(card.locator(".shifts")).to_be_visible()

    moved = []
    first.on(
        "response", lambda answer: moved.append(answer) if answer.url.endswith("/steps") else None
    )
    move_border(first, borders(first, where))
    expect(pane(first, "步骤")).to_contain_text("移动")

    card.get_by_role("button", name="拆分").click()
    told = second.get_by_role("dialog", name="有人先改了")
    expect(told).to_contain_text("最近一步：移动")
    assert barriers(second) == []
    told.get_by_role("button", name="载入最新内容").click()
    panel = pane(second, "步骤")
    expect(panel.locator(".steps li")).to_have_count(1)
    kept = panel.locator("[data-refused]")
    expect(kept).to_contain_text(f"拆分“{cut.grid.name}”")
    assert steps(owner, plan_id) == ["move"]
    written(second, kept.get_by_role("button", name="再试").click)
    expect(panel.locator(".steps li")).to_have_count(2)
    assert steps(owner, plan_id) == ["move", "split"]
    watch.forget()


def test_what_two_plans_changed_is_decided_side_by_side(sign_in, owner, site):
    page, _ = sign_in("admin", path="/plans")
    where = village(owner, skip=4)
    mine = open_plan(page, "我的方案")
    take_village(page, where)
    move_border(page, borders(page, where))
    expect(pane(page, "步骤").locator(".steps li")).to_have_count(1)

    page.goto(f"{site.address}/plans")
    open_plan(page, "别人的方案")
    take_village(page, where)
    move_border(page, borders(page, where), right=-4)
    expect(pane(page, "步骤").locator(".steps li")).to_have_count(1)
    publish(page)

    visit(page, site.address, mine, where)
    view = page.get_by_role("dialog", name=re.compile("冲突"))
    expect(view.get_by_role("img", name="原来").first).to_be_visible()
    expect(view.get_by_role("img", name="现行（对方）").first).to_be_visible()
    expect(view.get_by_role("img", name="本方案（我方）").first).to_be_visible()
    assert barriers(page) == []
    for group in view.locator("[data-conflict]").all():
        group.get_by_role("button", name="保留我方").click()
    written(page, view.locator("[data-resolve]").click, "resolve")
    expect(view).to_have_count(0)
    publish(page)
    with owner.connect() as conn:
        assert publications.prove_in_force(conn).exact


def publish(page: Page) -> None:
    panel = pane(page, "发布")
    panel.get_by_label("发布说明").fill("县网格办批准")
    panel.get_by_role("button", name="发布…").click()
    written(page, page.locator("[data-confirm]").click, "publish")
    page.get_by_role("button", name="关闭").click()
    settled(page)


def test_without_a_server_the_work_goes_on_and_is_sent_later(sign_in, owner):
    page, watch = sign_in("admin", path="/plans")
    where = village(owner, skip=5)
    plan_id = open_plan(page, "断网")
    cells = take_village(page, where)
    cut = drafting.cut(cells, set())
    saved = page.locator("[data-saved]")

    page.context.set_offline(True)
    tool(page, "按线拆分")
    page.mouse.click(*spot(page, *cut.grid.at))
    draw(page, cut.line)
    page.locator("[data-split]").click()
    expect(saved).to_contain_text("1 步待发送")
    expect(saved).to_have_class(re.compile("away"))
    expect(pane(page, "步骤")).to_contain_text("待发送")
    assert steps(owner, plan_id) == []

    page.context.set_offline(False)
    expect(saved).to_contain_text("已保存", timeout=20_000)
    expect(page.locator("#pane-panel .steps li")).to_have_count(1)
    assert steps(owner, plan_id) == ["split"]
    watch.forget()


@contextmanager
def program(playwright: Playwright, profile: Path) -> Iterator[tuple[Page, subprocess.Popen]]:
    """Start a browser of its own on a profile, to be killed like one that crashes."""
    said = profile / "DevToolsActivePort"
    said.unlink(missing_ok=True)
    process = subprocess.Popen(
        [
            str(find_browser()),
            *FLAGS,
            "--headless=new",
            f"--user-data-dir={profile}",
            "--remote-debugging-port=0",
            "--window-size=1440,900",
            "--lang=zh-CN",
        ],
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        end = time.monotonic() + 60
        while not (said.exists() and said.read_text().strip()) and time.monotonic() < end:
            time.sleep(0.1)
        port = said.read_text().split()[0]
        browser = playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{port}", timeout=90_000)
        context = browser.contexts[0]
        context.set_default_timeout(60_000)
        page = context.pages[0] if context.pages else context.new_page()
        page.set_viewport_size({"width": 1440, "height": 900})
        yield page, process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(20)


def test_a_browser_that_dies_takes_nothing_that_was_drawn(playwright, site, owner, tmp_path):
    where = village(owner, skip=1)
    with program(playwright, tmp_path) as (page, process):
        account = site.accounts["admin"]
        page.goto(f"{site.address}/sign-in?next=/plans&lang=zh")
        page.locator("#login").fill(account.login)
        page.locator("#password").fill(account.password)
        page.locator("button[type=submit]").click()
        page.wait_for_url(re.compile("/plans"))
        plan_id = open_plan(page, "断电")
        cut = drafting.cut(take_village(page, where), set())
        tool(page, "按线拆分")
        page.mouse.click(*spot(page, *cut.grid.at))
        expect(hint(page)).to_contain_text(f"拆分“{cut.grid.name}”：")
        page.mouse.click(*spot(page, *cut.line[0]))
        expect(page.locator("[data-saved]")).to_contain_text("绘制已存本机")
        cookies = page.context.cookies()
        os.killpg(process.pid, signal.SIGKILL)

    with program(playwright, tmp_path) as (page, _):
        page.context.add_cookies(cookies)
        visit(page, site.address, plan_id, where)
        asked = page.get_by_role("dialog", name="上次有没做完的内容")
        expect(asked).to_contain_text("按线拆分，1 个点")
        assert barriers(page) == []
        asked.get_by_role("button", name="恢复").click()
        expect(hint(page)).to_contain_text(f"拆分“{cut.grid.name}”：")
        draw(page, cut.line[1:])
        written(page, page.locator("[data-split]").click)
    assert steps(owner, plan_id) == ["split"]
