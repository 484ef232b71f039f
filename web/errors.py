"""Refusals become answers: problem details for programs, a page for people, a sentence for both."""

from __future__ import annotations

import structlog
from flask import Flask, Response, current_app, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from geo.errors import Refusal

logger = structlog.get_logger()

# The status of a refusal by its code; a code ending in `.` stands for its family.
STATUS = {
    "not_found": 404,
    "tile.none": 404,
    "forbidden": 403,
    "session.none": 401,
    "session.refused": 401,
    "session.locked": 429,
    "record.stale": 409,
    "plan.stale": 409,
    "plan.conflict": 409,
    "plan.state": 409,
    "incident.key_reused": 409,
    "publication.none": 409,
}
REFUSED = 422


def status_of(refusal: Refusal) -> int:
    """Return the HTTP status of a refusal."""
    return STATUS.get(refusal.code, REFUSED)


def sentence(refusal: Refusal) -> str:
    """Return the refusal's sentence in the reader's language."""
    return gettext(refusal.sentence).format(**refusal.facts)


def wants_page() -> bool:
    """Tell whether a person's browser is asking for a page."""
    return (
        request.method == "GET"
        and not request.path.startswith(("/api/", "/tiles/"))
        and request.accept_mimetypes.best_match(["text/html", "application/json"]) == "text/html"
    )


def problem(status: int, code: str, detail: str, **facts: object) -> Response:
    """Return problem details (RFC 9457)."""
    body = {
        **facts,
        "type": f"urn:wangge:{code}",
        "title": code,
        "status": status,
        "code": code,
        "detail": detail,
    }
    answer: Response = jsonify(body)
    answer.status_code = status
    answer.mimetype = "application/problem+json"
    return answer


def install(app: Flask) -> None:
    """Answer refusals, HTTP errors and what should not happen."""

    @app.errorhandler(Refusal)
    def _refused(refusal: Refusal) -> object:
        status = status_of(refusal)
        if wants_page():
            if status == 401:
                return redirect(url_for("account.sign_in", next=request.full_path))
            page = render_template("error.html", status=status, detail=sentence(refusal))
            return page, status
        return problem(status, refusal.code, sentence(refusal), **refusal.facts)

    @app.errorhandler(CSRFError)
    def _forged(error: CSRFError) -> object:
        return problem(403, "csrf", gettext("This page is out of date: reload it and try again."))

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> object:
        status = error.code or 500
        # marshmallow's messages name the field and what is wrong with it
        facts = getattr(error, "data", None) or {}
        detail = error.description or error.name
        if wants_page():
            return render_template("error.html", status=status, detail=detail), status
        fields = facts.get("messages", {})
        return problem(status, f"http.{status}", detail, **({"fields": fields} if fields else {}))

    @app.errorhandler(Exception)
    def _unexpected(error: Exception) -> object:
        logger.exception("request.failed", path=request.path)
        if current_app.testing:
            raise error
        detail = gettext("Something went wrong on the server. Nothing was changed.")
        if wants_page():
            return render_template("error.html", status=500, detail=detail), 500
        return problem(500, "server", detail)
