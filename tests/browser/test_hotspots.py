"""A leader asks where it is hot, why, and takes the answer along without a network."""

from __future__ import annotations

import re
from datetime import date
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect
from sqlalchemy import text

from tests.browser.conftest import DESKTOP, Watch
from tests.browser.screen import settled

pytestmark = pytest.mark.browser

SEEN = text(
    "SELECT sum(n) FROM daily_count"
    " WHERE grid_code = :grid AND day BETWEEN CAST(:since AS date) AND CAST(:until AS date)"
)
A_GRID = text(
    "SELECT unit_code FROM unit_outline WHERE level = 'grid' AND upper_inf(valid) LIMIT 1"
)


def answer_of(page, act) -> dict:
    with page.expect_response(re.compile("/api/v1/hotspots")) as answer:
        act()
    assert answer.value.ok, answer.value.text()
    settled(page)
    return answer.value.json()


def listed(page) -> list[str]:
    return page.locator(".rank tbody td button").all_inner_texts()


def test_a_leader_changes_the_period_and_the_method_and_asks_why(sign_in, owner):
    page, _ = sign_in("leader", path="/hotspots")
    settled(page)
    year = answer_of(page, page.get_by_role("button", name="近一年").click)
    period = {name: parse_qs(urlsplit(page.url).query)[name][0] for name in ("since", "until")}
    days = date.fromisoformat(period["until"]) - date.fromisoformat(period["since"])
    assert days.days == 364
    judged = [row for row in year["rows"] if row["rank"] is not None]
    by_rank = sorted(judged, key=lambda row: row["rank"])
    assert by_rank
    assert listed(page) == [row["name"] for row in by_rank][:40]

    first = by_rank[0]
    page.locator(".rank tbody td button").first.click()
    why = page.locator(".why")
    expect(why.get_by_role("heading", name=first["name"])).to_be_visible()
    own, around = why.locator("dl").first, why.locator("dl").last
    expect(own).to_contain_text(f"户数{first['households']}")
    expect(own).to_contain_text(f"登记件数{first['observed']}")
    expect(own).to_contain_text(f"按户数推算{first['expected']:.1f}")
    near = first["around"]
    expect(around).to_contain_text(f"登记件数{near['observed']}")
    expect(around).to_contain_text(f"{near['low']:.2f} – {near['high']:.2f}")
    with owner.connect() as conn:
        seen = conn.execute(SEEN, {"grid": first["code"], **period}).scalar_one()
    assert seen == first["observed"]

    other = answer_of(page, page.get_by_role("button", name="Gi*").click)
    assert "method=gi" in page.url
    by_z = sorted(
        (row for row in other["rows"] if row["rank"] is not None),
        key=lambda row: (-row["gi_z"], row["code"]),
    )
    assert listed(page) == [row["name"] for row in by_z][:40]
    expect(page.get_by_text("颜色：Gi* 显著性")).to_be_visible()


def test_the_sheet_that_a_leader_takes_along_opens_without_a_network(
    sign_in, browser, owner, tmp_path
):
    page, _ = sign_in("leader", path="/hotspots")
    settled(page)
    with page.expect_download() as taken:
        page.get_by_role("link", name="下载图纸").click()
    file = tmp_path / taken.value.suggested_filename
    taken.value.save_as(file)
    assert file.name.startswith("hotspots-")

    away = browser.new_context(viewport=DESKTOP, offline=True)
    watch = Watch("file://")
    sheet = away.new_page()
    watch.over(sheet)
    sheet.goto(file.as_uri())
    with owner.connect() as conn:
        n_grids = conn.execute(
            text("SELECT count(*) FROM unit_outline WHERE level = 'grid' AND upper_inf(valid)")
        ).scalar_one()
        written_down = conn.execute(
            text("SELECT count(*) FROM audit WHERE action = 'hotspot.export'")
        ).scalar_one()
    shapes = sheet.locator("path.leaflet-interactive")
    expect(shapes.first).to_be_attached()
    assert shapes.count() >= n_grids
    away.close()
    watch.clean()
    assert written_down >= 1


def test_a_leader_is_not_shown_households_and_nothing_looks_broken(sign_in, site, owner):
    with owner.connect() as conn:
        grid = conn.execute(A_GRID).scalar_one()
    page, _ = sign_in("leader", path=f"/?unit={grid}")
    settled(page)
    expect(page.get_by_role("tab", name="概况")).to_be_visible()
    expect(page.get_by_role("tab", name="户", exact=True)).to_have_count(0)
    expect(page.locator(".note.problem")).to_have_count(0)
    refused = page.request.get(f"{site.address}/api/v1/households?grid={grid}")
    assert refused.status == 403
    assert refused.json()["code"]
