"""The link between hub and database swallows, breaks or slows: nothing that was said is missed."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from sqlalchemy import make_url

from grids import notices, staff
from grids.access import everyone
from grids.db import EVERYWHERE, begin, make_engine
from grids.model import Role
from tests.factories import COUNTY, Make
from tests.faults.proxy import Link
from tests.hub_process import HubProcess
from tests.streams import Stream

BACK_S = 15


@pytest.fixture(scope="module")
def engine(clone):
    made = make_engine(clone(), pooled=False)
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def worker(engine):
    """A person, and the token that reads their notices."""
    with begin(engine, EVERYWHERE) as conn:
        person = Make(conn).person()
        grant = staff.grant(conn, everyone(), person, Role.WORKER, COUNTY)
        token = staff.add_token(conn, everyone(), person, grant, "t", now=datetime.now(UTC))
    return person, token


@pytest.fixture(scope="module")
def link(engine):
    made = Link(f"{engine.url.query['host']}/.s.PGSQL.{engine.url.query['port']}")
    yield made
    made.close()


@pytest.fixture(scope="module")
def hub(engine, link, tmp_path_factory):
    url = make_url(f"postgresql+psycopg://wangge_web@127.0.0.1:{link.port}/{engine.url.database}")
    made = HubProcess(tmp_path_factory.mktemp("hub"), url.render_as_string(hide_password=False))
    made.start()
    yield made
    made.stop()


def until(true, seconds):
    give_up = time.monotonic() + seconds
    while not (found := true()) and time.monotonic() < give_up:
        time.sleep(0.2)
    return found


@pytest.mark.parametrize("mode", ["swallow", "refuse"])
def test_what_was_said_behind_a_dead_link_comes_when_it_heals(engine, worker, link, hub, mode):
    person, token = worker
    stream = Stream(hub.socket, token=token)
    assert stream.next(kind="ready")
    link.become(mode)
    with begin(engine, EVERYWHERE) as conn:
        notices.post(conn, person, mode, {}, datetime.now(UTC))
    assert until(lambda: hub.state().get("listening") is False, BACK_S), "nobody noticed"
    link.become("pass")
    begun, came = time.monotonic(), {}
    while came.keys() < {"notice", "changed"} and (event := stream.next(BACK_S)):
        came.setdefault(event.kind, event.data)
    print(f"\n{mode}: back after {time.monotonic() - begun:.1f} s")
    assert came["notice"]["kind"] == mode
    assert came["changed"] == {"what": "all", "id": None}
    assert until(lambda: hub.state().get("listening"), BACK_S)


def test_a_slow_link_is_slow_and_nothing_else(engine, worker, link, hub):
    person, token = worker
    stream = Stream(hub.socket, token=token)
    assert stream.next(kind="ready")
    link.delay_s = 0.2
    try:
        for n in range(3):
            with begin(engine, EVERYWHERE) as conn:
                notices.post(conn, person, f"slow {n}", {}, datetime.now(UTC))
        kinds = [stream.next(20, kind="notice").data["kind"] for _ in range(3)]
    finally:
        link.delay_s = 0.0
    assert kinds == ["slow 0", "slow 1", "slow 2"]
    assert hub.state()["listening"]
