"""A leader reads the board, opens its numbers, goes down to a grid, and takes a report along."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from sqlalchemy import text

from grids import alert_scan, db, kiosks
from grids.access import everyone
from tests.browser.conftest import DESKTOP, PHONE, Watch
from web.clock import now, today

pytestmark = pytest.mark.browser

GRAVE = ("serious", "critical")
COUNTED = text(
    "SELECT count(*) FROM incident WHERE step NOT IN ('rejected', 'duplicate')"
    " AND local_day(occurred_at) BETWEEN :since AND :until"
)


@pytest.fixture(scope="module")
def scanned(site):
    """The county after two nights were looked at."""
    engine = db.make_engine(site.owner_url, pooled=False)
    for back in (2, 1):
        with db.begin(engine, db.EVERYWHERE) as conn:
            alert_scan.run(conn, today() - timedelta(days=back), now())
    engine.dispose()


def number(page, label: str) -> int:
    said = page.locator(".figures article", has_text=label).first.locator(".big").inner_text()
    return int(re.sub(r"\D", "", said))


def grave(page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in found if one["impact"] in GRAVE
    ]


def test_a_number_is_what_the_database_counts_and_opens_into_its_rows(sign_in, owner, scanned):
    page, _ = sign_in("leader", path="/board")
    valid = number(page, "有效")
    with owner.connect() as conn:
        days = {"since": today() - timedelta(days=29), "until": today()}
        assert valid == conn.execute(COUNTED, days).scalar_one()
    page.get_by_role("button", name=f"有效 {valid}", exact=True).first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(f"共 {valid:,} 件")).to_be_visible()
    expect(dialog.locator("tbody tr")).to_have_count(min(valid, 50))
    first = dialog.locator("tbody a").first
    assert first.get_attribute("href").startswith("/incidents?id=")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_the_way_down_stands_in_the_address_and_back_goes_up(sign_in):
    page, _ = sign_in("leader", path="/board")
    for digits in (9, 12, 15):
        page.locator(".whole tbody a").first.click()
        page.wait_for_function(
            f"new URLSearchParams(location.search).get('area')?.length === {digits}"
        )
        expect(page.locator(".path li")).to_have_count((digits - 3) // 3)
    page.get_by_role("button", name="上一期").click()
    assert parse_qs(urlsplit(page.url).query)["compare"] == ["before"]
    page.go_back()
    page.go_back()
    expect(page.locator(".path li")).to_have_count(3)
    page.reload()
    expect(page.locator(".path li")).to_have_count(3)


def test_a_leader_acknowledges_an_alert_with_a_note(sign_in, scanned, owner):
    page, _ = sign_in("leader", path="/board")
    box = page.get_by_role("region", name="新增聚集提醒")
    expect(box.get_by_text("年约")).to_be_visible()
    if box.get_by_role("button", name="确认处置").count() == 0:
        expect(box.get_by_text("没有发现异常聚集")).to_be_visible()
        return
    box.get_by_role("button", name="确认处置").first.click()
    page.get_by_label("核实情况与安排").fill("已通知村委会核查")
    page.get_by_role("dialog").get_by_role("button", name="确认处置").click()
    expect(box.get_by_text("已通知村委会核查")).to_be_visible()
    with owner.connect() as conn:
        notes = conn.execute(text("SELECT note FROM alert WHERE acknowledged_at IS NOT NULL"))
        assert "已通知村委会核查" in notes.scalars().all()


def test_a_report_is_taken_from_the_board(sign_in):
    page, _ = sign_in("leader", path="/board")
    page.get_by_role("button", name="周报").click()
    with page.expect_download() as taken:
        page.get_by_role("link", name="下载 DOCX").click()
    assert taken.value.suggested_filename.startswith("weekly-530524-")


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_board_fits_and_can_be_read_by_everybody(sign_in, scanned, size, language):
    page, _ = sign_in("leader", path=f"/board?lang={language}")
    page.set_viewport_size(size)
    expect(page.locator(".whole table")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert grave(page) == []


def test_an_empty_county_says_what_to_do(visitor, empty_site):
    page, watch = visitor(empty_site, "admin")
    page.goto(f"{empty_site.address}/board")
    expect(page.get_by_text("wangge import grids")).to_be_visible()
    assert grave(page) == []
    watch.clean()


@pytest.fixture
def wall(site, browser, scanned):
    """`wall(size)` opens a wall by its key, with nobody signed in, and returns page and watch."""
    opened = []

    def begin(width: int, height: int):
        engine = db.make_engine(site.owner_url, pooled=False)
        with db.begin(engine, db.EVERYWHERE) as conn:
            conn.execute(text("DELETE FROM kiosk"))
            key = kiosks.add(
                conn, everyone(), "hall", "530524", "127.0.0.1", now=now(), life=timedelta(days=9)
            )
        engine.dispose()
        context = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
        page, watch = context.new_page(), Watch(site.address)
        watch.over(page)
        page.goto(f"{site.address}/wall?key={key}")
        expect(page.locator(".figures li").first).to_be_visible(timeout=60_000)
        opened.append(context)
        return page, watch

    yield begin
    for context in opened:
        context.close()


SMALLEST = """() => Math.min(...[...document.querySelectorAll('.wall *')]
  .filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()))
  .map((e) => parseFloat(getComputedStyle(e).fontSize)))"""


@pytest.mark.parametrize(("width", "height", "least"), [(1920, 1080, 24), (3840, 2160, 48)])
def test_a_wall_is_large_turns_by_itself_and_can_be_stopped(wall, width, height, least):
    page, watch = wall(width, height)
    assert "key" not in page.url
    expect(page.get_by_text("授权还有 8 天到期")).to_be_visible()
    for name in ("总体", "各辖区", "热点与提醒"):
        page.get_by_role("button", name=name).click()
        assert page.evaluate(SMALLEST) >= least, name
        assert page.evaluate("document.documentElement.scrollHeight") <= height
        assert grave(page) == []
    page.get_by_role("button", name="暂停轮播").click()
    assert "still=1" in page.url
    watch.clean()


def test_a_wall_draws_its_hotspot_maps_with_nobody_signed_in(wall):
    page, watch = wall(1920, 1080)
    tiles = []
    page.on("response", lambda answer: tiles.append(answer) if ".mvt" in answer.url else None)
    for name in ("数量", "发生率", "变化", "新增聚集"):
        page.get_by_role("button", name=name).click()
        expect(page.locator("[data-map][data-ready]")).to_be_visible(timeout=60_000)
        expect(page.locator(".slide .list :is(tbody tr, li)").first).to_be_visible(timeout=60_000)
        assert page.locator(".slide .warning").count() == 0
    drawn = [answer for answer in tiles if answer.status == 200 and answer.body()]
    assert drawn
    assert {urlsplit(answer.url).path.split("/")[1] for answer in tiles} == {"wall"}
    watch.clean()


def test_a_wall_keeps_what_it_knew_and_says_that_it_is_old(wall):
    page, _ = wall(1920, 1080)
    page.clock.install()
    page.reload()
    known = page.locator(".figures strong").first.inner_text()
    expect(page.locator(".wall.stale")).to_have_count(0)
    page.route("**/wall/data*", lambda route: route.abort())
    page.clock.fast_forward("03:30")
    expect(page.locator(".wall.stale")).to_be_visible()
    expect(page.get_by_text("未更新")).to_be_visible()
    page.get_by_role("button", name="总体").click()
    expect(page.locator(".figures strong").first).to_have_text(known)
