"""Who may do what, and where: every address, every role, inside the territory and outside.

`DOORS` is the policy, written once more beside the marks of the views: what an address needs, and
a request that would be answered. An address that is missing here fails, and so does one that asks
for something else than it should.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from io import BytesIO
from uuid import uuid4

import pytest

from grids.access import ALLOWED
from grids.model import Role
from web.session import SIGNED_IN, needed_by, require_marks

VERSION = {"version": 0}


@dataclass(frozen=True)
class Door:
    """What an endpoint needs and how to knock: fields of a territory stand in braces.

    `walled`: the request names something of a territory, which outside is said not to exist.
    """

    needed: str | None
    path: str
    body: dict[str, object] | None = None
    walled: bool = False


NOBODY = "00000000-0000-0000-0000-000000000000"
PLAN = "/api/v1/plans/{t.plan}"
INCIDENT = "/api/v1/incidents/{t.incident}"
HOUSEHOLD = "/api/v1/households/{t.household}"
PERIOD = "since=2026-01-01&until=2026-03-31&area={t.code}"
STEP = {"tool": "merge", "from": "{t.grid}", "into": "{t.village}002"}
PHOTO = {"key": "key-of-a-photo", "photo": "no picture at all"}
REPORT = {"matter_code": "0201", "summary": "路灯不亮", "unit_code": "{t.grid}"}
PERSON = "/api/v1/people/{t.worker}"
REQUEST = "/api/v1/matter-requests/{t.request}"
TASK = "/api/v1/tasks/{t.task}"
IMPORT = "/api/v1/imports/{t.sent}"
DAYS = "since=2026-01-01&until=2026-03-31&area={t.code}"
FROM_NOW_ON = {"since": "2098-01-01"}
AWAY = {"since": "2098-01-01T00:00:00+08:00", "until": "2098-01-02T00:00:00+08:00"}
NEW_MATTER = {
    "code": "0901",
    "name": "防溺水巡查",
    "department": "应急办",
    "limit_hours": 24,
    "since": "2026-06-01",
    "reason": "汛期需要",
}
RECURRING = {
    "title": "排查用电安全",
    "kind": "check",
    "territory_code": "{t.grid}",
    "level": "grid",
    "period": "week",
    "since": "2026-06-01",
}
VISIT = {"household_id": "{t.household}", "at": "2026-06-01T10:00:00+08:00", "result": "met"}
PATROL = {
    "grid_code": "{t.grid}",
    "since": "2026-06-01T10:00:00+08:00",
    "until": "2026-06-01T11:00:00+08:00",
    "result": "in_order",
}

DOORS = {
    "static": Door(None, "/static/icon.svg"),
    "api-docs.openapi_json": Door(None, "/api/v1/openapi.json"),
    "health.health": Door(None, "/health"),
    "health.ready": Door(None, "/ready"),
    "account.sign_in": Door(None, "/sign-in"),
    "account.take_sign_in": Door(None, "/sign-in", {}),
    "account.sign_out": Door(None, "/sign-out", {}),
    "account.password": Door(SIGNED_IN, "/password"),
    "account.take_password": Door(SIGNED_IN, "/password", {}),
    "pages.console": Door("unit.see", "/"),
    "pages.plan_list": Door("plan.see", "/plans"),
    "pages.inbox": Door("plan.see", "/inbox"),
    "pages.rules": Door("plan.see", "/rules"),
    "pages.studio": Door("plan.see", "/plans/{t.plan}", walled=True),
    "pages.hotspots": Door("hotspot.see", "/hotspots"),
    "pages.board": Door("hotspot.see", "/board"),
    # A wall asks with the key of a kiosk: without one it is told so, and shown no page to sign in.
    "wall.wall": Door(None, "/wall"),
    "wall.data": Door(None, "/wall/data"),
    "wall.hotspots": Door(None, "/wall/hotspots?method=excess"),
    "wall.units_tile": Door(None, "/wall/tiles/1/units/15/{x}/{y}.mvt"),
    "board.counts": Door("incident.see", f"/api/v1/counts?{PERIOD}", walled=True),
    "board.rows": Door("incident.see", f"/api/v1/counts/rows?measure=valid&{PERIOD}", walled=True),
    "reports.list_reports": Door("export.run", "/api/v1/reports"),
    "reports.show": Door(
        "export.run", "/api/v1/reports/daily?on=2026-03-31&area={t.code}", walled=True
    ),
    "report_files.take": Door(
        "export.run", "/reports/daily.html?on=2026-03-31&area={t.code}", walled=True
    ),
    "alerts.list_alerts": Door("hotspot.see", "/api/v1/alerts"),
    "alerts.acknowledge": Door(
        "hotspot.see", "/api/v1/alerts/{t.alert}/acknowledge", {"note": "已核查"}, walled=True
    ),
    "pages.incidents": Door("incident.see", "/incidents"),
    "pages.me": Door("incident.see", "/me"),
    "phone.worker": Door(None, "/sw.js"),
    "phone.manifest": Door(None, "/manifest.webmanifest"),
    "sheets.hotspot_sheet": Door("hotspot.see", f"/hotspots/sheet?{PERIOD}", walled=True),
    "prints.card": Door("unit.see", "/print/grids/{t.grid}.pdf", walled=True),
    "prints.book": Door("export.run", "/print/townships/{t.code}.pdf", walled=True),
    "prints.wall": Door("export.run", "/print/wall/{t.code}.pdf?paper=A3", walled=True),
    "tiles.units_tile": Door("unit.see", "/tiles/1/units/15/{x}/{y}.mvt"),
    "tiles.households_tile": Door("household.see", "/tiles/1/households/15/{x}/{y}.mvt"),
    "tiles.cameras_tile": Door("camera.see", "/tiles/1/cameras/15/{x}/{y}.mvt"),
    "tiles.incidents_tile": Door("incident.see", "/tiles/1/incidents/15/{x}/{y}.mvt"),
    "units.children": Door("unit.see", "/api/v1/units?parent={t.code}", walled=True),
    "units.card": Door("unit.see", "/api/v1/units/{t.grid}", walled=True),
    "units.outline": Door("unit.see", "/api/v1/units/{t.grid}/outline", walled=True),
    "search.search": Door("unit.see", "/api/v1/search?q={t.grid}"),
    "where.where": Door("unit.see", "/api/v1/where?lon={lon}&lat={lat}&datum=cgcs2000"),
    "households.list_households": Door(
        "household.see", "/api/v1/households?grid={t.grid}", walled=True
    ),
    "households.show": Door("household.see", HOUSEHOLD, walled=True),
    "households.reveal": Door(
        "household.reveal", HOUSEHOLD + "/reveal", {"reason": "上门走访联系"}, walled=True
    ),
    "cameras.list_cameras": Door("camera.see", "/api/v1/cameras?grid={t.grid}", walled=True),
    "cameras.show": Door("camera.see", "/api/v1/cameras/{t.camera}", walled=True),
    "hotspots.hotspots": Door("hotspot.see", f"/api/v1/hotspots?{PERIOD}", walled=True),
    "hotspots.weeks": Door("hotspot.see", f"/api/v1/hotspots/weeks?{PERIOD}", walled=True),
    "sheets.hotspot_file": Door("hotspot.see", f"/hotspots/file.csv?{PERIOD}", walled=True),
    "me.me": Door("incident.see", "/api/v1/me"),
    "photos.add": Door("incident.report", INCIDENT + "/photos", PHOTO, walled=True),
    "photos.show": Door("incident.see", "/api/v1/photos/{t.photo}", walled=True),
    # A feed has a token of its own: no person's opens its door.
    "feeds.take_in": Door("feed", "/api/v1/feeds/hotline", {"orderNo": "1"}),
    "open311.report": Door("feed", "/open311/v2/requests.json", {}),
    "open311.discovery": Door(None, "/open311/v2/discovery.json"),
    "open311.services": Door(None, "/open311/v2/services.json"),
    "open311.service": Door(None, "/open311/v2/services/0201.json"),
    "open311.requests": Door(None, "/open311/v2/requests.json"),
    "open311.show": Door(None, "/open311/v2/requests/{t.incident}.json"),
    "open311.token": Door(None, "/open311/v2/tokens/{t.incident}.json"),
    "residents.report": Door(None, "/report"),
    "residents.where_step": Door(None, "/report/where", {}),
    "residents.contact_step": Door(None, "/report/contact", {}),
    "residents.take_report": Door(None, "/report", {}),
    "residents.receipt": Door(None, "/report/receipt"),
    "residents.status": Door(None, "/report/status"),
    "residents.show_status": Door(None, "/report/status", {}),
    "residents.rate": Door(None, "/report/rating", {}),
    "residents.where": Door(None, "/where?village={t.village}"),
    "incidents.matters": Door("incident.see", "/api/v1/matters"),
    "incidents.list_incidents": Door(
        "incident.see", "/api/v1/incidents?unit={t.code}", walled=True
    ),
    # A reporter may stand just beyond the border: the report is taken, the card is not shown.
    "incidents.report": Door("incident.report", "/api/v1/incidents", REPORT),
    "incidents.show": Door("incident.see", INCIDENT, walled=True),
    "incidents.step": Door(
        "incident.step", INCIDENT + "/steps", {"action": "accept", **VERSION}, walled=True
    ),
    "incidents.assignee": Door(
        "incident.assign",
        INCIDENT + "/assignee",
        {"unit_code": "{t.grid}", "reason": "就近处理", **VERSION},
        walled=True,
    ),
    "incidents.similar": Door(
        "incident.see", "/api/v1/incidents/similar?lon={lon}&lat={lat}&datum=cgcs2000"
    ),
    "incidents.position": Door(
        "incident.assign",
        INCIDENT + "/position",
        {"unit_code": "{t.grid}", "preview": True, **VERSION},
        walled=True,
    ),
    "incident_sheets.ledger_file": Door(
        "export.run", "/api/v1/incidents.xlsx?unit={t.code}", walled=True
    ),
    "incident_sheets.timeline": Door("incident.see", INCIDENT + "/timeline", walled=True),
    "incident_sheets.slip": Door("incident.see", INCIDENT + "/slip.pdf", walled=True),
    "supervisions.list_supervisions": Door("incident.see", "/api/v1/supervisions"),
    "supervisions.issue": Door(
        "incident.assign",
        INCIDENT + "/supervisions",
        {"kind": "yellow", "note": "限期办理"},
        walled=True,
    ),
    "supervisions.answer": Door(
        "incident.step",
        "/api/v1/supervisions/{t.supervision}/answer",
        {"note": "已办理"},
        walled=True,
    ),
    "supervisions.strike_off": Door(
        "incident.assign",
        "/api/v1/supervisions/{t.supervision}/strike-off",
        {"note": "已核实"},
        walled=True,
    ),
    "calendar.show": Door("incident.see", "/api/v1/calendar?year=2026"),
    "calendar.replace": Door("people.manage", "/api/v1/calendar", {"year": 2026, "days": []}),
    "calendar.rules": Door("incident.see", "/api/v1/incident-rules"),
    "calendar.set_rules": Door("people.manage", "/api/v1/incident-rules", {}),
    "plans.list_plans": Door("plan.see", "/api/v1/plans"),
    "plans.create": Door("plan.edit", "/api/v1/plans", {"title": "调整边界"}),
    "plans.show": Door("plan.see", PLAN, walled=True),
    "plans.cells": Door("plan.see", PLAN + "/cells?village={t.village}", walled=True),
    "plans.add_step": Door("plan.edit", PLAN + "/steps", STEP | VERSION, walled=True),
    "plans.arcs": Door("plan.see", PLAN + "/arcs?village={t.village}", walled=True),
    "plans.preview": Door("plan.edit", PLAN + "/preview", STEP | VERSION, walled=True),
    "plans.undo_step": Door("plan.edit", PLAN + "/steps/1/undo", VERSION, walled=True),
    "plans.sketches": Door("plan.see", PLAN + "/sketches", walled=True),
    "plans.drop_sketch": Door("plan.edit", PLAN + "/sketches/" + NOBODY, walled=True),
    "plans.undo": Door("plan.edit", PLAN + "/undo", VERSION, walled=True),
    "plans.redo": Door("plan.edit", PLAN + "/redo", VERSION, walled=True),
    "plans.check": Door("plan.see", PLAN + "/check", walled=True),
    "plans.impact": Door("plan.see", PLAN + "/impact", walled=True),
    "balance.propose": Door(
        "plan.edit", PLAN + "/balance", {"area": "{t.village}", "parts": 2}, walled=True
    ),
    "balance.rules": Door("plan.see", "/api/v1/boundary-rules"),
    "balance.set_rules": Door(
        "plan.approve",
        "/api/v1/boundary-rules",
        {"territory_code": "{t.village}", "rules": [], "version": 0},
        walled=True,
    ),
    "balance.check_rules": Door(
        "plan.see",
        "/api/v1/boundary-rules/check",
        {"territory_code": "{t.village}", "rules": []},
        walled=True,
    ),
    "plan_life.conflicts": Door("plan.see", PLAN + "/conflicts", walled=True),
    "plan_life.resolve": Door(
        "plan.edit",
        PLAN + "/resolve",
        {"choices": [{"cell_id": 1, "keep": "mine"}], **VERSION},
        walled=True,
    ),
    "plan_life.take_lease": Door("plan.edit", PLAN + "/lease", {"village_codes": []}, walled=True),
    "plan_life.give_up_lease": Door("plan.edit", PLAN + "/lease", walled=True),
    "plan_life.submit": Door("plan.edit", PLAN + "/submit", VERSION, walled=True),
    "plan_life.approve": Door("plan.approve", PLAN + "/approve", VERSION, walled=True),
    "plan_life.send_back": Door(
        "plan.approve", PLAN + "/send-back", {"note": "界线未落实", **VERSION}, walled=True
    ),
    "plan_life.choose_incidents": Door(
        "plan.edit",
        PLAN + "/incident-choices",
        {"choices": [{"incident_id": NOBODY, "do": "stay"}], **VERSION},
        walled=True,
    ),
    "plan_life.publish": Door("plan.publish", PLAN + "/publish", VERSION, walled=True),
    "plan_life.list_publications": Door("unit.see", "/api/v1/publications"),
    "plan_life.show_publication": Door("unit.see", "/api/v1/publications/1"),
    "plan_life.restore": Door("plan.edit", "/api/v1/publications/1/restore", {}),
    "plan_life.approval_areas": Door("plan.see", "/api/v1/approval-areas"),
    "plan_life.ask_approval": Door(
        "plan.approve",
        "/api/v1/approval-areas",
        {"territory_code": "{t.code}", "needed": True},
        walled=True,
    ),
    "pages.publication_list": Door("unit.see", "/publications"),
    "history.life": Door("unit.see", "/api/v1/units/{t.grid}/life", walled=True),
    "history.changes": Door("unit.see", "/api/v1/publications/1/changes"),
    "history.past": Door("unit.see", "/api/v1/past?on=1"),
    "history.list_edits": Door("plan.see", "/api/v1/inbox"),
    "history.show_edit": Door("plan.see", "/api/v1/inbox/{t.edit}", walled=True),
    "history.take": Door("plan.edit", "/api/v1/inbox/take", {"edits": ["{t.edit}"]}, walled=True),
    "history.refuse": Door(
        "plan.edit", "/api/v1/inbox/{t.edit}/refuse", {"reason": "  "}, walled=True
    ),
    "duties.list_duties": Door("worker.see", "/api/v1/duties?area={t.grid}", walled=True),
    "duties.vacancies": Door("worker.see", "/api/v1/vacancies?area={t.code}", walled=True),
    "duties.appoint": Door(
        "people.manage",
        "/api/v1/duties",
        {"person_id": "{t.worker}", "unit_code": "{t.grid}", "rank": "deputy", **FROM_NOW_ON},
        walled=True,
    ),
    "duties.end_duty": Door(
        "people.manage", "/api/v1/duties/{t.duty}/end", {"last_day": "2099-12-31"}, walled=True
    ),
    "duties.find_people": Door("people.manage", "/api/v1/people?q=worker"),
    "pages.duties": Door("worker.see", "/duties"),
    "duties.take_leave": Door("people.manage", PERSON + "/leave", AWAY, walled=True),
    "duties.open_work": Door("people.manage", PERSON + "/open-work", walled=True),
    "duties.hand_over": Door(
        "people.manage",
        PERSON + "/handover",
        {"last_day": "2099-12-31", "reason": "调离"},
        walled=True,
    ),
    "duties.list_handovers": Door("people.manage", "/api/v1/handovers"),
    "matter_requests.list_requests": Door("incident.see", "/api/v1/matter-requests"),
    "matter_requests.list_departments": Door("worker.see", "/api/v1/departments"),
    "matter_requests.seat": Door(
        "people.manage",
        "/api/v1/departments/seats",
        {"department": "应急办", "person_id": "{t.worker}"},
        walled=True,
    ),
    "matter_requests.unseat": Door(
        "people.manage",
        "/api/v1/departments/seats/end",
        {"department": "应急办", "person_id": "{t.worker}"},
        walled=True,
    ),
    "matter_requests.ask": Door("incident.assign", "/api/v1/matter-requests", NEW_MATTER),
    "matter_requests.decide": Door(
        "people.manage", REQUEST + "/decision", {"approve": False, "note": "不属职责"}, walled=True
    ),
    "matter_requests.withdraw": Door("incident.assign", REQUEST + "/withdraw", {}, walled=True),
    "matter_requests.end": Door(
        "people.manage", "/api/v1/matters/0201/end", {"last_day": "2099-12-31"}
    ),
    "tasks.list_tasks": Door("incident.see", "/api/v1/tasks"),
    "tasks.finish": Door("incident.step", TASK + "/done", {"result": "已查"}, walled=True),
    "tasks.list_rules": Door("incident.see", "/api/v1/task-rules"),
    "tasks.make_rule": Door("incident.assign", "/api/v1/task-rules", RECURRING, walled=True),
    "tasks.end_rule": Door(
        "incident.assign", "/api/v1/task-rules/{t.task_rule}/end", {}, walled=True
    ),
    "tasks.visit": Door("incident.step", "/api/v1/visits", VISIT, walled=True),
    "tasks.patrol": Door("incident.step", "/api/v1/patrols", PATROL, walled=True),
    "tasks.coverage": Door("worker.see", f"/api/v1/visits/coverage?{DAYS}", walled=True),
    "tasks.unvisited": Door("household.see", "/api/v1/visits/unvisited?grid={t.grid}", walled=True),
    "pages.imports": Door("import.run", "/imports"),
    "imports.list_imports": Door("import.run", "/api/v1/imports"),
    "imports.send": Door("import.run", "/api/v1/imports?kind=households&name=a.csv", {}),
    "imports.show": Door("import.run", IMPORT, walled=True),
    "imports.set_options": Door("import.run", IMPORT + "/options", {}, walled=True),
    "imports.places": Door("import.run", IMPORT + "/places?datum=wgs84", walled=True),
    "imports.check": Door("import.run", IMPORT + "/check", walled=True),
    "imports.commit": Door("import.run", IMPORT + "/commit", {}, walled=True),
    "imports.stop": Door("import.run", IMPORT + "/stop", walled=True),
    "imports.discard": Door("import.run", IMPORT + "/discard", walled=True),
    "imports.rejects": Door("import.run", IMPORT + "/rejects.csv", walled=True),
    "imports.repair": Door("import.run", IMPORT + "/repair.en.html", walled=True),
    "plans.withdraw": Door("plan.edit", PLAN + "/withdraw", walled=True),
    "notices.list_notices": Door(SIGNED_IN, "/api/v1/notices"),
    "notices.mark_seen": Door(SIGNED_IN, "/api/v1/notices/seen", {"up_to": 0}),
    "notices.channels": Door(SIGNED_IN, "/api/v1/notices/channels"),
    "notice_ways.show": Door("people.manage", "/api/v1/notice-ways"),
    "notice_ways.set_role": Door(
        "people.manage", "/api/v1/notice-ways/roles", {"role": "auditor", "channels": []}
    ),
    "notice_ways.set_person": Door(
        "people.manage", "/api/v1/notice-ways/people/{t.worker}", {"channels": []}, walled=True
    ),
    "notice_ways.trial": Door("people.manage", "/api/v1/notice-ways/trial", {"channel": "sms"}),
    "notices.set_channels": Door(SIGNED_IN, "/api/v1/notices/channels", {"channels": []}),
}


# Open311 has errors of its own form; what it shows is only what came through it.
OWN_ERRORS = {"open311.report": 403, "open311.show": 404, "open311.token": 404}


def knock(caller, app, endpoint, territory):
    """Send the request of an endpoint about what lies in a territory."""
    door = DOORS[endpoint]
    lon, lat = territory.at
    x = int((lon + 180) / 360 * 2**15)
    y = int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**15)
    names = {"t": territory, "lon": lon, "lat": lat, "x": x, "y": y}
    (rule,) = app.url_map.iter_rules(endpoint)
    method = next(one for one in ("POST", "PUT", "DELETE", "GET") if one in rule.methods)

    def filled(value: object) -> object:
        if isinstance(value, list):
            return [filled(one) for one in value]
        return value.format(**names) if isinstance(value, str) else value

    body = {key: filled(value) for key, value in (door.body or {}).items()}
    more = {"json": body} if method in ("POST", "PUT") else {}
    if "photo" in body:  # a form with a file
        file = BytesIO(str(body["photo"]).encode())
        more = {"data": body | {"photo": (file, "photo.jpg")}}
    return caller.send(method, door.path.format(**names), **more)


def is_let_in(answer):
    """Return whether an answer is none of the guard's: whatever else it says, it may be said."""
    return answer.status_code < 500 and answer.status_code not in (401, 403, 404)


def may(role: Role, needed: str) -> bool:
    return needed == SIGNED_IN or needed in ALLOWED[role]


@pytest.fixture
def callers(token_as, staff_of, world):
    """A caller in each role, over the own township; the worker is the one on duty there."""
    if (Role.WORKER, world.own.code) not in staff_of._made:
        staff_of._made[Role.WORKER, world.own.code] = staff_of.new(
            "worker", Role.WORKER, world.own.code, person_id=world.own.worker
        )
    return {role: token_as(role) for role in Role}


def test_every_address_is_in_the_policy_and_asks_for_what_the_policy_says(app):
    marks = {rule.endpoint: needed_by(app, rule.endpoint) for rule in app.url_map.iter_rules()}
    assert marks == {endpoint: door.needed for endpoint, door in DOORS.items()}


def test_the_program_does_not_start_with_a_view_that_says_nothing(app):
    class Half:
        url_map = app.url_map
        view_functions = app.view_functions | {"units.card": lambda code: code}

    with pytest.raises(AttributeError):
        require_marks(Half)


@pytest.mark.parametrize("endpoint", sorted(DOORS))
def test_nobody_passes_without_signing_in(app, world, anonymous, endpoint):
    anonymous.headers["Authorization"] = "Bearer of-nobody"
    answer = knock(anonymous, app, endpoint, world.own)
    if endpoint in OWN_ERRORS:
        assert answer.status_code == OWN_ERRORS[endpoint]
    elif DOORS[endpoint].needed is None:
        assert answer.status_code not in (401, 403, 404, 500)
    else:
        assert (answer.status_code, answer.json["code"]) == (401, "session.none")


@pytest.mark.parametrize("endpoint", sorted(e for e, door in DOORS.items() if door.needed))
def test_a_role_passes_exactly_where_its_rights_say(app, world, callers, endpoint):
    surprises = {}
    for role, caller in callers.items():
        answer = knock(caller, app, endpoint, world.own)
        if may(role, DOORS[endpoint].needed):
            as_expected = is_let_in(answer)
        elif endpoint in OWN_ERRORS:
            as_expected = answer.status_code == OWN_ERRORS[endpoint]
        else:
            as_expected = (answer.status_code, answer.json["code"]) == (403, "forbidden")
        if not as_expected:
            surprises[role.value] = answer.status, answer.text[:200]
    assert surprises == {}


@pytest.mark.parametrize("endpoint", sorted(e for e, door in DOORS.items() if door.walled))
def test_what_lies_in_another_territory_does_not_exist(app, world, callers, endpoint):
    surprises = {}
    for role, caller in callers.items():
        answer = knock(caller, app, endpoint, world.foreign)
        code = "not_found" if may(role, DOORS[endpoint].needed) else "forbidden"
        if answer.json is None or answer.json["code"] != code:
            surprises[role.value] = answer.status, answer.text[:200]
    assert surprises == {}


@pytest.mark.parametrize("endpoint", sorted(e for e in DOORS if e.startswith("tiles.")))
def test_a_tile_of_another_territory_is_empty_but_for_outlines(app, world, callers, endpoint):
    caller = callers[Role.GRID_ADMIN]
    foreign = knock(caller, app, endpoint, world.foreign)
    assert foreign.status_code == 200
    assert knock(caller, app, endpoint, world.own).status_code == 200
    if endpoint != "tiles.units_tile":
        layer = endpoint.removeprefix("tiles.").removesuffix("_tile")
        nowhere = caller.get(f"/tiles/1/{layer}/15/0/0.mvt")
        assert foreign.data == nowhere.data
        assert knock(caller, app, endpoint, world.own).data != nowhere.data


def test_a_browser_is_led_to_the_sign_in_page_and_back(app, world, anonymous):
    for endpoint in sorted(e for e in DOORS if e.startswith("pages.")):
        path = DOORS[endpoint].path.format(t=world.own)
        answer = anonymous.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == 302
        assert answer.location == f"/sign-in?next={path}?"


def test_a_missing_and_a_foreign_thing_are_answered_alike(app, world, callers):
    caller = callers[Role.GRID_ADMIN]
    for kind in ("incidents", "plans", "households", "cameras"):
        foreign = str(getattr(world.foreign, kind.removesuffix("s")))
        missing = str(uuid4())
        answers = [caller.get(f"/api/v1/{kind}/{key}") for key in (foreign, missing)]
        assert answers[0].text.replace(foreign, missing) == answers[1].text
        assert [answer.status_code for answer in answers] == [404, 404]
        alike = [
            {name: value for name, value in answer.headers if name != "Content-Length"}
            for answer in answers
        ]
        assert alike[0] == alike[1]
