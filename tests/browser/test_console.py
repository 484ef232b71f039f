"""An administrator finds a grid and reads its card."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from sqlalchemy import text

from grids.initials import initials
from tests.browser.screen import settled

pytestmark = pytest.mark.browser

A_GRID = text(
    """
    SELECT u.code, u.name, p.name AS worker, o.n_households,
           (SELECT count(*) FROM household AS h WHERE h.grid_code = u.code) AS n_homes
      FROM unit AS u
      JOIN unit_outline AS o ON o.unit_code = u.code AND upper_inf(o.valid)
      JOIN duty AS d ON d.unit_code = u.code AND d.rank = 'primary' AND upper_inf(d.valid)
      JOIN person AS p USING (person_id)
     WHERE u.level = 'grid'
     ORDER BY o.n_households DESC
     LIMIT 1
    """
)
# A border is shared along a line; a corner is no neighbour.
NEIGHBOURS = text(
    """
    SELECT near.unit_code
      FROM unit_outline AS own
      JOIN unit_outline AS near ON near.level = 'grid' AND upper_inf(near.valid)
       AND near.unit_code <> own.unit_code AND near.outline && own.outline
     WHERE own.unit_code = :code AND upper_inf(own.valid)
       AND ST_Dimension(ST_Intersection(own.outline, near.outline)) = 1
    """
)


@pytest.fixture
def grid(owner):
    with owner.connect() as conn:
        return conn.execute(A_GRID).one()


def look_for(page, words: str, title: str) -> None:
    page.get_by_role("combobox", name="查找").fill(words)
    page.get_by_role("option").filter(has_text=title).first.click()
    expect(page.locator(".unit h2")).to_contain_text(title)


def test_a_grid_is_found_by_name_and_its_card_says_what_the_database_says(sign_in, owner, grid):
    page, _ = sign_in("admin")
    settled(page)
    expect(page.get_by_label("地图", exact=True)).to_be_visible()
    look_for(page, grid.name, grid.name)
    card = page.locator("#unit-panel")
    expect(card.locator(".facts")).to_contain_text(grid.code)
    expect(card.locator(".duty").first).to_contain_text(grid.worker)
    assert grid.n_households == grid.n_homes
    expect(card.locator(".figures li").first).to_have_text(f"{grid.n_homes}户数")
    with owner.connect() as conn:
        near = set(conn.execute(NEIGHBOURS, {"code": grid.code}).scalars())
        names = sorted(
            conn.execute(
                text("SELECT name FROM unit WHERE code = ANY (:codes)"), {"codes": list(near)}
            ).scalars()
        )
    assert near
    shown = card.locator(".neighbours button")
    expect(shown).to_have_count(len(near))
    assert sorted(shown.all_inner_texts()) == names
    settled(page)
    assert f"unit={grid.code}" in page.url


def test_a_grid_is_found_by_the_initials_of_its_name(sign_in, grid):
    page, _ = sign_in("admin")
    settled(page)
    look_for(page, initials(grid.name).lower(), grid.name)
    # The address is the state: a colleague who is sent it sees the same card.
    page.reload()
    expect(page.locator(".unit h2")).to_contain_text(grid.name)


def test_households_of_a_grid_are_listed_with_masked_numbers(sign_in, owner, grid):
    page, _ = sign_in("admin", path=f"/?unit={grid.code}")
    page.get_by_role("tab", name="户").click()
    first = page.locator("#unit-panel .rows button").first
    expect(first).to_be_visible()
    assert "****" in page.locator("#unit-panel").inner_text()
    with owner.connect() as conn:
        number = conn.execute(
            text("SELECT number FROM household WHERE grid_code = :code ORDER BY number LIMIT 1"),
            {"code": grid.code},
        ).scalar_one()
    expect(page.locator("#unit-panel")).to_contain_text(number)


def test_what_is_shown_can_be_had_on_paper(sign_in, site, grid):
    page, _ = sign_in("admin", path=f"/?unit={grid.code}")
    card = page.get_by_role("link", name="打印网格卡")
    answer = page.request.get(site.address + card.get_attribute("href"))
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.body().startswith(b"%PDF")
    page.goto(f"{site.address}/?unit={grid.code[:9]}")
    expect(page.get_by_role("link", name="打印地图册")).to_be_visible()
    page.get_by_label("纸张").select_option("A1")
    wall = page.get_by_role("link", name="打印挂图")
    assert f"/print/wall/{grid.code[:9]}.pdf?paper=A1" in wall.get_attribute("href")
    page.goto(f"{site.address}/publications")
    edition = page.get_by_role("link", name="打印该版")
    assert "on=" in edition.get_attribute("href")
