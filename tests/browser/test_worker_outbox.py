"""The outbox among others: two devices, two accounts, somebody else's change, a newer version."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
from playwright.sync_api import expect
from sqlalchemy import text

from tests.browser.conftest import enter
from tests.browser.phone import (
    KEPT,
    PUT,
    all_kept,
    all_sent,
    can_start_offline,
    card,
    open_again,
    phone,
    report_to_worker,
    steps_of,
)
from tests.chromium import FLAGS
from web.browser import find_browser

pytestmark = pytest.mark.browser

PER_DEVICE = 100
# Something else writes to the outbox until it is told to stop, and all others wait.
BUSY = """() => new Promise((resolve) => {
  window.busy = true;
  const opening = indexedDB.open("wangge-phone");
  opening.onsuccess = () => {
    const store = opening.result.transaction("actions", "readwrite").objectStore("actions");
    const hold = () => { if (window.busy) store.count().onsuccess = hold; };
    hold();
    resolve(null);
  };
})"""
OLDER = "/static/build/assets/of-an-older-build.js"
# What the page's worker keeps of its program, with a file of an older build among it.
AGE = """async (older) => {
  const name = (await caches.keys()).find((one) => one.startsWith("workbox-precache"));
  await (await caches.open(name)).put(older, new Response(""));
}"""
PROGRAMS = """async () => {
  const name = (await caches.keys()).find((one) => one.startsWith("workbox-precache"));
  return (await (await caches.open(name)).keys()).map((one) => new URL(one.url).pathname);
}"""
COUNT = text(
    "SELECT count(*), count(DISTINCT external_id) FROM incident WHERE summary LIKE :mark || '%'"
)


@pytest.fixture
def incident(site, owner):
    """What waits for the worker: its id and number."""
    return report_to_worker(site, owner)


def the_person(page) -> str:
    """Whose phone this is, as the page was told."""
    return json.loads(page.locator("#boot").text_content())["viewer"]["person_id"]


def reports(person: str, mark: str, matter: str, place: str) -> list[dict[str, object]]:
    """Return the reports of a day without a network, as the outbox keeps them."""
    made = []
    for k in range(PER_DEVICE):
        key = str(uuid4())
        made.append(
            {
                "format": 1,
                "seq": k + 1,
                "key": key,
                "person": person,
                "subject": key,
                "title": "路灯",
                "made": "2026-11-22T00:00:00.000Z",
                "state": "waiting",
                "tries": 0,
                "after": 0,
                "told": None,
                "delivered": None,
                "kind": "report",
                "report": {
                    "matter_code": matter,
                    "summary": f"{mark} {k}",
                    "source": "phone",
                    "unit_code": place,
                },
                "number": None,
                "owner": None,
            }
        )
    return made


def test_two_hundred_reports_of_two_devices_out_of_order_count_once_each(browser, site, owner):
    mark = f"two-devices-{uuid4().hex[:6]}"
    code = site.accounts["worker"].unit_code
    with owner.connect() as conn:
        matter = conn.execute(text("SELECT min(code) FROM matter WHERE upper_inf(valid)")).scalar()
    with phone(browser, site) as one, phone(browser, site) as other:
        for page, backwards in ((one, False), (other, True)):
            can_start_offline(page)
            page.context.set_offline(True)
            made = reports(the_person(page), mark, matter, code[:12])
            if backwards:
                for record, place in zip(made, range(PER_DEVICE, 0, -1), strict=True):
                    record["seq"] = place
            page.evaluate(PUT, made)
            page.reload()
            expect(page.locator("[data-waiting]")).to_have_text(f"待发送 {PER_DEVICE}")
        for page in (one, other):
            page.context.set_offline(False)
        # A second tab on one device: both would send, one does.
        second = open_again(one.context, site)
        for page in (one, other, second):
            expect(page.locator("[data-waiting]")).to_have_text("待发送 0", timeout=90_000)
        # All of them once more, as if no answer had been heard.
        lost = [record | {"state": "waiting", "tries": 1} for record in other.evaluate(KEPT)]
        other.evaluate(PUT, lost)
        other.reload()
        expect(other.locator("[data-waiting]")).to_have_text("待发送 0", timeout=90_000)
        assert len(lost) > 0
    with owner.connect() as conn:
        counted = conn.execute(COUNT, {"mark": mark}).one()
    assert tuple(counted) == (2 * PER_DEVICE, 2 * PER_DEVICE)


def test_a_change_by_somebody_else_is_shown_beside_mine_and_nothing_is_dropped(
    browser, site, owner, incident
):
    key, number = incident
    with phone(browser, site) as page:
        can_start_offline(page)
        page.context.set_offline(True)
        card(page, number).get_by_role("button", name="接单").tap()
        with owner.begin() as conn:
            conn.execute(
                text("UPDATE incident SET version = version + 1 WHERE incident_id = :id"),
                {"id": key},
            )
        page.context.set_offline(False)
        expect(page.locator("[data-failed]")).to_have_text("失败 1")
        assert steps_of(owner, key) == []
        page.locator("[data-failed]").tap()
        theirs = page.locator("[data-theirs]")
        expect(theirs).to_contain_text("待受理")
        expect(page.locator("[data-state=conflict]")).to_contain_text("我的办理")
        page.get_by_role("button", name="按新状态提交").tap()
        all_sent(page, 1)
        expect(page.locator("[data-state=delivered]").first).to_contain_text(number)
    assert [step[0] for step in steps_of(owner, key)] == ["accept"]


def test_a_deed_counts_from_the_tap_on_however_slowly_the_phone_keeps_it(
    browser, site, owner, incident
):
    key, number = incident
    with phone(browser, site) as page:
        page.evaluate(BUSY)
        card(page, number).get_by_role("button", name="接单").tap()
        # A person who reads that nothing is left to send may put the phone away.
        expect(page.locator("[data-waiting]")).to_have_text("待发送 1")
        expect(card(page, number).get_by_text("拍照办结")).to_be_visible()
        assert page.evaluate("window.busy")
        assert steps_of(owner, key) == []
        page.evaluate("window.busy = false")
        all_sent(page, 1)
    assert [step[0] for step in steps_of(owner, key)] == ["accept"]


def test_what_was_not_sent_waits_for_its_owner_and_shows_to_nobody_else(
    browser, site, owner, incident
):
    key, number = incident
    with phone(browser, site) as page:
        can_start_offline(page)
        page.route("**/api/v1/incidents/*/steps", lambda route: route.abort())
        card(page, number).get_by_role("button", name="接单").tap()
        expect(page.locator("[data-waiting]")).to_have_text("待发送 1")
        page.get_by_role("button", name="我的", exact=True).tap()
        page.get_by_role("button", name="退出登录").tap()
        expect(page.get_by_role("alert").filter(has_text="还有 1 件未送达")).to_be_visible()
        page.get_by_role("button", name="知道了，退出").tap()
        page.wait_for_url(lambda url: "/sign-in" in url)
        assert page.evaluate("caches.has('wangge-page')") is False
        page.unroute("**/api/v1/incidents/*/steps")
        # Somebody else takes the same phone.
        sign_in(page, site, "dispatcher")
        page.get_by_role("button", name="我的", exact=True).tap()
        expect(page.locator("[data-waiting]")).to_have_text("待发送 0")
        expect(page.get_by_text(number)).to_have_count(0)
        assert steps_of(owner, key) == []
        page.get_by_role("button", name="退出登录").tap()
        page.wait_for_url(lambda url: "/sign-in" in url)
        sign_in(page, site, "worker")
        all_sent(page, 1)
        page.get_by_role("button", name="我的", exact=True).tap()
        expect(page.locator("[data-state=delivered]").first).to_contain_text(number)
    assert [step[0] for step in steps_of(owner, key)] == ["accept"]


def sign_in(page, site, login: str) -> None:
    """Fill in the form that is there."""
    account = site.accounts[login]
    page.locator("#login").fill(account.login)
    page.locator("#password").fill(account.password)
    page.locator("button[type=submit]").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)
    page.goto(f"{site.address}/me")


def test_a_session_that_ended_stops_the_outbox_until_the_next_sign_in(
    browser, site, owner, incident
):
    key, number = incident
    with phone(browser, site) as page:
        can_start_offline(page)
        page.context.set_offline(True)
        card(page, number).get_by_role("button", name="接单").tap()
        page.context.clear_cookies()
        page.context.set_offline(False)
        expect(page.get_by_role("alert").filter(has_text="登录已过期")).to_be_visible()
        expect(page.locator("[data-waiting]")).to_have_text("待发送 1")
        page.get_by_role("link", name="登录").tap()
        page.wait_for_url(lambda url: "/sign-in" in url)
        sign_in(page, site, "worker")
        all_sent(page, 1)
        page.get_by_role("button", name="我的", exact=True).tap()
    assert [step[0] for step in steps_of(owner, key)] == ["accept"]


def test_records_of_a_newer_version_are_kept_and_counted_but_not_touched(browser, site, owner):
    with phone(browser, site) as page:
        newer = {
            "format": 3,
            "seq": 900,
            "key": str(uuid4()),
            "person": the_person(page),
            "kind": "of a release to come",
        }
        page.evaluate(PUT, [newer])
        page.reload()
        expect(page.locator("[data-failed]")).to_have_text("失败 1")
        page.locator("[data-failed]").tap()
        expect(page.get_by_role("alert").first).to_contain_text("更新页面后发送")
        assert newer in page.evaluate(KEPT)


def test_without_https_the_page_says_why_and_works_by_taps_and_words(playwright, site, owner):
    # A name that is not this machine's own: for a browser its connection is not secure.
    plain = playwright.chromium.launch(
        executable_path=find_browser(),
        args=[*FLAGS, "--host-resolver-rules=MAP phone.test 127.0.0.1"],
    )
    address = site.address.replace("127.0.0.1", "phone.test")
    try:
        page, _ = enter(
            plain,
            type(site)(address, site.accounts, "", site.truth),
            "worker",
            phone=True,
            path="/me#grid",
        )
        page.wait_for_selector("[data-map][data-ready][data-idle]")
        assert page.evaluate("window.isSecureContext") is False
        expect(page.get_by_role("alert").first).to_contain_text("本页不是 https")
        page.get_by_label("这是哪个网格").fill(site.accounts["worker"].unit_code)
        page.get_by_role("button", name="查", exact=True).tap()
        page.locator(".look + .near li button, .near .line").first.tap()
        expect(page.locator(".answer")).to_contain_text(site.accounts["worker"].unit_code)
        key, number = report_to_worker(site, owner)
        page.get_by_role("button", name="待办").tap()
        card(page, number).get_by_role("button", name="接单").tap()
        all_sent(page, 1)
        assert [step[0] for step in steps_of(owner, key)] == ["accept"]
    finally:
        plain.close()


def test_a_newer_shell_takes_over_and_the_outbox_stays(browser, site, owner, incident):
    key, number = incident
    with phone(browser, site) as page:
        can_start_offline(page)
        page.evaluate(AGE, OLDER)
        page.context.set_offline(True)
        card(page, number).get_by_role("button", name="接单").tap()
        all_kept(page, 1)
        (before,) = page.evaluate(KEPT)
        page.context.set_offline(False)
        # Another address of the worker is a newer one to the browser, whatever is in it.
        page.evaluate("navigator.serviceWorker.register('/sw.js?newer', {updateViaCache: 'none'})")
        bar = page.get_by_role("status").filter(has_text="新版本")
        with page.expect_navigation():
            bar.get_by_role("button").tap()
        can_start_offline(page)
        assert page.evaluate("navigator.serviceWorker.controller.scriptURL").endswith("?newer")
        programs = page.evaluate(PROGRAMS)
        assert OLDER not in programs
        assert any(path.startswith("/static/build/assets/me-") for path in programs)
        all_sent(page, 1)
        (after,) = page.evaluate(KEPT)
        assert (after["key"], after["state"]) == (before["key"], "delivered")
        page.context.set_offline(True)
        page.reload()
        expect(page.locator(".tabs")).to_be_visible()
    assert steps_of(owner, key) == [("accept", "accepted", "")]
