"""`wangge serve`: one port for screens, API and streams, and a hub that is kept alive."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from grids import notices
from grids.db import EVERYWHERE, begin
from grids.model import Role
from tests.database import database_url
from tests.streams import Stream
from tests.web.conftest import OWN


class Served:
    """A server of its own, with its hub."""

    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self.port, self.process = port, process

    def get(self, path: str, token: str = ""):
        """Return status and JSON."""
        asked = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", headers={"Authorization": f"Bearer {token}"}
        )
        try:
            with urllib.request.urlopen(asked, timeout=20) as answer:
                return answer.status, orjson.loads(answer.read())
        except urllib.error.HTTPError as refused:
            return refused.code, orjson.loads(refused.read())

    def parts(self):
        """Return what /ready complains about."""
        return {reason["part"]: reason["reason"] for reason in self.get("/ready")[1]["reasons"]}

    def hubs(self):
        """Return the processes of the hub."""
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError, IndexError, ValueError):
                fields = (entry / "stat").read_text().rpartition(") ")[2].split()
                words = (entry / "cmdline").read_bytes().split(b"\0")
                if int(fields[3]) == self.process.pid and b"hub" in words:
                    found.append(int(entry.name))
        return found


def until(true, seconds):
    give_up = time.monotonic() + seconds
    while not (found := true()) and time.monotonic() < give_up:
        time.sleep(0.1)
    return found


@pytest.fixture(scope="module")
def served(web_engine, world, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    owner = web_engine.url.render_as_string(hide_password=False)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(Path(sys.executable).parent / "wangge"), "serve", "--no-jobs"]
    process = subprocess.Popen(
        [*command, "--port", str(port), "--workers", "1"],
        env={
            **os.environ,
            "WANGGE_HOME": str(home),
            "DATABASE_URL": owner,
            "WANGGE_WEB_DATABASE_URL": database_url(owner, web_engine.url.database, "wangge_web"),
        },
        start_new_session=True,
    )
    made = Served(port, process)

    def is_up():
        with contextlib.suppress(OSError):
            return "hub" not in made.parts()

    assert until(is_up, 180), "the server does not come up"
    yield made
    process.send_signal(signal.SIGTERM)
    process.wait(30)
    assert made.hubs() == []


@pytest.fixture
def worker(staff_of):
    return staff_of.new(f"served-{time.monotonic_ns()}", Role.WORKER, OWN)


def post(world, person, kind):
    with begin(world.engine, EVERYWHERE) as conn:
        notices.post(conn, person, kind, {}, datetime.now(UTC))


def test_screens_and_streams_come_from_one_port(world, served, worker):
    assert served.get("/health") == (200, {"status": "ok"})
    stream = Stream(("127.0.0.1", served.port), token=worker.token)
    assert stream.status == 200
    assert stream.headers["content-type"].startswith("text/event-stream")
    assert stream.next(kind="ready")
    begun = time.monotonic()
    post(world, worker.viewer.person_id, "incident.assigned")
    assert stream.next(kind="notice").data["kind"] == "incident.assigned"
    assert time.monotonic() - begun < 2
    status, asked = served.get("/api/v1/notices", worker.token)
    assert (status, asked.get("unseen")) == (200, 1), asked
    assert Stream(("127.0.0.1", served.port)).status == 401


def test_a_hub_that_dies_is_started_again_and_polling_needs_none(world, served, worker):
    where = ("127.0.0.1", served.port)
    stream = Stream(where, token=worker.token)
    assert stream.next(kind="ready")
    for pid in served.hubs():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert stream.ended(5)
    assert "hub" in served.parts()
    post(world, worker.viewer.person_id, "meanwhile")
    asked = served.get("/api/v1/notices", worker.token)[1]
    assert [one["kind"] for one in asked["notices"]] == ["meanwhile"]
    away = Stream(where, token=worker.token, after=stream.last_id)
    if away.status != 200:
        assert away.status == 503
        assert until(lambda: "hub" not in served.parts(), 120)
        away = Stream(where, token=worker.token, after=stream.last_id)
    assert away.next(kind="notice").data["kind"] == "meanwhile"
