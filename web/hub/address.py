"""Where the hub listens, and how the rest of the house asks it."""

from __future__ import annotations

import http.client
import os
import socket
from pathlib import Path
from typing import Any

import orjson

from web.home import home_folder

STREAM = "/api/v1/stream"
LONGEST_SOCKET_PATH = 107  # bytes in sun_path, the closing zero left out
ANSWER_S = 2


def hub_socket() -> Path:
    """Return the hub's socket: what `WANGGE_HUB` says, or one in the home folder."""
    given = os.environ.get("WANGGE_HUB")
    return Path(given) if given else home_folder() / "run" / "hub.sock"


def is_expected() -> bool:
    """Tell whether this machine was told that a hub runs: without one, readers ask."""
    return "WANGGE_HUB" in os.environ


class _Local(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("hub", timeout=ANSWER_S)
        self._path = path

    def connect(self) -> None:
        """Reach the hub by its socket."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(ANSWER_S)
        self.sock.connect(str(self._path))


def hub_state() -> dict[str, Any] | None:
    """Return what the hub says of itself, or none when it does not answer within 2 s."""
    conn = _Local(hub_socket())
    try:
        conn.request("GET", "/ready")
        found: dict[str, Any] = orjson.loads(conn.getresponse().read())
    except (OSError, http.client.HTTPException, orjson.JSONDecodeError):
        return None
    finally:
        conn.close()
    return found
