"""Open streams: who reads them, what waits to be written, who is too slow."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from grids.access import Action, allowed
from grids.model import Viewer

K = TypeVar("K")

# What may wait for one reader before the stream is cut: they come back and catch up.
MOST_WAITING = 256 * 1024
# How long one write may take. Kernels hide a reader who is gone for a while behind their buffers.
SLOWEST_WRITE_S = 20
HEARTBEAT_S = 15
# A comment for those who count lines, an event for browsers, which show no comments.
HEARTBEAT = b":\nevent: beat\ndata: {}\n\n"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request proves itself with: the hash of a session's or of a program's token."""

    token_hash: bytes
    is_session: bool


@dataclass(eq=False, slots=True)
class Client:
    """One open stream."""

    credentials: Credentials
    viewer: Viewer
    waiting: list[bytes] = field(default_factory=list)
    size: int = 0
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    written_at: float = field(default_factory=time.monotonic)
    writing_since: float | None = None
    ended: bool = False
    writing: asyncio.Task[None] | None = None

    def put(self, piece: bytes) -> None:
        """Let a piece wait to be written; too much of it ends the stream."""
        if self.size > MOST_WAITING:
            self.end()
        if not self.ended:
            self.waiting.append(piece)
            self.size += len(piece)
            self.wake.set()

    def end(self) -> None:
        """End the stream; the reader comes back, if they may, and catches up."""
        self.ended = True
        self.waiting.clear()
        self.wake.set()

    def cut(self) -> None:
        """End the stream also where a write is stuck: nobody waits for a reader who is gone."""
        self.end()
        if self.writing is not None:
            self.writing.cancel()

    async def take(self) -> bytes:
        """Return everything that waits, or nothing when the stream is over."""
        await self.wake.wait()
        self.wake.clear()
        pieces, self.waiting, self.size = self.waiting, [], 0
        self.writing_since = time.monotonic()
        return b"" if self.ended else b"".join(pieces)

    def written(self) -> None:
        """Note that what was taken is on its way."""
        self.written_at, self.writing_since = time.monotonic(), None

    def is_stuck(self, at: float) -> bool:
        """Tell whether a write takes longer than a reader who is there could let it."""
        return self.writing_since is not None and at - self.writing_since > SLOWEST_WRITE_S

    @property
    def sees_incidents(self) -> bool:
        """Whether changes of incidents concern the reader."""
        return Action.INCIDENT_SEE in allowed(self.viewer.role)


class Clients:
    """All open streams, by person and by territory."""

    def __init__(self) -> None:
        self.all: set[Client] = set()
        self._by_person: dict[UUID | None, set[Client]] = defaultdict(set)
        self._by_scope: dict[str, set[Client]] = defaultdict(set)

    def __len__(self) -> int:
        return len(self.all)

    def add(self, client: Client) -> None:
        """Take a stream in."""
        self.all.add(client)
        self._by_person[client.viewer.person_id].add(client)
        self._by_scope[client.viewer.scope].add(client)

    def remove(self, client: Client) -> None:
        """Let a stream go; nothing happens if it has gone."""
        self.all.discard(client)
        _drop(self._by_person, client.viewer.person_id, client)
        _drop(self._by_scope, client.viewer.scope, client)

    def change_viewer(self, client: Client, viewer: Viewer) -> None:
        """Go on under another right of the same person."""
        self.remove(client)
        client.viewer = viewer
        self.add(client)

    def of_person(self, person_id: UUID) -> tuple[Client, ...]:
        """Return the streams of a person."""
        return tuple(self._by_person.get(person_id, ()))

    def over(self, codes: Iterable[str]) -> Iterator[Client]:
        """Yield the streams whose territory holds one of the units."""
        scopes = {code[:n] for code in codes for n in range(len(code) + 1)}
        for scope in scopes & self._by_scope.keys():
            yield from tuple(self._by_scope[scope])

    def touching(self, code: str) -> Iterator[Client]:
        """Yield the streams whose territory holds a unit or lies in it."""
        for scope, clients in tuple(self._by_scope.items()):
            if scope.startswith(code) or code.startswith(scope):
                yield from tuple(clients)


def _drop(index: dict[K, set[Client]], key: K, client: Client) -> None:
    index[key].discard(client)
    if not index[key]:
        del index[key]
