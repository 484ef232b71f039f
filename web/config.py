"""Settings of the running program: from the environment, else from the project's home folder."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from web.cluster import database_url
from web.home import home_folder


@dataclass(frozen=True, slots=True)
class Config:
    """What the application needs to know at its start.

    `session_key` signs cookies, `phone_key` encrypts telephone numbers; both are 32 random bytes
    kept in files only their owner can read. `secure_cookies` is set where HTTPS is in front.
    """

    web_url: str
    owner_url: str
    session_key: bytes
    phone_key: bytes
    secure_cookies: bool
    testing: bool = False


def _key(folder: Path, name: str) -> bytes:
    """Return the 32 bytes in `folder`/`name`, drawing them on first use."""
    file = folder / name
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return file.read_bytes()
        with os.fdopen(handle, "wb") as out:
            out.write(secrets.token_bytes(32))
    return file.read_bytes()


def from_environment() -> Config:
    """Return the settings of this machine.

    `DATABASE_URL` and `WANGGE_WEB_DATABASE_URL` name a given server; without them the private
    cluster is used. `WANGGE_HTTPS=1` marks cookies as secure.
    """
    keys = home_folder() / "keys"
    return Config(
        web_url=database_url("web"),
        owner_url=database_url("owner"),
        session_key=_key(keys, "session"),
        phone_key=_key(keys, "phone"),
        secure_cookies=os.environ.get("WANGGE_HTTPS") == "1",
    )
