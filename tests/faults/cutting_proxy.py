"""A TCP proxy on loopback that cuts answers off: requests arrive, what is said to them does not."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

_CHUNK = 1 << 16


class CuttingProxy:
    """Passes each connection on to one of the servers and cuts a share of the answers off.

    A connection carries one request. Of a cut answer the client gets nothing, or its beginning.
    """

    def __init__(self, ports: Callable[[], list[int]], share: float, seed: int) -> None:
        self.port = 0
        self.n_cut = 0
        self._ports, self._share = ports, share
        self._random = random.Random(seed)

    async def serve(self, ready: threading.Event, stop: asyncio.Event) -> None:
        server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0, backlog=256)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        async with server:
            await stop.wait()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        cut = self._random.random() < self._share
        with suppress(OSError, asyncio.IncompleteReadError, IndexError):
            port = self._random.choice(self._ports())
            to, back = await asyncio.open_connection("127.0.0.1", port)
            sending = asyncio.create_task(self._copy(reader, back))
            answer = await to.read(-1)
            sending.cancel()
            if cut:
                self.n_cut += 1
                answer = answer[: self._random.choice((0, len(answer) // 3))]
            writer.write(answer)
            await writer.drain()
            back.close()
        writer.close()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while chunk := await reader.read(_CHUNK):
                writer.write(chunk)
                await writer.drain()


@contextmanager
def cutting_proxy(
    ports: Callable[[], list[int]], *, share: float, seed: int
) -> Iterator[CuttingProxy]:
    """Run a proxy in a thread of its own."""
    proxy, ready = CuttingProxy(ports, share, seed), threading.Event()
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(proxy.serve(ready, stop)))
    thread.start()
    assert ready.wait(10)
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()
