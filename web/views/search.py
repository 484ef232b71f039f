"""One box finds units, homes, people, cameras and incidents."""

from __future__ import annotations

from dataclasses import asdict

from flask import jsonify

from grids import units
from web.door import Blueprint
from web.parse import SearchQuery
from web.session import needs, viewer
from web.transaction import begin

blp = Blueprint("search", __name__, url_prefix="/search", description="Search.")


@blp.get("")
@blp.arguments(SearchQuery, location="query")
@blp.response(200, description="What was found, the best first.")
@needs("unit.see")
def search(asked):
    """Find by code, name, pinyin initials, address, worker or number, inside the territory."""
    with begin(viewer()) as conn:
        found = units.search(conn, viewer(), asked["q"])
    return jsonify({"results": [asdict(one) for one in found]})
