"""A reader of event streams that knows the protocol and nothing else."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

PATH = "/api/v1/stream"


@dataclass(frozen=True)
class Event:
    """One event; `id` is none where the server gave none."""

    kind: str
    data: Any
    id: str | None


class Stream:
    """An open stream over a socket; `status` is what the server answered."""

    def __init__(
        self,
        where: Path | tuple[str, int],
        *,
        token: str | None = None,
        cookie: str | None = None,
        after: str | None = None,
        seconds: float = 15,
    ) -> None:
        family = socket.AF_UNIX if isinstance(where, Path) else socket.AF_INET
        self.socket = socket.socket(family)
        self.socket.settimeout(seconds)
        self.socket.connect(str(where) if isinstance(where, Path) else where)
        lines = [f"GET {PATH} HTTP/1.0", "Host: test"]
        lines += [f"Authorization: Bearer {token}"] if token else []
        lines += [f"Cookie: {cookie}"] if cookie else []
        lines += [f"Last-Event-ID: {after}"] if after else []
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self._rest = b""
        head = self._until(b"\r\n\r\n", time.monotonic() + seconds) or b"HTTP/1.0 000"
        self.status = int(head.split(b" ")[1])
        self.headers = dict(
            line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:] if ": " in line
        )
        self.last_id = after

    def next(self, seconds: float = 10, kind: str | None = None) -> Event | None:
        """Return the next event (of a kind), or none when the time or the stream is over."""
        give_up = time.monotonic() + seconds
        while (block := self._until(b"\n\n", give_up)) is not None:
            fields = dict(
                line.split(": ", 1) for line in block.decode().splitlines() if ": " in line
            )
            self.last_id = fields.get("id", self.last_id)
            if "event" in fields and kind in (None, fields["event"]):
                return Event(fields["event"], orjson.loads(fields["data"]), fields.get("id"))
        return None

    def ended(self, seconds: float) -> bool:
        """Tell whether the server ends the stream in time."""
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            self.socket.settimeout(max(give_up - time.monotonic(), 0.01))
            try:
                if not self.socket.recv(65536):
                    return True
            except TimeoutError:
                return False
            except ConnectionError:
                return True
        return False

    def close(self) -> None:
        self.socket.close()

    def _until(self, mark: bytes, give_up: float) -> bytes | None:
        while mark not in self._rest:
            left = give_up - time.monotonic()
            if left <= 0:
                return None
            self.socket.settimeout(left)
            try:
                more = self.socket.recv(65536)
            except (TimeoutError, ConnectionError):
                return None
            if not more:
                return None
            self._rest += more
        found, self._rest = self._rest.split(mark, 1)
        return found
