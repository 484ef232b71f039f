"""A grid worker with a phone: am I inside, who is next door, what must I do."""

from __future__ import annotations

import pytest
import shapely
from playwright.sync_api import expect
from sqlalchemy import text

from tests.browser.phone import all_sent, card, photos_of, report_to_worker, steps_of, tap_through
from tests.browser.screen import settled, the_map
from tests.browser.test_screens import barriers

pytestmark = pytest.mark.browser

OUTLINE = text(
    "SELECT ST_AsBinary(outline) FROM unit_outline WHERE unit_code = :code AND upper_inf(valid)"
)
ANOTHER_HOME = text(
    "SELECT household_id, grid_code FROM household WHERE grid_code <> :own ORDER BY number LIMIT 1"
)


@pytest.fixture
def own(site, owner):
    """The worker's grid: its code and a position well inside it."""
    code = site.accounts["worker"].unit_code
    with owner.connect() as conn:
        outline = shapely.from_wkb(conn.execute(OUTLINE, {"code": code}).scalar_one())
    lon, lat = shapely.maximum_inscribed_circle(outline).coords[0]
    return code, lon, lat


def test_a_worker_sees_the_grid_and_learns_that_it_is_theirs(sign_in, own, owner):
    code, lon, lat = own
    page, _ = sign_in(
        "worker",
        phone=True,
        geolocation={"longitude": lon, "latitude": lat, "accuracy": 12},
        permissions=["geolocation"],
    )
    # A worker's first page is this one, whatever was asked for.
    page.wait_for_url("**/me")
    settled(page)
    page.get_by_role("button", name="我在网格内吗").tap()
    expect(page.locator(".answer")).to_contain_text("在您的网格内")
    near = page.locator(".near li")
    with owner.connect() as conn:
        worker = conn.execute(
            text(
                "SELECT u.name || '网格员 ' || p.name FROM unit AS u"
                " JOIN duty AS d ON d.unit_code = u.code AND d.rank = 'primary'"
                "  AND upper_inf(d.valid)"
                " JOIN person AS p USING (person_id)"
                " WHERE u.name = :name AND left(u.code, 6) = left(:code, 6)"
            ),
            {"name": near.first.locator("b").inner_text(), "code": code},
        ).scalar_one_or_none()
    assert worker is not None
    assert worker in near.first.inner_text().replace("\n", "")


def test_a_worker_who_is_not_located_taps_the_map_and_is_told_why(sign_in, own):
    page, _ = sign_in("worker", phone=True, path="/me")
    settled(page)
    page.get_by_role("button", name="我在网格内吗").tap()
    expect(page.get_by_role("alert")).to_contain_text("您拒绝了定位")
    # The map fits the own grid: its middle is where to tap.
    box = the_map(page).bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    answer = page.locator(".answer")
    expect(answer).to_contain_text("点选的位置")
    expect(answer).to_contain_text("网格内")


def test_a_worker_ends_an_incident_with_a_photo_in_three_taps(sign_in, site, owner):
    key, number = report_to_worker(site, owner)
    page, _ = sign_in("worker", phone=True, path="/me#todo")
    tap_through(page, number, "已劝解调处")
    expect(page.get_by_text("已提交").first).to_be_visible()
    all_sent(page, 3)
    assert steps_of(owner, key) == [
        ("accept", "accepted", ""),
        ("resolve", "resolved", "已劝解调处"),
    ]
    ((jpeg, step),) = photos_of(owner, key)
    assert step == 3
    assert b"Exif" not in jpeg
    shown = page.request.get(f"{page.url.split('/me')[0]}/api/v1/incidents/{key}")
    assert shown.ok


def test_a_worker_gives_an_incident_back_in_words_of_their_own(sign_in, site, owner):
    key, number = report_to_worker(site, owner)
    page, _ = sign_in("worker", phone=True, path="/me#todo")
    one = card(page, number)
    one.get_by_role("button", name="退回").tap()
    one.get_by_label("退回理由").fill("属水务部门")
    one.get_by_role("button", name="提交").tap()
    all_sent(page, 1)
    expect(card(page, number)).to_have_count(0)
    assert steps_of(owner, key) == [("return", "returned", "属水务部门")]
    # It is not theirs any more: the next answer of the server does not bring it back.
    with page.expect_response("**/api/v1/me"):
        page.get_by_role("button", name="刷新").tap()
    expect(card(page, number)).to_have_count(0)
    page.reload()
    settled(page, with_map=False)
    expect(card(page, number)).to_have_count(0)


def test_a_worker_chooses_large_letters_and_the_dark(sign_in):
    page, _ = sign_in("worker", phone=True, path="/me#me")
    page.get_by_label("大字").check()
    page.get_by_role("button", name="深色").tap()
    page.reload()
    looks = page.evaluate(
        "[getComputedStyle(document.documentElement).fontSize,"
        " getComputedStyle(document.body).backgroundColor]"
    )
    assert looks == ["20px", "rgb(18, 24, 30)"]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert barriers(page) == []


def test_a_worker_does_not_learn_of_households_next_door(sign_in, site, owner, own):
    code, *_ = own
    with owner.connect() as conn:
        home = conn.execute(ANOTHER_HOME, {"own": code}).one()
    page, _ = sign_in("worker", phone=True, path="/me")
    for path in (f"households/{home.household_id}", f"households?grid={home.grid_code}"):
        answer = page.request.get(f"{site.address}/api/v1/{path}")
        assert answer.status == 404, path
    assert page.request.get(f"{site.address}/api/v1/households?grid={code}").ok
