"""Every screen, on a desk and in a hand, in both languages, full and empty, is fit to be seen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from sqlalchemy import text

from grids import db, plans
from grids.access import everyone
from tests.browser.conftest import DESKTOP, PHONE, Watch
from tests.browser.screen import settled

pytestmark = pytest.mark.browser

OUT = Path(__file__).parent / "out"
AXE = Axe()
GRAVE = ("serious", "critical")
SIZES = {"desk": DESKTOP, "hand": PHONE}
HAN = re.compile(r"[\u4e00-\u9fff]")
# Screens with a map, then those without.
SCREENS = {
    "console": ("/", True),
    "hotspots": ("/hotspots", True),
    "incidents": ("/incidents", True),
    "report": ("/incidents?new=1", True),
    "plans": ("/plans", False),
    "inbox": ("/inbox", False),
    "rules": ("/rules", False),
    "me": ("/me", True),
}
EMPTY = {
    "zh": {
        "console": "还没有生效的边界",
        "hotspots": "还没有生效的边界",
        "incidents": "没有符合条件的事件",
        "report": "准入事项清单为空",
        "plans": "还没有方案",
        "inbox": "这里没有外部编辑",
        "rules": "还没有辖区",
        "me": "您目前没有负责的网格",
    },
    "en": {
        "console": "No boundaries are in force yet",
        "hotspots": "No boundaries are in force yet",
        "incidents": "No event matches",
        "report": "The admission list is empty",
        "plans": "No plan yet",
        "inbox": "No edit from elsewhere here",
        "rules": "No areas yet",
        "me": "You answer for no grid at present",
    },
}


def examine(page, watch, name: str, *, lang: str, with_map: bool) -> None:
    """Photograph a screen on a desk and in a hand and find nothing wrong with it."""
    OUT.mkdir(exist_ok=True)
    assert page.locator("html").get_attribute("lang") == {"zh": "zh-CN", "en": "en"}[lang]
    for place, size in SIZES.items():
        page.set_viewport_size(size)
        settled(page, with_map=with_map)
        page.screenshot(path=OUT / f"{name}-{place}-{lang}.png")
        assert barriers(page) == []
        over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert over <= 0, f"{over} pixels hang over the edge"
    watch.clean()


def barriers(page) -> list[str]:
    """Return what shuts people out, after axe-core: serious and critical violations only."""
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in AXE.run(page).response["violations"]
        if one["impact"] in GRAVE
        for node in one["nodes"]
    ]


@pytest.fixture(scope="session")
def studio(site) -> str:
    """The address of the studio on a draft with a village open."""
    engine = db.make_engine(site.owner_url, pooled=False)
    with db.begin(engine, db.EVERYWHERE) as conn:
        plan = plans.create(conn, everyone("test"), "网格调整")
        village = conn.execute(
            text("SELECT min(village_code) FROM cell_version WHERE upper_inf(valid)")
        ).scalar_one()
    return f"/plans/{plan.plan_id}?village={village}"


def visit(page, address: str, lang: str) -> None:
    page.set_viewport_size(DESKTOP)
    page.goto(f"{address}{'&' if '?' in address else '?'}lang={lang}")


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("screen", [*SCREENS, "studio"])
def test_a_screen_with_data(visitor, site, studio, screen, lang):
    path, with_map = SCREENS.get(screen, (studio, True))
    page, watch = visitor(site, "worker" if screen == "me" else "admin")
    visit(page, site.address + path, lang)
    examine(page, watch, screen, lang=lang, with_map=with_map)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("screen", SCREENS)
def test_a_screen_of_an_empty_county(visitor, empty_site, screen, lang):
    path, with_map = SCREENS[screen]
    page, watch = visitor(empty_site, "admin")
    visit(page, empty_site.address + path, lang)
    page.get_by_text(EMPTY[lang][screen]).locator("visible=true").first.wait_for()
    examine(page, watch, f"{screen}-empty", lang=lang, with_map=with_map)
    assert page.get_by_text(EMPTY[lang][screen]).locator("visible=true").count() > 0
    if lang == "en":
        assert HAN.findall(page.locator("main").first.inner_text()) == []


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_to_sign_in(browser, site, lang):
    context = browser.new_context()
    page, watch = context.new_page(), Watch(site.address)
    watch.over(page)
    visit(page, f"{site.address}/sign-in", lang)
    page.get_by_role("button", name={"zh": "登录", "en": "Sign in"}[lang]).wait_for()
    examine(page, watch, "sign-in", lang=lang, with_map=False)
    context.close()
