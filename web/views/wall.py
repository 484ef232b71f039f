"""The board on a wall: for whoever is signed in, and for a kiosk by its key and address."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta

import orjson
from flask import Response, make_response, redirect, request, url_for
from flask_login import current_user

from geo.errors import Refusal
from grids import access, alerts, audit, board, kiosks
from grids.access import Action
from grids.kiosks import Kiosk, KioskEnded
from grids.model import Viewer
from grids.window import Window
from layers import county_hotspots, hotspot_answers
from layers.hotspot_question import Asked
from web.board_bodies import WallKey, WallMapQuery, WallQuery
from web.clock import now, today
from web.door import Blueprint
from web.session import PasswordChangeNeeded, open_to_all
from web.transaction import begin
from web.views import pages
from web.views.board import document
from web.views.hotspots import unless_known
from web.views.tiles import units_answer

blp = Blueprint("wall", __name__)

COOKIE = "wangge_kiosk"
# Browsers keep no cookie longer; it is set anew whenever the wall is opened.
COOKIE_LIFE = timedelta(days=400)
DAYS = 30
HOT_ROWS = 8


@blp.get("/wall")
@blp.arguments(WallKey, location="query")
@open_to_all
def wall(asked):
    """Show the wall; a key in the address is put into a cookie and leaves the address.

    Whoever is signed in needs no key.
    """
    if current_user.is_authenticated and "key" not in asked:
        return make_response(pages.screen(_who(), "wall", entry="board"))
    key = asked.get("key") or request.cookies.get(COOKIE, "")
    with begin(None) as conn:
        kiosk = kiosks.find(conn, key, request.remote_addr, now())
        if "key" in asked:
            audit.record(
                conn,
                kiosk.viewer,
                "kiosk.open",
                f"kiosk {kiosk.name}",
                territory=kiosk.unit_code,
                client=request.remote_addr,
            )
    if "key" in asked:
        answer = make_response(redirect(url_for("wall.wall")))
    else:
        answer = make_response(pages.screen(kiosk.viewer, "wall", entry="board"))
    answer.set_cookie(
        COOKIE, key, max_age=COOKIE_LIFE, httponly=True, samesite="Strict", secure=request.is_secure
    )
    return answer


@blp.get("/wall/data")
@blp.arguments(WallQuery, location="query")
@open_to_all
def data(asked):
    """Return what a wall shows: figures of thirty days, hot grids, alerts; nothing of persons."""
    kiosk = None if current_user.is_authenticated else _kiosk()
    who = kiosk.viewer if kiosk else _who()
    window = _window()
    with begin(who) as conn:
        found = {
            "board": document(board.read(conn, who, window, now(), area=asked.get("area"))),
            "hot": _hot(conn, who, window, asked.get("area")),
            # Names of who acknowledged are for the desk, not for a wall.
            "alerts": [
                {**asdict(one), "acknowledged_by": None, "acknowledged_at": None, "note": ""}
                for one in alerts.list_alerts(conn, who)
            ],
            "night": alerts.last_night(conn),
        }
    found |= {"at": now(), "expires_at": kiosk.expires_at if kiosk else None}
    answer = Response(orjson.dumps(found), mimetype="application/json")
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blp.get("/wall/hotspots")
@blp.arguments(WallMapQuery, location="query")
@open_to_all
def hotspots(asked):
    """Return one of the wall's hotspot maps, of the thirty days and the territory of the wall."""
    who, window = _who(), _window()
    question = Asked(window.since, window.until, method=asked["method"], area=asked.get("area"))
    with begin(who) as conn:
        answer = hotspot_answers.prepare(conn, who, question)
    return unless_known(answer)


@blp.get("/wall/tiles/<int:publication>/units/<int:z>/<int:x>/<int:y>.mvt")
@open_to_all
def units_tile(publication: int, z: int, x: int, y: int) -> Response:
    """Return a tile of the wall's own units: their outlines, codes and names.

    Browsers ask each time, so that a key that has ended shows nothing any more.
    """
    return units_answer(publication, z, x, y, scope=_who().scope, caching="private, no-cache")


def _window() -> Window:
    return Window(today() - timedelta(DAYS - 1), today())


def _who() -> Viewer:
    """Return who looks at the wall: whoever is signed in, else the kiosk of the cookie."""
    if not current_user.is_authenticated:
        return _kiosk().viewer
    if current_user.must_change:
        raise PasswordChangeNeeded
    who: Viewer = current_user.viewer
    access.require(who, Action.HOTSPOT_SEE)
    return who


def _kiosk() -> Kiosk:
    key = request.cookies.get(COOKIE, "")
    if not key:
        raise KioskEnded
    with begin(None) as conn:
        return kiosks.find(conn, key, request.remote_addr, now())


def _hot(conn, who, window, area):
    """Return the grids that are significantly high, the surest first; none where none is judged."""
    try:
        found = county_hotspots.read(conn, who, window.since, window.until, area=area)
    except Refusal:
        return []
    sure = [row for row in found.rows if row.outline and row.rank is not None]
    return [
        {
            "code": row.code,
            "name": row.name,
            "observed": row.observed,
            "expected": row.expected,
            # With its neighbours: that is what was tested, and what the outline says.
            "ratio": row.around.ratio if row.around else None,
            "outline": row.outline,
        }
        for row in sorted(sure, key=lambda row: row.rank or 0)[:HOT_ROWS]
    ]
