"""Signing in and out, and choosing a password of one's own."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_login import current_user, login_user, logout_user
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from geo.errors import Refusal
from grids import people
from grids.model import Role
from web.clock import now
from web.errors import sentence, status_of
from web.limits import SIGN_IN, limiter
from web.session import SessionUser, open_to_all, signed_in, viewer
from web.transaction import begin

blp = Blueprint("account", __name__)


class SignInForm(FlaskForm):
    """Login name and password."""

    login = StringField(_l("Account"), [InputRequired(), Length(max=64)])
    password = PasswordField(_l("Password"), [InputRequired(), Length(max=256)])


class PasswordForm(FlaskForm):
    """A new password of one's own."""

    old = PasswordField(_l("Present password"), [InputRequired(), Length(max=256)])
    new = PasswordField(_l("New password"), [InputRequired(), Length(max=256)])
    again = PasswordField(_l("The same again"), [InputRequired(), Length(max=256)])


def _onward() -> str:
    """Return where to go next: a path of ours that was asked for, else the viewer's first page."""
    asked = request.args.get("next", "")
    parts = urlsplit(asked)
    ours = asked.startswith("/") and not asked.startswith(("//", "/\\"))
    if ours and not parts.netloc and not parts.scheme:
        return asked
    worker = current_user.is_authenticated and current_user.viewer.role is Role.WORKER
    return url_for("pages.me" if worker else "pages.console")


@blp.get("/sign-in")
@open_to_all
def sign_in():
    """Show the sign-in form."""
    if current_user.is_authenticated:
        return redirect(_onward())
    return render_template("sign_in.html", form=SignInForm(), refusal=None)


@blp.post("/sign-in")
@limiter.limit(SIGN_IN)
@open_to_all
def take_sign_in():
    """Sign in, or say why not; the same words whether the account exists or not."""
    form = SignInForm()
    if not form.validate_on_submit():
        missing = gettext("Enter your account and password.")
        return render_template("sign_in.html", form=form, refusal=missing), 422
    client = f"{request.remote_addr} {request.user_agent.string[:120]}"
    with begin(None) as conn:
        answer = people.sign_in(conn, form.login.data, form.password.data, client, now())
    if isinstance(answer, Refusal):
        page = render_template("sign_in.html", form=form, refusal=sentence(answer))
        wait = answer.facts.get("retry_after_s")
        return page, status_of(answer), {"Retry-After": str(wait)} if wait else {}
    token, session = answer
    login_user(SessionUser(token, session.viewer))
    return redirect(url_for("account.password") if session.must_change else _onward())


@blp.get("/password")
@signed_in
def password():
    """Show the form for a new password."""
    return render_template("password.html", form=PasswordForm(), refusal=None)


@blp.post("/password")
@limiter.limit(SIGN_IN)
@signed_in
def take_password():
    """Change the viewer's own password; the person's other sessions end."""
    who = viewer()
    form = PasswordForm()
    if not form.validate_on_submit() or form.new.data != form.again.data:
        differ = gettext("Enter the new password twice, the same each time.")
        return render_template("password.html", form=form, refusal=differ), 422
    try:
        with begin(who) as conn:
            people.change_password(
                conn, who, form.old.data, form.new.data, keep_token=current_user.token
            )
    except Refusal as refusal:
        page = render_template("password.html", form=form, refusal=sentence(refusal))
        return page, status_of(refusal)
    return redirect(_onward())


@blp.post("/sign-out")
@open_to_all
def sign_out():
    """End the session in the table and forget the cookie."""
    if current_user.is_authenticated:
        with begin(current_user.viewer) as conn:
            people.end_session(conn, current_user.token, now())
    logout_user()
    return redirect(url_for("account.sign_in"))
