"""Where this installation keeps what it makes: the private cluster, stamps, logs, process files."""

from __future__ import annotations

import os
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def home_folder() -> Path:
    """Return the folder for everything made at run time; it may not exist yet.

    `WANGGE_HOME` decides. Without it: `.wangge` in a checkout; for an installed wheel,
    `wangge` under the account's XDG state folder.
    """
    given = os.environ.get("WANGGE_HOME")
    if given:
        return Path(given).expanduser().resolve()
    if (PROJECT / "pyproject.toml").is_file():
        return PROJECT / ".wangge"
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "wangge"
