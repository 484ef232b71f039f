"""The leaders' board: counts that keep their definitions apart, and the rows behind each."""

from __future__ import annotations

import hashlib
from dataclasses import asdict

import orjson
from flask import Response, jsonify, request

from grids import board, board_rows
from grids.board import Board
from grids.window import Window
from web.board_bodies import BoardQuery, BoardRowsQuery
from web.clock import now
from web.door import Blueprint
from web.session import needs, viewer
from web.transaction import begin

blp = Blueprint("board", __name__, url_prefix="/counts", description="Counts for leaders.")


@blp.get("")
@blp.arguments(BoardQuery, location="query")
@blp.response(200, description="Counts by unit, matter and day, colours, rates, comparison.")
@blp.alt_response(304, description="Nothing has changed since the answer with this tag.")
@blp.alt_response(404, description="The area lies outside the territory.")
@needs("incident.see")
def counts(asked):
    """Return the figures of a period, compared with the year or the days before.

    `collected` is everything registered, `reported` leaves out duplicates, `valid` also what was
    rejected, `closed` has ended. Colours are those of all that is open now. A period cannot be
    compared where `comparable` gives a reason.
    """
    with begin(viewer()) as conn:
        found = board.read(
            conn,
            viewer(),
            Window(asked["since"], asked["until"]),
            now(),
            area=asked.get("area"),
            matter=asked.get("matter"),
            compare=asked["compare"],
        )
    return tagged(document(found))


@blp.get("/rows")
@blp.arguments(BoardRowsQuery, location="query")
@blp.response(200, description="A page of the incidents behind a number, and how many there are.")
@blp.alt_response(404, description="The area lies outside the territory.")
@needs("incident.see")
def rows(asked):
    """Return the incidents that a number counts, the newest report first."""
    window = Window(asked["since"], asked["until"]) if "since" in asked else None
    with begin(viewer()) as conn:
        found, n = board_rows.list_rows(
            conn,
            viewer(),
            asked["measure"],
            window,
            now(),
            area=asked.get("area"),
            matter=asked.get("matter"),
            offset=asked["offset"],
        )
    return jsonify({"rows": [asdict(row) for row in found], "n": n})


def document(found: Board) -> dict[str, object]:
    """Return a board as JSON-ready values."""
    said = asdict(found)
    if found.base:
        said["base"]["redrawn"] = sorted(found.base.redrawn)
    return said


def tagged(answer: dict[str, object]) -> Response:
    """Return an answer with a tag of what it says, empty for who has it already."""
    text = orjson.dumps(answer)
    tag = hashlib.sha256(text).hexdigest()[:16]
    unchanged = request.if_none_match.contains_weak(tag)
    made = Response(status=304) if unchanged else Response(text, mimetype="application/json")
    made.set_etag(tag)
    made.headers["Cache-Control"] = "private, no-cache"
    made.headers["Vary"] = "Cookie, Authorization"
    return made
