"""A resident's report on a phone and on a desk, with scripts and without, fit to be seen."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine, text

from tests.browser.conftest import DESKTOP, PHONE, Site, Watch
from tests.browser.test_screens import GRAVE, HAN, OUT

pytestmark = pytest.mark.browser

AXE = Axe()
MOST_BYTES = 150_000
SIZES = {"desk": DESKTOP, "hand": PHONE}
NUMBER = "13512345678"


class Visitor:
    """Somebody without an account, in a browser of their own that is watched."""

    def __init__(self, browser: Browser, site: Site, **options: object) -> None:
        self.site, self.watch = site, Watch(site.address)
        self.context = browser.new_context(
            **{"viewport": PHONE, "locale": "zh-CN", "is_mobile": True, **options}
        )
        self.context.set_default_timeout(30_000)
        self.page: Page = self.context.new_page()
        self.watch.over(self.page)

    def go(self, path: str) -> Page:
        self.page.goto(self.site.address + path)
        return self.page

    def next(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()


@pytest.fixture
def visitor(browser: Browser, site: Site) -> Iterator[object]:
    """`visitor(java_script_enabled=False)`; in the end no browser has done anything wrong."""
    made: list[Visitor] = []

    def begin(**options: object) -> Visitor:
        made.append(Visitor(browser, site, **options))
        return made[-1]

    yield begin
    for one in made:
        one.context.close()
        one.watch.clean()


def look(one: Visitor, name: str, *, lang: str = "zh") -> None:
    """Photograph a page in both sizes: nothing sticks out, nothing grave, no foreign word."""
    OUT.mkdir(exist_ok=True)
    page, before = one.page, one.page.viewport_size
    for place, size in SIZES.items():
        page.set_viewport_size(size)
        page.screenshot(path=OUT / f"resident-{name}-{place}-{lang}.png", full_page=True)
        # A phone's window grows with what sticks out: only the screen's own width tells.
        wide = page.evaluate("document.documentElement.scrollWidth") - size["width"]
        assert wide <= 0, f"{name} is {wide} px too wide"
        small = page.evaluate(
            "[...document.querySelectorAll('a, button, input, select')].filter((one) => {"
            "  const box = one.getBoundingClientRect();"
            "  return box.width && one.type !== 'radio' && !one.closest('.unseen, .skip')"
            "    && !one.classList.contains('skip') && box.height < 44; })"
            ".map((one) => one.outerHTML.slice(0, 80))"
        )
        assert small == []
    grave = [found for found in AXE.run(page).response["violations"] if found["impact"] in GRAVE]
    assert grave == []
    if lang == "en":
        words = page.locator("main h1, main legend, main label span, footer p").all_inner_texts()
        assert [one for one in words if HAN.search(one)] == []
    page.set_viewport_size(before)


def a_photo() -> dict[str, object]:
    out = io.BytesIO()
    Image.effect_noise((2400, 1800), 60).convert("RGB").save(out, "JPEG", quality=90)
    return {"name": "灯.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


def incident(owner: Engine, words: str):
    with owner.connect() as conn:
        return conn.execute(
            text(
                "SELECT i.*, (SELECT count(*) FROM photo AS p WHERE p.incident_id = i.incident_id)"
                " AS n_photos FROM incident AS i WHERE summary = :words"
            ),
            {"words": words},
        ).one()


@pytest.mark.parametrize("scripts", [True, False], ids=["with-scripts", "without"])
def test_a_matter_is_reported_in_three_steps_and_followed(visitor, owner, sign_in, scripts):
    one = visitor(java_script_enabled=scripts)
    mark = "with" if scripts else "without"
    words = f"村口路灯不亮 {mark}"
    page = one.go("/report")
    if scripts:
        look(one, "what")
    page.get_by_label("路灯", exact=False).first.check()
    page.get_by_label("用您的话说说情况").fill(words)
    page.get_by_label("照片（可不填）").set_input_files([a_photo()])
    one.next("下一步：在哪里")
    expect(page.get_by_role("heading", name="在什么地方？")).to_be_visible()
    if scripts:
        look(one, "place")
    page.get_by_label("村（社区）", exact=True).select_option(index=3)
    page.get_by_label("具体位置").fill(f"小学门口 {mark}")
    one.next("下一步：联系方式")
    if scripts:
        look(one, "contact")
    page.get_by_label("电话（可不填）").fill(NUMBER)
    one.next("提交")
    page.wait_for_url(re.compile("/report/receipt$"))
    code = page.locator(".code").inner_text()
    if scripts:
        look(one, "receipt")
    row = incident(owner, words)
    assert (row.channel, row.n_photos) == ("resident", 1)
    page.get_by_role("link", name="查询进度").first.click()
    expect(page.get_by_label("回执上的查询码")).to_have_value(code)
    page.get_by_label("电话后四位").fill(NUMBER[-4:])
    one.next("查看")
    expect(page.locator(".facts")).to_contain_text(row.number)
    with owner.begin() as conn:
        conn.execute(
            text("UPDATE incident SET step = 'closed', closed_at = now() WHERE incident_id = :i"),
            {"i": row.incident_id},
        )
    one.go(f"/report/status?code={code}")
    page.get_by_label("电话后四位").fill(NUMBER[-4:])
    one.next("查看")
    if scripts:
        look(one, "progress")
    page.get_by_label("很满意").check()
    one.next("提交")
    expect(page.locator(".rating .message")).to_contain_text("5")
    # The desk sees how many reported it and how content they are, and never who.
    desk, _ = sign_in("dispatcher", path=f"/incidents?id={row.incident_id}&step=all")
    counts = desk.locator(".detail [data-residents]")
    expect(counts).to_have_text("1 人次 · 满意度 5.0 / 5（1 人评价）")
    expect(desk.locator(".detail")).not_to_contain_text(NUMBER)


def test_who_stands_there_sends_the_position_and_may_take_it_back(visitor, owner):
    with owner.connect() as conn:
        lon, lat, code = conn.execute(
            text(
                "SELECT ST_X(p), ST_Y(p), unit_code FROM (SELECT ST_PointOnSurface(outline) AS p,"
                " unit_code FROM unit_outline WHERE level = 'grid' AND upper_inf(valid)"
                " ORDER BY unit_code LIMIT 1) AS first"
            )
        ).one()
    here = {"longitude": lon, "latitude": lat, "accuracy": 5}
    one = visitor(geolocation=here, permissions=["geolocation"])
    page = one.go("/report")
    page.get_by_label("垃圾与卫生", exact=False).check()
    page.get_by_label("用您的话说说情况").fill("站在这里看到的")
    one.next("下一步：在哪里")
    one.next("我就在现场：使用我的位置")
    expect(page.get_by_role("status")).to_contain_text("误差约 5 米")
    one.next("不发送我的位置")
    expect(page.get_by_role("status")).to_have_text("")
    one.next("我就在现场：使用我的位置")
    expect(page.get_by_role("status")).to_contain_text("误差约 5 米")
    look(one, "position")
    one.next("下一步：联系方式")
    one.next("提交")
    page.wait_for_url(re.compile("/report/receipt$"))
    assert incident(owner, "站在这里看到的").grid_code == code
    # Another one, at the same place: it may be the same matter.
    other = visitor(geolocation=here, permissions=["geolocation"])
    page = other.go("/report")
    page.get_by_label("垃圾与卫生", exact=False).check()
    page.get_by_label("用您的话说说情况").fill("我也看到了")
    other.next("下一步：在哪里")
    other.next("我就在现场：使用我的位置")
    expect(page.get_by_role("status")).to_contain_text("误差约 5 米")
    other.next("下一步：联系方式")
    look(other, "alike")
    page.get_by_label("是同一件事，我也反映").check()
    other.next("提交")
    expect(page.locator("main")).to_contain_text("您的上报已并入")


def test_whoever_asks_is_told_who_is_responsible(visitor):
    one = visitor()
    page = one.go("/where")
    page.get_by_label("村（社区）", exact=True).select_option(index=2)
    one.next("查看")
    expect(page.locator(".who .facts").first).to_be_visible()
    look(one, "who")


def test_english_is_complete_and_text_can_be_larger(visitor):
    one = visitor()
    page = one.go("/report?lang=en")
    look(one, "what", lang="en")
    page.get_by_role("link", name="Larger text").click()
    look(one, "what-large", lang="en")
    one.go("/where?lang=en")
    look(one, "where-large", lang="en")
    one.go("/report/status?lang=en&large=0")
    look(one, "status", lang="en")


def test_the_first_page_is_light(visitor):
    one = visitor()
    sizes: list[int] = []
    done = "requestfinished"
    one.page.on(done, lambda request: sizes.append(request.sizes()["responseBodySize"]))
    one.go("/report")
    one.page.wait_for_load_state("networkidle")
    assert 0 < sum(sizes) <= MOST_BYTES, sizes


def test_what_was_written_stays_on_the_device_until_it_has_arrived(visitor):
    one = visitor()
    page = one.go("/report")
    page.get_by_label("用您的话说说情况").fill("写到一半断网了")
    page.reload()
    expect(page.get_by_label("用您的话说说情况")).to_have_value("写到一半断网了")
