"""The event desk over HTTP and on the command line: from the report to the ledger."""

import io
from datetime import UTC, datetime
from uuid import uuid4

import orjson
import pytest
from click.testing import CliRunner
from python_calamine import CalamineWorkbook
from sqlalchemy import text

from grids.db import EVERYWHERE, begin
from grids.model import Role
from layers.print.ink import Ink
from tests.factories import COUNTY, Make
from tests.web.conftest import OWN
from web.cli.root import cli

DESK = "/api/v1/incidents"


@pytest.fixture
def desk(token_as):
    return token_as(Role.DISPATCHER)


@pytest.fixture
def report(desk, world):
    """Take in a report in the own township and return its card."""

    def send(**more):
        lon, lat = world.own.at
        body = {"matter_code": "0201", "summary": "渠水漫路", "lon": lon, "lat": lat}
        answer = desk.post(DESK, body | {"datum": "cgcs2000", "external_id": str(uuid4())} | more)
        assert answer.status_code == 201, answer.text
        return answer.json

    return send


def act(caller, card, action, **more):
    body = {"action": action, "version": card["version"], **more}
    return caller.post(f"{DESK}/{card['incident_id']}/steps", body)


def test_a_card_says_how_it_stands_and_what_can_be_done(report, desk):
    card = report(reporter_name="赵大妈", reporter_phone="138 1234 5678")
    assert (card["colour"], card["handling_level"], card["supervised"]) == ("green", "grid", False)
    assert card["phase"] == {"six": "dispatched", "loop": "dispatch"}
    assert card["reporter"]["name"] == "赵大妈"
    assert card["reporter"]["phone_mask"].count("*") >= 4
    assert "12345678" not in orjson.dumps(card).decode()
    assert card["feedback"]["owed"] is True
    assert card["limit"]["clock"] == "working"
    assert card["attempts"][0] == {"level": "village", "done": 0, "of": 3}
    assert card["grid_today"]["differs"] is False
    assert card["first_receiver"]["name"].startswith("primary of")
    needs = {one["action"]: (one["note"], one["needs"]) for one in card["possible"]}
    assert needs["transfer"] == (True, ["person", "unit"])
    assert needs["duplicate"] == (False, ["incident"])
    assert set(card["allowed"]) == set(needs)
    assert card["blocked"] == {"reject": "incident.unanswered"}
    row = desk.get(f"{DESK}?unanswered=1&unit={OWN}").json["incidents"][0]
    for name in ("colour", "due_at", "handling_level", "feedback", "department", "supervised"):
        assert row[name] == card[name]
    assert row["possible"] == card["possible"]


def test_nothing_is_closed_before_its_reporter_was_answered(report, desk, world):
    card = report(reporter_name="赵大妈")
    card = act(desk, card, "accept").json
    card = act(desk, card, "attempt", note="谈过", result="failed").json
    assert card["attempts"][0]["done"] == 1
    card = act(desk, card, "resolve", note="已疏通").json
    refused = act(desk, card, "close")
    assert (refused.status_code, refused.json["code"]) == (409, "incident.unanswered")
    assert refused.json["detail"] == "请先答复反映人，答复之前不能结案。"
    sheet = desk.post(
        f"{DESK}/{card['incident_id']}/supervisions", {"kind": "red", "note": "今日办结"}
    )
    assert sheet.status_code == 201
    key = sheet.json["supervision_id"]
    early = desk.post(f"/api/v1/supervisions/{key}/strike-off", {"note": "好"})
    assert (early.status_code, early.json["code"]) == (409, "supervision.state")
    assert early.json["detail"].endswith("当前待答复，此操作要求已答复。")
    desk.post(f"/api/v1/supervisions/{key}/answer", {"note": "已办结"})
    early = desk.post(f"/api/v1/supervisions/{key}/strike-off", {"note": "好"})
    assert early.json["code"] == "supervision.unanswered"
    listed = desk.get("/api/v1/supervisions?state=answered").json["supervisions"]
    assert key in {one["supervision_id"] for one in listed}
    card = desk.get(f"{DESK}/{card['incident_id']}").json
    assert card["colour"] == "red"
    assert card["colour_rules"][0]["rule"] == "red_card"
    card = act(desk, card, "answer", note="水渠已疏通", how="phone").json
    desk.post(f"/api/v1/supervisions/{key}/strike-off", {"note": "好"})
    card = desk.get(f"{DESK}/{card['incident_id']}").json
    assert act(desk, card, "close").json["step"] == "closed"


def test_a_matter_that_is_not_on_the_list_is_refused_with_the_remedy(desk, world):
    body = {"matter_code": "9999", "summary": "别的事", "unit_code": world.own.grid}
    refused = desk.post(DESK, body)
    assert (refused.status_code, refused.json["code"]) == (422, "matter.not_admitted")
    assert "向网格办申请准入" in refused.json["detail"]


def test_look_alikes_are_shown_before_another_is_made(report, desk, world):
    card = report()
    lon, lat = world.own.at
    near = f"lon={lon}&lat={lat}&datum=cgcs2000&matter=0201"
    found = desk.get(f"{DESK}/similar?{near}").json["incidents"]
    assert card["incident_id"] in {one["incident_id"] for one in found}
    assert {"distance_m": 0.0, "same_matter": True}.items() <= found[0].items()
    assert desk.get(f"{DESK}/similar?lon={lon}&lat={lat}").json["code"].startswith("datum")


def test_the_pin_is_moved_after_a_preview(report, desk, world):
    card = report()
    path = f"{DESK}/{card['incident_id']}/position"
    second = world.own.village + "002"
    body = {"unit_code": second, "version": card["version"], "preview": True}
    preview = desk.post(path, body).json
    assert (preview["placement"], preview["grid"]["grid_code"]) == ("hand", second)
    assert preview["changes_owner"] is True
    moved = desk.post(path, body | {"preview": False, "reassign": True}).json
    assert moved["owner"]["name"] == preview["would_be_owner"]["name"]
    assert moved["grid_today"] == {
        "grid_code": world.own.grid,
        "grid_name": moved["grid_today"]["grid_name"],
        "differs": True,
    }
    stale = desk.post(path, body)
    assert stale.status_code == 200
    assert desk.post(path, body | {"preview": False}).status_code == 409


def test_the_calendar_and_the_rules_belong_to_the_county(token_as):
    township, county = token_as(Role.GRID_ADMIN), token_as(Role.GRID_ADMIN, COUNTY)
    days = [{"day": "2031-10-01", "kind": "off", "name": "国庆节"}]
    body = {"year": 2031, "days": days}
    refused = township.send("PUT", "/api/v1/calendar", json=body)
    assert refused.json["code"] == "county.only"
    assert county.send("PUT", "/api/v1/calendar", json=body).json == body
    assert county.get("/api/v1/calendar?year=2031").json == body
    rules = county.get("/api/v1/incident-rules").json
    assert {one["code"] for one in rules["colours"]} >= {"overdue", "at_risk", "unanswered"}
    kept = county.send("PUT", "/api/v1/incident-rules", json={"limits": rules["limits"]})
    assert kept.json == rules


# On paper and in spreadsheets -----------------------------------------------------------------


def test_the_ledger_has_the_countys_columns_and_every_filter(report, token_as):
    card = report(summary="=1+1")
    admin = token_as(Role.GRID_ADMIN)
    answer = admin.get(f"{DESK}.xlsx?unit={card['grid_code']}&colour=green&step=reported")
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.data))
    headings, *rows = book.get_sheet_by_index(0).to_python()
    assert headings[:5] == ["事件编号", "来源", "上报渠道", "事项编码", "事项名称"]
    row = dict(zip(headings, next(r for r in rows if r[0] == card["number"]), strict=True))
    assert (row["办理状态"], row["红黄绿"], row["办理层级"]) == ("待受理", "绿", "网格")
    assert (row["事件描述"], row["是否督办"], row["计时方式"]) == ("=1+1", "否", "工作日")
    listed = admin.get(f"{DESK}?unit={card['grid_code']}&colour=green&step=reported").json
    assert [r[0] for r in rows][:50] == [one["number"] for one in listed["incidents"]]


def test_the_timeline_is_a_page_to_print_in_both_languages(report, desk):
    card = report(summary="<b>渠水</b>漫路", reporter_name="赵大妈")
    card = act(desk, card, "accept").json
    act(desk, card, "attempt", note="谈过一次", result="failed")
    path = f"{DESK}/{card['incident_id']}/timeline"
    page = desk.get(path)
    assert page.mimetype == "text/html"
    for said in (card["number"], "事件办理全过程", "调处", "谈过一次", "(1/3)", "&lt;b&gt;渠水"):
        assert said in page.text
    assert "Incident timeline" in desk.get(f"{path}?lang=en").text
    desk.get(f"{path}?lang=zh")


def test_the_slip_is_one_page_that_names_no_reporter(report, desk, monkeypatch):
    written = []
    text_of = Ink.text

    def text(self, x, y, said, *size, **more):
        written.append(said)
        assert 0 < y < self.size[1]
        return text_of(self, x, y, said, *size, **more)

    monkeypatch.setattr(Ink, "text", text)
    card = report(summary="渠水漫路" * 60, place="幸福路1号", reporter_name="赵大妈")
    answer = desk.get(f"{DESK}/{card['incident_id']}/slip.pdf")
    assert (answer.mimetype, answer.data[:5]) == ("application/pdf", b"%PDF-")
    assert b"/Count 1" in answer.data
    assert {card["number"], "幸福路1号", "事件交办单"} <= set(written)
    assert "赵大妈" not in "".join(written)


# On the command line --------------------------------------------------------------------------


@pytest.fixture
def wangge(world, monkeypatch, tmp_path):
    """`wangge("incident", ...)` runs a command on the served county: (exit code, document)."""
    url = world.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("WANGGE_HOME", str(tmp_path / "home"))

    def run(*arguments):
        result = CliRunner().invoke(cli, ["--json", *map(str, arguments)])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, orjson.loads(result.stdout)

    return run


def test_the_desk_on_the_command_line(wangge, world, tmp_path):
    lon, lat = world.own.at
    place = ("--lon", lon, "--lat", lat, "--datum", "cgcs2000")
    code, card = wangge("incident", "add", "0201", "路灯不亮", *place)
    assert (code, card["grid_code"], card["colour"]) == (0, world.own.grid, "green")
    key = card["incident_id"]
    wangge("incident", "step", key, "accept")
    failed = ("incident", "step", key, "attempt", "--note", "谈过", "--result", "failed")
    for _ in range(2):
        code, card = wangge(*failed, "--key", "script-001")
    assert (code, card["attempts"][0]["done"]) == (0, 1)
    for _ in range(2):
        code, card = wangge(*failed)
    assert (card["step"], card["reason"]) == ("escalated", "attempts_used_up")
    code, refused = wangge("incident", "step", key, "close")
    assert (code, refused["error"]["code"]) == (1, "incident.step")
    code, listed = wangge("incident", "list", "--level", "county", "--unit", world.own.grid)
    assert key in {one["incident_id"] for one in listed["incidents"]}
    assert wangge("incident", "show", key)[1]["number"] == card["number"]
    code, given = wangge("incident", "assign", key, "--unit", world.own.grid, "--reason", "就近")
    assert (code, given["handling_level"]) == (0, "grid")
    file = tmp_path / "ledger.csv"
    assert wangge("export", "incidents", file, "--area", world.own.grid)[0] == 0
    assert file.read_text("utf-8-sig").startswith("事件编号,来源,上报渠道")
    holidays = tmp_path / "holidays.csv"
    holidays.write_text("日期,类型,名称\n2031-01-01,休,元旦\n", "utf-8")
    code, taken = wangge("import", "holidays", holidays)
    assert (code, taken["taken"]) == (0, 1)
    with begin(world.engine, EVERYWHERE) as conn:
        conn.execute(text("DELETE FROM calendar_day WHERE day >= '2031-01-01'"))
        owed = conn.execute(text("SELECT count(*) FROM incident WHERE due_at IS NULL")).scalar()
        assert owed == 0


def test_a_moment_is_shown_as_the_clocks_in_china_show_it(app):
    shown = app.jinja_env.filters["china"](datetime(2026, 11, 22, 17, 30, tzinfo=UTC))
    assert shown == "2026-11-23 01:30"


@pytest.fixture
def informed(world):
    """Somebody of the sub-group to whom quarrels come first, and an unlit lamp does not."""
    with begin(world.engine, EVERYWHERE) as conn:
        make = Make(conn)
        make.matter("0101", first_rank="informant")
        person = make.duty(world.own.subgroup, "informant", name="沟边组信息员")
    yield world.own.subgroup
    with begin(world.engine, EVERYWHERE) as conn:
        conn.execute(text("DELETE FROM duty WHERE person_id = :p"), {"p": person})


@pytest.mark.parametrize("matter", ["0101", "0201"])
@pytest.mark.parametrize("where", ["inside", "on a border", "in a vacant grid", "outside"])
def test_who_will_receive_a_report_is_known_before_it_is_sent(
    report, desk, world, informed, matter, where
):
    lon, lat = world.own.at
    lon, lat = {
        "inside": (lon, lat),
        "on a border": (lon + 0.0075, lat),
        "in a vacant grid": (lon, lat - 0.01),
        "outside": (lon - 1, lat),
    }[where]
    at = f"lon={lon}&lat={lat}&datum=cgcs2000&accuracy_m=20"
    said = desk.get(f"/api/v1/where?{at}&matter={matter}").json
    key = report(matter_code=matter, lon=lon, lat=lat, accuracy_m=20)["incident_id"]
    with world.engine.connect() as conn:
        kept = conn.execute(text("SELECT * FROM incident WHERE incident_id = :k"), {"k": key}).one()
    worker = said["worker"]
    assert (str(kept.owner_id or ""), kept.owner_unit, kept.owner_rank) == (
        worker["person_id"] or "",
        worker["unit_code"],
        worker["rank"],
    )
    reason, skipped = kept.owner_reason["reason"], kept.owner_reason["skipped"]
    assert (said["reason"], said["skipped"]) == (reason, skipped)
    if where == "inside":
        assert kept.owner_rank == ("informant" if matter == "0101" else "primary")
