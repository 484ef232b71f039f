"""Reports sent again and again over a line that cuts answers off, while servers are killed: each
becomes one incident, and each sender learns its own.

`WANGGE_SUBMISSIONS` says how many; without it 300. A third of the answers is cut, web processes are
killed outright, and connections to the database are ended under them.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import Engine, make_url, text

import importers
from grids import feeds, staff
from grids.access import everyone
from grids.db import EVERYWHERE, begin, make_engine
from grids.model import Role
from tests.database import PROJECT, database_url
from tests.factories import COUNTY, Make
from tests.faults.cutting_proxy import cutting_proxy

N = int(os.environ.get("WANGGE_SUBMISSIONS", "300"))
CUT = 0.3
SENDERS = 8
EVERY = max(100, N // 10)
"""Submissions between two kills."""
PATIENCE_S = 180


class Server:
    """A web process of its own on a port of its own, killed and started again."""

    def __init__(self, owner_url: str, home: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        name = make_url(owner_url).database or ""
        self._environment = {
            **os.environ,
            "DATABASE_URL": owner_url,
            "WANGGE_WEB_DATABASE_URL": database_url(owner_url, name, "wangge_web"),
            "WANGGE_HOME": str(home),
            # Compiled modules are kept, whatever the machine's setting: a killed server comes
            # back in two seconds and not in ten.
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": str(home / "pycache"),
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--no-log"]
        command += ["--port", str(self.port), "--workers", "1", "--blocking-threads", "4"]
        self.process = subprocess.Popen(
            [*command, "web.wsgi:app"],
            cwd=PROJECT,
            env=self._environment,
            start_new_session=True,
        )

    def kill(self) -> None:
        """End the process and its worker without a word."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def answers(self) -> bool:
        try:
            with closing(HTTPConnection("127.0.0.1", self.port, timeout=2)) as line:
                line.request("GET", "/health")
                return line.getresponse().status == 200
        except (OSError, HTTPException):
            return False

    def wait(self) -> None:
        end = time.monotonic() + PATIENCE_S
        while not self.answers():
            assert time.monotonic() < end, "the server did not come up"
            time.sleep(0.1)


@contextmanager
def two_servers(owner_url: str, home: Path) -> Iterator[list[Server]]:
    servers = [Server(owner_url, home) for _ in range(2)]
    for server in servers:
        server.start()
    try:
        for server in servers:
            server.wait()
        yield servers
    finally:
        for server in servers:
            server.kill()


@pytest.fixture
def owner_url(clone) -> str:
    return clone()


@pytest.fixture
def engine(owner_url: str) -> Iterator[Engine]:
    engine = make_engine(owner_url, pooled=False)
    yield engine
    engine.dispose()


@pytest.fixture
def doors(engine: Engine) -> dict[str, str]:
    """Two doors of a small county, the desk's and a feed's, by the token that each wants."""
    with begin(engine, EVERYWHERE) as conn:
        make = Make(conn)
        first, *_ = make.grids(2, 2)
        make.matter()
        worker = make.duty(first.code, "primary")
        root, now = everyone(), datetime.now(UTC)
        grant = staff.grant(conn, root, worker, Role.DISPATCHER, COUNTY)
        token = staff.add_token(conn, root, worker, grant, "test", now=now)
        shipped = Path(importers.__file__).parent / "feeds" / "sensors.toml"
        feeds.save(conn, root, "sensors", tomllib.loads(shipped.read_text("utf-8")), now)
        feed = feeds.add_token(conn, root, "sensors", now=now, life=timedelta(days=1))
    return {"/api/v1/incidents": token, "/api/v1/feeds/sensors": feed}


def bodies(key: str, k: int) -> dict[str, dict[str, object]]:
    """The same matter as each of the doors wants it."""
    at = {"lon": 99.601 + k % 97 * 1e-4, "lat": 24.831 - k % 89 * 1e-4}
    alarm = {"id": key, "message": f"告警 {k}", "kind": "0201", "at": "2026-11-01T08:00:00+08:00"}
    return {
        "/api/v1/incidents": {
            "matter_code": "0201",
            "summary": f"上报 {k}",
            "datum": "gcj02",
            "external_id": key,
            "source": "phone",
            **at,
        },
        "/api/v1/feeds/sensors": {
            "alarm": alarm,
            "device": {"name": "设备", "x": at["lon"], "y": at["lat"]},
        },
    }


class Senders:
    """Clients that send a report until they hear of it, whatever happens on the way."""

    def __init__(self, port: int, doors: dict[str, str]) -> None:
        self.address, self.doors = f"http://127.0.0.1:{port}", doors
        # One client for all: each would read the authorities of TLS anew, which costs more than
        # the report. Connections are closed by the header below.
        self.client = httpx.Client(timeout=20)
        self.n_attempts = self.n_heard = 0
        self._lock = threading.Lock()
        self.heard: dict[str, str] = {}

    def send(self, k: int) -> None:
        key = str(uuid4())
        path = list(self.doors)[k % 2]
        headers = {"Authorization": f"Bearer {self.doors[path]}", "Connection": "close"}
        end, wait = time.monotonic() + PATIENCE_S, 0.02
        while True:
            with self._lock:
                self.n_attempts += 1
            try:
                answer = self.client.post(
                    self.address + path, json=bodies(key, k)[path], headers=headers
                )
            except httpx.HTTPError:
                answer = None
            if answer is not None and answer.status_code in (200, 201):
                said = answer.json()
                with self._lock:
                    self.heard[key] = said.get("receipt", said)["incident_id"]
                return
            assert answer is None or answer.status_code >= 500, answer.text
            assert time.monotonic() < end, "nothing was heard of a report"
            time.sleep(wait)
            wait = min(0.3, wait * 1.5)


def disturb(servers: list[Server], senders: Senders, engine: Engine, over: threading.Event) -> int:
    """Kill a server, or end the connections to the database, every so many reports."""
    rng, n_kills, due = random.Random(6), 0, EVERY
    while not over.wait(0.02):
        if len(senders.heard) < due:
            continue
        due += EVERY
        with engine.connect() as conn:
            conn.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND usename = 'wangge_web'"
                )
            )
        victim, other = rng.sample(servers, 2)
        if victim.answers() and other.answers():
            victim.kill()
            victim.start()
            n_kills += 1
    return n_kills


@pytest.mark.timeout(300 + N)
def test_every_report_becomes_exactly_one_incident(owner_url, engine, doors, tmp_path):
    over = threading.Event()
    with (
        two_servers(owner_url, tmp_path / "home") as servers,
        cutting_proxy(lambda: [s.port for s in servers], share=CUT, seed=311) as proxy,
        ThreadPoolExecutor(SENDERS + 1) as pool,
    ):
        senders = Senders(proxy.port, doors)
        begun = time.monotonic()
        disturbing = pool.submit(disturb, servers, senders, engine, over)
        for sent in [pool.submit(senders.send, k) for k in range(N)]:
            sent.result()
        over.set()
        n_kills, took_s = disturbing.result(), time.monotonic() - begun
    assert len(senders.heard) == N
    with engine.connect() as conn:
        kept = dict(conn.execute(text("SELECT external_id, incident_id::text FROM incident")).all())
        assert conn.execute(text("SELECT count(*) FROM incident")).scalar() == N
        numbers = conn.execute(text("SELECT count(DISTINCT number) FROM incident")).scalar()
        steps = conn.execute(text("SELECT count(*) FROM incident_step WHERE seq = 1")).scalar()
        given = conn.execute(text("SELECT count(*) FROM feed_message")).scalar()
        counted = conn.execute(text("SELECT sum(n) FROM daily_count")).scalar()
        placed = conn.execute(
            text("SELECT count(*) FROM incident WHERE grid_code IS NOT NULL")
        ).scalar()
    assert senders.heard == kept
    assert (numbers, steps, given, counted) == (N, N, N // 2, placed)
    assert proxy.n_cut > N * CUT / 2
    assert n_kills > 0
    print(
        f"\n{N} reports, {senders.n_attempts} attempts, {proxy.n_cut} answers cut,"
        f" {n_kills} kills: {len(kept)} incidents in {took_s:.1f} s"
    )
