"""Who is asking: a signed cookie or a bearer token, looked up in the table of sessions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, Request, current_app, g, request
from flask_login import LoginManager, UserMixin, current_user
from flask_wtf import CSRFProtect

from geo.errors import Refusal
from grids import access, feeds, people
from grids.access import Action
from grids.errors import Forbidden
from grids.feeds import Registered
from grids.model import Viewer
from web.clock import now
from web.transaction import begin


class SignInNeeded(Refusal):
    """Nobody is signed in, or the session has ended."""

    code = "session.none"
    sentence = "Please sign in."


class PasswordChangeNeeded(Refusal):
    """The account still has the password that somebody else gave it."""

    code = "session.must_change"
    sentence = "Choose a password of your own first."


class SessionUser(UserMixin):
    """Flask-Login's user: a session token and the viewer it stands for."""

    def __init__(self, token: str, viewer: Viewer, *, must_change: bool = False) -> None:
        self.token = token
        self.viewer = viewer
        self.must_change = must_change

    def get_id(self) -> str:
        """Return what the cookie holds: the token, of which the table keeps a hash."""
        return self.token


def _token_of(incoming: Request) -> str | None:
    """Return the bearer token; none if the request is to be judged by its cookie."""
    scheme, _, token = incoming.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _by_cookie(token: str) -> SessionUser | None:
    # A request with a bearer token shows no proof against forgery: its cookie must not count.
    if _token_of(request) is not None:
        return None
    with begin(None) as conn:
        session = people.find_session(conn, token, now(), in_use=not _asks_by_itself())
    return SessionUser(token, session.viewer, must_change=session.must_change) if session else None


def _by_token(incoming: Request) -> SessionUser | None:
    token = _token_of(incoming)
    if not token:
        return None
    with begin(None) as conn:
        viewer = people.token_viewer(conn, token, now())
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


# What a view can ask for besides an action of `grids.access`.
SIGNED_IN = "session"
# The token of a feed: nobody's session and nobody's rights.
FEED = "feed"

# Views that are not ours to mark: files anybody may fetch, and the description of the API.
_OPEN_ENDPOINTS = frozenset({"static", "api-docs.openapi_json"})
# Where somebody may go who has to choose a password first.
_PASSWORD_ENDPOINTS = frozenset({"account.password", "account.take_password"})

View = Callable[..., Any]


def needs(action: str) -> Callable[[View], View]:
    """Mark a view: only viewers whose role allows `action` pass.

    The mark is read before anything of the request is parsed; see `install`.
    """
    return _marked(Action(action))


def signed_in(view: View) -> View:
    """Mark a view: whoever is signed in passes."""
    return _marked(SIGNED_IN)(view)


def by_key(view: View) -> View:
    """Mark a view: only feeds pass, by a bearer token or as `api_key`; no cookie is looked at."""
    return _marked(FEED)(view)


def calling_feed() -> Registered:
    """Return the feed that is calling a view marked `by_key`."""
    feed: Registered = g.feed
    return feed


def in_background(view: View) -> View:
    """Mark a view that pages ask by themselves: it keeps no session alive."""
    view.in_background = True  # type: ignore[attr-defined]
    return view


def _asks_by_itself() -> bool:
    view = current_app.view_functions.get(request.endpoint or "")
    return getattr(view, "in_background", False)


def open_to_all(view: View) -> View:
    """Mark a view that answers without sign-in."""
    return _marked(None)(view)


def _marked(needed: str | None) -> Callable[[View], View]:
    def mark(view: View) -> View:
        view.needs = needed  # type: ignore[attr-defined]
        return view

    return mark


def needed_by(app: Flask, endpoint: str) -> str | None:
    """Return the action an endpoint asks for, `SIGNED_IN`, `FEED`, or none if it is open to all.

    Decorators that wrap a marked view carry its mark along.

    Raises
    ------
    AttributeError
        If the view has no mark.
    """
    if endpoint in _OPEN_ENDPOINTS:
        return None
    needed: str | None = app.view_functions[endpoint].needs  # type: ignore[attr-defined]
    return needed


def require_marks(app: Flask) -> None:
    """Refuse to start with a view that does not say who may use it."""
    for rule in app.url_map.iter_rules():
        needed_by(app, rule.endpoint)


def _guard(app: Flask, endpoint: str) -> None:
    needed = needed_by(app, endpoint)
    if needed is None:
        return
    if needed == FEED:
        g.feed = _feed()
        return
    who = viewer()
    if current_user.must_change and endpoint not in _PASSWORD_ENDPOINTS:
        raise PasswordChangeNeeded
    if needed != SIGNED_IN:
        access.require(who, needed)


def _feed() -> Registered:
    """Return the feed whose token came with the request.

    Raises
    ------
    Forbidden
        If it is a person's token.
    SignInNeeded
        If it is nobody's.
    """
    token = _token_of(request) or request.values.get("api_key", "")
    with begin(None) as conn:
        feed = feeds.by_token(conn, token, now()) if token else None
    if feed is not None:
        return feed
    if current_user.is_authenticated:
        raise Forbidden(role=viewer().role.value, action="send as a feed", who_can="wangge feed")
    raise SignInNeeded


def install(app: Flask, csrf: CSRFProtect) -> None:
    """Let Flask-Login find the viewer of each request, and the guard stand before each view.

    Cookies are sent by browsers on anybody's behalf, so unsafe requests that rely on one prove
    that a page of ours made them; tokens need no such proof.
    """
    login = LoginManager(app)
    login.session_protection = None
    login.user_loader(_by_cookie)
    login.request_loader(_by_token)
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False

    @app.before_request
    def _let_pass() -> None:
        if request.endpoint is None:  # there is no such address, which is about to be said
            return
        if _token_of(request) is None and needed_by(app, request.endpoint) != FEED:
            csrf.protect()
        _guard(app, request.endpoint)
