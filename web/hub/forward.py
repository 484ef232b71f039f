"""The web server's end of a stream: passed on to the hub, so that one port serves both."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import orjson

from web.hub.address import hub_socket
from web.wsgi_bridge import Receive, Scope, Send

PASSED_ON = (b"authorization", b"cookie", b"last-event-id")
CONNECT_S = 2
# The hub may wait for the database, but no longer than this.
ANSWER_S = 30
AWAY = {
    "type": "urn:wangge:stream.away",
    "title": "stream.away",
    "status": 503,
    "code": "stream.away",
    "detail": "The event stream is away; ask /api/v1/notices meanwhile.",
}


async def forward(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request for the event stream with what the hub answers, as long as both are there.

    Without a hub the answer is 503: readers ask for their notices instead.
    """
    try:
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await asyncio.open_unix_connection(str(hub_socket()))
    except (OSError, TimeoutError):
        await _say_away(send)
        return
    try:
        # HTTP/1.0 has no chunks: what follows the head is the stream itself.
        lines = [b"GET %s?%s HTTP/1.0" % (scope["path"].encode(), scope["query_string"])]
        lines += [b"%s: %s" % (k, v) for k, v in scope["headers"] if k in PASSED_ON]
        writer.write(b"\r\n".join([*lines, b"host: hub", b"", b""]))
        try:
            async with asyncio.timeout(ANSWER_S):
                head = await reader.readuntil(b"\r\n\r\n")
        except (OSError, EOFError, TimeoutError):
            await _say_away(send)
            return
        status, headers = _read_head(head)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        writing = asyncio.create_task(_pass_on(reader, send))
        leaving = asyncio.create_task(_until_gone(receive))
        await asyncio.wait({writing, leaving}, return_when=asyncio.FIRST_COMPLETED)
        for task in (writing, leaving):
            task.cancel()
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _pass_on(reader: asyncio.StreamReader, send: Send) -> None:
    with suppress(OSError):
        while piece := await reader.read(65536):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _read_head(head: bytes) -> tuple[int, list[tuple[bytes, bytes]]]:
    first, *lines = head.split(b"\r\n")
    pairs = [line.split(b":", 1) for line in lines if b":" in line]
    hop = (b"connection", b"transfer-encoding", b"content-length", b"date", b"server")
    headers = [(k.lower(), v.strip()) for k, v in pairs if k.lower() not in hop]
    return int(first.split(b" ")[1]), headers


async def _say_away(send: Send) -> None:
    headers = [(b"content-type", b"application/problem+json"), (b"retry-after", b"10")]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": orjson.dumps(AWAY)})
