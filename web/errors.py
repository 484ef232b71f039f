"""Refusals become answers: problem details for programs, a page for people, a sentence for both."""

from __future__ import annotations

import structlog
from flask import (
    Flask,
    Response,
    current_app,
    g,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy import text
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from werkzeug.exceptions import HTTPException

from geo.errors import Refusal
from grids import audit
from grids.errors import Forbidden, NotFound
from web import words
from web.door import PROBLEM
from web.transaction import begin

logger = structlog.get_logger()

# The status of a refusal by its code.
STATUS = {
    "not_found": 404,
    "tile.none": 404,
    "forbidden": 403,
    "session.must_change": 403,
    "session.none": 401,
    "session.refused": 401,
    "session.locked": 429,
    "record.stale": 409,
    "plan.stale": 409,
    "plan.conflict": 409,
    "plan.key_reused": 409,
    "plan.closed": 409,
    "plan.not_in_conflict": 409,
    "plan.go_together": 409,
    "plan.only_theirs": 409,
    "plan.own_approval": 409,
    "plan.not_approved": 409,
    "publication.not_restorable": 409,
    "patch.stale": 409,
    "patch.multipart": 409,
    "plan.undo_blocked": 409,
    "publish.busy": 409,
    "incident.key_reused": 409,
    "incident.unanswered": 409,
    "incident.supervised": 409,
    "incident.not_mergeable": 409,
    "supervision.state": 409,
    "supervision.unanswered": 409,
    "supervision.ended": 409,
    "photo.too_many": 409,
    "photo.too_large": 413,
    "photo.unreadable": 415,
    "duty.overlaps": 409,
    "handover.open": 409,
    "leave.overlaps": 409,
    "matter.own_request": 409,
    "matter.request_decided": 409,
    "matter.request_waiting": 409,
    "task.done": 409,
    "publication.none": 409,
    "import.state": 409,
    "import.too_large": 413,
    "server.no_room": 507,
    "kiosk.none": 410,
    "client.missing": 503,
}
REFUSED = 422

# What the server program itself refuses, before a view or the domain has a say.
HTTP_SENTENCES = {
    400: _l("The request could not be read."),
    404: _l("There is nothing at this address."),
    405: _l("This address does not take such requests."),
    413: _l("That is more than may be sent at once."),
    415: _l("Send JSON."),
    422: _l("Some fields do not fit."),
    429: _l("Too many requests. Wait a little, then try again."),
}

RETRY_AFTER_S = 5
"""Seconds after which a server without its database asks to be asked again."""


def status_of(refusal: Refusal) -> int:
    """Return the HTTP status of a refusal."""
    return STATUS.get(refusal.code, REFUSED)


def sentence(refusal: Refusal) -> str:
    """Return the refusal's sentence in the reader's language."""
    return words.sentence(refusal.sentence, refusal.facts)


def wants_page() -> bool:
    """Tell whether a person's browser is asking for a page."""
    return (
        not request.path.startswith(("/api/", "/tiles/"))
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
    answer.mimetype = PROBLEM
    return answer


def install(app: Flask) -> None:
    """Answer refusals, HTTP errors and what should not happen."""

    @app.errorhandler(Refusal)
    def _refused(refusal: Refusal) -> object:
        if isinstance(refusal, NotFound | Forbidden):
            _leave_trace(refusal)
        status = status_of(refusal)
        if wants_page() and refusal.code == "session.none":
            return redirect(url_for("account.sign_in", next=request.full_path))
        if wants_page() and refusal.code == "session.must_change":
            return redirect(url_for("account.password"))
        if wants_page():
            return _page(status, sentence(refusal))
        return problem(status, refusal.code, sentence(refusal), **refusal.facts)

    @app.errorhandler(CSRFError)
    def _forged(_: CSRFError) -> object:
        return _said(403, "csrf", gettext("This page is out of date: reload it and try again."))

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> object:
        if error.code is None or error.code < 400:  # a redirect of the router
            return error
        detail = str(HTTP_SENTENCES.get(error.code, error.description or error.name))
        # marshmallow's messages name the field and what is wrong with it, by where it stood
        messages = (getattr(error, "data", None) or {}).get("messages", {})
        fields = {name: said for part in messages.values() for name, said in _named(part)}
        return _said(
            error.code, f"http.{error.code}", detail, **({"fields": fields} if fields else {})
        )

    @app.errorhandler(OperationalError)
    def _no_database(error: OperationalError) -> object:
        logger.error("database.failed", error=type(error.orig).__name__)
        detail = gettext("The database does not answer. Nothing was changed; try again soon.")
        answer = current_app.make_response(_said(503, "database", detail))
        answer.headers["Retry-After"] = str(RETRY_AFTER_S)
        return answer

    @app.errorhandler(Exception)
    def _unexpected(error: Exception) -> object:
        logger.exception("request.failed", path=request.path)
        if current_app.testing:
            raise error
        detail = gettext("Something went wrong on the server. Nothing was changed.")
        return _said(500, "server", detail)


def _said(status: int, code: str, detail: str, **facts: object) -> object:
    return _page(status, detail) if wants_page() else problem(status, code, detail, **facts)


def _page(status: int, detail: str) -> tuple[str, int]:
    return render_template("error.html", status=status, detail=detail), status


def _named(part: object) -> list[tuple[str, object]]:
    """Return what is wrong by field; what is wrong with the whole stands under `body`."""
    return list(part.items()) if isinstance(part, dict) else [("body", part)]


def _leave_trace(refusal: Refusal) -> None:
    """Write down who was refused what; the refused transaction is gone, so in one of its own.

    An answer is an answer also where this fails or would have to wait.
    """
    if not current_user.is_authenticated:
        return
    who = current_user.viewer
    asked = f"{request.method} {request.url_rule}" if request.url_rule else request.method
    try:
        with begin(who) as conn:
            conn.execute(text("SET LOCAL statement_timeout = '1s'"))
            audit.refused(
                conn,
                who,
                refusal,
                asked,
                client=request.remote_addr,
                request_id=g.get("request_id"),
            )
    except SQLAlchemyError:
        logger.exception("audit.failed", refused=refusal.code)
