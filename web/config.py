"""Settings of the running program: from the environment, else from the project's home folder."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from grids.secrets import KeyRing
from web.cluster import database_url
from web.home import home_folder


@dataclass(frozen=True, slots=True)
class MapImprint:
    """What printed maps say of their maker; empty where it is not known.

    `address` is where the screens are inside the intranet, `number` the approval number of a
    public map (审图号), `source` who made the data.
    """

    address: str = ""
    number: str = ""
    source: str = ""


# Numbers that can be called in the whole country; their names stand with the words.
NATIONAL_HOTLINES = (("12345", ""), ("110", ""), ("119", ""), ("120", ""))


@dataclass(frozen=True, slots=True)
class Config:
    """What the application needs to know at its start.

    `session_key` signs cookies, `phone_keys` encrypt telephone numbers; both are random and kept
    in files only their owner can read. `secure_cookies` is set where HTTPS is in front;
    `n_proxies` servers in front are believed when they say who is asking and how. `hotlines` are
    telephone numbers with names, for residents whom we cannot help.
    """

    web_url: str
    session_key: bytes
    phone_keys: KeyRing
    secure_cookies: bool
    testing: bool = False
    n_proxies: int = 0
    maps: MapImprint = MapImprint()
    hotlines: tuple[tuple[str, str], ...] = NATIONAL_HOTLINES


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


def phone_keys() -> KeyRing:
    """Return the key ring for telephone numbers, made on first use."""
    return KeyRing({1: _key(home_folder() / "keys", "phone")})


def map_imprint() -> MapImprint:
    """Return what `WANGGE_ADDRESS`, `WANGGE_MAP_NUMBER` and `WANGGE_MAP_SOURCE` say."""
    names = ("WANGGE_ADDRESS", "WANGGE_MAP_NUMBER", "WANGGE_MAP_SOURCE")
    return MapImprint(*(os.environ.get(name, "").strip() for name in names))


def hotlines() -> tuple[tuple[str, str], ...]:
    """Return the numbers of `WANGGE_HOTLINES`, as `12345=Name;0875-7121234=Name`.

    Without it they are those of the whole country.
    """
    pairs = [one.partition("=") for one in os.environ.get("WANGGE_HOTLINES", "").split(";")]
    found = tuple((number.strip(), name.strip()) for number, _, name in pairs if number.strip())
    return found or NATIONAL_HOTLINES


def from_environment() -> Config:
    """Return the settings of this machine.

    `DATABASE_URL` and `WANGGE_WEB_DATABASE_URL` name a given server; without them the private
    cluster is used. `WANGGE_HTTPS=1` marks cookies as secure. `WANGGE_PROXIES` is the number of
    servers of ours that a request passes before this one; without it nobody is believed who says
    to speak for another address.
    """
    return Config(
        web_url=database_url("web"),
        session_key=_key(home_folder() / "keys", "session"),
        phone_keys=phone_keys(),
        secure_cookies=os.environ.get("WANGGE_HTTPS") == "1",
        n_proxies=int(os.environ.get("WANGGE_PROXIES", "0")),
        maps=map_imprint(),
        hotlines=hotlines(),
    )
