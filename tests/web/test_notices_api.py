"""Notices by asking: cheap, exact, one's own, and no sign of life."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from grids import notices
from grids.db import EVERYWHERE, begin
from grids.model import Role
from tests.web.conftest import OWN, Caller

PATH = "/api/v1/notices"
NOW = datetime.now(UTC)


@pytest.fixture
def worker(app, staff_of):
    """A caller of her own for each test, and her person."""
    made = staff_of.new(f"worker-{datetime.now(UTC).timestamp()}", Role.WORKER, OWN)
    return Caller(app, made.token), made.viewer.person_id


def post(world, person, n=1):
    with begin(world.engine, EVERYWHERE) as conn:
        for i in range(n):
            notices.post(conn, person, "incident.assigned", {"n": i}, NOW)


def test_a_worker_who_asks_again_gets_what_is_new_and_nothing_twice(world, worker):
    caller, person = worker
    first = caller.get(PATH).json
    assert (first["notices"], first["unseen"]) == ([], 0)
    post(world, person)
    second = caller.get(PATH, query_string={"after": first["cursor"]}).json
    assert [one["kind"] for one in second["notices"]] == ["incident.assigned"]
    assert second["unseen"] == 1
    assert caller.get(PATH, query_string={"after": second["cursor"]}).json["notices"] == []


def test_nothing_new_is_said_without_a_body(world, worker):
    caller, person = worker
    post(world, person)
    cursor = caller.get(PATH).json["cursor"]
    asked = {"query_string": {"after": cursor}}
    etag = caller.get(PATH, **asked).headers["ETag"]
    same = caller.get(PATH, headers={"If-None-Match": etag}, **asked)
    assert (same.status_code, same.data) == (304, b"")
    post(world, person)
    assert caller.get(PATH, headers={"If-None-Match": etag}, **asked).status_code == 200


def test_seen_is_said_by_number_or_up_to_one_and_never_of_others(world, worker, token_as):
    caller, person = worker
    post(world, person, 3)
    newest, *_, oldest = (one["notice_id"] for one in caller.get(PATH).json["notices"])
    assert token_as(Role.LEADER).post(f"{PATH}/seen", {"up_to": newest}).status_code == 200
    assert caller.post(f"{PATH}/seen", {"ids": [oldest]}).json == {"unseen": 2}
    assert caller.post(f"{PATH}/seen", {"up_to": newest}).json == {"unseen": 0}
    assert all(one["seen_at"] for one in caller.get(PATH).json["notices"])


@pytest.mark.parametrize("body", [{}, {"ids": []}, {"ids": [1], "up_to": 2}, {"up_to": "x"}])
def test_what_was_seen_is_never_guessed(worker, body):
    assert worker[0].post(f"{PATH}/seen", body).status_code == 422


@pytest.mark.parametrize("asked", [{"after": "yesterday"}, {"after": "5:3:"}])
def test_a_cursor_that_was_not_given_here_is_refused(worker, asked):
    answer = worker[0].get(PATH, query_string=asked)
    assert (answer.status_code, answer.json["code"]) == (422, "value.bad")


def test_other_ways_are_chosen_by_the_person(worker):
    caller, _ = worker
    assert caller.get(f"{PATH}/channels").json["channels"] == []
    chosen = caller.send("PUT", f"{PATH}/channels", json={"channels": ["sms"]})
    assert chosen.json["channels"] == ["sms"]
    refused = caller.send("PUT", f"{PATH}/channels", json={"channels": ["pigeon"]})
    assert refused.status_code == 422


def test_a_page_that_asks_by_itself_keeps_no_session_alive(world, client_as, staff_of):
    caller = client_as(Role.LEADER)
    person = staff_of.account(Role.LEADER).viewer.person_id
    long_ago = datetime.now(UTC) - timedelta(minutes=20)

    def seen_at():
        with begin(world.engine, EVERYWHERE) as conn:
            return conn.execute(
                text("SELECT max(seen_at) FROM session WHERE person_id = :p"), {"p": person}
            ).scalar()

    with begin(world.engine, EVERYWHERE) as conn:
        conn.execute(
            text("UPDATE session SET seen_at = :at WHERE person_id = :p"),
            {"at": long_ago, "p": person},
        )
    assert caller.get(PATH).status_code == 200
    assert seen_at() == long_ago
    assert caller.get("/api/v1/units").status_code == 200
    assert seen_at() > long_ago


def test_only_ways_that_this_machine_has_can_be_offered(worker, tmp_path, monkeypatch):
    file = tmp_path / "senders.toml"
    monkeypatch.setenv("WANGGE_SENDERS", str(file))
    assert worker[0].get(f"{PATH}/channels").json["possible"] == []
    file.write_text('[sms]\nurl = "http://10.1.2.3/send"\n')
    assert worker[0].get(f"{PATH}/channels").json["possible"] == ["sms"]
    file.write_text("[sms")
    assert worker[0].get(f"{PATH}/channels").json["possible"] == []
