"""Borders and nodes are moved on the map, and vertices come and go where a hand points."""

from __future__ import annotations

import itertools
import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import drafting
from tests.browser.screen import settled, spot
from tests.browser.studio import hint, open_plan, pane, take_village, tool, village, written
from tests.browser.test_drafts import borders, steps

pytestmark = pytest.mark.browser


def pick(page: Page, at) -> None:
    """Take the tool for borders and click the one at a place."""
    tool(page, "移动界线")
    page.mouse.click(*spot(page, *at))
    expect(hint(page)).to_contain_text("两侧同时变化")
    settled(page)


def drag(page: Page, at, right: int = 5, down: int = 4) -> list[dict]:
    """Drag a handle by some pixels and return the borders that the step moved."""
    x, y = spot(page, *at)
    with page.expect_response(re.compile(r"/steps$")) as answer:
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + right, y + down, steps=3)
        page.mouse.up()
    assert answer.value.ok, answer.value.text()
    return json.loads(answer.value.request.post_data)["arcs"]


def nearer(page: Page, at, zoom: float = 16.5) -> None:
    """Look at a place from near by the address, as a link that was sent does."""
    bare = re.sub(r"[&?]view=[^&]*", "", page.url)
    with page.expect_response(re.compile(r"/arcs\?")):
        page.goto(f"{bare}&view={zoom}/{at[1]:.6f}/{at[0]:.6f}")
    expect(page.locator(".chips")).to_be_visible()
    settled(page)


def between(line, share: float) -> tuple[float, float]:
    """Return a place on the longest edge of a line."""
    a, b = max(
        itertools.pairwise(line),
        key=lambda edge: (edge[0][0] - edge[1][0]) ** 2 + (edge[0][1] - edge[1][1]) ** 2,
    )
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share


def test_a_node_takes_all_that_meets_there_along(sign_in, owner):
    page, _ = sign_in("admin", path="/plans")
    where = village(owner)
    plan_id = open_plan(page, "移动交点")
    take_village(page, where)
    node = drafting.node(borders(page, where))
    pick(page, node.on)
    moved = drag(page, node.at)
    assert len(moved) == node.n_borders
    expect(pane(page, "步骤").locator(".steps li")).to_have_count(1)
    ends = [line for one in moved for line in (one["after"][0], one["after"][-1])]
    assert max(ends.count(end) for end in ends) == node.n_borders
    assert steps(owner, plan_id) == ["move"]


def test_a_click_on_the_line_adds_a_vertex_and_a_right_click_takes_it_away(sign_in, owner):
    page, _ = sign_in("admin", path="/plans")
    where = village(owner)
    plan_id = open_plan(page, "加点删点")
    take_village(page, where)
    line = drafting.border(borders(page, where))
    fresh = between(line, 0.3)
    nearer(page, fresh)
    pick(page, fresh)
    page.mouse.click(*spot(page, *fresh))
    (inserted,) = drag(page, fresh)
    assert len(inserted["after"]) == len(inserted["before"]) + 1
    panel = pane(page, "步骤")
    expect(panel.locator(".steps li")).to_have_count(1)

    (added,) = [at for at in inserted["after"] if at not in inserted["before"]]
    settled(page)
    written(page, lambda: page.mouse.click(*spot(page, *added), button="right"))
    expect(panel.locator(".steps li")).to_have_count(2)
    assert steps(owner, plan_id) == ["move", "move"]


def test_from_far_away_a_border_says_that_the_map_has_to_come_nearer(sign_in, owner):
    page, _ = sign_in("admin", path="/plans")
    where = village(owner)
    open_plan(page, "远看")
    take_village(page, where)
    line = drafting.border(borders(page, where))
    middle = line[len(line) // 2]
    tool(page, "移动界线")
    out = page.get_by_role("button", name="缩小")
    for _ in range(4):
        out.click()
        settled(page)
    page.mouse.click(*spot(page, *middle))
    expect(page.get_by_text("请先放大地图")).to_be_visible()
    expect(hint(page)).to_contain_text("点一条界线")
