"""Units: the tree, the card of one, its outline."""

from __future__ import annotations

from dataclasses import asdict

from flask import jsonify

from grids import units
from web.clock import now
from web.door import Blueprint
from web.parse import UnitsQuery
from web.session import needs, viewer
from web.transaction import begin

blp = Blueprint("units", __name__, url_prefix="/units", description="Units and their cards.")


@blp.get("")
@blp.arguments(UnitsQuery, location="query")
@blp.response(200, description="The units below one; without a parent the viewer's own unit.")
@needs("unit.see")
def children(asked):
    """Return the units below a unit."""
    with begin(viewer()) as conn:
        found = units.children(conn, viewer(), asked.get("parent"))
    return jsonify({"units": [asdict(unit) for unit in found]})


@blp.get("/<string:code>")
@blp.response(200, description="The unit's card.")
@needs("unit.see")
def card(code):
    """Return what is known of a unit: size, people on duty, neighbours, history."""
    with begin(viewer()) as conn:
        return jsonify(asdict(units.card(conn, viewer(), code, now())))


@blp.get("/<string:code>/outline")
@blp.response(200, description="The unit's outline as a GeoJSON feature.")
@needs("unit.see")
def outline(code):
    """Return a unit's outline in CGCS2000 degrees."""
    with begin(viewer()) as conn:
        return jsonify(units.outline(conn, viewer(), code))
