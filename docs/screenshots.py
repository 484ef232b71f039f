"""Photograph the screens of a running demo for the README: `docs/images/*.png`.

    make demo
    .venv/bin/python docs/screenshots.py http://127.0.0.1:8000 .wangge/demo-accounts.json

A draft is opened for the studio and withdrawn again; nothing else is changed.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import shapely
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from shapely.geometry import Polygon, shape

from web.browser import find_browser

OUT = Path(__file__).parent / "images"
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
# Software WebGL is the same on every machine, with a graphics card or without.
FLAGS = (
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    # Date fields in Chinese, where Debian's chromium-l10n is installed.
    "--lang=zh-CN",
)
PATIENCE_MS = 120_000


@dataclass(frozen=True)
class Demo:
    """Where the demo is served and who may sign in: passwords by login."""

    address: str
    passwords: dict[str, str]


@contextmanager
def signed_in(browser: Browser, demo: Demo, login: str, *, phone: bool = False) -> Iterator[Page]:
    """Give the page of somebody who has signed in."""
    context: BrowserContext = browser.new_context(
        viewport=PHONE if phone else DESKTOP,
        is_mobile=phone,
        has_touch=phone,
        device_scale_factor=2 if phone else 1,
        locale="zh-CN",
    )
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(f"{demo.address}/sign-in?lang=zh")
    page.locator("#login").fill(login)
    page.locator("#password").fill(demo.passwords[login])
    page.locator("button[type=submit]").click()
    page.wait_for_url(re.compile(r"(?!.*/sign-in)"))
    yield page
    context.close()


def photograph(page: Page, name: str) -> None:
    """Wait until the map has come to rest and nothing is being loaded, and write the picture."""
    page.wait_for_selector("[data-map][data-ready][data-idle]")
    page.wait_for_function("document.querySelector('.note.loading') === null")
    page.mouse.move(0, 0)
    page.screenshot(path=OUT / f"{name}.png")


def units(page: Page, demo: Demo, parent: str) -> list[dict]:
    """Return the units below another one."""
    answer = page.request.get(f"{demo.address}/api/v1/units?parent={parent}")
    return answer.json()["units"]


def a_village(page: Page, demo: Demo) -> dict:
    """Return the village of the first township with the most households: the town."""
    county = json.loads(page.locator("#boot").text_content())["county"]["code"]
    township = units(page, demo, county)[0]["code"]
    return max(units(page, demo, township), key=lambda unit: unit["n_households"])


def console(browser: Browser, demo: Demo) -> None:
    """Photograph the map console with the card of a grid."""
    with signed_in(browser, demo, "admin") as page:
        page.goto(demo.address)
        village = a_village(page, demo)["code"]
        grid = max(units(page, demo, village), key=lambda unit: unit["n_households"])
        page.goto(f"{demo.address}/?unit={grid['code']}")
        page.wait_for_selector("[data-map][data-ready][data-idle]")
        page.get_by_role("button", name="缩小").click()
        photograph(page, "console")


def studio(browser: Browser, demo: Demo) -> None:
    """Photograph the boundary studio while cells go from one grid to another."""
    with signed_in(browser, demo, "admin") as page:
        page.goto(demo.address)
        village = a_village(page, demo)
        page.goto(f"{demo.address}/plans")
        page.get_by_label("方案名称").fill(f"{village['name']}网格调整")
        page.get_by_role("button", name="建立草案").click()
        page.wait_for_url(re.compile(r"/plans/[0-9a-f-]{36}"))
        with page.expect_response(re.compile(r"/cells\?")) as answer:
            page.goto(f"{page.url.split('?')[0]}?village={village['code']}&pane=cells")
        first, second = _two_neighbours(answer.value.json()["features"])
        page.wait_for_selector("[data-map][data-ready][data-idle]")
        page.get_by_role("checkbox", name=first["label"], exact=True).check()
        page.get_by_label("目标网格").select_option(second)
        with page.expect_response(re.compile(r"/steps$")):
            page.get_by_role("button", name="划入所选小组").click()
        with page.expect_response(re.compile(r"/impact$")):
            page.reload()
        page.get_by_role("tab", name="影响").click()
        page.locator(".figures").wait_for()
        photograph(page, "studio")
        page.get_by_role("tab", name="发布").click()
        page.get_by_role("button", name="撤回方案").click()
        with page.expect_response(re.compile(r"/withdraw$")):
            page.locator("dialog").get_by_role("button", name="撤回方案").click()


def _two_neighbours(features: list[dict]) -> tuple[dict, str]:
    """Return a cell to move, by its label, and the grid beside it, without cutting either apart."""
    cells = [(one["properties"], shape(one["geometry"])) for one in features]
    for facts, cell in sorted(cells, key=lambda one: -one[0]["n_households"]):
        rest = shapely.union_all(
            [c for f, c in cells if f["grid_code"] == facts["grid_code"] and f is not facts]
        )
        if not isinstance(rest, Polygon) or rest.is_empty:
            continue
        for other in sorted({f["grid_code"] for f, _ in cells if f["grid_code"]}):
            whole = shapely.union_all([c for f, c in cells if f["grid_code"] == other])
            joined = shapely.union_all([whole, cell])
            if other != facts["grid_code"] and isinstance(joined, Polygon):
                return {"label": f"{facts['grid_name']} {facts['subgroup_name']}"}, other
    raise LookupError("no cell of this village can change its grid")


def hotspots(browser: Browser, demo: Demo) -> None:
    """Photograph the hotspots of a year with the reasons for the surest one."""
    with signed_in(browser, demo, "leader") as page:
        page.goto(f"{demo.address}/hotspots")
        with page.expect_response(re.compile("/api/v1/hotspots")):
            page.get_by_role("button", name="近一年").click()
        page.locator(".rank tbody td button").first.click()
        page.locator(".why").wait_for()
        page.wait_for_selector("[data-map][data-ready][data-idle]")
        page.get_by_role("button", name="回到管辖范围").click()
        photograph(page, "hotspots")


def incidents(browser: Browser, demo: Demo) -> None:
    """Photograph the event desk with an event open."""
    with signed_in(browser, demo, "dispatcher") as page:
        page.goto(f"{demo.address}/incidents")
        page.locator("#queue li button").first.click()
        page.locator(".detail").wait_for()
        photograph(page, "incidents")


def me(browser: Browser, demo: Demo) -> None:
    """Photograph the phone page of a grid worker."""
    with signed_in(browser, demo, "worker", phone=True) as page:
        mine = page.request.get(f"{demo.address}/api/v1/me").json()["area"]["features"]
        at = shape(mine[0]["geometry"]).representative_point()
        page.context.grant_permissions(["geolocation"])
        page.context.set_geolocation({"longitude": at.x, "latitude": at.y, "accuracy": 15})
        page.goto(f"{demo.address}/me")
        page.wait_for_selector("[data-map][data-ready][data-idle]")
        page.get_by_role("button", name="我在网格内吗").tap()
        page.locator(".answer .verdict").wait_for()
        photograph(page, "me")


PICTURES = {
    "console": console,
    "studio": studio,
    "hotspots": hotspots,
    "incidents": incidents,
    "me": me,
}


def main() -> None:
    """Take all the pictures, or those that are named."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("address", help="where the demo is served, http://127.0.0.1:8000")
    asked.add_argument("accounts", type=Path, help="the accounts that the demo printed")
    asked.add_argument("pictures", nargs="*", choices=[[], *PICTURES], help="default: all")
    given = asked.parse_args()
    accounts = json.loads(given.accounts.read_text())["accounts"]
    demo = Demo(given.address.rstrip("/"), {one["login"]: one["password"] for one in accounts})
    OUT.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=list(FLAGS))
        for name in given.pictures or PICTURES:
            PICTURES[name](browser, demo)
            print(OUT / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
