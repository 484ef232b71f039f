"""Where it is hot, by every method: what the hotspot screen paints on its tiles, and its weeks."""

from __future__ import annotations

from dataclasses import fields as fields_of

from flask import Response, jsonify, request
from marshmallow import fields, validate

from grids import counts_held
from grids.model import Level
from layers import hotspot_answers, hotspot_weeks
from layers.county_tally import usual_window
from layers.hotspot_question import METHODS, Asked
from layers.studies import Options
from layers.windows import KINDS
from web.clock import today
from web.door import Blueprint
from web.locale import tag
from web.parse import Day, HotspotsQuery
from web.session import needs, viewer
from web.transaction import begin

blp = Blueprint("hotspots", __name__, url_prefix="/hotspots", description="Tested hotspots.")

LEVELS = [Level.GRID.value, Level.VILLAGE.value, Level.TOWNSHIP.value]
# Chosen by a reader; a page must not be able to keep a server busy for minutes.
MOST_REPLICATES = 999
MOST_WEEKS = 52


class HotspotQuestion(HotspotsQuery):
    """What is asked of a method; `level` and `source` may be repeated.

    Without days it is the period that is usually looked at; see `usual_window`.
    """

    since = Day()
    until = Day()
    method = fields.String(load_default="excess", validate=validate.OneOf(METHODS))
    by = fields.String(load_default=LEVELS[0], validate=validate.OneOf(LEVELS))
    level = fields.List(fields.String(validate=validate.Length(1, 40)), load_default=[])
    source = fields.List(fields.String(validate=validate.Length(1, 80)), load_default=[])
    compare = fields.String(load_default=None, validate=validate.OneOf(KINDS))
    calendar = fields.String(load_default="solar", validate=validate.OneOf(["solar", "lunar"]))
    seed = fields.Integer(validate=validate.Range(0, 2**31 - 1))
    replicates = fields.Integer(validate=validate.Range(99, MOST_REPLICATES))
    max_radius_m = fields.Float(validate=validate.Range(100, 20_000))
    bandwidth_m = fields.Float(validate=validate.OneOf([300, 500, 1000]))
    eps_m = fields.Float(validate=validate.Range(10, 2000))
    min_points = fields.Integer(validate=validate.Range(2, 1000))


class WeeksQuestion(HotspotQuestion):
    """The same for maps by week."""

    method = fields.String(
        load_default="excess", validate=validate.OneOf(["count", "excess", "change"])
    )
    weeks = fields.Integer(load_default=26, validate=validate.Range(2, MOST_WEEKS))


def with_period(conn, asked):
    """Return what a query asks for, of the usual period where it says none."""
    if "since" in asked:
        return asked
    usual = usual_window(counts_held.read(conn), today())
    return {**asked, "since": usual.since, "until": usual.until}


def question(asked):
    """Return what a query with a period asks for."""
    chosen = {f.name: asked[f.name] for f in fields_of(Options) if f.name in asked}
    return Asked(
        since=asked["since"],
        until=asked["until"],
        method=asked["method"],
        matter=asked.get("matter"),
        area=asked.get("area"),
        levels=tuple(sorted(set(asked["level"]))),
        sources=tuple(sorted(set(asked["source"]))),
        by=Level(asked["by"]),
        compare=asked["compare"],
        calendar=asked["calendar"],
        options=Options(**chosen),
    )


@blp.get("")
@blp.arguments(HotspotQuestion, location="query")
@blp.response(200, description="A row a unit with counts, tests and paint; clusters; notes.")
@blp.alt_response(304, description="Nothing has changed since the answer with this tag.")
@blp.alt_response(404, description="The area lies outside the territory, or no such matter.")
@blp.alt_response(422, description="A period that ends before it begins, or too few households.")
@needs("hotspot.see")
def hotspots(asked):
    """Return what a method says of a period.

    Of excess and gi, both tests stand in every row: `method` is which of them is looked at.
    """
    with begin(viewer()) as conn:
        answer = hotspot_answers.prepare(conn, viewer(), question(with_period(conn, asked)))
    return unless_known(answer)


@blp.get("/weeks")
@blp.arguments(WeeksQuestion, location="query")
@blp.response(200, description="Paint and outline of each unit, a letter a week.")
@blp.alt_response(304, description="Nothing has changed since the answer with this tag.")
@blp.alt_response(404, description="The area lies outside the territory, or no such matter.")
@needs("hotspot.see")
def weeks(asked):
    """Return the maps of the weeks that end on the last day of a period."""
    with begin(viewer()) as conn:
        answer = hotspot_weeks.prepare(
            conn, viewer(), question(with_period(conn, asked)), asked["weeks"]
        )
    return unless_known(answer)


def unless_known(answer):
    """Return an answer as a reply, which says nothing to whoever has the same already."""
    name = f"{answer.version}-{tag()}"
    unchanged = request.if_none_match.contains_weak(name)
    reply = Response(status=304) if unchanged else jsonify(answer.document(tag()))
    reply.set_etag(name)
    reply.headers["Cache-Control"] = "private, no-cache"
    reply.headers["Vary"] = "Cookie, Authorization"
    return reply
