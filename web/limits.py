"""Rate limits: how often one address may try; counts are kept per process."""

from __future__ import annotations

from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

limiter = Limiter(get_remote_address, storage_uri="memory://", headers_enabled=True)

SIGN_IN = "30/minute"


def install(app: Flask) -> None:
    """Let the limiter watch the views that are marked."""
    app.config["RATELIMIT_ENABLED"] = not app.testing
    limiter.init_app(app)
