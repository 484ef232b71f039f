"""The log: one JSON line an event, with the request's id, never a telephone number or a token."""

from __future__ import annotations

import sys
import uuid

import structlog
from flask import Flask, g, request


def install(app: Flask) -> None:
    """Write JSON lines to standard error and give every request an id."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )

    @app.before_request
    def _name() -> None:
        g.request_id = uuid.uuid4().hex
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(
            request_id=g.request_id, method=request.method, endpoint=request.endpoint
        )
