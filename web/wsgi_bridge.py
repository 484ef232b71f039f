"""The WSGI application inside an ASGI server: requests run in threads, bodies are streamed.

The application stays WSGI. One server program on one port then also serves what lasts: an event
stream holds no thread.
"""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import unquote_to_bytes

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class ClientGone(ConnectionError):
    """The client went away while its request was read."""


class Body(io.RawIOBase):
    """A request's body, fetched from the event loop as the application reads it.

    Nothing is taken in beforehand, so that the application's limits decide what is.
    """

    def __init__(self, receive: Receive, loop: asyncio.AbstractEventLoop) -> None:
        self._receive = receive
        self._loop = loop
        self._rest = b""
        self._more = True

    def readable(self) -> bool:
        """Say that this can be read."""
        return True

    def readinto(self, into: Any) -> int:
        """Fill a buffer with what comes next; nothing is the end.

        Raises
        ------
        ClientGone
            If the client leaves before the end.
        """
        while not self._rest and self._more:
            message = asyncio.run_coroutine_threadsafe(_one(self._receive), self._loop).result()
            if message["type"] == "http.disconnect":
                raise ClientGone
            self._rest = message.get("body", b"")
            self._more = message.get("more_body", False)
        n = min(len(into), len(self._rest))
        into[:n], self._rest = self._rest[:n], self._rest[n:]
        return n


async def _one(receive: Receive) -> Message:
    return await receive()


class WsgiBridge:
    """An ASGI application that runs a WSGI application in threads.

    Parameters
    ----------
    threads
        How many requests are worked on at once.
    """

    def __init__(self, wsgi: Wsgi, threads: int) -> None:
        self._wsgi = wsgi
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="web")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        loop = asyncio.get_running_loop()
        answer = _Answer(send, loop)
        environ = environ_of(scope, Body(receive, loop))
        await loop.run_in_executor(self._pool, answer.run, self._wsgi, environ)
        # An answer in one piece, which nearly all are, is sent from here: the thread is free.
        for message in answer.whole:
            await send(message)


class _Answer:
    """What the application answers to one request."""

    def __init__(self, send: Send, loop: asyncio.AbstractEventLoop) -> None:
        self._send = send
        self._loop = loop
        self._start: Message | None = None
        self._started = False
        self.whole: list[Message] = []

    def run(self, wsgi: Wsgi, environ: dict[str, Any]) -> None:
        """Run the application; all but its last piece is sent as it comes, no faster than read."""
        pieces = wsgi(environ, self._start_response)
        try:
            held: bytes | None = None
            for piece in pieces:
                if held is not None:
                    self._send_piece(held)
                held = piece
            self.whole = [_piece(held or b"", more=False)]
            if not self._started:
                assert self._start is not None
                self.whole.insert(0, self._start)
        finally:
            if hasattr(pieces, "close"):
                pieces.close()

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], None]:
        if exc_info and self._started:
            raise exc_info[1].with_traceback(exc_info[2])
        self._start = {
            "type": "http.response.start",
            "status": int(status[:3]),
            "headers": [
                (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers
            ],
        }
        return self._send_piece

    def _send_piece(self, piece: bytes) -> None:
        if not self._started:
            assert self._start is not None
            self._started = True
            self._wait(self._start)
        if piece:
            self._wait(_piece(piece, more=True))

    def _wait(self, message: Message) -> None:
        asyncio.run_coroutine_threadsafe(_pass(self._send, message), self._loop).result()


async def _pass(send: Send, message: Message) -> None:
    await send(message)


def _piece(body: bytes, *, more: bool) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more}


def environ_of(scope: Scope, body: io.RawIOBase) -> dict[str, Any]:
    """Return the WSGI environment (PEP 3333) of an ASGI request.

    Headers that come several times are joined by commas, cookies by semicolons. Bytes of the path
    that are no UTF-8 stay what they are.
    """
    raw = scope.get("raw_path") or scope["path"].encode()
    host, port = scope.get("server") or ("", None)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(raw.split(b"?", 1)[0]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host or "localhost",
        "SERVER_PORT": str(port or 80),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": (scope.get("client") or ("",))[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": io.BufferedReader(body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        key = name.decode("latin-1").upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = f"HTTP_{key}"
        said = value.decode("latin-1")
        if key in environ:
            said = f"{environ[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{said}"
        environ[key] = said
    return environ
