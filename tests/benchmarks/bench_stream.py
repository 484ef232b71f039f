"""Thousands of phones on one hub: nothing lost, soon there, soon back; and all of them asking.

`WANGGE_PHONES` says how many (3,000), `WANGGE_STREAM_S` how long the targeted part lasts (20 s).
Phones, hub, server and database share the machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from grids import notices, staff
from grids.access import everyone
from grids.db import EVERYWHERE, begin, make_engine
from grids.model import Role
from tests.benchmarks.county_database import COUNTY, county_urls
from tests.benchmarks.crowd import Asker, Phone, memory_mib, n_phones, until
from tests.benchmarks.harness import Count, Limit, Spread
from tests.hub_process import HubProcess
from web.processes import open_many_files

SECONDS = float(os.environ.get("WANGGE_STREAM_S", "20"))
EVENTS_A_S = 20
N_BROADCASTS = 3
POLL_EVERY_S = 30
DESK_A_S = 5
N_CONNECTIONS = 200


def benches() -> Iterator[Spread | Count | Limit]:
    """Yield what is measured; the whole story is told once, when the first line asks for it."""
    story = Story(n_phones())
    n = f"{story.n:,}"
    yield Spread(
        f"a notice to one of {n} on the stream, {EVENTS_A_S}/s",
        lambda: (story.told.targeted, f"{len(story.told.targeted)} notices"),
        (0.1, 0.5),
        "p99 500 ms",
        99,
    )
    yield Spread(
        f"a notice to each of {n} at once",
        lambda: (story.told.broadcast, f"{len(story.told.broadcast):,} notices"),
        (1.0, 2.0),
        "p99 2 s",
        99,
    )
    yield Limit("hub killed: all back and caught up", lambda: story.told.back_s, 15, "s")
    yield Count("notices lost on streams, the hub's death included", lambda: story.told.n_lost)
    yield Count("notices told twice", lambda: story.told.n_twice)
    yield Limit(f"memory of the hub with {n} streams", lambda: story.told.memory_mib, 200, "MiB")
    yield Limit("processor of the idle hub", lambda: story.told.idle_share * 100, 5, "% of a core")
    yield Spread(
        f"{n} phones asking every {POLL_EVERY_S} s, the desk in use",
        lambda: (story.polling.seconds, f"{len(story.polling.seconds):,} requests"),
        (0.1, 0.3),
        "p95 300 ms",
    )
    yield Count("requests that failed meanwhile", lambda: story.polling.n_failed)


class Told:
    """What the streams showed."""

    targeted: list[float]
    broadcast: list[float]
    back_s: float
    n_lost: int
    n_twice: int
    memory_mib: float
    idle_share: float


class Polling:
    """What asking showed."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.n_failed = 0


class Story:
    """The county with its phones; each part is run once."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.serial = 0
        self.sent: dict[int, list[int]] = {}

    @cached_property
    def home(self) -> Path:
        """A folder with the keys of this run."""
        return Path(tempfile.mkdtemp(prefix="wangge-bench-"))

    @cached_property
    def people(self) -> list[tuple[UUID, str]]:
        """The owners of the phones and their tokens."""
        open_many_files()
        with begin(self.engine, EVERYWHERE) as conn:
            rows = conn.execute(
                text(
                    """
                    WITH p AS (INSERT INTO person (name, unit_code)
                                 SELECT 'phone ' || i, :county FROM generate_series(1, :n) AS i
                              RETURNING person_id, name),
                         g AS (INSERT INTO access_grant (person_id, role, unit_code)
                                 SELECT person_id, 'worker', :county FROM p
                              RETURNING person_id, grant_id)
                    INSERT INTO api_token (token_hash, person_id, grant_id, name)
                    SELECT sha256(convert_to(p.name, 'UTF8')), person_id, grant_id, 'bench'
                      FROM p JOIN g USING (person_id)
                    RETURNING person_id
                    """
                ),
                {"county": COUNTY, "n": self.n},
            ).scalars()
            names = conn.execute(
                text("SELECT person_id, name FROM person WHERE person_id = ANY (:ids)"),
                {"ids": list(rows)},
            )
            return [(row.person_id, row.name) for row in names]

    @cached_property
    def engine(self) -> Any:
        """The owner's engine."""
        return make_engine(county_urls()[0])

    @cached_property
    def told(self) -> Told:
        """Run the streams."""
        with ThreadPoolExecutor(1) as alone:  # a loop of its own, whatever runs in this thread
            return alone.submit(asyncio.run, self._streams()).result()

    @cached_property
    def polling(self) -> Polling:
        """Run the asking."""
        assert self.people
        with served(self.home) as port, ThreadPoolExecutor(1) as alone:
            return alone.submit(asyncio.run, self._asking(port)).result()

    # Streams ----------------------------------------------------------------------------------

    async def _streams(self) -> Told:
        people = self.people
        hub = HubProcess(self.home / "hub", county_urls()[1])
        await asyncio.to_thread(hub.start)
        phones = [Phone(i, token, hub.socket) for i, (_, token) in enumerate(people)]
        try:
            for i in range(0, len(phones), 100):
                await asyncio.gather(*(phone.open() for phone in phones[i : i + 100]))
            assert await until(lambda: all(p.ready for p in phones), 60), "not all could open"
            told = Told()
            before = _ticks(hub.process.pid)
            await asyncio.sleep(5)
            told.idle_share = (_ticks(hub.process.pid) - before) / 5
            told.targeted = await self._targeted(phones, SECONDS)
            told.broadcast = await self._broadcasts(phones)
            told.memory_mib = memory_mib(hub.process.pid)
            told.back_s = await self._kill(hub, phones)
            got = {phone.number: sorted(phone.got) for phone in phones}
            told.n_lost = sum(len(set(s) - set(got[i])) for i, s in self.sent.items())
            told.n_twice = sum(len(g) - len(set(g)) for g in got.values())
            return told
        finally:
            for phone in phones:
                phone.close()
            await asyncio.to_thread(hub.stop)

    async def _targeted(self, phones: list[Phone], seconds: float) -> list[float]:
        n_before = [len(phone.seconds) for phone in phones]
        rng = random.Random(1)
        begun = time.perf_counter()
        for i in range(int(seconds * EVENTS_A_S)):
            await asyncio.sleep(max(0.0, begun + i / EVENTS_A_S - time.perf_counter()))
            await asyncio.to_thread(self._post, [rng.randrange(self.n)])
        await self._all_arrive(phones, 20)
        return [s for p, n in zip(phones, n_before, strict=True) for s in p.seconds[n:]]

    async def _broadcasts(self, phones: list[Phone]) -> list[float]:
        n_before = [len(phone.seconds) for phone in phones]
        for _ in range(N_BROADCASTS):
            await asyncio.to_thread(self._post, range(self.n))
            await asyncio.sleep(3)
        await self._all_arrive(phones, 30)
        return [s for p, n in zip(phones, n_before, strict=True) for s in p.seconds[n:]]

    async def _kill(self, hub: HubProcess, phones: list[Phone]) -> float:
        """Kill the hub, post on, start it again as its keeper does: after a second."""
        begun = time.perf_counter()
        await asyncio.to_thread(hub.stop)
        rng = random.Random(2)
        posted = asyncio.gather(
            *(asyncio.to_thread(self._post, [rng.randrange(self.n)]) for _ in range(300))
        )
        await asyncio.sleep(1)
        await asyncio.to_thread(hub.start)
        await posted
        await until(lambda: all(phone.ready for phone in phones), 120)
        await self._all_arrive(phones, 30)
        return time.perf_counter() - begun

    async def _all_arrive(self, phones: list[Phone], seconds: float) -> None:
        wanted = {i: len(s) for i, s in self.sent.items()}
        await until(lambda: all(len(phones[i].got) >= n for i, n in wanted.items()), seconds)

    def _post(self, numbers: Any) -> None:
        """Post one notice to each of these phones in one transaction."""
        with begin(self.engine, EVERYWHERE) as conn:
            for i in numbers:
                self.serial += 1
                self.sent.setdefault(i, []).append(self.serial)
                facts = {"n": self.serial, "t": time.perf_counter()}
                notices.post(conn, self.people[i][0], "bench", facts, datetime.now(UTC))

    # Asking -----------------------------------------------------------------------------------

    async def _asking(self, port: int) -> Polling:
        found = Polling()
        askers = [Asker(port) for _ in range(N_CONNECTIONS)]
        desk = await asyncio.to_thread(self._desk)
        cursors: dict[int, tuple[str, str]] = {}
        jobs: list[asyncio.Task[None]] = []
        begun, n = time.perf_counter(), 0
        per_s = self.n / POLL_EVERY_S
        while (passed := time.perf_counter() - begun) < SECONDS:
            while n < passed * per_s:
                one = self._poll(askers[n % N_CONNECTIONS], n % self.n, cursors, found)
                jobs.append(asyncio.create_task(one))
                if n % int(per_s / DESK_A_S or 1) == 0:
                    path = ("/api/v1/incidents", f"/api/v1/units?parent={COUNTY}")[n % 2]
                    looks = self._look(askers[-1 - n % 7], path, desk, found)
                    jobs.append(asyncio.create_task(looks))
                n += 1
            await asyncio.sleep(0.005)
        await asyncio.gather(*jobs)
        for asker in askers:
            asker.close()
        return found

    async def _poll(
        self, asker: Asker, i: int, cursors: dict[int, tuple[str, str]], found: Polling
    ) -> None:
        cursor, etag = cursors.get(i, ("", ""))
        path = f"/api/v1/notices?after={cursor}" if cursor else "/api/v1/notices"
        begun = time.perf_counter()
        status, headers, body = await asker.get(path, self.people[i][1], etag)
        found.seconds.append(time.perf_counter() - begun)
        if status == 200:
            cursors[i] = (orjson.loads(body)["cursor"], headers.get("etag", ""))
        elif status != 304:
            found.n_failed += 1

    async def _look(self, asker: Asker, path: str, token: str, found: Polling) -> None:
        status, *_ = await asker.get(path, token)
        found.n_failed += status != 200

    def _desk(self) -> str:
        with begin(self.engine, EVERYWHERE) as conn:
            root = everyone()
            person = staff.add_person(conn, root, "desk", COUNTY)
            grant = staff.grant(conn, root, person, Role.DISPATCHER, COUNTY)
            return staff.add_token(conn, root, person, grant, "desk", now=datetime.now(UTC))


@contextlib.contextmanager
def served(home: Path) -> Iterator[int]:
    """Serve the application on a free port, without hub and jobs, and yield the port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    owner, web = county_urls()
    command = [str(Path(sys.executable).parent / "wangge"), "serve", "--no-hub", "--no-jobs"]
    more = {"WANGGE_HOME": str(home), "DATABASE_URL": owner, "WANGGE_WEB_DATABASE_URL": web}
    process = subprocess.Popen(
        [*command, "--port", str(port)],
        env=os.environ | more,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait_for(partial(socket.create_connection, ("127.0.0.1", port), 1), 120)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _wait_for(connect: Callable[[], socket.socket], seconds: float) -> None:
    give_up = time.perf_counter() + seconds
    while True:
        try:
            connect().close()
            return
        except OSError:
            if time.perf_counter() > give_up:
                raise
            time.sleep(0.2)


def _ticks(leader: int) -> float:
    """Return the processor seconds that the processes of a session have used."""
    total = 0
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError, IndexError):
            fields = (entry / "stat").read_text().rpartition(") ")[2].split()
            if entry.name.isdigit() and int(fields[3]) == leader:
                total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")
