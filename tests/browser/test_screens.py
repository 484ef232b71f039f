"""Every screen, on a desk and in a hand, in both languages, full and empty, is fit to be seen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.screen import settled

pytestmark = pytest.mark.browser

OUT = Path(__file__).parent / "out"
AXE = Axe()
GRAVE = ("serious", "critical")
HAN = re.compile(r"[\u4e00-\u9fff]")
# Screens with a map, then those without.
SCREENS = {
    "console": ("/", True),
    "hotspots": ("/hotspots", True),
    "incidents": ("/incidents", True),
    "report": ("/incidents?new=1", True),
    "plans": ("/plans", False),
}
EMPTY = {
    "zh": {
        "console": "还没有生效的边界",
        "hotspots": "此期间没有登记事件",
        "incidents": "没有符合条件的事件",
        "report": "准入事项清单为空",
        "plans": "还没有方案",
        "me": "您目前没有负责的网格",
    },
    "en": {
        "console": "No boundaries are in force yet",
        "hotspots": "No event in this period",
        "incidents": "No event matches",
        "report": "The admission list is empty",
        "plans": "No plan yet",
        "me": "You answer for no grid at present",
    },
}


def examine(page, watch, name: str, *, lang: str) -> None:
    """Photograph a screen; nobody is shut out of it, nothing hangs over, nothing went wrong."""
    OUT.mkdir(exist_ok=True)
    page.screenshot(path=OUT / f"{name}.png")
    assert page.locator("html").get_attribute("lang") == {"zh": "zh-CN", "en": "en"}[lang]
    found = AXE.run(page).response["violations"]
    grave = [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found
        if one["impact"] in GRAVE
        for node in one["nodes"]
    ]
    assert grave == []
    over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert over <= 0, f"{over} pixels hang over the edge"
    watch.clean()


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("phone", [False, True], ids=["desk", "hand"])
@pytest.mark.parametrize("screen", [*SCREENS, "me"])
def test_a_screen_with_data(visitor, site, screen, phone, lang):
    path, with_map = SCREENS.get(screen, ("/me", True))
    page, watch = visitor(site, "worker" if screen == "me" else "admin", phone=phone)
    page.goto(f"{site.address}{path}{'&' if '?' in path else '?'}lang={lang}")
    settled(page, with_map=with_map)
    examine(page, watch, f"{screen}-{'hand' if phone else 'desk'}-{lang}", lang=lang)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("phone", [False, True], ids=["desk", "hand"])
@pytest.mark.parametrize("screen", [*SCREENS, "me"])
def test_a_screen_of_an_empty_county(visitor, empty_site, screen, phone, lang):
    path, with_map = SCREENS.get(screen, ("/me", True))
    page, watch = visitor(empty_site, "admin", phone=phone)
    page.goto(f"{empty_site.address}{path}{'&' if '?' in path else '?'}lang={lang}")
    settled(page, with_map=with_map)
    examine(page, watch, f"{screen}-empty-{'hand' if phone else 'desk'}-{lang}", lang=lang)
    page.get_by_text(EMPTY[lang][screen]).first.wait_for()
    if lang == "en":
        said = page.locator("main").first.inner_text()
        assert HAN.findall(said) == []
