"""Rate limits: how often one address may try; counts are kept per process."""

from __future__ import annotations

from flask import Flask, current_app
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

limiter = Limiter(get_remote_address, storage_uri="memory://", headers_enabled=True)

SIGN_IN = "30/minute"


@limiter.request_filter
def _in_tests() -> bool:
    return bool(current_app.testing)


def install(app: Flask) -> None:
    """Let the limiter watch the views that are marked."""
    limiter.init_app(app)
