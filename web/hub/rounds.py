"""The hub's rounds: read what is new once, hand it to everybody whom it concerns."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial

import orjson
import structlog
from sqlalchemy import Connection

from grids import live_sessions, notice_feed
from grids.model import Viewer
from grids.notice_feed import Missed
from grids.notices import Notice
from web.clock import now
from web.hub.clients import HEARTBEAT, HEARTBEAT_S, Client, Clients, Credentials
from web.hub.listener import Listener
from web.hub.reader import Reader, Unreachable

logger = structlog.get_logger()

# A round is made at least this often, so that what nobody announced is late and not lost.
ROUND_EVERY_S = 5
# A session that was ended loses its streams after this, the time of a round, and no later than 5 s.
CHECK_EVERY_S = 3
SWEEP_EVERY_S = 1
MOST_CLIENTS = 8000
MOST_OF_A_PERSON = 12


class Full(Exception):
    """There are too many streams, or too many of this person."""


@dataclass(frozen=True, slots=True)
class _Joining:
    """Somebody who asks for a stream, and how far they have read (none: up to now)."""

    credentials: Credentials
    since: str | None
    answer: asyncio.Future[Client | None]


@dataclass(frozen=True, slots=True)
class _News:
    """What a round found."""

    until: str
    posted: Sequence[Notice]
    viewers: dict[Credentials, Viewer]
    missed: Sequence[Missed]


class Hub:
    """Hands on notices and changes to open streams.

    A round reads all notices between the position of the last one and a new position, and what
    those who join have missed up to the same position: whoever has joined gets the rest from the
    next round. So nobody misses anything and nobody gets anything twice.
    """

    def __init__(self, reader: Reader) -> None:
        self.clients = Clients()
        self._reader = reader
        self._listener = Listener(reader.connect_arguments(), self._heard, self._back)
        self._position: str | None = None
        self._joining: list[_Joining] = []
        self._wake = asyncio.Event()
        self._woken_at: float | None = None
        self._lag_s = 0.0
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to listen and to make rounds."""
        for work in (self._listener.run(), self._rounds(), self._checks(), self._sweeps()):
            self._tasks.append(asyncio.create_task(work))

    async def stop(self) -> None:
        """End every stream; readers come back to the next hub."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for client in self.clients.all:
            client.end()
        for one in self._joining:
            one.answer.cancel()
        self._reader.close()

    def state(self) -> dict[str, object]:
        """Return how the hub is, in codes and figures."""
        return {
            "status": "ok" if self._listener.listening else "no",
            "listening": self._listener.listening,
            "silent_s": self._listener.silent_s,
            "clients": len(self.clients),
            "lag_s": self._lag_s,
        }

    async def join(self, credentials: Credentials, since: str | None) -> Client | None:
        """Return a stream for whoever is signed in with these; none if nobody is.

        Raises
        ------
        Full
            If there are too many streams.
        Unreachable
            If the database is away.
        """
        if len(self.clients) + len(self._joining) >= MOST_CLIENTS:
            raise Full
        asked = _Joining(credentials, since, asyncio.get_running_loop().create_future())
        self._joining.append(asked)
        self._wake.set()
        return await asked.answer

    def leave(self, client: Client) -> None:
        """Let a stream go."""
        self.clients.remove(client)

    # What is said -----------------------------------------------------------------------------

    def _heard(self, payload: str) -> None:
        what, _, rest = payload.partition(" ")
        if what == "notice":
            self._woken_at = self._woken_at or time.monotonic()
            self._wake.set()
            return
        key, *codes = rest.split(" ")
        if key == "*":
            piece = _changed(what, None)
            readers = self.clients.touching(codes[0] if codes else "")
        else:
            piece = _changed(what, key)
            readers = self.clients.over(codes)
        for client in readers:
            if client.sees_incidents:
                client.put(piece)

    def _back(self) -> None:
        """Listen again: notices are read from the table, and desks look for themselves."""
        self._wake.set()
        piece = _changed("all", None)
        for client in self.clients.all:
            client.put(piece)

    # Rounds -----------------------------------------------------------------------------------

    async def _rounds(self) -> None:
        while True:
            try:
                async with asyncio.timeout(ROUND_EVERY_S):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            await self._round()

    async def _round(self) -> None:
        joining, self._joining = self._joining, []
        woken_at, self._woken_at = self._woken_at, None
        try:
            news = await self._reader.ask(lambda conn: self._read(conn, joining, now()))
        except Unreachable as error:
            logger.warning("hub.unreachable", error=str(error))
            for asked in joining:
                if not asked.answer.done():
                    asked.answer.set_exception(error)
            self._woken_at = woken_at
            return
        self._hand_on(news.posted, news.until)
        for asked, missed in zip(joining, news.missed, strict=True):
            self._let_in(asked, missed, news)
        self._position = news.until
        self._lag_s = time.monotonic() - woken_at if woken_at is not None else 0.0

    def _read(self, conn: Connection, joining: Sequence[_Joining], at: datetime) -> _News:
        until = notice_feed.position(conn)
        posted = notice_feed.posted_between(conn, self._position, until) if self._position else ()
        viewers = _viewers(conn, [asked.credentials for asked in joining], at)
        readers = [
            (viewer.person_id, asked.since)
            for asked in joining
            if (viewer := viewers.get(asked.credentials)) and viewer.person_id and asked.since
        ]
        found = iter(notice_feed.missed(conn, readers, until))
        missed = [
            next(found)
            if (viewer := viewers.get(asked.credentials)) and viewer.person_id and asked.since
            else Missed((), False)
            for asked in joining
        ]
        return _News(until, posted, viewers, missed)

    def _hand_on(self, posted: Sequence[Notice], until: str) -> None:
        by_person = defaultdict(list)
        for notice in posted:
            by_person[notice.person_id].append(notice)
        for person_id, theirs in by_person.items():
            readers = self.clients.of_person(person_id)
            if readers:
                piece = _told(theirs, until)
                for client in readers:
                    client.put(piece)

    def _let_in(self, asked: _Joining, missed: Missed, news: _News) -> None:
        if asked.answer.done():  # they left meanwhile
            return
        viewer = news.viewers.get(asked.credentials)
        if viewer is None or viewer.person_id is None:
            asked.answer.set_result(None)
            return
        if len(self.clients.of_person(viewer.person_id)) >= MOST_OF_A_PERSON:
            asked.answer.set_exception(Full())
            return
        client = Client(asked.credentials, viewer)
        if missed.too_many:
            client.put(b"event: behind\ndata: {}\n\n")
        else:
            client.put(_told(missed.notices, news.until))
        client.put(_event("ready", b"{}", news.until))
        self.clients.add(client)
        asked.answer.set_result(client)

    # Who may still read, who still does -----------------------------------------------------------

    async def _checks(self) -> None:
        while True:
            await asyncio.sleep(CHECK_EVERY_S)
            clients = tuple(self.clients.all)
            asked = {client.credentials for client in clients}
            try:
                viewers = await self._reader.ask(partial(_viewers, asked=asked, at=now()))
            except Unreachable:
                continue  # where sessions are kept nobody can end one now either
            for client in clients:
                viewer = viewers.get(client.credentials)
                if viewer is None:
                    client.end()
                elif viewer != client.viewer and client in self.clients.all:
                    self.clients.change_viewer(client, viewer)

    async def _sweeps(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_EVERY_S)
            at = time.monotonic()
            for client in tuple(self.clients.all):
                if client.is_stuck(at):
                    client.cut()
                elif not client.waiting and at - client.written_at > HEARTBEAT_S:
                    client.put(HEARTBEAT)


def _viewers(
    conn: Connection, asked: Sequence[Credentials] | set[Credentials], at: datetime
) -> dict[Credentials, Viewer]:
    found: dict[Credentials, Viewer] = {}
    for is_session, look_up in (
        (True, live_sessions.of_sessions),
        (False, live_sessions.of_tokens),
    ):
        hashes = {one.token_hash for one in asked if one.is_session is is_session}
        if hashes:
            for token_hash, viewer in look_up(conn, hashes, at).items():
                found[Credentials(token_hash, is_session)] = viewer
    return found


def _told(notices: Sequence[Notice], until: str) -> bytes:
    """Return notices as events; only the last one says how far the reader has read."""
    pieces = []
    for i, notice in enumerate(notices):
        said = asdict(notice)
        del said["person_id"]
        last = i == len(notices) - 1
        pieces.append(_event("notice", orjson.dumps(said), until if last else None))
    return b"".join(pieces)


def _changed(what: str, key: str | None) -> bytes:
    return _event("changed", orjson.dumps({"what": what, "id": key}), None)


def _event(kind: str, data: bytes, position: str | None) -> bytes:
    mark = f"id: {position}\n".encode() if position else b""
    return b"event: %s\n%sdata: %s\n\n" % (kind.encode(), mark, data)
