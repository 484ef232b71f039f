"""The reader's language: Chinese first, English complete."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, request
from flask import session as cookie
from flask_babel import Babel, force_locale, get_locale

LOCALES = {"zh": "zh-CN", "en": "en"}


def choose() -> str:
    """Return the language chosen by `?lang=`, else the one kept in the cookie, else Chinese."""
    asked = request.args.get("lang", "")[:2]
    if asked in LOCALES:
        cookie["lang"] = asked
    kept = cookie.get("lang", "zh")
    return kept if kept in LOCALES else "zh"


def tag() -> str:
    """Return the reader's language as an HTML tag: zh-CN or en."""
    locale = get_locale()
    return LOCALES.get(locale.language if locale else "zh", "zh-CN")


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Translate to a language, one of `LOCALES`, where no request says which: in a job."""
    app = Flask("web")
    install(app)
    with app.app_context(), force_locale(language):
        yield


def install(app: Flask) -> None:
    """Translate by Flask-Babel from `web/translations`; dates are shown in China's time."""
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = f"{app.root_path}/translations"
    app.config["BABEL_DEFAULT_TIMEZONE"] = "Asia/Shanghai"
    Babel(app, locale_selector=choose)
    app.context_processor(lambda: {"language": tag()})
