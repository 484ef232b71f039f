"""What a request to the hub proves itself with; the same rules as the application's."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from http.cookies import CookieError, SimpleCookie

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import BadSignature

from grids.people import token_hash
from web.config import Config
from web.hub.clients import Credentials

# The cookie's own age; the session behind it has its own, shorter one.
_OLDEST = timedelta(days=31)


class Gatekeeper:
    """Reads the application's cookie, or a bearer token."""

    def __init__(self, config: Config) -> None:
        signer = Flask("hub")
        signer.secret_key = config.session_key
        serializer = SecureCookieSessionInterface().get_signing_serializer(signer)
        assert serializer is not None
        self._serializer = serializer
        self._cookie = "__Host-wangge" if config.secure_cookies else "wangge"

    def credentials(self, headers: Iterable[tuple[bytes, bytes]]) -> Credentials | None:
        """Return what a request proves itself with, or none.

        A bearer token decides alone: the cookie beside it does not count.
        """
        given = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}
        scheme, _, token = given.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return Credentials(token_hash(token.strip()), False) if token.strip() else None
        try:
            morsel = SimpleCookie(given.get("cookie", "")).get(self._cookie)
            said = self._serializer.loads(
                morsel.value if morsel else "", max_age=int(_OLDEST.total_seconds())
            )
        except (CookieError, BadSignature):
            return None
        key = said.get("_user_id") if isinstance(said, dict) else None
        return Credentials(token_hash(key), True) if isinstance(key, str) else None
