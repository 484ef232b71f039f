"""A worker without a network: the page starts, work goes on, and each deed counts once."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from playwright.sync_api import expect
from sqlalchemy import text

from grids import db, tasks
from grids.access import everyone
from tests.browser.phone import (
    KEPT,
    PUT,
    a_photo,
    all_kept,
    all_sent,
    can_start_offline,
    card,
    open_again,
    phone,
    photos_of,
    report_to_worker,
    steps_of,
    tap_through,
    until,
)
from tests.browser.screen import settled
from web.clock import today

pytestmark = pytest.mark.browser

DONE = [("accept", "accepted", ""), ("resolve", "resolved", "已现场处理完毕")]
TASK = text(
    "SELECT result, (SELECT count(*) FROM audit WHERE record = 'task ' || task_id) FROM task"
    " WHERE title = :title"
)
HOMES = text(
    "SELECT number, address FROM household WHERE grid_code = :code ORDER BY number LIMIT 5"
)
# All texts that this browser keeps of the site, in caches and databases.
EVERYTHING = """async () => {
  const texts = [];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      texts.push(request.url);
      const answer = await cache.match(request);
      if (!request.url.includes("/static/")) texts.push(await answer.text());
    }
  }
  const opening = indexedDB.open("wangge-phone");
  await new Promise((resolve) => { opening.onsuccess = resolve; });
  for (const store of opening.result.objectStoreNames) {
    const asked = opening.result.transaction(store).objectStore(store).getAll();
    await new Promise((resolve) => { asked.onsuccess = resolve; });
    texts.push(JSON.stringify(asked.result));
  }
  opening.result.close();
  return texts.join("\\n");
}"""
WEIGHT = """async () => {
  let weight = 0;
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      weight += (await (await cache.match(request)).arrayBuffer()).byteLength;
    }
  }
  return weight;
}"""


@pytest.fixture
def incident(site, owner):
    """What waits for the worker: its id and number."""
    return report_to_worker(site, owner)


def test_three_taps_without_a_network_count_once_when_it_is_back(browser, site, owner, incident):
    key, number = incident
    with phone(browser, site) as page:
        can_start_offline(page)
        context = page.context
        context.set_offline(True)
        page.reload()
        expect(page.get_by_role("status").first).to_contain_text("没有网络")
        tap_through(page, number)
        expect(page.locator("[data-waiting]")).to_have_text("待发送 3")
        expect(card(page, number)).to_have_count(0)
        assert steps_of(owner, key) == []
        # The browser is killed with the queue in it, and comes back still without a network.
        all_kept(page, 3)
        page.close()
        again = open_again(context, site)
        expect(again.locator("[data-waiting]")).to_have_text("待发送 3")
        context.set_offline(False)
        all_sent(again, 3)
        assert steps_of(owner, key) == DONE
        ((jpeg, step),) = photos_of(owner, key)
        assert b"Exif" not in jpeg
        assert len(jpeg) <= 300 * 1024
        assert step == 3
        expect(again.locator("[data-delivered]")).to_contain_text("已送达")


def test_what_was_given_back_without_a_network_does_not_come_back(browser, site, owner, incident):
    key, number = incident
    with phone(browser, site) as page:
        can_start_offline(page)
        page.context.set_offline(True)
        one = card(page, number)
        one.get_by_role("button", name="退回").tap()
        one.get_by_role("button", name="不在我的网格").tap()
        expect(card(page, number)).to_have_count(0)
        all_kept(page, 1)
        page.reload()
        expect(page.locator("[data-waiting]")).to_have_text("待发送 1")
        expect(card(page, number)).to_have_count(0)
        page.context.set_offline(False)
        all_sent(page, 1)
        with page.expect_response("**/api/v1/me"):
            page.get_by_role("button", name="刷新").tap()
        expect(card(page, number)).to_have_count(0)
    assert steps_of(owner, key) == [("return", "returned", "不在我的网格")]


def test_a_task_done_without_a_network_counts_once_when_it_is_back(browser, site, owner):
    title = f"巡查消防通道 {uuid4().hex[:6]}"
    code = site.accounts["worker"].unit_code
    with db.begin(owner, db.EVERYWHERE) as conn:
        tasks.make_rule(
            conn,
            everyone("test"),
            title=title,
            kind="patrol",
            territory_code=code,
            level="grid",
            period="week",
            since=today(),
            now=datetime.now(UTC),
        )
    with phone(browser, site) as page:
        task = page.locator("[data-tasks] > li").filter(has_text=title)
        expect(task).to_contain_text("每周")
        can_start_offline(page)
        page.context.set_offline(True)
        # Two taps.
        task.get_by_role("button", name="完成").tap()
        task.get_by_role("button", name="已完成，无异常").tap()
        expect(page.locator("[data-waiting]")).to_have_text("待发送 1")
        expect(task).to_have_count(0)
        page.context.set_offline(False)
        all_sent(page, 1)
        # Once more, as if no answer had been heard.
        (done,) = page.evaluate(KEPT)
        page.evaluate(PUT, [done | {"state": "waiting", "tries": 1}])
        page.reload()
        all_sent(page, 1)
        expect(page.locator("[data-failed]")).to_have_count(0)
        expect(task).to_have_count(0)
    with owner.connect() as conn:
        assert conn.execute(TASK, {"title": title}).all() == [("已完成，无异常", 1)]


def test_what_the_phone_takes_along_is_small_and_names_no_household(browser, site, owner):
    code = site.accounts["worker"].unit_code
    with owner.connect() as conn:
        homes = conn.execute(HOMES, {"code": code}).all()
    with phone(browser, site) as page:
        can_start_offline(page)
        page.get_by_role("button", name="我的网格").tap()
        settled(page)
        page.get_by_text("本网格住户").tap()
        expect(page.locator("details .near li")).not_to_have_count(0)
        expect(page.locator("details .near")).to_contain_text(homes[0].number)
        until(page, "async () => (await (await caches.open('wangge-tiles')).keys()).length > 8")
        kept = page.evaluate(EVERYTHING)
        assert code in kept
        for home in homes:
            assert home.number not in kept
            assert home.address not in kept
        assert not re.search(r"/tiles/\d+/(households|cameras|incidents)/", kept)
        assert page.evaluate(WEIGHT) <= 3 << 20


def test_the_phone_itself_says_whose_grid_it_stands_in(browser, site, owner):
    code = site.accounts["worker"].unit_code
    with owner.connect() as conn:
        lon, lat = conn.execute(
            text(
                "SELECT ST_X(p), ST_Y(p) FROM unit_outline, ST_PointOnSurface(outline) AS p"
                " WHERE unit_code = :code AND upper_inf(valid)"
            ),
            {"code": code},
        ).one()
    with phone(
        browser,
        site,
        geolocation={"longitude": lon, "latitude": lat, "accuracy": 12},
        permissions=["geolocation"],
    ) as page:
        can_start_offline(page)
        page.context.set_offline(True)
        page.reload()
        page.get_by_role("button", name="我的网格").tap()
        page.get_by_role("button", name="我在网格内吗").tap()
        expect(page.locator(".answer")).to_contain_text("在您的网格内")
        expect(page.locator(".answer")).to_contain_text("按手机里的边界判断")


def test_a_report_without_a_network_gets_its_number_and_photo_later(browser, site, owner):
    with phone(browser, site) as page:
        can_start_offline(page)
        page.context.set_offline(True)
        page.get_by_role("button", name="上报", exact=True).tap()
        page.get_by_label("事项").select_option(index=1)
        page.get_by_label("情况").fill("村口路灯不亮 offline-report")
        page.get_by_label("地点描述").fill("三组晒场旁")
        with page.expect_file_chooser() as camera:
            page.get_by_text("加照片").tap()
        camera.value.set_files(a_photo())
        expect(page.get_by_alt_text("照片 1")).to_be_visible()
        page.get_by_role("button", name="上报", exact=True).first.tap()
        expect(page.locator("[data-waiting]")).to_have_text("待发送 2")
        page.context.set_offline(False)
        all_sent(page, 2)
        page.get_by_role("button", name="我的", exact=True).tap()
        expect(page.locator("[data-state=delivered]")).to_have_count(2)
        with owner.connect() as conn:
            incident, number = conn.execute(
                text(
                    "SELECT incident_id, number FROM incident WHERE summary LIKE '%offline-report'"
                )
            ).one()
        expect(page.locator("[data-state=delivered]").filter(has_text=number)).to_have_count(1)
        assert len(photos_of(owner, str(incident))) == 1
