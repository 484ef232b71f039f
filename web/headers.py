"""Headers of every answer: nothing from outside, nothing cached by accident, nothing sniffed."""

from __future__ import annotations

from flask import Flask, Response, request

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "worker-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "font-src 'self'",
        "manifest-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
# A folium sheet carries its scripts and styles inside, and runs alone: no connection, no form.
SHEET_POLICY = "; ".join(
    (
        "sandbox allow-scripts allow-downloads",
        "default-src 'none'",
        "script-src 'unsafe-inline'",
        "style-src 'unsafe-inline'",
        "img-src data: blob:",
    )
)

YEAR = 365 * 86400


def install(app: Flask) -> None:
    """Put the headers on every answer, errors and static files included."""

    @app.after_request
    def _put(answer: Response) -> Response:
        answer.headers.setdefault("Content-Security-Policy", POLICY)
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["Referrer-Policy"] = "same-origin"
        answer.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        answer.headers["Permissions-Policy"] = "geolocation=(self), camera=(self), microphone=()"
        if request.is_secure:
            answer.headers["Strict-Transport-Security"] = f"max-age={YEAR}"
        if request.path.startswith("/static/build/assets/") and answer.status_code < 400:
            answer.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
        elif "Cache-Control" not in answer.headers:
            answer.headers["Cache-Control"] = "no-store"
        return answer
