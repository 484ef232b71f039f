"""The hub: what is posted comes, to whom it concerns, once, and after any interruption."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from grids import notices
from grids.db import EVERYWHERE, begin, make_engine
from grids.model import Role
from tests.database import database_url
from tests.hub_process import HubProcess
from tests.streams import Stream
from tests.web.conftest import FOREIGN, OWN
from web.hub import address

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def hub(web_engine, tmp_path_factory):
    owner = web_engine.url.render_as_string(hide_password=False)
    url = database_url(owner, web_engine.url.database, "wangge_web")
    made = HubProcess(tmp_path_factory.mktemp("hub"), url)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def worker(staff_of):
    return staff_of.new(f"hub-worker-{time.monotonic_ns()}", Role.WORKER, OWN)


def post(world, person, *kinds):
    with begin(world.engine, EVERYWHERE) as conn:
        for kind in kinds:
            notices.post(conn, person, kind, {"kind": kind}, NOW)


def opened(hub, account, after=None):
    stream = Stream(hub.socket, token=account.token, after=after)
    assert stream.status == 200
    assert stream.next(kind="ready")
    return stream


def kinds(stream, n):
    return [event.data["kind"] if (event := stream.next(kind="notice")) else None for _ in range(n)]


def test_an_assignment_comes_within_two_seconds_and_only_to_its_owner(world, hub, worker, staff_of):
    stream = opened(hub, worker)
    other = opened(hub, staff_of.account(Role.DISPATCHER))
    begun = time.monotonic()
    post(world, worker.viewer.person_id, "incident.assigned")
    event = stream.next(kind="notice")
    assert time.monotonic() - begun < 2
    assert event.data["kind"] == "incident.assigned"
    assert set(event.data) == {"notice_id", "kind", "facts", "at", "seen_at"}
    assert other.next(0.5, kind="notice") is None


def test_a_stream_is_not_for_everybody(hub, worker):
    assert Stream(hub.socket).status == 401
    assert Stream(hub.socket, token="of-nobody").status == 401
    assert Stream(hub.socket, cookie="wangge=forged").status == 401
    assert Stream(hub.socket, token=worker.token, after="long ago").status == 422


def test_a_browser_is_known_by_its_cookie(world, hub, client_as, staff_of):
    caller = client_as(Role.GRID_ADMIN)
    cookie = caller.client.get_cookie("wangge")
    stream = Stream(hub.socket, cookie=f"wangge={cookie.value}")
    assert stream.status == 200
    assert stream.headers["content-type"].startswith("text/event-stream")
    assert stream.next(kind="ready")
    post(world, staff_of.account(Role.GRID_ADMIN).viewer.person_id, "plan.approved")
    assert kinds(stream, 1) == ["plan.approved"]


def test_a_cookie_beside_a_token_does_not_count(hub, client_as):
    cookie = client_as(Role.GRID_ADMIN).client.get_cookie("wangge")
    stream = Stream(hub.socket, cookie=f"wangge={cookie.value}", token="of-nobody")
    assert stream.status == 401


@pytest.mark.parametrize("how", ["session", "account"])
def test_a_stream_ends_soon_after_its_right(world, hub, app, staff_of, how):
    from tests.web.conftest import Caller  # noqa: PLC0415 - the fixture's own caller is shared

    account = staff_of.new(f"leaver-{how}-{time.monotonic_ns()}", Role.WORKER, OWN)
    caller = Caller(app)
    caller.sign_in(account.login)
    cookie = caller.client.get_cookie("wangge")
    stream = Stream(hub.socket, cookie=f"wangge={cookie.value}")
    assert stream.next(kind="ready")
    ending = {
        "session": "UPDATE session SET ended_at = now() WHERE person_id = :p",
        "account": "UPDATE account SET disabled_at = now() WHERE person_id = :p",
    }
    with begin(world.engine, EVERYWHERE) as conn:
        conn.execute(text(ending[how]), {"p": account.viewer.person_id})
    assert stream.ended(5)
    assert Stream(hub.socket, cookie=f"wangge={cookie.value}").status == 401


def test_who_was_away_gets_what_was_missed_once(world, hub, worker):
    stream = opened(hub, worker)
    post(world, worker.viewer.person_id, "a")
    assert kinds(stream, 1) == ["a"]
    at = stream.last_id
    stream.close()
    post(world, worker.viewer.person_id, "b", "c")
    back = Stream(hub.socket, token=worker.token, after=at)
    assert kinds(back, 2) == ["b", "c"]
    assert back.next(0.3, kind="notice") is None
    again = Stream(hub.socket, token=worker.token, after=back.last_id)
    assert again.next(kind="notice", seconds=0.5) is None


def test_a_killed_hub_comes_back_and_everybody_catches_up(world, hub, worker):
    stream = opened(hub, worker)
    at = stream.last_id
    hub.stop()
    assert stream.ended(5)
    post(world, worker.viewer.person_id, "while it was dead")
    hub.start()
    back = Stream(hub.socket, token=worker.token, after=at)
    assert kinds(back, 1) == ["while it was dead"]
    post(world, worker.viewer.person_id, "afterwards")
    assert kinds(back, 1) == ["afterwards"]


def test_out_of_order_commits_lose_nothing_on_a_stream(world, hub, worker):
    stream, person = opened(hub, worker), worker.viewer.person_id
    engine = make_engine(world.engine.url.render_as_string(hide_password=False), pooled=False)
    with engine.connect() as slow:
        notices.post(slow, person, "first begun", {}, NOW)
        post(world, person, "first committed")
        assert kinds(stream, 1) == ["first committed"]
        at = stream.last_id
        slow.commit()
    assert kinds(stream, 1) == ["first begun"]
    back = Stream(hub.socket, token=worker.token, after=at)
    assert kinds(back, 1) == ["first begun"]


def test_who_missed_very_much_is_told_to_ask_for_the_pages(world, hub, worker):
    stream = opened(hub, worker)
    at = stream.last_id
    stream.close()
    post(world, worker.viewer.person_id, *["many"] * 201)
    back = Stream(hub.socket, token=worker.token, after=at)
    assert [back.next().kind, back.next().kind] == ["behind", "ready"]


def test_a_desk_hears_of_changes_in_its_territory_and_of_no_others(world, hub, staff_of):
    own = opened(hub, staff_of.account(Role.DISPATCHER, OWN))
    foreign = opened(hub, staff_of.account(Role.DISPATCHER, FOREIGN))
    auditor = opened(hub, staff_of.account(Role.AUDITOR, OWN))
    with begin(world.engine, EVERYWHERE) as conn:
        conn.execute(
            text("UPDATE incident SET summary = summary || '。' WHERE incident_id = :id"),
            {"id": world.own.incident},
        )
    event = own.next(kind="changed")
    assert event.data == {"what": "incident", "id": str(world.own.incident)}
    assert foreign.next(0.5, kind="changed") is None
    assert auditor.next(0.1, kind="changed") is None


def test_a_reader_who_does_not_read_delays_nobody(world, hub, worker, staff_of):
    deaf = opened(hub, worker)
    person = worker.viewer.person_id
    other = staff_of.new(f"quick-{time.monotonic_ns()}", Role.WORKER, OWN)
    quick = opened(hub, other)
    words = "长" * 2000
    for _ in range(12):
        with begin(world.engine, EVERYWHERE) as conn:
            for _ in range(100):
                notices.post(conn, person, "long", {"words": words}, NOW)
    begun = time.monotonic()
    post(world, other.viewer.person_id, "quick")
    assert kinds(quick, 1) == ["quick"]
    assert time.monotonic() - begun < 2
    # 7 MB waited for the one who did not read: the stream was cut, and nothing is kept for it.
    assert deaf.ended(25)
    back = Stream(hub.socket, token=worker.token, after=deaf.last_id)
    assert back.next().kind == "behind"


def test_the_hub_says_how_it_is(hub, monkeypatch):
    monkeypatch.setenv("WANGGE_HUB", str(hub.socket))
    state = address.hub_state()
    assert (state["status"], state["listening"]) == ("ok", True)
    assert json.dumps(state)
    monkeypatch.setenv("WANGGE_HUB", str(hub.socket) + ".none")
    assert address.hub_state() is None
