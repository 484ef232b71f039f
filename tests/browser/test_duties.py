"""The office keeps its roster and lists: fills a vacancy, hands work over, decides on an item."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from playwright.sync_api import expect
from sqlalchemy import text

from grids import db, incidents
from grids.access import everyone
from grids.incidents import IncidentReport
from tests.browser.conftest import PHONE
from tests.browser.test_screens import HAN, examine, visit

pytestmark = pytest.mark.browser

TABS = ("roster", "vacant", "handover", "matters", "recurring", "coverage", "channels")

# A grid whose worker has open incidents and no account that other tests sign in with, and
# somebody else of the same township.
BUSY = text(
    """
    SELECT d.unit_code, p.person_id, p.name, count(*) AS n
      FROM duty AS d
      JOIN person AS p ON p.person_id = d.person_id
      JOIN incident AS i ON i.owner_id = d.person_id
       AND i.step NOT IN ('closed', 'rejected', 'duplicate')
     WHERE d.rank = 'primary' AND upper_inf(d.valid) AND length(d.unit_code) = 15
       AND NOT EXISTS (SELECT FROM account AS a WHERE a.person_id = d.person_id)
     GROUP BY d.unit_code, p.person_id, p.name
     ORDER BY n DESC, d.unit_code
     LIMIT 1
    """
)
OTHER = text(
    "SELECT name FROM person WHERE unit_code LIKE :near AND person_id <> :not AND active"
    " GROUP BY name HAVING count(*) = 1 ORDER BY name LIMIT 1"
)
# The last grid of the county loses its worker.
VACATED = text(
    """
    UPDATE duty SET valid = daterange(lower(valid), local_day(now()))
     WHERE duty_id = (SELECT duty_id FROM duty WHERE rank = 'primary' AND upper_inf(valid)
                        AND person_id NOT IN (SELECT person_id FROM account)
                       ORDER BY unit_code DESC LIMIT 1)
    RETURNING unit_code
    """
)
ROLE_CHANNELS = text("SELECT role, channel FROM role_channel")
OWNED = text(
    "SELECT count(*) FROM incident WHERE owner_id = :p"
    " AND step NOT IN ('closed', 'rejected', 'duplicate')"
)


def test_a_worker_who_leaves_hands_duties_and_open_work_to_a_successor(sign_in, owner):
    with owner.connect() as conn:
        grid, person, name, n = conn.execute(BUSY).one()
        heir = conn.execute(OTHER, {"near": grid[:9] + "%", "not": person}).scalar_one()
    page, watch = sign_in("admin", path=f"/duties?area={grid[:12]}")
    row = page.get_by_role("row").filter(has_text=grid).filter(has_text=name)
    row.get_by_role("button", name=re.compile("移交")).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"未办结事件 {n} 件")
    yesterday = page.evaluate(
        "new Date(Date.now() - 864e5).toLocaleDateString('sv-SE', { timeZone: 'Asia/Shanghai' })"
    )
    dialog.get_by_label("在岗最后一天").fill(yesterday)
    dialog.get_by_label("原因").fill("调离本县")
    post = dialog.locator(".post").filter(has_text=grid)
    post.get_by_role("textbox").fill(heir)
    post.get_by_role("button", name=heir).first.click()
    dialog.get_by_role("button", name="移交").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("row").filter(has_text=grid).filter(has_text=heir)).to_be_visible()
    page.get_by_role("tab", name="工作移交").click()
    done = page.locator("li").filter(has_text="调离本县")
    expect(done.first).to_contain_text(f"转交 {n} 件")
    with owner.connect() as conn:
        assert conn.execute(OWNED, {"p": person}).scalar_one() == 0
    watch.clean()


def test_a_vacancy_is_filled_from_the_list(sign_in, owner):
    with owner.begin() as conn:
        vacant = conn.execute(VACATED).scalar_one()
        name = conn.execute(
            OTHER, {"near": vacant[:9] + "%", "not": "00000000-0000-0000-0000-000000000000"}
        ).scalar_one()
    page, watch = sign_in("admin", path=f"/duties?tab=vacant&area={vacant[:12]}")
    row = page.get_by_role("row").filter(has_text=vacant)
    row.get_by_role("button", name=re.compile("任命")).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("人员").fill(name)
    dialog.get_by_role("button", name=name).first.click()
    dialog.get_by_role("button", name="任命").click()
    expect(dialog).to_be_hidden()
    expect(row).to_have_count(0)
    page.get_by_role("tab", name="值守名册").click()
    expect(page.get_by_role("row").filter(has_text=vacant).filter(has_text=name)).to_be_visible()
    watch.clean()


def test_a_department_asks_for_an_item_and_the_county_puts_it_on_the_list(sign_in):
    page, watch = sign_in("dispatcher", path="/duties?tab=matters")
    page.get_by_role("button", name="申请入单").click()
    dialog = page.get_by_role("dialog")
    for label, said in {
        "编码": "0788",
        "事项": "防溺水巡查",
        "责任部门": "应急办",
        "申请理由": "汛期需要",
    }.items():
        dialog.get_by_label(label, exact=True).fill(said)
    dialog.get_by_role("button", name="申请入单").click()
    expect(dialog).to_be_hidden()
    asked = page.locator(".requests > li").filter(has_text="防溺水巡查")
    expect(asked).to_contain_text("待审批")
    expect(asked.get_by_role("button", name="批准入单")).to_have_count(0)
    watch.clean()
    office, watch = sign_in("admin", path="/duties?tab=matters")
    asked = office.locator(".requests > li").filter(has_text="防溺水巡查")
    asked.get_by_role("button", name="批准入单").click()
    expect(asked).to_contain_text("已入单")
    expect(office.get_by_role("row").filter(has_text="0788")).to_contain_text("防溺水巡查")
    watch.clean()


def test_somebody_sits_at_a_departments_desk_and_is_told_what_comes_in(sign_in, site, owner):
    name = site.accounts["dispatcher"].name
    page, watch = sign_in("admin", path="/duties?tab=matters")
    row = page.locator(".seats li").first
    department = row.locator("strong").inner_text()
    row.get_by_role("button", name=f"添加坐席 {department}").click()
    row.get_by_role("textbox").fill(name)
    row.get_by_role("button", name=name).first.click()
    expect(row).to_contain_text(name)
    with db.begin(owner, db.EVERYWHERE) as conn:
        matter = conn.execute(
            text("SELECT min(code) FROM matter WHERE department = :d AND upper_inf(valid)"),
            {"d": department},
        ).scalar_one()
        village = site.accounts["worker"].unit_code[:12]
        said = IncidentReport("test", uuid4().hex, matter, "渠水漫路", unit_code=village)
        receipt, _ = incidents.receive(conn, everyone("test"), said, datetime.now(UTC))
    desk, watch_desk = sign_in("dispatcher", path="/incidents?look=my_department")
    expect(desk.locator(".queue, main").first).to_contain_text(receipt.number)
    desk.get_by_role("button", name=re.compile("通知")).first.click()
    expect(desk.get_by_text(f"{department}：新事件 {receipt.number} 需协同处置")).to_be_visible()
    row.get_by_role("button", name=f"撤下 {name}").click()
    expect(row).to_contain_text("无人")
    watch.clean()
    watch_desk.clean()


def test_an_administrator_says_which_roles_get_short_messages(sign_in, owner):
    page, watch = sign_in("admin", path="/duties?tab=channels")
    expect(page.get_by_text("未配置发送通道")).to_be_visible()
    box = page.get_by_label("给领导发短信")
    box.check()
    expect(page.get_by_text("已保存").first).to_be_visible()
    page.reload()
    expect(box).to_be_checked()
    with owner.connect() as conn:
        assert conn.execute(ROLE_CHANNELS).all() == [("leader", "sms")]
    box.uncheck()
    expect(page.get_by_text("已保存").first).to_be_visible()
    page.reload()
    expect(box).not_to_be_checked()
    watch.clean()


def test_recurring_work_is_set_up_and_counted(sign_in):
    page, watch = sign_in("admin", path="/duties?tab=recurring")
    page.get_by_label("工作内容").fill("每旬巡查防火重点")
    page.get_by_role("button", name="新增周期工作").click()
    rule = page.locator(".rules > li").filter(has_text="每旬巡查防火重点")
    expect(rule).to_contain_text(re.compile(r"0 / \d+ 完成"))
    rule.get_by_role("button", name=re.compile("停止")).click()
    expect(rule).to_have_count(0)
    watch.clean()


def test_the_open_list_is_in_view_among_the_tabs_of_a_phone(sign_in):
    page, _ = sign_in("admin", phone=True, path="/duties?tab=channels")
    bar = page.get_by_role("tablist")
    expect(bar.get_by_role("tab", selected=True)).to_be_in_viewport(ratio=1)
    # Turned on its side and back.
    page.set_viewport_size({"width": PHONE["height"], "height": PHONE["width"]})
    expect(bar.get_by_role("tab").first).to_be_in_viewport(ratio=1)
    page.set_viewport_size(PHONE)
    expect(bar.get_by_role("tab", selected=True)).to_be_in_viewport(ratio=1)
    bar.get_by_role("tab", selected=True).press("Home")
    expect(bar.get_by_role("tab").first).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("tab", selected=True)).to_have_text("值守名册")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_list_is_fit_to_be_seen(visitor, site, lang):
    page, watch = visitor(site, "admin")
    for tab in TABS:
        visit(page, f"{site.address}/duties?tab={tab}", lang)
        examine(page, watch, f"duties-{tab}", lang=lang, with_map=False)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_list_of_an_empty_county_says_what_to_do(visitor, empty_site, lang):
    page, watch = visitor(empty_site, "admin")
    for tab in TABS:
        visit(page, f"{empty_site.address}/duties?tab={tab}", lang)
        examine(page, watch, f"duties-{tab}-empty", lang=lang, with_map=False)
        if lang == "en":
            # The ten-day period has no English name; its Chinese one stands in brackets.
            assert set(HAN.findall(page.locator("main").first.inner_text())) <= {"旬"}
