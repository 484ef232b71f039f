"""The boundary studio as a test works it: by what a person reads, points at and types."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect
from sqlalchemy import Engine, text

from tests.browser.screen import settled, spot

# A step is proven, checked and drawn before it can be read: a busy machine takes its time.
expect.set_options(timeout=20_000)

CROSSHAIR_HALF = 20
"""Half the width of the crosshair's picture, in pixels."""

# The village with most grids leaves most to choose from.
A_VILLAGE = text(
    """
    SELECT v.code, v.name, t.name AS township
      FROM unit AS v JOIN unit AS t ON t.code = left(v.code, 9)
      JOIN cell_version AS c ON c.village_code = v.code AND upper_inf(c.valid)
     WHERE v.level = 'village'
     GROUP BY v.code, v.name, t.name
     ORDER BY count(DISTINCT c.grid_code) DESC, v.code
     OFFSET :skip LIMIT 1
    """
)


def village(owner: Engine, skip: int = 0):
    """Return code, name and township of a village, those with most grids first."""
    with owner.connect() as conn:
        return conn.execute(A_VILLAGE, {"skip": skip}).one()


def open_plan(page: Page, title: str) -> str:
    """Open a draft by the form and return its key."""
    page.get_by_label("方案名称").fill(title)
    page.get_by_role("button", name="建立草案").click()
    page.wait_for_url(re.compile(r"/plans/[0-9a-f-]{36}"))
    settled(page)
    return re.search(r"/plans/([0-9a-f-]{36})", page.url).group(1)


def take_village(page: Page, where) -> list[dict]:
    """Choose a village from the list and return the draft's cells in it."""
    picker = page.get_by_role("region", name="编辑范围")
    picker.locator("select").first.select_option(label=where.township)
    picker.locator("select").last.select_option(label=where.name)
    with page.expect_response(re.compile(r"/cells\?")) as answer:
        picker.get_by_role("button", name="加入").click()
    expect(picker.locator(".chips")).to_contain_text(where.name)
    settled(page)
    return answer.value.json()["features"]


def visit(page: Page, address: str, plan_id: str, where) -> None:
    """Go to a plan with a village open, as from a link that a colleague sent."""
    page.goto(f"{address}/plans/{plan_id}?village={where.code}")
    expect(page.locator(".chips")).to_contain_text(where.name)
    settled(page)


def pane(page: Page, name: str) -> Locator:
    """Turn to a pane on the right and return it."""
    page.get_by_role("tab", name=name).click()
    return page.locator("#pane-panel")


def tool(page: Page, name: str) -> None:
    """Take a tool from the strip by its name."""
    page.get_by_role("toolbar", name="工具").get_by_role("button", name=name).click()


def hint(page: Page) -> Locator:
    """The sentence that says what to do next."""
    return page.locator(".hint")


def written(page: Page, act, path: str = "steps"):
    """Do something that writes to the plan and return what the server said."""
    with page.expect_response(re.compile(rf"/plans/[^/]+/{path}$")) as answer:
        act()
    assert answer.value.ok, answer.value.text()
    return answer.value.json()


def draw(page: Page, line) -> None:
    """Draw a line with the mouse, a click a vertex, and end it by a second click on the last."""
    settled(page)
    for at in line:
        x, y = spot(page, *at)
        page.mouse.move(x, y, steps=3)
        page.mouse.click(x, y)
    page.mouse.click(x, y)


def tab_to(page: Page, target: Locator, most: int = 90) -> None:
    """Press Tab until a thing has the focus: whoever has no mouse has to reach it so."""
    for _ in range(most):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"not reached by {most} tabs: {target}")


def choose(page: Page, select: Locator, label: str) -> None:
    """Go down a list that has the focus to the entry of that name."""
    wanted = select.locator("option").filter(has_text=label).first.get_attribute("value")
    while select.input_value() != wanted:
        seen = select.input_value()
        page.keyboard.press("ArrowDown")
        assert select.input_value() != seen, f"the list has no {label}"


def steer(page: Page, lon: float, lat: float) -> None:
    """Bring the crosshair to a place by the arrow keys, ten pixels at a time while it is far."""
    frame = page.locator("[data-map]").bounding_box()
    x, y = spot(page, lon, lat)
    for axis, back, forth in ((0, "ArrowLeft", "ArrowRight"), (1, "ArrowUp", "ArrowDown")):
        aim = round((x - frame["x"], y - frame["y"])[axis])
        here = list(_crosshair(page))
        way = aim - here[axis]
        key = forth if way > 0 else back
        for _ in range(abs(way) // 10):
            page.keyboard.press(f"Shift+{key}")
        for _ in range(abs(way) % 10):
            page.keyboard.press(key)
        here[axis] = aim
        x_now, y_now = (at - CROSSHAIR_HALF for at in here)
        drawn = re.compile(rf"translate\({x_now}px, {y_now}px\)")
        expect(page.locator("[data-crosshair] svg")).to_have_attribute("style", drawn)


def _crosshair(page: Page) -> tuple[int, int]:
    """Return where the crosshair stands in the map's frame."""
    moved = page.locator("[data-crosshair] svg").get_attribute("style")
    x, y = re.search(r"translate\((-?\d+)px, (-?\d+)px\)", moved).groups()
    return int(x) + CROSSHAIR_HALF, int(y) + CROSSHAIR_HALF
