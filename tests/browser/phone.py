"""A worker's phone in a test: photos that it takes, incidents that wait for it, what it keeps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import uuid4

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from sqlalchemy import Engine, text

from grids import db, incidents
from grids.access import everyone
from grids.incidents import IncidentReport
from tests.browser.conftest import Site, Watch, enter
from tests.browser.screen import settled
from tests.importers.test_photos import with_position

_MIDDLE = text(
    "SELECT ST_X(p) AS lon, ST_Y(p) AS lat FROM unit_outline, ST_PointOnSurface(outline) AS p"
    " WHERE unit_code = :code AND upper_inf(valid)"
)
_STEPS = text(
    "SELECT action, to_step, note FROM incident_step"
    " WHERE incident_id = :id AND seq > 1 ORDER BY seq"
)
_PHOTOS = text("SELECT jpeg, step_seq FROM photo WHERE incident_id = :id")

# Everything that the outbox of this browser holds, whoever it belongs to.
KEPT = """() => new Promise((resolve, reject) => {
  const opening = indexedDB.open("wangge-phone");
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const asked = opening.result.transaction("actions").objectStore("actions").getAll();
    asked.onsuccess = () => { opening.result.close(); resolve(asked.result); };
  };
})"""
# Puts records into the outbox as they are, in the order given.
PUT = """(records) => new Promise((resolve, reject) => {
  const opening = indexedDB.open("wangge-phone");
  opening.onsuccess = () => {
    const transaction = opening.result.transaction("actions", "readwrite");
    for (const record of records) transaction.objectStore("actions").put(record);
    transaction.oncomplete = () => { opening.result.close(); resolve(null); };
    transaction.onerror = () => reject(transaction.error);
  };
})"""
_DELIVERED = f"""async () => {{
  const kept = await ({KEPT})();
  return kept.filter((one) => one.state === "delivered").length >= %d;
}}"""
_READY = """async () => {
  await navigator.serviceWorker.ready;
  const page = await (await caches.open("wangge-page")).match("/me");
  return page !== undefined && navigator.serviceWorker.controller !== null;
}"""


def a_photo(colour: str = "teal") -> dict[str, object]:
    """Return a photo as a phone's camera gives it, position and all."""
    picture = with_position(Image.radial_gradient("L").resize((2400, 1800)).convert("RGB"))
    return {"name": f"IMG_{colour}.jpg", "mimeType": "image/jpeg", "buffer": picture}


def report_to_worker(site: Site, owner: Engine) -> tuple[str, str]:
    """Let something happen in the worker's grid; return (id, number) of what they have to do."""
    with db.begin(owner, db.EVERYWHERE) as conn:
        at = conn.execute(_MIDDLE, {"code": site.accounts["worker"].unit_code}).one()
        matter = conn.execute(
            text("SELECT min(code) FROM matter WHERE upper_inf(valid) AND first_rank = 'primary'")
        ).scalar_one()
        said = IncidentReport(
            "test", uuid4().hex, matter, "渠水漫路", x=at.lon, y=at.lat, datum="cgcs2000"
        )
        receipt, _ = incidents.receive(conn, everyone("test"), said, datetime.now(UTC))
    return str(receipt.incident_id), receipt.number


def steps_of(owner: Engine, incident: str) -> list[tuple[str, str, str]]:
    """Return (action, step it led to, note) of what was done since the report."""
    with owner.connect() as conn:
        return [tuple(row) for row in conn.execute(_STEPS, {"id": incident})]


def photos_of(owner: Engine, incident: str) -> list[tuple[bytes, int]]:
    """Return bytes and step of the photos of an incident."""
    with owner.connect() as conn:
        return [(bytes(row.jpeg), row.step_seq) for row in conn.execute(_PHOTOS, {"id": incident})]


def card(page: Page, number: str) -> Locator:
    """The card of an incident in the list of what waits."""
    return page.locator(".todo > li").filter(has_text=number)


def tap_through(page: Page, number: str, result: str = "已现场处理完毕") -> None:
    """Accept, photo, result: three taps."""
    one = card(page, number)
    one.get_by_role("button", name="接单").tap()
    with page.expect_file_chooser() as camera:
        one.get_by_text("拍照办结").tap()
    camera.value.set_files(a_photo())
    expect(one.get_by_alt_text("照片 1")).to_be_visible()
    one.get_by_role("button", name=result).tap()


def all_kept(page: Page, n: int) -> None:
    """Wait until the phone has `n` deeds on its disk: the bar counts them from the tap on."""
    until(page, f"async () => (await ({KEPT})()).length >= {n}")


def all_sent(page: Page, n: int) -> None:
    """Wait until the phone has heard of `n` deeds that they arrived, and says so.

    A photo is a deed of its own. The bar alone does not tell: nothing is left to send before the
    first deed as well as after the last.
    """
    until(page, _DELIVERED % n)
    expect(page.locator("[data-delivered]")).to_contain_text("已送达")
    expect(page.locator("[data-waiting]")).to_have_text("待发送 0")


def can_start_offline(page: Page) -> None:
    """Wait until this phone could start the page without a network."""
    until(page, _READY)


def until(page: Page, script: str) -> None:
    """Wait until an asynchronous script of the page answers yes."""
    for _ in range(300):
        if page.evaluate(script):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"never came true: {script}")


@contextmanager
def phone(browser: Browser, site: Site, login: str = "worker", **more) -> Iterator[Page]:
    """A phone of its own, signed in, that may lose its network: its console is not watched."""
    page, _ = enter(browser, site, login, phone=True, path="/me#todo", **more)
    try:
        settled(page, with_map=False)
        yield page
    finally:
        page.context.close()


def open_again(context: BrowserContext, site: Site, tab: str = "todo") -> Page:
    """Open the page anew, as after the browser was killed."""
    page = context.new_page()
    Watch(site.address).over(page)
    page.goto(f"{site.address}/me#{tab}")
    settled(page, with_map=False)
    return page
