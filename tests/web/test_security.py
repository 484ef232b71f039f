"""What stands between the application and people who do not mean well."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from grids import staff
from grids.access import everyone
from grids.db import EVERYWHERE, begin
from grids.model import Role
from tests.web.conftest import FOREIGN, OWN, PASSWORD, Caller, config_of, csrf_of
from web.app import create_app
from web.headers import YEAR
from web.session import FEED, needed_by

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; worker-src 'self'; "
    "img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(self), camera=(self), microphone=()",
}
REPORT = {"matter_code": "0201", "summary": "井盖缺失", "unit_code": OWN + "001001"}


def report(**more) -> dict[str, object]:
    return REPORT | more


def says(answer, status: int, code: str) -> dict[str, object]:
    """Return the problem details of an answer after looking at their shape."""
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    assert {"type", "title", "status", "code", "detail"} <= set(answer.json)
    assert (answer.json["code"], answer.json["status"]) == (code, status)
    assert answer.json["type"] == f"urn:wangge:{code}"
    return answer.json


def audited(world, **where) -> list[dict[str, object]]:
    """Return the audit rows with these values, the last first."""
    conditions = " AND ".join(f"{column} = :{column}" for column in where) or "true"
    with begin(world.engine, EVERYWHERE) as conn:
        rows = conn.execute(
            text(f"SELECT * FROM audit WHERE {conditions} ORDER BY audit_id DESC"), where
        )
        return [dict(row._mapping) for row in rows]


# Headers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/sign-in", 200),
        ("GET", "/health", 200),
        ("GET", "/static/icon.svg", 200),
        ("GET", "/static/nothing.svg", 404),
        ("GET", "/nowhere", 404),
        ("GET", "/api/v1/nowhere", 404),
        ("GET", "/api/v1/units", 401),
        ("GET", "/tiles/1/units/1/2/3.mvt", 401),
        ("GET", "/sign-in?lang=%00", 400),
        ("POST", "/sign-in", 403),
        ("DELETE", "/sign-in", 405),
        ("GET", "/", 401),
    ],
)
def test_every_answer_carries_the_headers(anonymous, method, path, status):
    answer = anonymous.send(method, path)
    assert answer.status_code == status
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert "Strict-Transport-Security" not in answer.headers
    assert "Server" not in answer.headers


def test_only_named_files_are_kept_by_caches(anonymous):
    assert anonymous.get("/sign-in").headers["Cache-Control"] == "no-store"
    assert anonymous.get("/api/v1/units").headers["Cache-Control"] == "no-store"
    built = anonymous.get("/static/build/assets/missing.js")
    assert built.status_code == 404
    assert built.headers["Cache-Control"] == "no-store"


def test_over_https_the_cookie_is_bound_to_the_host_and_https_is_kept(world, staff_of):
    safe = create_app(config_of(world.engine, secure_cookies=True))
    client = safe.test_client()
    page = client.get("/sign-in", base_url="https://localhost")
    assert page.headers["Strict-Transport-Security"] == f"max-age={YEAR}"
    cookie = page.headers["Set-Cookie"]
    assert cookie.startswith("__Host-wangge=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


@pytest.mark.parametrize(("n_proxies", "address"), [(0, "127.0.0.1"), (1, "10.2.3.4")])
def test_only_our_own_proxy_is_believed_about_who_is_asking(world, staff_of, n_proxies, address):
    behind = create_app(config_of(world.engine, n_proxies=n_proxies))
    caller = Caller(behind, staff_of.account(Role.LEADER).token)
    said = {"X-Forwarded-For": "6.6.6.6, 10.2.3.4", "X-Forwarded-Proto": "https"}
    answer = caller.get("/api/v1/cameras", headers=said)
    assert audited(world, action="refused.forbidden")[0]["client"] == address
    assert ("Strict-Transport-Security" in answer.headers) == (n_proxies == 1)


def test_a_failure_says_nothing_of_itself(world, monkeypatch):
    broken = create_app(config_of(world.engine, testing=False))

    def fail():
        raise RuntimeError("secret of the house")

    fail.needs = None
    monkeypatch.setitem(broken.view_functions, "health.health", fail)
    answer = broken.test_client().get("/health")
    assert "secret" not in answer.text
    assert "服务器" in says(answer, 500, "server")["detail"]
    assert answer.headers["Content-Security-Policy"] == POLICY


def test_without_its_database_the_server_asks_to_be_asked_again(world):
    nowhere = replace(config_of(world.engine), web_url="postgresql+psycopg://x@/x?host=/nowhere")
    answer = Caller(create_app(nowhere), "token").get("/api/v1/units")
    says(answer, 503, "database")
    assert answer.headers["Retry-After"] == "5"


def test_what_was_asked_about_people_does_not_stand_in_the_log(app):
    transactions = app.extensions["wangge.transactions"]
    with pytest.raises(DBAPIError) as failure, transactions.begin(OWN) as conn:
        conn.execute(text("SELECT CAST(:phone AS integer)"), {"phone": "+86 13812345678"})
    statement, _, _ = str(failure.value).partition("[SQL")
    assert "hidden" in str(failure.value)
    assert "13812345678" not in str(failure.value).removeprefix(statement)


# Forged requests ------------------------------------------------------------------------------


def test_a_cookie_alone_changes_nothing(app, client_as):
    caller = client_as(Role.GRID_ADMIN)
    del caller.headers["X-CSRFToken"]
    unsafe = [
        (method, re.sub(r"<int:\w+>", "1", re.sub(r"<uuid:\w+>", str(uuid4()), rule.rule)))
        for rule in app.url_map.iter_rules()
        # What only a feed's token opens, no cookie opens at all.
        if needed_by(app, rule.endpoint) != FEED
        for method in rule.methods - {"GET", "HEAD", "OPTIONS"}
    ]
    assert len(unsafe) > 10
    for method, path in unsafe:
        says(caller.send(method, path, json={}), 403, "csrf")


def test_a_token_needs_no_proof(token_as):
    assert token_as(Role.DISPATCHER).post("/api/v1/incidents", report()).status_code == 201


@pytest.mark.parametrize("given", ["Bearer bogus", "bearer bogus", "Bearer ", "Bearer\tx y"])
def test_a_wrong_token_is_not_made_good_by_the_cookie(client_as, given):
    caller = client_as(Role.DISPATCHER)
    del caller.headers["X-CSRFToken"]
    answer = caller.post("/api/v1/incidents", report(), headers={"Authorization": given})
    assert answer.status_code in (401, 403)
    assert answer.json["code"] in ("session.none", "csrf")


@pytest.mark.parametrize("given", ["Basic eDp5", "Digest x", "bogus", ""])
def test_another_scheme_does_not_spare_the_proof(client_as, given):
    caller = client_as(Role.DISPATCHER)
    proof = caller.headers.pop("X-CSRFToken")
    scheme = {"Authorization": given}
    says(caller.post("/api/v1/incidents", report(), headers=scheme), 403, "csrf")
    proven = caller.post("/api/v1/incidents", report(), headers=scheme | {"X-CSRFToken": proof})
    assert proven.status_code == 201


def test_a_page_that_is_out_of_date_is_told_so_in_words(anonymous):
    answer = anonymous.post("/sign-in", data={}, headers={"Accept": "text/html"})
    assert answer.status_code == 403
    assert "页面已过期" in answer.text
    assert answer.mimetype == "text/html"


def test_the_proof_of_another_session_is_none(app, client_as):
    caller, other = client_as(Role.DISPATCHER), client_as(Role.DISPATCHER)
    caller.headers["X-CSRFToken"] = other.headers["X-CSRFToken"]
    says(caller.post("/api/v1/incidents", report()), 403, "csrf")


# Signing in and out ---------------------------------------------------------------------------


def test_nobody_learns_whether_an_account_exists(app, staff_of):
    known = staff_of.account(Role.LEADER).login
    answers = [
        Caller(app).sign_in(login, "wrong-password") for login in (known, "nobody-of-that-name")
    ]
    assert [answer.status_code for answer in answers] == [401, 401]
    pages = [
        answer.text.replace(login, "").replace(csrf_of(answer), "")
        for answer, login in zip(answers, (known, "nobody-of-that-name"), strict=True)
    ]
    assert pages[0] == pages[1]
    assert "账号或密码不正确" in pages[0]


@pytest.mark.parametrize("exists", [True, False])
def test_after_five_wrong_passwords_one_has_to_wait(app, staff_of, exists):
    login = "locked-out" if exists else "locked-out-ghost"
    if exists:
        staff_of.new(login, Role.LEADER)
    for _ in range(5):
        assert Caller(app).sign_in(login, "wrong-password").status_code == 401
    locked = Caller(app).sign_in(login)
    assert locked.status_code == 429
    assert "秒后再试" in locked.text
    assert int(locked.headers["Retry-After"]) >= 1


def test_one_address_cannot_knock_all_day(world):
    caller = Caller(create_app(config_of(world.engine, testing=False)))
    proof = {"X-CSRFToken": csrf_of(caller.get("/sign-in"))}
    answers = [caller.post("/sign-in", data={}, headers=proof) for _ in range(31)]
    assert [answer.status_code for answer in answers] == [422] * 30 + [429]
    says(answers[-1], 429, "http.429")
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_signing_in_leads_on_to_a_path_of_ours_only(app, staff_of):
    login = staff_of.account(Role.LEADER).login
    here = {"/incidents?step=open": "/incidents?step=open", "/plans": "/plans"}
    elsewhere = [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "/\t/evil.example/",
        "/\n/evil.example",
        "javascript:alert(1)",
        "evil.example",
        " //evil.example",
        "http:evil.example",
    ]
    for asked, to in (here | dict.fromkeys(elsewhere, "/")).items():
        answer = Caller(app).sign_in(login, next=asked)
        assert (answer.status_code, answer.location) == (302, to), asked


def test_the_cookie_is_only_for_the_server(app, staff_of):
    answer = Caller(app).sign_in(staff_of.account(Role.LEADER).login)
    cookie = answer.headers["Set-Cookie"].split("; ")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie)


def test_a_session_ends_at_once_for_whoever_holds_its_cookie(app, client_as):
    caller = client_as(Role.DISPATCHER)
    stolen = caller.client.get_cookie("wangge").value
    assert caller.get("/api/v1/units").status_code == 200
    assert caller.post("/sign-out").status_code == 302
    thief = app.test_client()
    thief.set_cookie("wangge", stolen)
    says(thief.get("/api/v1/units"), 401, "session.none")


def test_a_closed_account_is_refused_from_the_next_request_on(app, world, staff_of):
    account = staff_of.new("to-be-closed", Role.DISPATCHER)
    by_cookie, by_token = Caller(app), Caller(app, account.token)
    by_cookie.sign_in(account.login)
    assert by_cookie.get("/api/v1/units").status_code == 200
    assert by_token.get("/api/v1/units").status_code == 200
    with begin(world.engine, EVERYWHERE) as conn:
        staff.close_account(conn, everyone(), account.viewer.person_id, datetime.now(UTC))
    says(by_cookie.get("/api/v1/units"), 401, "session.none")
    says(by_token.get("/api/v1/units"), 401, "session.none")
    assert Caller(app).sign_in(account.login).status_code == 401


def test_a_password_given_by_another_is_changed_before_anything_else(app, staff_of):
    account = staff_of.new("newcomer", Role.DISPATCHER, must_change=True)
    caller = Caller(app)
    assert caller.sign_in(account.login).location == "/password"
    says(caller.get("/api/v1/incidents"), 403, "session.must_change")
    page = caller.get("/", headers={"Accept": "text/html"})
    assert (page.status_code, page.location) == (302, "/password")
    new = "a-better-horse-42"
    form = {"old": PASSWORD, "new": new, "again": new}
    form["csrf_token"] = csrf_of(caller.get("/password"))
    assert caller.post("/password", data=form).location == "/"
    assert caller.get("/api/v1/incidents").status_code == 200
    assert Caller(app).sign_in(account.login, new).location == "/"


def test_a_changed_password_ends_the_other_sessions(app, staff_of):
    account = staff_of.new("changes-often", Role.DISPATCHER)
    here, there = Caller(app), Caller(app)
    here.sign_in(account.login)
    there.sign_in(account.login)
    new = "a-better-horse-43"
    weak = {"old": PASSWORD, "new": "12345678", "again": "12345678"}
    answer = here.post("/password", data=weak)
    assert answer.status_code == 422
    assert "容易被猜到" in answer.text
    answer = here.post("/password", data={"old": PASSWORD, "new": new, "again": new})
    assert answer.status_code == 302
    assert here.get("/api/v1/units").status_code == 200
    says(there.get("/api/v1/units"), 401, "session.none")


# What was refused is written down -------------------------------------------------------------


@pytest.mark.parametrize("kind", ["incident", "plan", "household", "camera"])
def test_asking_for_what_lies_elsewhere_leaves_an_audit_row(world, client_as, staff_of, kind):
    caller = client_as(Role.GRID_ADMIN)
    key = str(getattr(world.foreign, kind))
    problem = says(caller.get(f"/api/v1/{kind}s/{key}"), 404, "not_found")
    assert problem["detail"].startswith("没有")
    row = audited(world, action="refused.not_found")[0]
    assert row["person_id"] == staff_of.account(Role.GRID_ADMIN).viewer.person_id
    assert row["record"] == f"GET /api/v1/{kind}s/<uuid:{kind}_id>"
    assert row["facts"] == {"what": kind, "key": key}
    assert (row["success"], row["territory_code"], row["client"]) == (False, OWN, "127.0.0.1")
    assert len(row["request_id"]) == 32


def test_asking_for_more_than_the_role_allows_leaves_an_audit_row(world, client_as):
    problem = says(client_as(Role.LEADER).get("/api/v1/cameras"), 403, "forbidden")
    assert problem["detail"] == "领导无权查看摄像头，请联系网格管理员、调度员、系统管理员授权。"
    row = audited(world, action="refused.forbidden")[0]
    assert row["record"] == "GET /api/v1/cameras"
    assert row["facts"]["action"] == "camera.see"


def test_an_answer_is_an_answer_also_when_it_cannot_be_written_down(world, client_as):
    caller = client_as(Role.LEADER)
    n_rows = len(audited(world))
    with world.engine.connect() as conn, conn.begin() as transaction:
        conn.execute(text("LOCK TABLE audit IN EXCLUSIVE MODE"))
        says(caller.get("/api/v1/cameras"), 403, "forbidden")
        transaction.rollback()
    assert len(audited(world)) == n_rows


def test_a_telephone_number_is_shown_for_a_reason_and_written_down(world, client_as):
    caller = client_as(Role.GRID_ADMIN)
    path = f"/api/v1/households/{world.own.household}"
    assert "13812345678" not in caller.get(path).text
    fields = says(caller.post(f"{path}/reveal", {}), 422, "http.422")["fields"]
    assert set(fields) == {"reason"}
    shown = caller.post(f"{path}/reveal", {"reason": "上门走访联系"})
    assert shown.json["phone"] == "13812345678"
    row = audited(world, action="household.reveal")[0]
    assert row["reason"] == "上门走访联系"
    assert "13812345678" not in str(row)


def test_search_finds_nothing_of_another_territory(world, token_as):
    caller = token_as(Role.GRID_ADMIN)
    for asked in (f"H-{FOREIGN}", f"cam-{FOREIGN}", world.foreign.grid, f"primary of {FOREIGN}"):
        found = caller.get("/api/v1/search", query_string={"q": asked}).json["results"]
        assert not any(FOREIGN in str(one) for one in found), asked


# What requests may say ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        '{"title": NaN}',
        '{"title": Infinity}',
        '{"title": -Infinity}',
        '{"title": 1e999}',
        '{"title": "x"',
        "",
        '{"title": "a\\u0000b"}',
        '{"title": "\\ud800"}',
        '{"title": ' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"a":' * 50_000 + "1" + "}" * 50_000,
    ],
    ids=["nan", "inf", "-inf", "huge", "open", "empty", "nul", "surrogate", "deep", "deeper"],
)
def test_what_is_no_sound_json_is_refused(token_as, body):
    answer = token_as(Role.GRID_ADMIN).post(
        "/api/v1/plans", data=body, content_type="application/json"
    )
    assert answer.status_code in (400, 422)
    says(answer, answer.status_code, f"http.{answer.status_code}")


def test_bytes_that_are_no_text_are_refused(token_as):
    answer = token_as(Role.GRID_ADMIN).post(
        "/api/v1/plans", data=b'{"title": "\xff\xfe"}', content_type="application/json"
    )
    says(answer, 400, "http.400")


@pytest.mark.parametrize("path", ["/api/v1/units/%00", "/api/v1/search?q=%00", "/sign-in?x=%00"])
def test_the_character_nul_never_reaches_the_database(token_as, path):
    says(token_as(Role.GRID_ADMIN).get(path), 400, "http.400")


def test_a_login_with_nul_is_refused(app):
    answer = Caller(app).sign_in("a\0b")
    assert answer.status_code == 400


def test_a_body_beyond_the_limit_is_refused_unread(token_as):
    body = json.dumps({"title": "x" * (1 << 20)})
    answer = token_as(Role.GRID_ADMIN).post(
        "/api/v1/plans", data=body, content_type="application/json"
    )
    says(answer, 413, "http.413")


@pytest.mark.parametrize(
    ("method", "path", "more"),
    [
        ("POST", "/api/v1/plans", {"json": {"title": "x", "colour": "red"}}),
        ("GET", "/api/v1/units", {"query_string": {"colour": "red"}}),
        ("GET", "/api/v1/where", {"query_string": {"lon": 99, "lat": 24, "colour": "red"}}),
    ],
)
def test_unknown_fields_are_refused_by_name(token_as, method, path, more):
    problem = says(token_as(Role.GRID_ADMIN).send(method, path, **more), 422, "http.422")
    assert set(problem["fields"]) == {"colour"}


@pytest.mark.parametrize(
    ("version", "cell"), [(2**70, 1), (0, 2**63), (0, -(2**63)), (0, 2**53 + 1)]
)
def test_a_number_beyond_what_json_carries_is_refused_by_name(world, token_as, version, cell):
    body = {"tool": "assign", "version": version, "cell_ids": [cell], "grid_code": world.own.grid}
    answer = token_as(Role.GRID_ADMIN).post(
        f"/api/v1/plans/{world.own.plan}/steps",
        data=json.dumps(body),
        content_type="application/json",
    )
    assert set(says(answer, 422, "http.422")["fields"]) == {"version" if version else "cell_ids"}


def test_what_is_not_json_is_no_body(token_as):
    answer = token_as(Role.GRID_ADMIN).post("/api/v1/plans", data={"title": "x"})
    assert set(says(answer, 422, "http.422")["fields"]) == {"title"}


@pytest.mark.parametrize(("lon", "lat"), [("nan", 24), ("inf", 24), (999, 24), ("1e400", 24)])
def test_a_position_is_on_earth(token_as, lon, lat):
    answer = token_as(Role.GRID_ADMIN).get(
        "/api/v1/where", query_string={"lon": lon, "lat": lat, "datum": "wgs84"}
    )
    assert answer.status_code == 422


def test_an_undeclared_datum_is_refused_with_the_choices(token_as):
    answer = token_as(Role.GRID_ADMIN).get("/api/v1/where?lon=99.6&lat=24.8")
    assert "gcj02" in says(answer, 422, "datum.undeclared")["detail"]


# Once, and in turn ----------------------------------------------------------------------------


def test_a_report_sent_twice_is_one_incident(token_as):
    caller = token_as(Role.DISPATCHER)
    key = {"Idempotency-Key": str(uuid4())}
    first = caller.post("/api/v1/incidents", report(), headers=key)
    again = caller.post("/api/v1/incidents", report(), headers=key)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json == again.json
    other = caller.post("/api/v1/incidents", report(summary="另一件事"), headers=key)
    says(other, 409, "incident.key_reused")


def test_a_card_names_its_version_and_an_old_one_is_refused(token_as):
    caller = token_as(Role.DISPATCHER)
    card = caller.post("/api/v1/incidents", report()).json
    path = f"/api/v1/incidents/{card['incident_id']}"
    shown = caller.get(path)
    assert shown.headers["ETag"] == f'"{card["incident_id"]}-1"'
    accept = {"action": "accept", "version": card["version"]}
    after = caller.post(f"{path}/steps", accept)
    assert after.headers["ETag"] == f'"{card["incident_id"]}-2"'
    problem = says(caller.post(f"{path}/steps", accept | {"action": "start"}), 409, "record.stale")
    assert (problem["yours"], problem["now"]) == (1, 2)


def test_a_plan_that_somebody_else_changed_is_not_overwritten(world, token_as):
    caller = token_as(Role.GRID_ADMIN)
    plan = caller.post("/api/v1/plans", {"title": "合并两个网格"}).json
    path = f"/api/v1/plans/{plan['plan_id']}/steps"
    merge = {"tool": "merge", "from": f"{world.own.village}003", "into": f"{world.own.village}004"}
    done = caller.post(path, merge | {"version": plan["version"]})
    assert done.status_code == 200
    problem = says(caller.post(path, merge | {"version": plan["version"]}), 409, "plan.conflict")
    assert (problem["yours"], problem["now"]) == (0, 1)
