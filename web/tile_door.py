"""Kept unit tiles, answered before the views to whom these have just let through."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from web.wsgi_bridge import Message, Receive, Scope, Send

TRUSTED_S = 1.0
"""Seconds for which what the views said of somebody's right is taken as true."""
KEPT_ANSWERS = 4096
MOST_TRUSTED = 8192

Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]
Credentials = tuple[bytes, ...]

_UNIT_TILE = re.compile(r"/tiles/\d+/units/\d+/\d+/\d+\.mvt")


class _Question(NamedTuple):
    """What an answer depends on, besides the right to it."""

    path: str
    etag: bytes
    forwarded: bytes


class TileDoor:
    """An ASGI application that says answers of the views again, without asking them.

    Unit tiles under the number of a publication do not change and are the same for everybody who
    may see units. So what the views answered, headers and all, is kept. Whose right they looked up
    less than `TRUSTED_S` ago is answered from there; then they are asked again, and a session that
    was ended, a grant taken back or an account closed meanwhile is refused. Any answer that is not
    marked as immutable, or sets a cookie, is passed on and forgotten.

    Parameters
    ----------
    views
        Who answers everything else.
    clock
        Seconds that never go back.
    """

    def __init__(self, views: Asgi, clock: Callable[[], float] = time.monotonic) -> None:
        self._views = views
        self._clock = clock
        self._answers: dict[_Question, tuple[Message, Message]] = {}
        self._trusted: dict[Credentials, float] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if (
            scope["method"] != "GET"
            or scope["query_string"]
            or not _UNIT_TILE.fullmatch(scope["path"])
        ):
            await self._views(scope, receive, send)
            return
        who, question = _read(scope)
        at = self._clock()
        kept = self._answers.get(question)
        if kept is not None and self._trusted.get(who, at) > at:
            for message in kept:
                await send(message)
            return
        said: list[Message] = []

        async def listen(message: Message) -> None:
            said.append(message)
            await send(message)

        await self._views(scope, receive, listen)
        self._learn(who, question, said, at)

    def _learn(self, who: Credentials, question: _Question, said: list[Message], at: float) -> None:
        start, *body = said
        if start["status"] not in (200, 304):
            self._trusted.pop(who, None)
            return
        # From before the views were asked: a right that ends while they answer is not prolonged.
        self._trusted.pop(who, None)
        self._trusted[who] = at + TRUSTED_S
        if len(self._trusted) > MOST_TRUSTED:
            del self._trusted[next(iter(self._trusted))]
        headers = dict(start["headers"])
        etag = headers.get(b"etag", b"")
        # Tags of other spellings are the views' to understand.
        asked_plainly = question.etag == (b"" if start["status"] == 200 else etag)
        immutable = b"immutable" in headers.get(b"cache-control", b"")
        if asked_plainly and immutable and b"set-cookie" not in headers and len(body) == 1:
            self._answers.pop(question, None)
            self._answers[question] = (start, body[0])
            if len(self._answers) > KEPT_ANSWERS:
                del self._answers[next(iter(self._answers))]


def _read(scope: Scope) -> tuple[Credentials, _Question]:
    """Return by what a request proves who it is, as it was sent, and what it asks."""
    who: list[bytes] = []
    etag = forwarded = b""
    for name, value in scope["headers"]:
        if name in (b"cookie", b"authorization"):
            who += (name, value)
        elif name == b"if-none-match":
            etag = value
        elif name == b"x-forwarded-proto":
            forwarded = value
    return tuple(who), _Question(scope["path"], etag, forwarded)
