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

pytestmark = pytest.mark.browser

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
HOMES = text("SELECT household_id, grid_code, subgroup_code FROM household")
MOVES = text(
    "SELECT id, from_grid, to_grid, to_subgroup FROM plan_moves(:plan) WHERE kind = 'household'"
)


def homes(owner: Engine) -> dict[UUID, tuple[str, str]]:
    with owner.connect() as conn:
        return {row.household_id: (row.grid_code, row.subgroup_code) for row in conn.execute(HOMES)}


def village(owner: Engine, skip: int = 0):
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


def pane(page: Page, name: str):
    page.get_by_role("tab", name=name).click()
    return page.locator("#pane-panel")


def written(page: Page, act, path: str = "steps"):
    """Do something that writes to the plan and return what the server said."""
    with page.expect_response(re.compile(rf"/plans/[^/]+/{path}$")) as answer:
        act()
    assert answer.value.ok, answer.value.text()
    return answer.value.json()


def brush(page: Page, move: drafting.Transfer) -> None:
    """Aim at the grid that receives, then drag over the cell."""
    page.get_by_role("button", name="划入小组").click()
    page.mouse.click(*spot(page, *move.target.at))
    hint = page.locator(".hint")
    expect(hint).to_contain_text(f"划入“{move.target.name}”")
    x, y = spot(page, *move.at)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 2, y + 2, steps=2)
    page.mouse.up()
    expect(hint).to_contain_text(f"已选 1 块，{move.n_households} 户")
    written(page, page.locator("[data-apply]").click)


def split(page: Page, cut: drafting.Cut, name: str) -> None:
    """Choose the grid and draw the line across it."""
    page.get_by_role("button", name="按线拆分").click()
    page.mouse.click(*spot(page, *cut.grid.at))
    expect(page.locator(".hint")).to_contain_text(f"拆分“{cut.grid.name}”：")
    settled(page)
    start, end = (spot(page, *at) for at in cut.line)
    page.mouse.click(*start)
    page.mouse.move(*end, steps=4)
    page.mouse.click(*end)
    page.mouse.click(*end)
    page.get_by_label("新网格名称").fill(name)
    written(page, page.locator("[data-split]").click)


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
    written(page, page.get_by_role("button", name="撤销（").click, "undo")
    expect(impact).to_contain_text("尚无改动")
    expect(pane(page, "步骤").locator(".undone")).to_have_count(1)
    written(page, page.get_by_role("button", name="重做（").click, "redo")
    expect(page.locator("#pane-panel .undone")).to_have_count(0)

    spared = {move.source.code, move.target.code}
    split(page, drafting.cut(cells, spared), "新设网格")
    expect(page.locator("#pane-panel")).to_contain_text("拆分")
    faults = pane(page, "检查")
    expect(faults.locator(".badge").first).to_be_visible()
    expect(faults.locator(".badge.grave")).to_have_count(0)

    with owner.connect() as conn:
        foreseen = {
            row.id: (row.to_grid, row.to_subgroup) for row in conn.execute(MOVES, {"plan": plan_id})
        }
    expect(pane(page, "影响").locator(".figures dd").first).to_have_text(str(len(foreseen)))
    assert sum(home[0] == move.target.code for home in foreseen.values()) == move.n_households

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
