"""A link to the database that can be cut, swallowed, refused and slowed."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress


class Link:
    """A TCP port that leads to a PostgreSQL socket; `mode` decides what becomes of each byte.

    `pass`, `swallow` (bytes vanish, nobody is told), `refuse` (open links are cut, new ones too).
    """

    def __init__(self, socket_path: str) -> None:
        self.mode = "pass"
        self.delay_s = 0.0
        self._to = socket_path
        self._open: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._server = self._do(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]

    def become(self, mode: str) -> None:
        self.mode = mode
        if mode == "refuse":
            self._loop.call_soon_threadsafe(self._cut)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._cut)
        self._loop.call_soon_threadsafe(self._server.close)

    def _do(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def _cut(self) -> None:
        for writer in tuple(self._open):
            writer.transport.abort()

    async def _serve(self, reader, writer) -> None:
        if self.mode == "refuse":
            writer.transport.abort()
            return
        there, back = await asyncio.open_unix_connection(self._to)
        self._open |= {writer, back}
        try:
            await asyncio.gather(self._carry(reader, back), self._carry(there, writer))
        finally:
            self._open -= {writer, back}
            writer.close()
            back.close()

    async def _carry(self, reader, writer) -> None:
        with suppress(ConnectionError):
            while piece := await reader.read(65536):
                await asyncio.sleep(self.delay_s)
                if self.mode == "pass":
                    writer.write(piece)
                    await writer.drain()
            writer.close()
