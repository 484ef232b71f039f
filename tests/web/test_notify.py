"""Messages by other ways: signed, tried again, given up, and never to the wrong address."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from grids import notice_sending, notices
from grids.db import EVERYWHERE, begin, make_engine
from grids.model import Role
from grids.notice_sending import Channel
from tests.factories import Make
from tests.web.conftest import KEYS, PHONE
from web.cli import main
from web.clock import now
from web.notify.delivery import OLDEST, Round, deliver
from web.notify.settings import BadSenders, senders
from web.notify.sms import Gateway, Sms
from web.notify.webhook import SIGNATURE, Webhook, signature
from web.notify.words import text_of

SECRET = b"a-secret-of-the-tests"


class Gatekeeper:
    """A gateway on this machine: it remembers what came and answers as it is told."""

    def __init__(self) -> None:
        self.got = []
        self.answers = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.got.append((self.path, dict(self.headers), body))
                status, said, *more = outer.answers.pop(0) if outer.answers else (200, b"{}")
                if status is None:
                    outer.release.wait(20)
                    return
                self.send_response(status)
                for name, value in more:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_):
                pass

        self.release = threading.Event()
        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.release.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def gateway():
    made = Gatekeeper()
    yield made
    made.close()


@pytest.fixture(scope="module")
def url(clone):
    return clone()


@pytest.fixture(scope="module")
def engine(url):
    made = make_engine(url)
    yield made
    made.dispose()


@pytest.fixture
def person(engine):
    """Somebody with a telephone who wants both ways; what others are owed is gone."""
    with begin(engine, EVERYWHERE) as conn:
        conn.execute(text("DELETE FROM notice WHERE channel <> 'app'"))
        made = Make(conn).person()
        conn.execute(
            text("UPDATE person SET phone_cipher = :c WHERE person_id = :p"),
            {"c": KEYS.encrypt(PHONE), "p": made},
        )
        notice_sending.set_channels(conn, made, set(Channel))
    return made


def post(engine, person, number="2026-1", at=None):
    with begin(engine, EVERYWHERE) as conn:
        notices.post(conn, person, "incident.assigned", {"number": number}, at or now())


def by_webhook(gateway, timeout_s=5):
    return {Channel.WEBHOOK: Webhook(gateway.url, SECRET, timeout_s)}


def send(engine, ways, later=timedelta()):
    return deliver(engine, ways, KEYS, lambda: now() + later)


def test_a_webhook_is_signed_and_holds_no_telephone(engine, person, gateway):
    post(engine, person)
    assert send(engine, by_webhook(gateway)) == Round(sent=1)
    path, headers, body = gateway.got[0]
    said = json.loads(body)
    assert (path, said["kind"], said["facts"]) == (
        "/hook",
        "incident.assigned",
        {"number": "2026-1"},
    )
    assert PHONE not in body.decode()
    at, given = headers[SIGNATURE].removeprefix("t=").split(",v1=")
    assert given == hmac.new(SECRET, f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    assert signature(SECRET, int(at), body) != signature(b"another", int(at), body)
    assert send(engine, by_webhook(gateway)) == Round()


def test_a_failing_gateway_is_tried_again_later_under_the_same_key(engine, person, gateway):
    post(engine, person)
    gateway.answers = [(503, b""), (503, b"")]
    assert send(engine, by_webhook(gateway)) == Round(again=1)
    assert send(engine, by_webhook(gateway)) == Round()
    assert send(engine, by_webhook(gateway), timedelta(seconds=31)) == Round(again=1)
    assert send(engine, by_webhook(gateway), timedelta(seconds=160)) == Round(sent=1)
    assert len({headers["Idempotency-Key"] for _, headers, _ in gateway.got}) == 1


def test_a_gateway_that_never_answers_is_left_in_time(engine, person, gateway):
    post(engine, person)
    gateway.answers = [(None, b"")]
    assert send(engine, by_webhook(gateway, timeout_s=0.3)) == Round(again=1)
    with begin(engine, EVERYWHERE) as conn:
        error = text("SELECT error FROM notice WHERE channel = 'webhook' AND state = 'owed'")
        assert conn.execute(error).scalar() == "timeout"


def test_nobody_is_led_to_another_address(engine, person, gateway):
    post(engine, person)
    gateway.answers = [(302, b"", ("Location", f"{gateway.url}/elsewhere"))]
    assert send(engine, by_webhook(gateway)) == Round(dead=1)
    assert [path for path, *_ in gateway.got] == ["/hook"]


def test_what_is_refused_for_good_is_listed_and_can_be_owed_again(
    engine, url, person, gateway, monkeypatch
):
    monkeypatch.setenv("DATABASE_URL", url)
    post(engine, person)
    gateway.answers = [(404, b"")]
    assert send(engine, by_webhook(gateway)) == Round(dead=1)
    listed = json.loads(CliRunner().invoke(main, ["--json", "notice", "dead"]).output)["messages"]
    assert [one["error"] for one in listed] == ["http_404"]
    again = CliRunner().invoke(main, ["--json", "notice", "retry"])
    assert json.loads(again.output) == {"revived": 1}
    assert send(engine, by_webhook(gateway)) == Round(sent=1)


def test_a_message_too_late_and_one_to_nobody_are_not_sent(engine, person, gateway):
    post(engine, person, at=now() - OLDEST - timedelta(minutes=1))
    assert send(engine, by_webhook(gateway)) == Round(dead=1)
    with begin(engine, EVERYWHERE) as conn:
        conn.execute(text("UPDATE person SET active = false WHERE person_id = :p"), {"p": person})
    post(engine, person)
    assert send(engine, by_webhook(gateway)) == Round(dead=1)
    assert gateway.got == []


def test_an_sms_gateway_is_asked_in_its_own_form(engine, person, gateway):
    form = {"mobile": "{phone}", "content": "【网格】{text}", "serial": "{key}"}
    way = Gateway(gateway.url, form=form, success=("result.code", "0"))
    post(engine, person, number="{phone}")
    gateway.answers = [
        (200, b'{"result": {"code": 7}}'),
        (200, b"down"),
        (200, b'{"result": {"code": 0}}'),
    ]
    ways = {Channel.SMS: Sms(way)}
    assert send(engine, ways) == Round(again=1)
    assert send(engine, ways, timedelta(seconds=40)) == Round(again=1)
    assert send(engine, ways, timedelta(seconds=300)) == Round(sent=1)
    body = gateway.got[-1][2].decode()
    assert body.startswith(f"mobile={PHONE}&content=")
    assert body.count(PHONE) == 1


def test_a_person_without_a_telephone_gets_no_sms(engine, person, gateway):
    with begin(engine, EVERYWHERE) as conn:
        conn.execute(
            text("UPDATE person SET phone_cipher = NULL WHERE person_id = :p"), {"p": person}
        )
    post(engine, person)
    assert send(engine, {Channel.SMS: Sms(Gateway(gateway.url))}) == Round(dead=1)
    assert gateway.got == []


def test_a_message_says_little_and_is_said_even_where_its_facts_are_missing():
    assert text_of("incident.assigned", {"number": "7"}) == "事件 7 已分派给您，请登录系统办理。"
    assert text_of("incident.assigned", {}) == text_of("plan.approved", {"title": "甲"})
    assert text_of("x", {}, "en") == "You have a new notice. Sign in to read it."


def test_senders_are_read_from_their_file_and_a_bad_one_is_refused(tmp_path, monkeypatch):
    file = tmp_path / "senders.toml"
    monkeypatch.setenv("WANGGE_SENDERS", str(file))
    assert senders() == {}
    (tmp_path / "key").write_bytes(SECRET)
    file.write_text(
        '[webhook]\nurl = "https://oa.county.gov/x"\nsecret_file = "key"\n'
        '[sms]\nurl = "http://10.1.2.3/send"\nform = {m = "{phone}"}\n'
        'success = {field = "code", equals = 0}\n'
    )
    assert set(senders()) == set(Channel)
    for bad in (
        '[pigeon]\nurl = "http://x"',
        '[webhook]\nurl = "http://x"',
        '[webhook]\nurl = "file:///etc/passwd"\nsecret_file = "key"',
        '[sms]\nurl = "http://x"\nfrom = "y"',
        "[sms",
    ):
        file.write_text(bad)
        with pytest.raises(BadSenders):
            senders()


def test_an_administrator_tries_a_way_and_is_shown_no_secret(
    client_as, gateway, tmp_path, monkeypatch
):
    admin = client_as(Role.GRID_ADMIN)
    path, file = "/api/v1/notice-ways", tmp_path / "senders.toml"
    monkeypatch.setenv("WANGGE_SENDERS", str(file))
    assert admin.send("POST", f"{path}/trial", json={"channel": "webhook"}).json == {
        "taken": False,
        "code": "no_sender",
    }
    (tmp_path / "secret").write_bytes(SECRET)
    file.write_text(
        f'[webhook]\nurl = "{gateway.url}?token=hidden"\nsecret_file = "secret"\n'
        '[sms]\nurl = "http://10.1.2.3/send?key=hidden"\n'
    )
    shown = admin.get(path)
    assert shown.json["senders"] == [
        {"channel": "sms", "host": "10.1.2.3"},
        {"channel": "webhook", "host": "127.0.0.1"},
    ]
    assert "hidden" not in shown.text
    assert SECRET.decode() not in shown.text
    tried = admin.send("POST", f"{path}/trial", json={"channel": "webhook"})
    assert tried.json == {"taken": True, "code": None}
    ((_, headers, body),) = gateway.got
    assert SIGNATURE in headers
    assert json.loads(body)["text"] == "这是网格化管理系统的测试消息，无需处理。"
    gateway.answers.append((403, b""))
    tried = admin.send("POST", f"{path}/trial", json={"channel": "webhook"})
    assert tried.json == {"taken": False, "code": "http_403"}
    file.write_text("[sms")
    assert admin.get(path).json["refusal"] == "senders.bad"
    assert admin.send("POST", f"{path}/trial", json={"channel": "sms"}).json["code"] == (
        "bad_senders"
    )
