"""Who is asking: a signed cookie or a bearer token, looked up in the table of sessions."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Flask, Request, g, redirect, request, url_for
from flask_login import LoginManager, UserMixin, current_user
from flask_wtf import CSRFProtect

from geo.errors import Refusal
from grids import access, people
from grids.model import Viewer
from web.clock import now
from web.transaction import begin


class SignInNeeded(Refusal):
    """Nobody is signed in, or the session has ended."""

    code = "session.none"
    sentence = "Please sign in."


class SessionUser(UserMixin):
    """Flask-Login's user: a session token and the viewer it stands for."""

    def __init__(self, token: str, viewer: Viewer) -> None:
        self.token = token
        self.viewer = viewer

    def get_id(self) -> str:
        """Return what the cookie holds: the token, of which the table keeps a hash."""
        return self.token


def _user_of(token: str) -> SessionUser | None:
    with begin(None) as conn:
        viewer = people.session_viewer(conn, token, now())
    return SessionUser(token, viewer) if viewer else None


def _bearer(incoming: Request) -> SessionUser | None:
    scheme, _, token = incoming.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        return None
    with begin(None) as conn:
        viewer = people.token_viewer(conn, token.strip(), now())
    return SessionUser(token, viewer) if viewer else None


def viewer() -> Viewer:
    """Return who is asking.

    Raises
    ------
    SignInNeeded
        If nobody is signed in.
    """
    if not current_user.is_authenticated:
        raise SignInNeeded
    signed_in: Viewer = current_user.viewer
    return signed_in


def needs(action: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Mark a view: only viewers whose role allows `action` pass.

    The mark is read by the authorization matrix of the tests; a view without one, and without
    `open_to_all`, fails there.
    """

    def mark(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            access.require(viewer(), action)
            return view(*args, **kwargs)

        guarded.needs = action  # type: ignore[attr-defined]
        return guarded

    return mark


def open_to_all(view: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a view that answers without sign-in."""
    view.needs = None  # type: ignore[attr-defined]
    return view


def install(app: Flask, csrf: CSRFProtect) -> None:
    """Let Flask-Login find the viewer of each request; tokens need no CSRF proof, cookies do."""
    login = LoginManager(app)
    login.session_protection = None
    login.user_loader(_user_of)
    login.request_loader(_bearer)

    @login.unauthorized_handler
    def _sign_in() -> Any:
        return redirect(url_for("account.sign_in", next=request.full_path))

    # Flask-WTF proves every unsafe request; a bearer token is no cookie and cannot be forged upon.
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False

    @app.before_request
    def _prove_no_forgery() -> None:
        g.by_token = "Authorization" in request.headers
        if not g.by_token:
            csrf.protect()
