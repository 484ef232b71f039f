"""The hub as a server program sees it: `/api/v1/stream`, and `/ready` for the house."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import parse_qs

import orjson

from grids.errors import BadValue
from grids.notices import read_cursor
from web.config import Config, from_environment
from web.hub.address import STREAM
from web.hub.clients import Client
from web.hub.credentials import Gatekeeper
from web.hub.reader import Reader, Unreachable
from web.hub.rounds import Full, Hub
from web.session import SignInNeeded
from web.wsgi_bridge import Receive, Scope, Send

HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]
# What a reader whose browser comes back by itself waits at least.
RETRY = b"retry: 3000\n\n"


class Application:
    """The hub's ASGI application; it begins to listen when the server starts."""

    def __init__(self, config: Callable[[], Config] = from_environment) -> None:
        self._config = config
        self._hub: Hub | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or live through the server's life."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] != "http" or self._hub is None:
            return
        elif scope["path"] == STREAM and scope["method"] == "GET":
            await self._stream(self._hub, scope, receive, send)
        elif scope["path"] == "/ready":
            state = self._hub.state()
            await _answer(send, 200 if state["listening"] else 503, state)
        else:
            await _answer(send, 404, _problem(404, "not_found", "There is nothing here."))

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                config = self._config()
                self._gate = Gatekeeper(config)
                self._hub = Hub(Reader(config.web_url))
                self._hub.start()
                await send({"type": "lifespan.startup.complete"})
            else:
                if self._hub:
                    await self._hub.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _stream(self, hub: Hub, scope: Scope, receive: Receive, send: Send) -> None:
        credentials = self._gate.credentials(scope["headers"])
        try:
            since = _asked_since(scope)
            client = await hub.join(credentials, since) if credentials else None
        except BadValue as refusal:
            await _answer(send, 422, _problem(422, refusal.code, refusal.message))
            return
        except (Full, Unreachable):
            await _answer(
                send, 503, _problem(503, "stream.full", "Ask again later."), (b"retry-after", b"10")
            )
            return
        if client is None:
            await _answer(send, 401, _problem(401, SignInNeeded.code, SignInNeeded.sentence))
            return
        reading = asyncio.create_task(_until_gone(receive))
        client.writing = writing = asyncio.create_task(_write(client, send))
        try:
            await asyncio.wait({reading, writing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            hub.leave(client)
            for task in (reading, writing):
                task.cancel()


async def _write(client: Client, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": RETRY, "more_body": True})
    while piece := await client.take():
        await send({"type": "http.response.body", "body": piece, "more_body": True})
        client.written()
    # What a stream that was cut for being slow still had to say is said when the reader is back.
    with suppress(TimeoutError):
        async with asyncio.timeout(1):
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _asked_since(scope: Scope) -> str | None:
    """Return how far the reader has read: a browser that comes back says it in a header."""
    given = next((v.decode("latin-1") for k, v in scope["headers"] if k == b"last-event-id"), "")
    if not given:
        asked = parse_qs(scope["query_string"].decode("latin-1"))
        given = asked.get("after", [""])[0]
    return read_cursor(given)[0] if given else None


async def _answer(send: Send, status: int, document: object, *headers: tuple[bytes, bytes]) -> None:
    kind = b"application/json" if status < 400 else b"application/problem+json"
    more = [(b"content-type", kind), (b"cache-control", b"no-store"), *headers]
    await send({"type": "http.response.start", "status": status, "headers": more})
    await send({"type": "http.response.body", "body": orjson.dumps(document)})


def _problem(status: int, code: str, detail: str) -> dict[str, object]:
    kind = f"urn:wangge:{code}"
    return {"type": kind, "title": code, "status": status, "code": code, "detail": detail}


app = Application()
