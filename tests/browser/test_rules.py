"""Limits of boundaries are set on a page, count below, and nobody's are overwritten unseen."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import DESKTOP
from tests.browser.studio import village
from tests.browser.test_screens import barriers

pytestmark = pytest.mark.browser

HOUSEHOLDS = "base.households"


def limit(page: Page, key: str) -> Locator:
    """Return the row of a limit."""
    return page.locator(f"[data-limit='{key}']")


def set_here(page: Page, key: str, **ends: str) -> None:
    """Begin a limit of the area's own and type its ends."""
    row = limit(page, key)
    row.get_by_role("button", name="本级另设").click()
    for end, typed in ends.items():
        row.locator(f"[data-end={end}]").fill(typed)


def save(page: Page) -> None:
    page.locator("[data-save]").click()
    expect(page.get_by_text("已保存，下一次检查即按新限值").first).to_be_visible()
    expect(page.locator("[data-save]")).to_have_count(0)


@pytest.fixture
def township(owner):
    """A village and the township around it; afterwards neither has limits of its own."""
    where = village(owner)
    yield where.code, where.code[:9]
    with owner.begin() as conn:
        conn.exec_driver_sql("DELETE FROM boundary_rule WHERE territory_code IS NOT NULL")


def test_a_limit_of_a_township_counts_for_its_villages_until_it_is_given_back(sign_in, township):
    below, code = township
    page, _ = sign_in("admin", path="/plans")
    page.get_by_role("link", name="边界限值").click()
    page.wait_for_url(re.compile("/rules"))
    page.get_by_role("combobox", name="范围", exact=True).select_option(code)
    row = limit(page, HOUSEHOLDS)
    expect(row).to_contain_text("来自通用")

    set_here(page, HOUSEHOLDS, least="40", most="30")
    expect(row.get_by_role("alert")).to_have_text("不能小于“至少”")
    expect(page.locator("[data-save]")).to_be_disabled()
    row.locator("[data-end=least]").fill("90000")
    row.locator("[data-end=most]").fill("")
    expect(row.locator("[data-outside]")).to_contain_text(re.compile(r"现有 \d+ 个中 \d+ 个不符合"))
    expect(page.locator("[data-preview]")).to_contain_text(re.compile(r"有 \d+ 个现有单元不符合"))
    assert barriers(page) == []
    save(page)
    expect(row).to_contain_text("本级")
    expect(page.get_by_text("自设 1 项").first).to_be_visible()

    page.get_by_role("combobox", name="村（社区）").select_option(below)
    expect(row).to_contain_text("不少于 90,000 户")
    expect(row).not_to_contain_text("来自通用")
    expect(row).to_contain_text("来自")

    page.get_by_role("combobox", name="村（社区）").select_option(code)
    page.locator("[data-give-back]").click()
    page.locator("[data-confirm]").click()
    expect(row).to_contain_text("来自通用")


def test_whoever_saves_second_sees_what_the_first_has_saved_and_loses_nothing(sign_in, township):
    _, code = township
    first, _ = sign_in("admin", path=f"/rules?area={code}")
    second, watch = sign_in("township", path=f"/rules?area={code}")
    expect(limit(second, HOUSEHOLDS)).to_contain_text("来自通用")
    set_here(first, HOUSEHOLDS, least="20", most="120")
    set_here(first, "base.width", least="18")
    save(first)

    set_here(second, HOUSEHOLDS, least="25", most="99")
    second.locator("[data-save]").click()
    dialog = second.get_by_role("dialog")
    expect(dialog).to_contain_text("有人先改了这里的限值")
    expect(dialog).to_contain_text("20 至 120 户")
    expect(dialog).to_contain_text("您也改了：25 至 99 户")
    expect(dialog).to_contain_text("不少于 18 m")
    assert barriers(second) == []
    watch.forget()  # the refusal is an answer of the server, which the browser reports

    dialog.locator("[data-keep]").click()
    expect(limit(second, HOUSEHOLDS).locator("[data-end=least]")).to_have_value("25")
    expect(limit(second, "base.width").locator("[data-end=least]")).to_have_value("18")
    save(second)
    first.reload()
    expect(limit(first, HOUSEHOLDS).locator("[data-end=most]")).to_have_value("99")
    expect(limit(first, "base.width").locator("[data-end=least]")).to_have_value("18")


def test_what_counts_everywhere_is_read_in_a_township_and_set_in_the_county(sign_in):
    page, _ = sign_in("township", path="/rules?area=all")
    expect(page.get_by_text("通用限值由县级设定")).to_be_visible()
    expect(limit(page, HOUSEHOLDS)).to_contain_text("10 至 150 户")
    expect(page.get_by_role("button", name="本级另设")).to_have_count(0)
    leader, _ = sign_in("leader", path="/rules")
    expect(leader.get_by_text("您可以查看")).to_be_visible()
    expect(limit(leader, HOUSEHOLDS)).to_contain_text("10 至 150 户")
    expect(leader.get_by_role("button", name="本级另设")).to_have_count(0)


def test_what_was_typed_is_not_lost_by_going_to_another_area(sign_in, township):
    _, code = township
    page, _ = sign_in("admin", path=f"/rules?area={code}")
    page.set_viewport_size(DESKTOP)
    set_here(page, "base.parts", most="2")
    page.get_by_role("combobox", name="范围", exact=True).select_option("")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="留下").press("Enter")
    expect(page.get_by_role("combobox", name="范围", exact=True)).to_have_value(code)
    expect(limit(page, "base.parts").locator("[data-end=most]")).to_have_value("2")
    page.get_by_role("combobox", name="范围", exact=True).select_option("")
    dialog.get_by_role("button", name="放弃并切换").click()
    expect(page.get_by_role("combobox", name="范围", exact=True)).to_have_value("")
    expect(page.locator("[data-save]")).to_have_count(0)
