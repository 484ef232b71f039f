"""An administrator changes borders, sees what that moves, and publishes exactly that."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Engine, text

from grids import publications
from tests.browser import drafting
from tests.browser.screen import settled, spot
from tests.browser.studio import (
    choose,
    draw,
    hint,
    open_plan,
    pane,
    steer,
    tab_to,
    take_village,
    tool,
    village,
    written,
)

pytestmark = pytest.mark.browser

HOMES = text("SELECT household_id, grid_code, subgroup_code FROM household")
MOVES = text(
    "SELECT id, from_grid, to_grid, to_subgroup FROM plan_moves(:plan) WHERE kind = 'household'"
)


def homes(owner: Engine) -> dict[UUID, tuple[str, str]]:
    with owner.connect() as conn:
        return {row.household_id: (row.grid_code, row.subgroup_code) for row in conn.execute(HOMES)}


def brush(page: Page, move: drafting.Transfer) -> None:
    """Aim at the grid that receives, then drag over the cell."""
    tool(page, "划入小组")
    page.mouse.click(*spot(page, *move.target.at))
    expect(hint(page)).to_contain_text(f"划入“{move.target.name}”")
    x, y = spot(page, *move.at)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 2, y + 2, steps=2)
    page.mouse.up()
    expect(hint(page)).to_contain_text(f"已选 1 块，{move.n_households} 户")
    written(page, page.locator("[data-apply]").click)


def split(page: Page, cut: drafting.Cut, name: str) -> None:
    """Choose the grid and draw the line across it."""
    tool(page, "按线拆分")
    page.mouse.click(*spot(page, *cut.grid.at))
    expect(hint(page)).to_contain_text(f"拆分“{cut.grid.name}”：")
    draw(page, cut.line)
    page.get_by_label("新网格名称").fill(name)
    written(page, page.locator("[data-split]").click)


def reshape(page: Page, bend: drafting.Bend) -> None:
    """Draw from the border to the border; the grids on both sides are found by the line."""
    tool(page, "改划界线")
    draw(page, bend.line)
    card = page.get_by_role("dialog", name="改划界线")
    expect(card.get_by_label("第一个网格")).to_have_value(bend.a.code)
    expect(card.get_by_label("第二个网格")).to_have_value(bend.b.code)
    written(page, card.get_by_role("button", name="改划").click)


def test_borders_are_redrawn_on_the_map_and_published(sign_in, owner):
    page, _ = sign_in("admin", path="/plans")
    before = homes(owner)
    with owner.connect() as conn:
        number = publications.require_current(conn).number
    where = village(owner)
    plan_id = open_plan(page, "网格调整")
    cells = take_village(page, where)
    move = drafting.transfer(cells)
    brush(page, move)

    impact = pane(page, "影响")
    figure = impact.locator(".figures dd").first
    expect(figure).to_have_text(str(move.n_households))
    expect(impact.locator(".lines").first).to_contain_text(
        f"{move.source.name} → {move.target.name}{move.n_households} 户"
    )
    written(page, page.get_by_role("button", name="撤销", exact=True).click, "undo")
    expect(impact).to_contain_text("尚无改动")
    expect(pane(page, "步骤").locator(".undone")).to_have_count(1)
    written(page, page.get_by_role("button", name="重做").click, "redo")
    expect(page.locator("#pane-panel .undone")).to_have_count(0)

    spared = {move.source.code, move.target.code}
    cut = drafting.cut(cells, spared)
    split(page, cut, "新设网格")
    expect(page.locator("#pane-panel")).to_contain_text("拆分")
    bend = drafting.bend(cells, {*spared, cut.grid.code})
    reshape(page, bend)
    expect(page.locator("#pane-panel")).to_contain_text(f"“{bend.a.name}”与“{bend.b.name}”")
    expect(page.locator("[data-saved]")).to_contain_text(re.compile(r"已保存 \d\d:\d\d:\d\d"))
    faults = pane(page, "检查")
    expect(faults.locator(".badge").first).to_be_visible()
    expect(faults.locator(".badge.grave")).to_have_count(0)

    with owner.connect() as conn:
        foreseen = {
            row.id: (row.to_grid, row.to_subgroup) for row in conn.execute(MOVES, {"plan": plan_id})
        }
    expect(pane(page, "影响").locator(".figures dd").first).to_have_text(str(len(foreseen)))
    gained = sum(home[0] == move.target.code for home in foreseen.values())
    assert gained == move.n_households

    publish = pane(page, "发布")
    publish.get_by_label("发布说明").fill("乡镇提出，县网格办批准")
    publish.get_by_role("button", name="发布…").click()
    expect(page.locator("dialog")).to_contain_text(f"{len(foreseen)} 户")
    written(page, page.locator("[data-confirm]").click, "publish")
    expect(page.get_by_text(f"第 {number + 1} 版已生效")).to_be_visible()
    with page.expect_request(re.compile(rf"/tiles/{number + 1}/units/")):
        page.get_by_role("link", name="在一张图上看").click()
    expect(page.locator(".edition")).to_contain_text(f"第 {number + 1} 版")
    settled(page)

    after = homes(owner)
    assert {key: home for key, home in after.items() if home != before[key]} == foreseen
    assert after.keys() == before.keys()
    with owner.connect() as conn:
        assert publications.require_current(conn).number == number + 1
        assert publications.prove_in_force(conn).exact


def test_a_sub_group_changes_its_grid_by_keyboard_alone(sign_in, owner):
    page, _ = sign_in("admin", path="/plans")
    before = homes(owner)
    where = village(owner, skip=1)
    plan_id = open_plan(page, "键盘调整")
    move = drafting.transfer(take_village(page, where))

    tab = page.get_by_role("tab", name="步骤")
    tab.focus()
    tab.press("ArrowRight")
    table = page.get_by_role("tabpanel")
    box = table.get_by_role("checkbox", name=move.label, exact=True)
    box.focus()
    box.press("Space")
    expect(box).to_be_checked()
    grid = table.get_by_label("目标网格")
    grid.focus()
    while grid.input_value() != move.target.code:
        seen = grid.input_value()
        grid.press("ArrowDown")
        assert grid.input_value() != seen, "the list has no such grid"
    button = table.get_by_role("button", name="划入所选小组")
    button.focus()
    written(page, lambda: button.press("Enter"))
    expect(table.locator(".badge", has_text="已改")).to_have_count(1)
    expect(pane(page, "影响").locator(".figures dd").first).to_have_text(str(move.n_households))

    with owner.connect() as conn:
        made = conn.execute(
            text("SELECT cell_id, grid_code FROM plan_cell WHERE plan_id = :plan AND NOT gone"),
            {"plan": plan_id},
        ).all()
    assert [row.grid_code for row in made] == [move.target.code]
    assert homes(owner) == before

    pane(page, "步骤")
    page.keyboard.press("Control+z")
    expect(page.locator("#pane-panel .undone")).to_have_count(1)


def test_a_grid_is_split_reshaped_and_published_by_keyboard_alone(sign_in, owner):
    page, _ = sign_in("admin", path="/plans")
    with owner.connect() as conn:
        number = publications.require_current(conn).number
    where = village(owner, skip=2)
    keys = page.keyboard

    title = page.get_by_label("方案名称")
    tab_to(page, title)
    keys.type("键盘拆分")
    keys.press("Enter")
    page.wait_for_url(re.compile(r"/plans/[0-9a-f-]{36}"))
    settled(page)
    township, villages = page.get_by_role("region", name="编辑范围").locator("select").all()
    expect(township.locator("option")).not_to_have_count(1)
    tab_to(page, township)
    choose(page, township, where.township)
    expect(villages.locator("option", has_text=where.name)).to_have_count(1)
    tab_to(page, villages)
    choose(page, villages, where.name)
    keys.press("Tab")
    with page.expect_response(re.compile(r"/cells\?")) as answer:
        keys.press("Enter")
    cells = answer.value.json()["features"]
    expect(page.locator(".chips")).to_contain_text(where.name)
    settled(page)

    cut = drafting.cut(cells, set())
    keys.press("s")
    expect(page.locator("[data-crosshair]")).to_be_focused()
    steer(page, *cut.grid.at)
    keys.press("Enter")
    expect(hint(page)).to_contain_text(f"拆分“{cut.grid.name}”：")
    steer(page, *cut.line[0])
    keys.press("Enter")
    # One that is not meant is taken back.
    keys.press("Shift+ArrowDown")
    keys.press("Enter")
    keys.press("Backspace")
    steer(page, *cut.line[1])
    keys.press("Enter")
    keys.press("Enter")
    expect(page.get_by_label("新网格名称")).to_be_focused()
    keys.type("键盘新网格")
    made = written(page, lambda: keys.press("Enter"))
    assert {one["properties"]["grid_name"] for one in made["changed"]["features"]} >= {"键盘新网格"}
    # The card has gone, and the hand is where it was before the card came.
    expect(page.locator("[data-crosshair]")).to_be_focused()

    bend = drafting.bend(cells, {cut.grid.code})
    keys.press("r")
    for at in bend.line:
        steer(page, *at)
        keys.press("Enter")
    keys.press("Control+Enter")
    card = page.get_by_role("dialog", name="改划界线")
    expect(card.get_by_label("第一个网格")).to_have_value(bend.a.code)
    tab_to(page, card.get_by_role("button", name="改划"))
    written(page, lambda: keys.press("Enter"))
    expect(page.locator("[data-crosshair]")).to_be_focused()

    keys.press("Escape")
    keys.press("Escape")
    tab = page.get_by_role("tab", name="步骤")
    tab_to(page, tab)
    keys.press("ArrowLeft")
    expect(page.get_by_role("tab", name="发布")).to_be_focused()
    memo = page.get_by_label("发布说明")
    tab_to(page, memo)
    keys.type("乡镇提出，县网格办批准")
    tab_to(page, page.get_by_role("button", name="发布…"))
    keys.press("Enter")
    confirm = page.locator("[data-confirm]")
    tab_to(page, confirm)
    written(page, lambda: keys.press("Enter"), "publish")
    expect(page.get_by_text(f"第 {number + 1} 版已生效")).to_be_visible()
    with owner.connect() as conn:
        assert publications.require_current(conn).number == number + 1
        assert publications.prove_in_force(conn).exact
