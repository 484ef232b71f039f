"""A leader asks where it is hot, why, and takes the answer along without a network."""

from __future__ import annotations

import re
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect
from sqlalchemy import text

from tests.browser.conftest import DESKTOP, Watch
from tests.browser.screen import settled
from tests.browser.test_screens import barriers

pytestmark = pytest.mark.browser

SEEN = text(
    "SELECT sum(n) FROM daily_count"
    " WHERE grid_code = :grid AND day BETWEEN CAST(:since AS date) AND CAST(:until AS date)"
)
RESPONSIBLE = text(
    "SELECT p.name FROM duty JOIN person AS p USING (person_id)"
    " WHERE duty.unit_code = :grid AND rank IN ('primary', 'deputy') AND upper_inf(valid)"
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


def shown(value, digits):
    """Return a number as browsers round it: halves of its decimal form go up."""
    return str(Decimal(str(value)).quantize(Decimal(digits), ROUND_HALF_UP))


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
    expect(own).to_contain_text(f"按户数推算{shown(first['expected'], '0.1')}")
    near = first["around"]
    expect(around).to_contain_text(f"登记件数{near['observed']}")
    expect(around).to_contain_text(f"{shown(near['low'], '0.01')} – {shown(near['high'], '0.01')}")
    with owner.connect() as conn:
        seen = conn.execute(SEEN, {"grid": first["code"], **period}).scalar_one()
    assert seen == first["observed"]

    last = why.locator(".last a")
    expect(last).to_have_count(min(first["observed"], 5))
    for link in last.all():
        assert link.get_attribute("href").startswith("/incidents?id=")
    with owner.connect() as conn:
        responsible = conn.execute(RESPONSIBLE, {"grid": first["code"]}).scalars().all()
    for name in responsible:
        expect(why).to_contain_text(name)

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


def test_four_questions_have_one_period_and_a_list_beside_the_map(sign_in):
    page, _ = sign_in("leader", path="/hotspots")
    settled(page)
    for name, method in (("数量", "count"), ("变化", "change"), ("新增聚集", "scan")):
        mode = page.get_by_role("group", name="看什么").get_by_role("button", name=name)
        answer = answer_of(page, mode.click)
        assert answer["method"] == method
        expect(mode).to_have_attribute("aria-pressed", "true")
    # The truth that was planted in the invented county is the one cluster that is told as new.
    told = [one for one in answer["clusters"] if one["is_new"]]
    expect(page.locator(".clusters li.told")).to_have_count(len(told))
    assert answer["window"]["days"] == 30


def test_units_weeks_and_the_way_down(sign_in):
    page, _ = sign_in("leader", path="/hotspots?method=count&by=township")
    settled(page)
    townships = listed(page)
    page.locator(".rank tbody td button").first.click()
    page.locator(".why").get_by_role("button", name="进入").click()
    settled(page)
    expect(page.get_by_role("button", name="村（社区）", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )
    expect(page.locator(".crumbs")).to_contain_text(townships[0])
    with page.expect_response(re.compile("/api/v1/hotspots/weeks")) as weeks:
        page.get_by_role("button", name="按周回放").click()
    last = weeks.value.json()["weeks"][-1]
    expect(page.locator(".weeks")).to_contain_text(f"{last['since']} – {last['until']}")
    page.get_by_role("slider", name="周").press("ArrowLeft")
    expect(page.locator(".weeks")).not_to_contain_text(last["until"])


def test_a_wall_shows_the_four_maps_in_letters_for_across_the_room(sign_in):
    page, _ = sign_in("leader", path="/board?wall=1&slide=count&still=1")
    page.set_viewport_size({"width": 1920, "height": 1080})
    expect(page.locator(".wall tbody tr").first).to_be_visible()
    settled(page)
    sizes = page.locator(".wall :is(h1, h2, p, td, li, h3)").evaluate_all(
        "all => all.map(one => parseFloat(getComputedStyle(one).fontSize))"
    )
    assert min(sizes) >= 24
    # The map is magnified as a whole: its letters of 14 pixels become as large as the others.
    drawn = page.locator("[data-map]").evaluate(
        "one => one.getBoundingClientRect().width / one.offsetWidth"
    )
    assert drawn * 14 >= 24
    assert barriers(page) == []
    page.get_by_role("button", name="继续轮播").click()
    page.keyboard.press("ArrowLeft")
    assert "slide=scan" in page.url


@pytest.mark.parametrize("method", ["excess", "gi", "change", "count", "scan", "emerging"])
def test_every_mode_can_be_read_by_everybody(sign_in, method):
    page, _ = sign_in("leader", path=f"/hotspots?method={method}")
    expect(page.locator(".notes li").first).to_be_attached()
    settled(page)
    assert barriers(page) == []


def test_a_county_without_grids_says_what_to_do(visitor, empty_site):
    page, watch = visitor(empty_site, "admin")
    page.goto(f"{empty_site.address}/hotspots")
    expect(page.locator(".right .note")).to_be_visible()
    assert barriers(page) == []
    watch.clean()
