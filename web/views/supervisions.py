"""Supervision sheets: written, answered, struck off."""

from __future__ import annotations

from dataclasses import asdict

from flask import jsonify

from grids import supervisions
from web.clock import now
from web.door import Blueprint
from web.incident_bodies import SheetNoteBody, SupervisionBody, SupervisionsQuery
from web.session import needs, viewer
from web.transaction import begin

blp = Blueprint("supervisions", __name__, url_prefix="", description="Supervision of incidents.")


@blp.get("/supervisions")
@blp.arguments(SupervisionsQuery, location="query")
@blp.response(200, description="Sheets of the viewer's territory, the most urgent first.")
@needs("incident.see")
def list_supervisions(asked):
    """Return the sheets in a state; none: those that are not struck off."""
    with begin(viewer()) as conn:
        found = supervisions.list_all(conn, viewer(), now(), state=asked.get("state"))
    return jsonify({"supervisions": [asdict(one) for one in found]})


@blp.post("/incidents/<uuid:incident_id>/supervisions")
@blp.arguments(SupervisionBody)
@blp.response(201, description="The sheet.")
@blp.alt_response(409, description="The incident is over.")
@needs("incident.assign")
def issue(body, incident_id):
    """Supervise an incident; sent again under the same key it is the same sheet."""
    with begin(viewer()) as conn:
        sheet = supervisions.issue(
            conn,
            viewer(),
            incident_id,
            body["kind"],
            body["note"],
            now(),
            due_at=body["due_at"],
            to_unit=body["to_unit"],
            key=body["key"],
        )
    answer = jsonify(asdict(sheet))
    answer.status_code = 201
    return answer


@blp.post("/supervisions/<uuid:supervision_id>/answer")
@blp.arguments(SheetNoteBody)
@blp.response(200, description="The sheet as it is then.")
@blp.alt_response(409, description="It does not wait for an answer.")
@needs("incident.step")
def answer(body, supervision_id):
    """Say what came of a supervised incident."""
    with begin(viewer()) as conn:
        sheet = supervisions.answer(conn, viewer(), supervision_id, body["note"], now())
    return jsonify(asdict(sheet))


@blp.post("/supervisions/<uuid:supervision_id>/strike-off")
@blp.arguments(SheetNoteBody)
@blp.response(200, description="The sheet as it is then.")
@blp.alt_response(409, description="It was not answered, or the reporter was not.")
@needs("incident.assign")
def strike_off(body, supervision_id):
    """Strike a sheet off, which is possible once the reporter was answered."""
    with begin(viewer()) as conn:
        sheet = supervisions.strike_off(conn, viewer(), supervision_id, body["note"], now())
    return jsonify(asdict(sheet))
