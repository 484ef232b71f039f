"""The application: its extensions, doors and headers put together."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Flask
from flask.json.provider import JSONProvider
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from grids.db import make_engine
from web import assets, door, errors, headers, limits, locale, log, session
from web.config import Config
from web.transaction import Transactions
from web.views import (
    account,
    alerts,
    balance,
    board,
    calendar,
    cameras,
    duties,
    feeds,
    health,
    history,
    hotspots,
    households,
    imports,
    incident_sheets,
    incidents,
    matter_requests,
    me,
    notice_ways,
    notices,
    open311,
    pages,
    phone,
    photos,
    plan_life,
    plans,
    prints,
    report_files,
    reports,
    residents,
    search,
    sheets,
    supervisions,
    tasks,
    tiles,
    units,
    wall,
    where,
)

API_OPTIONS = {
    "API_TITLE": "Wangge",
    "API_VERSION": "v1",
    "OPENAPI_VERSION": "3.1.0",
    "OPENAPI_URL_PREFIX": "/api/v1",
    "OPENAPI_JSON_PATH": "openapi.json",
    "API_SPEC_OPTIONS": {
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "wangge"},
            }
        },
        "security": [{"token": []}, {"session": []}],
    },
}
API_DOORS = (
    alerts,
    balance,
    board,
    calendar,
    cameras,
    feeds,
    duties,
    history,
    hotspots,
    households,
    imports,
    incident_sheets,
    incidents,
    matter_requests,
    me,
    notice_ways,
    notices,
    photos,
    plan_life,
    plans,
    reports,
    search,
    supervisions,
    tasks,
    units,
    where,
)
PAGE_DOORS = (
    account,
    health,
    open311,
    pages,
    phone,
    prints,
    report_files,
    residents,
    sheets,
    tiles,
    wall,
)


class OrjsonProvider(JSONProvider):
    """JSON by orjson: refuses NaN and infinity, caps depth, writes times and UUIDs itself."""

    def dumps(self, obj: Any, **_: Any) -> str:
        """Return `obj` as JSON text."""
        return orjson.dumps(obj, option=orjson.OPT_NON_STR_KEYS).decode()

    def loads(self, s: str | bytes, **_: Any) -> Any:
        """Return what JSON text says."""
        return orjson.loads(s)


def create_app(config: Config) -> Flask:
    """Return the WSGI application for these settings; no connection is opened yet."""
    app = Flask("web", static_folder="static", template_folder="templates")
    app.json = OrjsonProvider(app)
    app.config.update(
        SECRET_KEY=config.session_key,
        # Browsers keep a name that begins so from being set by another host or for a part of ours.
        SESSION_COOKIE_NAME="__Host-wangge" if config.secure_cookies else "wangge",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=config.secure_cookies,
        MAX_CONTENT_LENGTH=1 << 20,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=config.secure_cookies,
        TESTING=config.testing,
        **API_OPTIONS,
    )
    if config.n_proxies:
        n = config.n_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=n, x_proto=n)  # type: ignore[method-assign]
    app.extensions["wangge.config"] = config
    app.extensions["wangge.transactions"] = Transactions(make_engine(config.web_url))
    tiles.keep_tiles(app)
    log.install(app)
    errors.install(app)
    locale.install(app)
    door.install(app)
    csrf = CSRFProtect(app)
    session.install(app, csrf)
    limits.install(app)
    headers.install(app)
    app.jinja_env.globals["plain_styles"] = lambda: assets.entry("signin").styles
    api = door.Api(app)
    for view in API_DOORS:
        api.register_blueprint(view.blp, url_prefix=f"/api/v1{view.blp.url_prefix or ''}")
    for view in PAGE_DOORS:
        app.register_blueprint(view.blp)
    session.require_marks(app)
    return app
