"""The event desk: reports come in, get an owner, and go through their steps."""

from __future__ import annotations

from uuid import uuid4

from flask import current_app, jsonify, request

from geo.datum import parse_datum, to_cgcs2000
from grids import admission, incidents, reporters
from grids.incidents import Given, Spot
from web import answers
from web.clock import now, today
from web.config import Config
from web.door import Blueprint
from web.incident_bodies import (
    AssigneeBody,
    IncidentBody,
    IncidentsQuery,
    PositionBody,
    SimilarQuery,
    StepBody,
)
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
    after = asked.pop("after", None)
    which = incidents.Filter(**asked)
    with begin(viewer()) as conn:
        rows, cursor = incidents.list_page(conn, viewer(), which, now(), after=after)
    return jsonify({"incidents": [answers.incident(row) for row in rows], "next": cursor})


@blp.post("/incidents")
@blp.arguments(IncidentBody)
@blp.response(201, description="The incident's card.")
@blp.alt_response(200, description="This report came before; the same card.")
@blp.alt_response(409, description="The key was used for another report.")
@blp.alt_response(422, description="The matter is not on the admission list, with the remedy.")
@needs("incident.report")
def report(body):
    """Take in a report: idempotent by source and external id, or by `Idempotency-Key`."""
    key = body.get("external_id") or request.headers.get("Idempotency-Key") or str(uuid4())
    config: Config = current_app.extensions["wangge.config"]
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
        reporter=reporters.sealed(body["reporter_name"], body["reporter_phone"], config.phone_keys),
    )
    with begin(viewer()) as conn:
        receipt, created = incidents.receive(conn, viewer(), said, now())
        card = answers.receipt_card(conn, viewer(), receipt, now())
    answer = jsonify(card)
    answer.status_code = 201 if created else 200
    return answer


@blp.get("/incidents/similar")
@blp.arguments(SimilarQuery, location="query")
@blp.response(200, description="Incidents within 50 m and 72 h, those of the same matter first.")
@needs("incident.see")
def similar(asked):
    """Return what was reported near a place and a moment already."""
    position = to_cgcs2000(asked["lon"], asked["lat"], parse_datum(asked["datum"]))
    moment = now()
    with begin(viewer()) as conn:
        found = incidents.similar(
            conn,
            viewer(),
            position,
            asked.get("at", moment),
            moment,
            matter=asked.get("matter"),
            but=asked.get("but"),
        )
    return jsonify({"incidents": [answers.look_alike(one) for one in found]})


@blp.get("/incidents/<uuid:incident_id>")
@blp.response(200, description="The incident's card.")
@needs("incident.see")
def show(incident_id):
    """Return an incident's card."""
    with begin(viewer()) as conn:
        card = incidents.get(conn, viewer(), incident_id, now())
        return _card(conn, card)


@blp.post("/incidents/<uuid:incident_id>/steps")
@blp.arguments(StepBody)
@blp.response(200, description="The card as it is then.")
@blp.alt_response(
    409, description="Somebody else changed the incident, or something has to come before."
)
@needs("incident.step")
def step(body, incident_id):
    """Do one of the actions that the card says are possible."""
    action, version, note, key = (body.pop(name) for name in ("action", "version", "note", "key"))
    given = Given(**{**body, "others": tuple(body["others"])})
    with begin(viewer()) as conn:
        card = incidents.step(
            conn,
            viewer(),
            incident_id,
            action,
            version=version,
            now=now(),
            note=note,
            key=key,
            given=given,
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


@blp.post("/incidents/<uuid:incident_id>/position")
@blp.arguments(PositionBody)
@blp.response(200, description="What it would come to, or the card as it is then.")
@blp.alt_response(409, description="Somebody else changed the incident.")
@needs("incident.assign")
def position(body, incident_id):
    """Move an incident's pin, or say its unit by hand; `reassign` decides about its owner."""
    fields = ("lon", "lat", "datum", "accuracy_m", "unit_code")
    spot = Spot(**{name: body[name] for name in fields if name in body})
    with begin(viewer()) as conn:
        if body["preview"]:
            found = incidents.preview(conn, viewer(), incident_id, spot, now())
            return jsonify(answers.resolved(conn, found))
        card = incidents.move(
            conn,
            viewer(),
            incident_id,
            spot,
            version=body["version"],
            reassign=body["reassign"],
            now=now(),
            note=body["note"],
        )
        return _card(conn, card)


def _card(conn, card):
    answer = jsonify(answers.incident_card(conn, card))
    answer.set_etag(f"{card.incident.incident_id}-{card.incident.version}")
    return answer
