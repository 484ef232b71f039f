"""The event desk: reports come in, get an owner, and go through their steps."""

from __future__ import annotations

from uuid import uuid4

from flask import jsonify, request

from grids import admission, incidents
from web import answers
from web.clock import now, today
from web.door import Blueprint
from web.parse import AssigneeBody, IncidentBody, IncidentsQuery, StepBody
from web.session import needs, viewer
from web.transaction import begin

blp = Blueprint("incidents", __name__, url_prefix="", description="Incidents and their steps.")


@blp.get("/matters")
@blp.response(200, description="The admission list in force.")
@needs("incident.see")
def matters():
    """Return the matters that may be reported today."""
    with begin(viewer()) as conn:
        listed = admission.list_in_force(conn, today())
    return jsonify({"matters": [answers.matter(item) for item in listed]})


@blp.get("/incidents")
@blp.arguments(IncidentsQuery, location="query")
@blp.response(200, description="A page of incidents, the newest report first.")
@needs("incident.see")
def list_incidents(asked):
    """Return a page of the viewer's incidents."""
    which = incidents.Filter(
        step=asked.get("step"),
        review=asked.get("review"),
        mine=asked.get("mine", False),
        unit=asked.get("unit"),
        matter=asked.get("matter"),
        overdue=asked.get("overdue", False),
        since=asked.get("since"),
        until=asked.get("until"),
        counted=asked.get("counted", False),
    )
    with begin(viewer()) as conn:
        rows, cursor = incidents.list_page(conn, viewer(), which, now(), after=asked.get("after"))
    return jsonify({"incidents": [answers.incident(row) for row in rows], "next": cursor})


@blp.post("/incidents")
@blp.arguments(IncidentBody)
@blp.response(201, description="The incident's card.")
@blp.alt_response(200, description="This report came before; the same card.")
@blp.alt_response(409, description="The key was used for another report.")
@needs("incident.report")
def report(body):
    """Take in a report: idempotent by source and external id, or by `Idempotency-Key`."""
    key = body.get("external_id") or request.headers.get("Idempotency-Key") or str(uuid4())
    said = incidents.IncidentReport(
        source=body["source"],
        external_id=key,
        matter_code=body["matter_code"],
        summary=body["summary"],
        place=body["place"],
        x=body.get("lon"),
        y=body.get("lat"),
        datum=body["datum"],
        accuracy_m=body.get("accuracy_m"),
        unit_code=body.get("unit_code"),
        occurred_at=body.get("occurred_at"),
        level=body.get("level"),
        channel="desk" if body["source"] == "desk" else "api",
    )
    with begin(viewer()) as conn:
        receipt, created = incidents.receive(conn, viewer(), said, now())
        card = answers.receipt_card(conn, viewer(), receipt)
    answer = jsonify(card)
    answer.status_code = 201 if created else 200
    return answer


@blp.get("/incidents/<uuid:incident_id>")
@blp.response(200, description="The incident's card.")
@needs("incident.see")
def show(incident_id):
    """Return an incident's card."""
    with begin(viewer()) as conn:
        card = incidents.get(conn, viewer(), incident_id)
        return _card(conn, card)


@blp.post("/incidents/<uuid:incident_id>/steps")
@blp.arguments(StepBody)
@blp.response(200, description="The card as it is then.")
@blp.alt_response(409, description="Somebody else changed the incident.")
@needs("incident.step")
def step(body, incident_id):
    """Accept, start, resolve, verify, close or return an incident."""
    with begin(viewer()) as conn:
        card = incidents.step(
            conn,
            viewer(),
            incident_id,
            body["action"],
            version=body["version"],
            now=now(),
            note=body["note"],
            key=body["key"],
        )
        return _card(conn, card)


@blp.post("/incidents/<uuid:incident_id>/assignee")
@blp.arguments(AssigneeBody)
@blp.response(200, description="The card as it is then.")
@needs("incident.assign")
def assignee(body, incident_id):
    """Give an incident to a person or a unit, with the reason."""
    with begin(viewer()) as conn:
        card = incidents.reassign(
            conn,
            viewer(),
            incident_id,
            reason=body["reason"],
            version=body["version"],
            now=now(),
            person_id=body.get("person_id"),
            unit_code=body.get("unit_code"),
        )
        return _card(conn, card)


def _card(conn, card):
    answer = jsonify(answers.incident_card(conn, card))
    answer.set_etag(f"{card.incident.incident_id}-{card.incident.version}")
    return answer
