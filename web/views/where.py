"""Who is responsible here?"""

from __future__ import annotations

from flask import jsonify

from geo.datum import parse_datum, to_cgcs2000
from grids import admission, assign, history
from grids.locate import locate
from web import answers
from web.clock import now
from web.door import Blueprint
from web.parse import WhereQuery
from web.session import needs, viewer
from web.transaction import begin

blp = Blueprint("where", __name__, url_prefix="/where", description="Who is responsible here?")


@blp.get("")
@blp.arguments(WhereQuery, location="query")
@blp.response(200, description="The grid, how sure that is, and the responsible worker.")
@blp.alt_response(422, description="Undeclared datum or no position on Earth.")
@needs("unit.see")
def where(asked):
    """Return the grid that answers for a position and the worker on duty, with the reason.

    With `on` as it was: the borders, the names and the duties of then.
    """
    at = to_cgcs2000(asked["lon"], asked["lat"], parse_datum(asked.get("datum")))
    with begin(viewer()) as conn:
        past = history.find(conn, history.parse_on(asked["on"]), now()) if "on" in asked else None
        placement = locate(conn, at, asked.get("accuracy_m"), past)
        matter = admission.get(conn, asked["matter"]) if "matter" in asked else None
        duty = assign.responsible(conn, placement, matter, past.moment if past else now())
        return jsonify(answers.where(conn, placement, duty, past))
