"""What QGIS sent is seen, taken into a draft or refused with a reason."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
import shapely
from playwright.sync_api import expect
from sqlalchemy import Engine, text

from tests.browser import drafting
from tests.browser.conftest import DESKTOP
from tests.browser.studio import pane, village
from tests.browser.test_screens import examine, visit

pytestmark = pytest.mark.browser

CELLS = text(
    """
    SELECT c.cell_id, c.grid_code, u.name AS grid_name, ST_AsBinary(c.outline) AS outline
      FROM cell_version AS c LEFT JOIN unit AS u ON u.code = c.grid_code
     WHERE c.village_code = :village AND upper_inf(c.valid)
    """
)
SEND = text(
    """
    INSERT INTO inbox_edit (source, unit_code, note, sent_by, outline)
    VALUES ('qgis', :code, :note, 'qgis_li', ST_SetSRID(ST_GeomFromWKB(:outline), 4490))
    RETURNING edit_id
    """
)
EDIT = text("SELECT state, plan_id, report FROM inbox_edit WHERE edit_id = :edit")


def send(owner: Engine, where) -> tuple[UUID, UUID]:
    """Send two edits: a grid with a bay of its neighbour, and one that shall be refused."""
    with owner.begin() as conn:
        rows = conn.execute(CELLS, {"village": where.code}).all()
        features = [
            {
                "properties": {"cell_id": row.cell_id, "grid_code": row.grid_code}
                | {"grid_name": row.grid_name},
                "geometry": shapely.from_wkb(bytes(row.outline)).__geo_interface__,
            }
            for row in rows
        ]
        bite = drafting.bite(features)
        own = shapely.union_all(
            [shapely.from_wkb(bytes(r.outline)) for r in rows if r.grid_code == bite.grid.code]
        )
        grown = own.union(shapely.Polygon(bite.ring))
        code = bite.grid.code

        def put(note: str, outline: shapely.Polygon) -> UUID:
            said = {"code": code, "note": note, "outline": outline.wkb}
            made: UUID = conn.execute(SEND, said).scalar_one()
            return made

        return put("按河道调整", grown), put("试画，勿用", own)


def test_an_edit_becomes_a_draft_and_another_is_refused_with_a_reason(sign_in, owner):
    good, bad = send(owner, village(owner))
    page, _ = sign_in("admin", path="/plans")
    page.get_by_role("link", name=re.compile(r"外部编辑 \d+ 件待处理")).click()
    page.wait_for_url(re.compile("/inbox"))
    card = page.locator(f"[data-edit='{bad}']")
    expect(card).to_contain_text("试画，勿用")
    expect(card.get_by_role("img", name=re.compile("虚线是现行边界"))).to_be_visible()
    card.locator("[data-refuse]").click()
    ask = page.get_by_role("dialog", name=re.compile("拒绝"))
    ask.get_by_label("理由").fill("与实地不符")
    with page.expect_response(re.compile(r"/refuse$")):
        ask.locator("[data-confirm]").click()
    expect(card).to_have_count(0)
    page.get_by_role("button", name="已拒绝").click()
    expect(card).to_contain_text("拒绝理由：与实地不符")

    page.get_by_role("button", name="待处理").click()
    page.locator(f"[data-edit='{good}']").get_by_role("checkbox").check()
    page.get_by_label("草案名称").fill("河道调整")
    page.locator("[data-take]").click()
    page.wait_for_url(re.compile(r"/plans/[0-9a-f-]{36}"))
    expect(page.locator(".heading h1")).to_have_text("河道调整")
    expect(pane(page, "步骤").locator(".steps li")).not_to_have_count(0)
    with owner.connect() as conn:
        assert conn.execute(EDIT, {"edit": bad}).one().report["reason"] == "与实地不符"
        taken = conn.execute(EDIT, {"edit": good}).one()
    assert taken.state == "taken"
    assert str(taken.plan_id) in page.url


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_inbox_is_fit_to_be_seen(visitor, site, owner, lang):
    send(owner, village(owner, skip=1))
    page, watch = visitor(site, "admin")
    page.set_viewport_size(DESKTOP)
    visit(page, f"{site.address}/inbox", lang)
    expect(page.locator("[data-edit] svg[role=img]").first).to_be_visible()
    examine(page, watch, "inbox-waiting", lang=lang, with_map=False)
