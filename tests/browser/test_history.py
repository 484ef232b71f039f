"""A leader looks back: a day on the map, two editions side by side, what became of a grid."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from playwright.sync_api import expect
from sqlalchemy import text

from grids import db, plans
from grids.access import everyone
from grids.publishing import publish
from tests.browser.conftest import DESKTOP
from tests.browser.screen import settled
from tests.browser.test_screens import examine, visit
from tests.grids.test_plans import line_across

pytestmark = pytest.mark.browser


@dataclass(frozen=True)
class Past:
    """A grid that was split and got its land back: `fresh` lived from `split` to `merged`."""

    grid: str
    fresh: str
    split: int
    merged: int


@pytest.fixture(scope="session")
def past(site) -> Past:
    viewer = everyone("test")
    engine = db.make_engine(site.owner_url, pooled=False)
    with db.begin(engine, db.EVERYWHERE) as conn:
        grid = conn.execute(
            text(
                "SELECT o.unit_code FROM unit_outline AS o JOIN unit_outline AS county"
                " ON county.level = 'county' AND upper_inf(county.valid)"
                " WHERE o.level = 'grid' AND upper_inf(o.valid)"
                " AND NOT ST_Intersects(o.outline, ST_Boundary(county.outline))"
                " ORDER BY o.area_m2 DESC LIMIT 1"
            )
        ).scalar_one()
        plan = plans.create(conn, viewer, "拆分").plan_id
        plans.split_grid(conn, viewer, plan, grid, line_across(conn, grid), "临时网格")
        split = publish(conn, viewer, plan, "拆分最大的网格").number
        fresh = conn.execute(text("SELECT code FROM unit WHERE name = '临时网格'")).scalar_one()
    with db.begin(engine, db.EVERYWHERE) as conn:
        plan = plans.create(conn, viewer, "并回").plan_id
        plans.merge_grids(conn, viewer, plan, fresh, grid)
        merged = publish(conn, viewer, plan, "并回原网格").number
    return Past(grid, fresh, split, merged)


def test_an_edition_is_chosen_on_the_map_and_the_address_says_so(sign_in, site, past):
    page, _ = sign_in("admin")
    settled(page)
    page.get_by_role("button", name="历史边界").click()
    panel = page.get_by_role("region", name="看某一天的边界")
    tiles = f"/tiles/{past.split}/units/"
    with page.expect_response(lambda answer: tiles in answer.url):
        panel.get_by_label("或选一版").select_option(str(past.split))
    expect(panel.get_by_role("status")).to_contain_text(f"正在看第 {past.split} 版")
    expect(panel.get_by_role("status")).to_contain_text("与今天不同的网格 2 个")
    assert f"on={past.split}" in page.url
    page.reload()
    settled(page)
    expect(panel.get_by_role("status")).to_contain_text(f"正在看第 {past.split} 版")
    with page.expect_response(lambda answer: f"/tiles/{past.merged}/units/" in answer.url):
        panel.get_by_role("button", name="回到今天").click()
    assert "on=" not in page.url


def test_a_day_before_the_first_edition_says_why_there_is_nothing(sign_in, site, past):
    page, watch = sign_in("admin")
    settled(page)
    page.keyboard.press("t")
    panel = page.get_by_role("region", name="看某一天的边界")
    panel.get_by_label("日期").fill("2001-01-01")
    panel.get_by_role("button", name="查看").click()
    expect(panel.get_by_role("status")).to_contain_text("2001-01-01 尚无生效的边界")
    expect(panel.get_by_role("status")).to_contain_text("history.before_first")
    watch.forget()  # the refusal is an answer of the server, which the browser reports


def test_two_editions_are_compared_by_keyboard(sign_in, site, past):
    page, _ = sign_in("admin", path="/publications")
    settled(page)
    page.get_by_title(f"看第 {past.split} 版改了什么").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".grids li")).to_have_count(2)
    assert f"left={past.split - 1}&right={past.split}" in page.url
    row = page.locator(".grids li").filter(has_text="临时网格")
    expect(row).to_contain_text("新设")
    row.get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(row.get_by_role("button")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="卷帘").press("Enter")
    curtain = page.get_by_role("slider")
    curtain.focus()
    curtain.press("ArrowRight")
    assert "way=swipe" in page.url
    assert "at=51" in page.url
    settled(page)


def test_a_retired_grid_is_found_by_its_code_and_says_what_it_became(sign_in, site, owner, past):
    with owner.connect() as conn:
        heir = conn.execute(
            text("SELECT name FROM unit WHERE code = :code"), {"code": past.grid}
        ).scalar_one()
    page, _ = sign_in("admin")
    settled(page)
    page.get_by_role("combobox", name="查找").fill(past.fresh)
    found = page.get_by_role("option").filter(has_text="临时网格")
    expect(found).to_contain_text("已撤销")
    found.click()
    page.get_by_role("button", name="成了什么？").click()
    life = page.locator(".life")
    expect(life.locator(".became")).to_contain_text(heir)
    expect(life.locator("svg .flow")).to_have_count(2)
    events = life.locator(".events li")
    for event, word in zip(events.all(), ("合并", "拆分", "设立"), strict=True):
        expect(event).to_contain_text(word)
    life.locator(".became").get_by_role("button", name=heir).click()
    expect(page.locator(".unit h2")).to_contain_text(heir)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("screen", ["editions", "swiped", "past", "life"])
def test_a_screen_of_the_past_is_fit_to_be_seen(visitor, site, past, screen, lang):
    page, watch = visitor(site, "admin")
    both = f"left={past.split - 1}&right={past.split}"
    path = {
        "editions": f"/publications?{both}",
        "swiped": f"/publications?{both}&way=swipe",
        "past": f"/?on={past.split}",
        "life": f"/?unit={past.grid}",
    }[screen]
    visit(page, site.address + path, lang)
    if screen == "life":
        page.get_by_role("tab", name={"zh": "历史", "en": "History"}[lang]).click()
        page.locator(".life svg").wait_for()
    examine(page, watch, f"history-{screen}", lang=lang, with_map=True)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_county_without_borders_has_no_editions(visitor, empty_site, lang):
    page, watch = visitor(empty_site, "admin")
    page.set_viewport_size(DESKTOP)
    visit(page, f"{empty_site.address}/publications", lang)
    said = {"zh": "尚无生效边界", "en": "No boundaries in force"}[lang]
    page.get_by_text(said).locator("visible=true").first.wait_for()
    examine(page, watch, "history-empty", lang=lang, with_map=False)
