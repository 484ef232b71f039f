"""Maps on paper: the card of a grid, the map book of a township, the wall map, as PDF."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, current_app, request
from sqlalchemy import Connection

from grids import audit
from grids.model import Viewer
from layers.print.book import map_book
from layers.print.card import grid_card
from layers.print.imprint import Imprint, Printed
from layers.print.wall import wall_map
from web.clock import now
from web.config import Config
from web.door import Blueprint
from web.limits import limiter
from web.locale import tag
from web.parse import PrintQuery, WallQuery
from web.session import needs, viewer
from web.transaction import begin

blp = Blueprint("prints", __name__, url_prefix="/print")

CARDS = "30/minute"
SHEETS = "6/minute"

Draw = Callable[[Connection, Viewer, Imprint], Printed]


@blp.get("/grids/<string:code>.pdf")
@blp.arguments(PrintQuery, location="query")
@limiter.limit(CARDS)
@needs("unit.see")
def card(asked, code):
    """Return the card of a grid; names of workers are in it for those who may see them."""
    return _printed(
        "card", code, lambda conn, who, imprint: grid_card(conn, who, code, imprint, on=asked["on"])
    )


@blp.get("/townships/<string:code>.pdf")
@blp.arguments(PrintQuery, location="query")
@limiter.limit(SHEETS)
@needs("export.run")
def book(asked, code):
    """Return the map book of a township."""
    return _printed(
        "book", code, lambda conn, who, imprint: map_book(conn, who, code, imprint, on=asked["on"])
    )


@blp.get("/wall/<string:code>.pdf")
@blp.arguments(WallQuery, location="query")
@limiter.limit(SHEETS)
@needs("export.run")
def wall(asked, code):
    """Return the wall map of a county, township or village."""
    paper = asked["paper"]

    def draw(conn: Connection, who: Viewer, imprint: Imprint) -> Printed:
        return wall_map(conn, who, code, imprint, paper=paper, on=asked["on"])

    return _printed("wall", code, draw)


def _printed(kind: str, code: str, draw: Draw) -> Response:
    """Draw in a transaction that also writes down who printed what, and answer the document."""
    who = viewer()
    config: Config = current_app.extensions["wangge.config"]
    imprint = Imprint(
        tag(),
        now(),
        config.maps.address or request.url_root,
        config.maps.number,
        config.maps.source,
    )
    with begin(who) as conn:
        printed = draw(conn, who, imprint)
        audit.record(
            conn,
            who,
            f"print.{kind}",
            f"unit {code}",
            territory=code,
            facts={"publication": printed.publication, "people": printed.n_people},
            client=request.remote_addr,
        )
    answer = Response(printed.pdf, mimetype="application/pdf")
    answer.headers.set("Content-Disposition", "attachment", filename=f"{kind}-{code}.pdf")
    answer.headers["Cache-Control"] = "no-store"
    return answer
