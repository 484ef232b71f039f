"""Where it is significantly hot: the map that the hotspot screen paints on its tiles."""

from __future__ import annotations

from flask import Response, jsonify, request

from layers import county_hotspots
from web.door import Blueprint
from web.parse import HotspotsQuery
from web.session import needs, viewer
from web.transaction import begin

blp = Blueprint("hotspots", __name__, url_prefix="/hotspots", description="Tested hotspots.")


@blp.get("")
@blp.arguments(HotspotsQuery, location="query")
@blp.response(200, description="A row per grid with counts, rates, tests and what they paint.")
@blp.alt_response(304, description="Nothing has changed since the answer with this tag.")
@blp.alt_response(404, description="The area lies outside the territory, or no such matter.")
@blp.alt_response(422, description="A period that ends before it begins, or too few households.")
@needs("hotspot.see")
def hotspots(asked):
    """Return the hotspot map of a period, with both tests in every row.

    `method` is which of them the reader looks at; it changes nothing here.
    """
    with begin(viewer()) as conn:
        counted = county_hotspots.count(
            conn,
            viewer(),
            asked["since"],
            asked["until"],
            matter=asked.get("matter"),
            area=asked.get("area"),
        )
    unchanged = request.if_none_match.contains_weak(counted.version)
    answer = Response(status=304) if unchanged else jsonify(_document(counted))
    answer.set_etag(counted.version)
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Vary"] = "Cookie, Authorization"
    return answer


def _document(counted):
    return county_hotspots.assess(counted).as_dict()
