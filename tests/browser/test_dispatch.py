"""A dispatcher enters an event near a border and knows at once whose it is."""

from __future__ import annotations

import json
import re

import pytest
import shapely
from playwright.sync_api import expect
from sqlalchemy import text

from geo.datum import Datum, from_cgcs2000
from geo.position import Position
from tests.browser.screen import settled

pytestmark = pytest.mark.browser

# Two grids of one village with workers, and the line between them.
BORDER = text(
    """
    SELECT a.unit_code AS one, b.unit_code AS other,
           ST_AsBinary(ST_Intersection(a.outline, b.outline)) AS line,
           ST_AsBinary(a.outline) AS outline
      FROM unit_outline AS a
      JOIN unit_outline AS b ON b.level = 'grid' AND upper_inf(b.valid)
       AND left(b.unit_code, 12) = left(a.unit_code, 12)
       AND b.unit_code > a.unit_code AND a.outline && b.outline
     WHERE a.level = 'grid' AND upper_inf(a.valid)
       AND ST_Dimension(ST_Intersection(a.outline, b.outline)) = 1
     ORDER BY ST_Length(ST_Intersection(a.outline, b.outline)) DESC
     LIMIT 1
    """
)
INCIDENT = text("SELECT * FROM incident WHERE number = :number")
STEPS = text("SELECT action, note FROM incident_step WHERE incident_id = :id ORDER BY seq")
NAME = text("SELECT name FROM unit WHERE code = :code")
METRES_PER_DEGREE = 111_000
# A sub-group of a grid with a worker, both at work, and a place well inside it.
INFORMED = text(
    """
    SELECT i.unit_code, p.name AS informant, w.name AS worker,
           ST_X(c.center) AS lon, ST_Y(c.center) AS lat
      FROM duty AS i
      JOIN person AS p ON p.person_id = i.person_id
      JOIN duty AS d ON d.unit_code = left(i.unit_code, 15) AND d.rank = 'primary'
       AND upper_inf(d.valid)
      JOIN person AS w ON w.person_id = d.person_id
      JOIN unit_outline AS o ON o.unit_code = i.unit_code AND upper_inf(o.valid)
      CROSS JOIN ST_MaximumInscribedCircle(o.outline) AS c
     WHERE i.rank = 'informant' AND upper_inf(i.valid) AND p.name <> w.name
       AND NOT EXISTS (SELECT FROM leave AS l
                        WHERE l.person_id IN (i.person_id, d.person_id)
                          AND upper(l.during) > now())
     ORDER BY i.unit_code
     LIMIT 1
    """
)
FIRST_MATTER = text("SELECT min(code) FROM matter WHERE first_rank = :rank AND upper_inf(valid)")


@pytest.fixture
def border(owner):
    """Two neighbours and a position in the first, seven metres from the other."""
    with owner.connect() as conn:
        row = conn.execute(BORDER).one()
        names = {code: conn.execute(NAME, {"code": code}).scalar_one() for code in row[:2]}
    line = shapely.line_merge(shapely.from_wkb(row.line))
    line = max(shapely.get_parts(line), key=lambda part: part.length)
    middle = line.interpolate(0.5, normalized=True)
    outline = shapely.from_wkb(row.outline)
    near = middle.buffer(7 / METRES_PER_DEGREE).exterior
    lon, lat = max(
        (at for at in near.coords if outline.contains(shapely.Point(at))),
        key=lambda at: line.distance(shapely.Point(at)),
    )
    return row.one, row.other, names, (lon, lat)


def test_an_event_near_a_border_names_both_grids_and_asks_for_review(sign_in, owner, border):
    one, other, names, (lon, lat) = border
    page, _ = sign_in("dispatcher", path="/incidents")
    settled(page)
    page.keyboard.press("n")
    form = page.locator(".intake")
    form.get_by_label("事项").select_option(index=1)
    form.get_by_label("情况", exact=True).fill("沟渠堵塞，路面积水")
    x, y = from_cgcs2000(Position(lon, lat), Datum.GCJ02)
    form.get_by_label("坐标（经度, 纬度）").fill(f"{x:.6f}, {y:.6f}")
    form.get_by_label("坐标系").select_option("gcj02")
    form.get_by_label("定位精度（米）").fill("40")

    owner_box = form.locator(".owner")
    expect(owner_box).to_contain_text(names[one])
    expect(owner_box).to_contain_text(names[other])
    expect(owner_box).to_contain_text("靠近边界，建议人工核对")
    expect(owner_box).to_contain_text("理由")
    shares = owner_box.locator(".bars li")
    assert set(names.values()) <= set(shares.locator(".name").all_inner_texts())
    form.get_by_role("button", name="登记并派遣").click()

    detail = page.locator(".detail")
    expect(detail.locator("header")).to_contain_text("待核对")
    expect(detail).to_contain_text(names[other])
    number = detail.locator("header .num").first.inner_text()
    with owner.connect() as conn:
        kept = conn.execute(INCIDENT, {"number": number}).one()
    assert (kept.grid_code, kept.placement, kept.review) == (one, "border", True)
    assert (kept.given_datum, kept.given_x, kept.given_y) == (
        "gcj02",
        pytest.approx(x, abs=1e-6),
        pytest.approx(y, abs=1e-6),
    )
    assert {rival["grid"] for rival in kept.rivals} >= {one, other}

    queue = page.locator("#queue .rows")
    review = page.get_by_role("button", name="待核对归属")
    with page.expect_response(re.compile(r"/incidents\?.*review=1")):
        review.click()
    expect(queue).to_contain_text(number)

    page.get_by_role("button", name="改派…").click()
    detail.get_by_label("辖区代码").fill(other)
    detail.get_by_label("改派理由").fill("现场核实在沟渠东侧")
    detail.get_by_role("button", name="改派", exact=True).click()
    expect(detail.locator(".steps")).to_contain_text("现场核实在沟渠东侧")
    # Somebody has looked: the queue is asked for anew without it.
    with page.expect_response(re.compile(r"/incidents\?(?!.*review)")):
        review.click()
    with page.expect_response(re.compile(r"/incidents\?.*review=1")):
        review.click()
    expect(queue).not_to_contain_text(number)
    with owner.connect() as conn:
        moved = conn.execute(INCIDENT, {"number": number}).one()
        steps = [tuple(row) for row in conn.execute(STEPS, {"id": kept.incident_id})]
    assert (moved.owner_unit, moved.review) == (other, False)
    assert moved.owner_id != kept.owner_id
    assert steps[-1][1] == "现场核实在沟渠东侧"


def test_the_form_names_who_will_receive_the_matter(sign_in, owner):
    with owner.connect() as conn:
        here = conn.execute(INFORMED).one()
        matters = {
            rank: conn.execute(FIRST_MATTER, {"rank": rank}).scalar_one()
            for rank in ("informant", "primary")
        }
    page, _ = sign_in("dispatcher", path="/incidents?new=1")
    settled(page)
    form = page.locator(".intake")
    form.get_by_label("坐标（经度, 纬度）").fill(f"{here.lon:.7f}, {here.lat:.7f}")
    said = form.locator(".owner .facts")
    # Whose it is depends on the matter: until there is one nobody is named.
    expect(said).to_contain_text("选定事项后显示")
    expect(said).not_to_contain_text(here.worker)
    form.get_by_label("事项").select_option(matters["primary"])
    expect(said).to_contain_text(f"{here.worker} · 网格员")
    form.get_by_label("事项").select_option(matters["informant"])
    expect(said).to_contain_text(f"{here.informant} · 信息员")
    reason = "应由其负责，且在岗"
    expect(said).to_contain_text(reason)
    form.get_by_label("情况", exact=True).fill("两家为地界争吵")
    form.get_by_role("button", name="登记并派遣").click()
    detail = page.locator(".detail")
    number = detail.locator("header .num").first.inner_text()
    expect(detail).to_contain_text(here.informant)
    expect(detail).to_contain_text(reason)
    with owner.connect() as conn:
        kept = conn.execute(INCIDENT, {"number": number}).one()
    assert (kept.owner_unit, kept.owner_rank) == (here.unit_code, "informant")


def test_a_position_without_its_datum_is_refused_in_words(sign_in, site, owner, border):
    *_, (lon, lat) = border
    page, _ = sign_in("dispatcher", path="/incidents")
    boot = json.loads(page.locator("#boot").text_content())
    with owner.connect() as conn:
        matter = conn.execute(text("SELECT code FROM matter ORDER BY code LIMIT 1")).scalar_one()
        before = conn.execute(text("SELECT count(*) FROM incident")).scalar_one()
    answer = page.request.post(
        f"{site.address}/api/v1/incidents",
        headers={"X-CSRFToken": boot["csrf"], "Idempotency-Key": "a-position-without-datum"},
        data={"matter_code": matter, "summary": "无坐标系", "lon": lon, "lat": lat},
    )
    assert answer.status == 422
    problem = answer.json()
    assert "datum" in problem["code"]
    assert problem["detail"]
    with owner.connect() as conn:
        assert conn.execute(text("SELECT count(*) FROM incident")).scalar_one() == before
