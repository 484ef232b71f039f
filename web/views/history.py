"""The county as it was, and what comes in from QGIS."""

from __future__ import annotations

from dataclasses import asdict

from flask import jsonify
from marshmallow import fields, validate

from grids import history, inbox
from importers import edits
from web import answers
from web.clock import now
from web.door import Blueprint
from web.parse import Strict
from web.session import needs, viewer
from web.transaction import begin

blp = Blueprint("history", __name__, description="The past, and edits from QGIS.")

MAX_EDITS = 100


class ChangesQuery(Strict):
    """Up to which publication differences are asked for; 0 is today."""

    until = fields.Integer(validate=validate.Range(0, 2**31 - 1))


class PastQuery(Strict):
    """A day, a moment or the number of a publication."""

    on = fields.String(required=True, validate=validate.Length(1, 40))


class InboxQuery(Strict):
    """Which edits."""

    state = fields.String(load_default="waiting", validate=validate.OneOf([*inbox.STATES, "all"]))


class TakeBody(Strict):
    """Edits that make one plan."""

    edits = fields.List(fields.UUID(), required=True, validate=validate.Length(1, MAX_EDITS))
    title = fields.String(load_default="QGIS", validate=validate.Length(1, 120))


class RefuseBody(Strict):
    """Why an edit is refused; its sender reads it."""

    reason = fields.String(required=True, validate=validate.Length(2, 500))


@blp.get("/past")
@blp.arguments(PastQuery, location="query")
@blp.response(200, description="The publication that was in force then.")
@blp.alt_response(422, description="Before the first publication, or still to come.")
@needs("unit.see")
def past(asked):
    """Return which publication was in force at the end of a day, or at a moment."""
    with begin(viewer()) as conn:
        found = history.find(conn, history.parse_on(asked["on"]), now())
    one = found.publication
    return jsonify(
        {
            "publication": one.number,
            "at": one.in_force_from,
            "memo": one.memo,
            "moment": found.moment,
        }
    )


@blp.get("/units/<string:code>/life")
@blp.response(200, description="Nodes are units, links are land that changed hands.")
@blp.alt_response(404, description="No such unit in the viewer's territory.")
@needs("unit.see")
def life(code):
    """Return where a unit came from and what became of it, over all publications."""
    with begin(viewer()) as conn:
        found = history.life(conn, viewer(), code)
    return jsonify(
        {
            "unit": found.unit,
            "nodes": [node.as_dict() for node in found.nodes],
            "links": [link.as_dict() for link in found.links],
            "is_whole": found.is_whole,
        }
    )


@blp.get("/publications/<int:number>/changes")
@blp.arguments(ChangesQuery, location="query")
@blp.response(200, description="Grids before and after, as GeoJSON.")
@blp.alt_response(404, description="No such publication.")
@needs("unit.see")
def changes(asked, number):
    """Return the grids that a publication changed, or that differ from it since then.

    Without `until` what the publication itself changed; with a number what differs between the two;
    with 0 what differs from today.
    """
    until = asked.get("until")
    before, after = (number - 1 or None, number) if until is None else (number, until or None)
    with begin(viewer()) as conn:
        found = history.changes(conn, viewer(), before, after)
    return jsonify({"type": "FeatureCollection", "features": found})


@blp.get("/inbox")
@blp.arguments(InboxQuery, location="query")
@blp.response(200, description="Edits of the viewer's territory, the oldest first.")
@needs("plan.see")
def list_edits(asked):
    """Return outlines that were sent from QGIS."""
    state = None if asked["state"] == "all" else asked["state"]
    with begin(viewer()) as conn:
        found = inbox.list_edits(conn, viewer(), state)
    return jsonify({"edits": [asdict(edit) for edit in found]})


@blp.get("/inbox/<uuid:edit_id>")
@blp.response(200, description="The edit, its outline as it came, and what became of it.")
@needs("plan.see")
def show_edit(edit_id):
    """Return an edit with its report and its outline."""
    with begin(viewer()) as conn:
        edit = inbox.get(conn, viewer(), edit_id)
        return jsonify({**asdict(edit), "outline": inbox.outline(conn, viewer(), edit_id)})


@blp.post("/inbox/take")
@blp.arguments(TakeBody)
@blp.response(200, description="The draft plan, none if nothing could be used, and the reports.")
@needs("plan.edit")
def take(body):
    """Make one draft plan of edits; nothing comes into force by that."""
    with begin(viewer()) as conn:
        made = edits.take(conn, viewer(), body["edits"], body["title"])
        return jsonify(answers.inbox_draft(made))


@blp.post("/inbox/<uuid:edit_id>/refuse")
@blp.arguments(RefuseBody)
@blp.response(200, description="The edit, refused.")
@needs("plan.edit")
def refuse(body, edit_id):
    """Refuse an edit with a reason."""
    with begin(viewer()) as conn:
        return jsonify(asdict(inbox.refuse(conn, viewer(), edit_id, body["reason"])))
