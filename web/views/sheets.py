"""Map sheets to keep, mail and print: one HTML file each, which needs neither us nor a network."""

from __future__ import annotations

from flask import Response, request

from grids import audit
from layers import county_hotspots
from web.door import Blueprint
from web.headers import SHEET_POLICY
from web.locale import tag
from web.parse import HotspotsQuery
from web.session import needs, viewer
from web.transaction import begin

blp = Blueprint("sheets", __name__)


@blp.get("/hotspots/sheet")
@blp.arguments(HotspotsQuery, location="query")
@needs("hotspot.see")
def hotspot_sheet(asked):
    """Return a period's hotspot map as a file to download; who took it is written down."""
    who, since, until = viewer(), asked["since"], asked["until"]
    matter, area, method = asked.get("matter"), asked.get("area"), asked["method"]
    with begin(who) as conn:
        page = county_hotspots.sheet(
            conn, who, since, until, matter=matter, area=area, method=method, locale=tag()
        )
        audit.record(
            conn,
            who,
            "hotspot.export",
            "hotspots",
            territory=area or who.scope,
            facts={"since": since, "until": until, "matter": matter, "method": method},
            client=request.remote_addr,
        )
    answer = Response(page, mimetype="text/html")
    answer.headers.set(
        "Content-Disposition", "attachment", filename=f"hotspots-{since}-{until}.html"
    )
    answer.headers["Content-Security-Policy"] = SHEET_POLICY
    answer.headers["Cache-Control"] = "no-store"
    return answer
