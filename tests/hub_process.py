"""A hub of a test's own: started, killed, started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from web.hub import address


class HubProcess:
    """A hub of its own on a socket; it can be killed and started again."""

    def __init__(self, folder: Path, url: str, session_key: bytes = b"s" * 32) -> None:
        self.socket = folder / "hub.sock"
        keys = folder / "keys"
        keys.mkdir(parents=True)
        (keys / "session").write_bytes(session_key)
        (keys / "phone").write_bytes(bytes(range(32)))
        self._env = {
            **os.environ,
            "WANGGE_HOME": str(folder),
            "DATABASE_URL": url,
            "WANGGE_WEB_DATABASE_URL": url,
        }

    def start(self) -> None:
        command = [sys.executable, "-c", "from web.cli import main; main()", "hub"]
        command += ["--socket", str(self.socket)]
        self.process = subprocess.Popen(command, env=self._env, start_new_session=True)
        give_up = time.monotonic() + 60
        while time.monotonic() < give_up and self.process.poll() is None:
            if self.state().get("listening"):
                return
            time.sleep(0.05)
        raise AssertionError("the hub does not listen")

    def state(self) -> dict:
        """Return what the hub says of itself; nothing where it does not answer."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("WANGGE_HUB", str(self.socket))
            return address.hub_state() or {}

    def stop(self, sign: signal.Signals = signal.SIGKILL) -> None:
        os.killpg(self.process.pid, sign)
        self.process.wait(20)
