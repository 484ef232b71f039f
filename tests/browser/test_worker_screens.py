"""The phone page in a hand: every tab, both languages, light and dark, quick to load."""

from __future__ import annotations

import gzip

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, PROJECT
from tests.browser.screen import settled
from tests.browser.test_screens import OUT, barriers
from web import assets

pytestmark = pytest.mark.browser

TABS = ("grid", "todo", "report", "me")
FIRST_LOAD = 300 * 1024
SMALLEST = 44
# The height and width that a finger meets; a label belongs to its control.
TARGETS = """() => [...document.querySelectorAll(".me button, .me a, .me select, .me .button")]
  .filter((one) => one.checkVisibility() && !one.closest("[data-map]"))
  .map((one) => [one.innerText || one.getAttribute("aria-label"), one.getBoundingClientRect()])
  .filter(([, box]) => box.height < %d || box.width < %d)
  .map(([said, box]) => `${said}: ${Math.round(box.width)} x ${Math.round(box.height)}`)"""


@pytest.mark.parametrize("shade", ["light", "dark"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_tab_fits_a_hand(visitor, site, lang, shade):
    page, watch = visitor(site, "worker")
    show(page, site.address, lang, shade)
    for tab in TABS:
        examine(page, tab, f"phone-{tab}-{shade}-{lang}")
    watch.clean()


def show(page, address: str, lang: str, shade: str) -> None:
    page.set_viewport_size(PHONE)
    page.goto(f"{address}/me?lang={lang}")
    page.evaluate("(shade) => localStorage.setItem('wangge.shade', shade)", shade)
    page.reload()
    settled(page)


def examine(page, tab: str, name: str) -> None:
    """Photograph a tab and find that it can be read, reached and held."""
    OUT.mkdir(exist_ok=True)
    page.locator(".tabs button").nth(TABS.index(tab)).click()
    expect(page.locator("main:visible")).to_have_count(1)
    settled(page, with_map=tab == "grid")
    page.screenshot(path=OUT / f"{name}.png")
    assert barriers(page) == []
    assert page.evaluate(TARGETS % (SMALLEST, SMALLEST)) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_first_load_is_light_without_the_map(monkeypatch):
    monkeypatch.setattr(assets, "BUILD", PROJECT / "web" / "static" / "build")
    page = assets.entry("me")
    files = {page.script, *page.styles, *page.preloads}
    weight = sum(len(gzip.compress((assets.BUILD / file).read_bytes())) for file in files)
    assert weight <= FIRST_LOAD
    # The map comes after the page.
    assert not any("MapView" in file for file in files)
