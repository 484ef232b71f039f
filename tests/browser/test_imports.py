"""Files go through the wizard: looked at, tried, taken in; outlines are compared first."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Engine, text

from geo.datum import Datum, Position, from_cgcs2000
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.screen import settled
from tests.browser.studio import village
from tests.browser.test_screens import barriers, examine, visit

pytestmark = pytest.mark.browser
expect.set_options(timeout=60_000)

OUT = Path(__file__).parent / "out"
HEADINGS = ["户号", "地址", "人口", "家庭类别", "联系电话", "经度", "纬度"]
HOMES = text(
    "SELECT ST_X(position) AS lon, ST_Y(position) AS lat FROM household"
    " WHERE position IS NOT NULL AND grid_code IS NOT NULL ORDER BY number LIMIT 40"
)
STORED = text("SELECT count(*) FROM household WHERE starts_with(number, :prefix)")
GRIDS = text(
    """
    SELECT u.code, u.name, ST_AsGeoJSON(o.outline, 7) AS shape
      FROM unit AS u JOIN unit_outline AS o ON o.unit_code = u.code AND upper_inf(o.valid)
     WHERE u.level = 'grid' AND starts_with(u.code, :village) ORDER BY u.code
    """
)


def register(owner: Engine, prefix: str) -> bytes:
    """Return homes of the county as a register of Amap has them, one with a class nobody knows."""
    with owner.connect() as conn:
        homes = conn.execute(HOMES).all()
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["2026年户籍登记表"])
    writer.writerow(HEADINGS)
    for i, home in enumerate(homes):
        at = from_cgcs2000(Position(home.lon, home.lat), Datum.GCJ02)
        kind = "神仙家庭" if i == 5 else "一般家庭"
        writer.writerow([f"{prefix}{i}", f"新村{i}号", 3, kind, "", f"{at[0]:.7f}", f"{at[1]:.7f}"])
    return out.getvalue().encode("gb18030")


def send(page: Page, kind: str, name: str, given: bytes) -> None:
    page.get_by_label("数据种类").select_option(kind)
    file = {"name": name, "mimeType": "application/octet-stream", "buffer": given}
    page.locator("input[type=file]").set_input_files(file)
    page.wait_for_url(re.compile(r"/imports\?task=[0-9a-f-]{36}"))
    expect(page.get_by_role("heading", name="识别结果")).to_be_visible()


def shot(page: Page, name: str, *, with_map: bool = False) -> None:
    """Photograph a step on a desk and in a hand; nobody is shut out of it."""
    OUT.mkdir(exist_ok=True)
    for place, size in (("hand", PHONE), ("desk", DESKTOP)):
        page.set_viewport_size(size)
        settled(page, with_map=with_map)
        page.screenshot(path=OUT / f"imports-{name}-{place}.png", full_page=True)
        assert barriers(page) == []
        over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert over <= 0, f"{over} pixels hang over the edge"


def test_a_register_is_looked_at_tried_and_its_good_rows_are_taken(sign_in, owner):
    page, _ = sign_in("admin", path="/")
    page.get_by_role("link", name="数据导入").click()
    page.wait_for_url(re.compile("/imports"))
    send(page, "households", "户籍.csv", register(owner, "WB-"))
    expect(page.locator("main")).to_contain_text("40 行数据，从第 3 行开始")
    expect(page.get_by_label("文字编码")).to_contain_text("GB18030")
    expect(page.locator("[data-field=class]")).to_have_value("家庭类别")
    expect(page.locator("[data-check]")).to_be_disabled()

    page.locator("[data-datum]").select_option("gcj02")
    expect(page.locator("main")).to_contain_text("40 个位置，按 GCJ-02")
    shot(page, "look", with_map=True)
    page.locator("[data-check]").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="试运行结果")).to_be_visible()
    expect(page.locator(".counts")).to_contain_text("39")
    expect(page.get_by_role("region", name="不合格的行")).to_contain_text("不在可选范围")
    shot(page, "checked")
    with page.expect_download() as download:
        page.get_by_role("link", name="下载 CSV").click()
    refused = list(csv.DictReader(download.value.path().read_text("utf-8-sig").splitlines()))
    assert [row["户号"] for row in refused] == ["WB-5"]
    assert "神仙家庭" in refused[0]["问题"]
    with owner.connect() as conn:
        assert conn.execute(STORED, {"prefix": "WB-"}).scalar() == 0

    page.locator("[data-commit-part]").click()
    expect(page.get_by_role("heading", name="已入库")).to_be_visible()
    shot(page, "done")
    with owner.connect() as conn:
        assert conn.execute(STORED, {"prefix": "WB-"}).scalar() == 39
    page.get_by_role("link", name="返回导入记录").click()
    expect(page.get_by_role("row", name=re.compile("户籍.csv"))).to_contain_text("已入库")


def test_grids_show_what_they_would_change_before_they_are_taken(sign_in, owner):
    where = village(owner, skip=2)
    with owner.connect() as conn:
        rows = conn.execute(GRIDS, {"village": where.code}).all()
    features = [
        {
            "type": "Feature",
            "properties": {"编码": row.code, "名称": f"{row.name}新区"},
            "geometry": json.loads(row.shape),
        }
        for row in rows
    ]
    given = json.dumps({"type": "FeatureCollection", "features": features}).encode()
    page, _ = sign_in("admin", path="/imports")
    send(page, "grids", "网格.geojson", given)
    page.locator("[data-datum]").select_option("cgcs2000")
    page.locator("[data-check]").click()
    expect(page.get_by_role("heading", name="试运行结果")).to_be_visible()
    expect(page.locator("[data-difference=renamed]")).to_contain_text(str(len(rows)))
    expect(page.locator("[data-difference=removed]")).to_contain_text("0")
    shot(page, "grids")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="修正前后对照图").click()
    expect(opened.value.locator("svg").first).to_be_visible()
    opened.value.close()
    page.locator("[data-commit]").click()
    expect(page.get_by_role("heading", name="已入库")).to_be_visible()
    with owner.connect() as conn:
        names = conn.execute(GRIDS, {"village": where.code}).all()
    assert all(row.name.endswith("新区") for row in names)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_list_of_imports_is_fit_to_be_seen(visitor, site, empty_site, lang):
    empty = {"zh": "还没有导入记录", "en": "No import yet"}[lang]
    page, watch = visitor(empty_site, "admin")
    visit(page, f"{empty_site.address}/imports", lang)
    expect(page.get_by_text(empty)).to_be_visible()
    examine(page, watch, "imports-empty", lang=lang, with_map=False)
    page, watch = visitor(site, "admin")
    visit(page, f"{site.address}/imports", lang)
    expect(page.locator("main h1")).to_be_visible()
    examine(page, watch, "imports-list", lang=lang, with_map=False)
