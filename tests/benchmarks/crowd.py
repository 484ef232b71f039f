"""Thousands of phones in one process: readers of streams that come back, and askers."""

from __future__ import annotations

import asyncio
import os
import random
import re
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import orjson

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
_ID = re.compile(rb"^id: (\S+)$", re.MULTILINE)
_DATA = re.compile(rb"^data: (.*)$", re.MULTILINE)


@dataclass(eq=False)
class Phone(asyncio.Protocol):
    """One reader: it remembers how far it has read and comes back as the client does.

    `got` are the serial numbers of what it was told, `seconds` how long each took.
    """

    number: int
    token: str
    socket: Path
    cursor: str = ""
    got: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    ready: bool = False
    failures: int = 0
    over: bool = False
    _rest: bytes = b""
    _transport: asyncio.Transport | None = None

    async def open(self) -> None:
        """Ask for the stream; a failure is tried again after a pause."""
        loop = asyncio.get_running_loop()
        try:
            await loop.create_unix_connection(lambda: self, str(self.socket))
        except OSError:
            self._fail()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._rest, self.ready = transport, b"", False
        head = [
            "GET /api/v1/stream HTTP/1.0",
            "Host: bench",
            f"Authorization: Bearer {self.token}",
            *([f"Last-Event-ID: {self.cursor}"] if self.cursor else []),
        ]
        transport.write(("\r\n".join(head) + "\r\n\r\n").encode())

    def data_received(self, data: bytes) -> None:
        at = time.perf_counter()
        *blocks, self._rest = (self._rest + data).split(b"\n\n")
        for block in blocks:
            if b"event: notice" in block:
                said = orjson.loads(_DATA.search(block)[1])["facts"]
                self.got.append(said["n"])
                self.seconds.append(at - said["t"])
            elif b"event: ready" in block:
                self.ready, self.failures = True, 0
            mark = _ID.search(block)
            if mark:
                self.cursor = mark[1].decode()

    def connection_lost(self, exc: Exception | None) -> None:
        self.ready = False
        self._fail()

    def close(self) -> None:
        self.over = True
        if self._transport:
            self._transport.abort()

    def _fail(self) -> None:
        if self.over:
            return
        self.failures += 1
        pause = min(FIRST_PAUSE_S * 2 ** (self.failures - 1), LONGEST_PAUSE_S)
        loop = asyncio.get_running_loop()
        loop.call_later(
            pause * random.uniform(0.5, 1.5), lambda: self.over or loop.create_task(self.open())
        )


async def until(true, seconds: float) -> bool:
    """Wait until something is true, or the time is over, and return whether it is."""
    give_up = time.perf_counter() + seconds
    while not true() and time.perf_counter() < give_up:
        await asyncio.sleep(0.05)
    return bool(true())


class Asker:
    """One kept-alive connection to the server, and what its requests took."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.busy = asyncio.Lock()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, path: str, token: str, etag: str = "") -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body; status 0 where the server did not answer."""
        async with self.busy:
            try:
                return await self._get(path, token, etag)
            except (OSError, EOFError):
                self.close()
                self._streams = None
                return 0, {}, b""

    async def _get(self, path: str, token: str, etag: str) -> tuple[int, dict[str, str], bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self._streams
        lines = [f"GET {path} HTTP/1.1", "Host: bench", f"Authorization: Bearer {token}"]
        lines += [f"If-None-Match: {etag}"] if etag else []
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = dict(line.split(": ", 1) for line in head[1:] if ": " in line)
        headers = {name.lower(): value for name, value in headers.items()}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        return int(head[0].split(" ")[1]), headers, body

    def close(self) -> None:
        if self._streams:
            self._streams[1].close()


def memory_mib(leader: int) -> float:
    """Return the memory (PSS) of all processes of a session, in MiB."""
    total = 0
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError, IndexError):
            fields = (entry / "stat").read_text().rpartition(") ")[2].split()
            if entry.name.isdigit() and int(fields[3]) == leader:
                found = re.search(r"^Pss:\s+(\d+)", (entry / "smaps_rollup").read_text(), re.M)
                total += int(found[1]) if found else 0
    return total / 1024


def n_phones() -> int:
    """Return how many phones there are: `WANGGE_PHONES`, else 3,000."""
    return int(os.environ.get("WANGGE_PHONES", "3000"))
