"""Which senders this machine has: `senders.toml` in the home folder, or another file.

`WANGGE_SENDERS` names the other file.

An example::

    [webhook]
    url = "https://oa.county.gov/wangge"
    secret_file = "keys/webhook"
    timeout_s = 10

    [sms]
    url = "http://10.1.2.3/send"
    form = {mobile = "{phone}", content = "{text}", serial = "{key}"}
    success = {field = "code", equals = "0"}
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from geo.errors import Refusal
from grids.notice_sending import Channel
from web.home import home_folder
from web.notify.sender import Sender
from web.notify.sms import Gateway, Sms
from web.notify.webhook import Webhook

SHORTEST_SECRET = 16


class BadSenders(Refusal):
    """The file of senders cannot be used."""

    code = "senders.bad"
    sentence = "{file}: {reason}"


def senders_file() -> Path:
    """Return where the senders are written down."""
    given = os.environ.get("WANGGE_SENDERS")
    return Path(given) if given else home_folder() / "senders.toml"


def senders() -> dict[Channel, Sender]:
    """Return the senders of this machine; none where nothing is written down.

    Raises
    ------
    BadSenders
        If the file does not say what a sender needs.
    """
    file = senders_file()
    if not file.is_file():
        return {}
    try:
        said = tomllib.loads(file.read_text("utf-8"))
        if unknown := set(said) - set(Channel):
            raise ValueError(f"there is no sender {sorted(unknown)[0]}")
        return {Channel(name): _MAKERS[Channel(name)](file, given) for name, given in said.items()}
    except (OSError, ValueError, TypeError, KeyError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise BadSenders(file=str(file), reason=reason) from error


def described() -> tuple[list[dict[str, str]], str | None]:
    """Return (channel, host) of every sender of this machine, and why its file is no good.

    Nothing else of the file is for people to see: addresses and forms may hold secrets.
    """
    try:
        ready = senders()
    except BadSenders as refusal:
        return [], refusal.code
    file = senders_file()
    said = tomllib.loads(file.read_text("utf-8")) if ready else {}
    hosts = {name: urlsplit(str(given["url"])).hostname or "" for name, given in said.items()}
    return [{"channel": one.value, "host": hosts[one.value]} for one in sorted(ready)], None


def possible_channels() -> list[str]:
    """Return the ways that people can choose here; a bad file is the operator's matter."""
    try:
        return sorted(senders())
    except BadSenders:
        return []


def _webhook(file: Path, given: dict[str, Any]) -> Sender:
    secret = (file.parent / given["secret_file"]).read_bytes().strip()
    if len(secret) < SHORTEST_SECRET:
        raise ValueError(f"the secret has fewer than {SHORTEST_SECRET} characters")
    return Webhook(_address(given["url"]), secret, float(given.get("timeout_s", 10)))


def _sms(_file: Path, given: dict[str, Any]) -> Sender:
    success = given.pop("success", None)
    wanted = (str(success["field"]), str(success["equals"])) if success else None
    return Sms(Gateway(**(given | {"url": _address(given["url"]), "success": wanted})))


_MAKERS = {Channel.WEBHOOK: _webhook, Channel.SMS: _sms}


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{url} is no address")
    return url
