"""Rate limits: how often one address may try; counts are kept per process."""

from __future__ import annotations

from flask import Flask, current_app
from flask import session as cookie
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

limiter = Limiter(get_remote_address, storage_uri="memory://", headers_enabled=True)

SIGN_IN = "30/minute"
REPORTS_AN_HOUR = "5/hour"
REPORTS_OF_A_DEVICE = "20/day"


def by_device() -> str:
    """Return what tells browsers apart: the cookie of residents' pages, else the address."""
    device: str = cookie.get("device") or get_remote_address()
    return device


@limiter.request_filter
def _in_tests() -> bool:
    return bool(current_app.testing)


def install(app: Flask) -> None:
    """Let the limiter watch the views that are marked."""
    limiter.init_app(app)
