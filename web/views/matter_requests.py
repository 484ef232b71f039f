"""Requests to the admission list, and the grid office's decisions."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta

from flask import jsonify

from grids import admission, departments, matter_requests
from grids.admission import Matter
from web.clock import now
from web.door import Blueprint
from web.duty_bodies import DecisionBody, LastDayBody, MatterBody, RequestsQuery, SeatBody
from web.session import needs, viewer
from web.transaction import begin

blp = Blueprint("matter_requests", __name__, description="How items enter the admission list.")


@blp.get("/matter-requests")
@blp.arguments(RequestsQuery, location="query")
@blp.response(200, description="Those that wait first, then the newest.")
@needs("incident.see")
def list_requests(asked):
    """Return the requests of the viewer's territory."""
    with begin(viewer()) as conn:
        found = matter_requests.list_requests(conn, viewer(), asked.get("state"))
    return jsonify({"requests": [asdict(one) for one in found]})


@blp.post("/matter-requests")
@blp.arguments(MatterBody)
@blp.response(201, description="The request, which waits for a decision.")
@blp.alt_response(409, description="A request for this item waits already.")
@needs("incident.assign")
def ask(body):
    """Ask for an item to be put on the list, or for one that is there to be changed."""
    reason = body.pop("reason")
    with begin(viewer()) as conn:
        made = matter_requests.ask(conn, viewer(), Matter(**body), reason, now())
    return jsonify(asdict(made)), 201


@blp.post("/matter-requests/<uuid:request_id>/decision")
@blp.arguments(DecisionBody)
@blp.response(200, description="The request as decided.")
@blp.alt_response(409, description="It was decided or withdrawn before.")
@needs("people.manage")
def decide(body, request_id):
    """Put the item on the list, or say why not."""
    with begin(viewer()) as conn:
        done = matter_requests.decide(conn, viewer(), request_id, now=now(), **body)
    return jsonify(asdict(done))


@blp.post("/matter-requests/<uuid:request_id>/withdraw")
@blp.response(200, description="The request, withdrawn.")
@needs("incident.assign")
def withdraw(request_id):
    """Take back a request of one's own."""
    with begin(viewer()) as conn:
        done = matter_requests.withdraw(conn, viewer(), request_id, now())
    return jsonify(asdict(done))


@blp.post("/matters/<string:code>/end")
@blp.arguments(LastDayBody)
@blp.response(204, description="The item leaves the list after that day.")
@needs("people.manage")
def end(body, code):
    """Take an item off the list; incidents that have it keep it."""
    with begin(viewer()) as conn:
        admission.end(conn, viewer(), code, body["last_day"] + timedelta(days=1))
    return "", 204


@blp.get("/departments")
@blp.response(200, description="The departments of the list, and who sits at their desks.")
@needs("worker.see")
def list_departments():
    """Return the departments of the admission list with the seats of the viewer's territory."""
    with begin(viewer()) as conn:
        found = departments.list_departments(conn, viewer())
    return jsonify({"departments": [asdict(one) for one in found]})


@blp.post("/departments/seats")
@blp.arguments(SeatBody)
@blp.response(204, description="Told from now on of what happens in the viewer's territory.")
@needs("people.manage")
def seat(body):
    """Let a person sit at a department's desk."""
    with begin(viewer()) as conn:
        departments.seat(conn, viewer(), body["department"], body["person_id"], now())
    return "", 204


@blp.post("/departments/seats/end")
@blp.arguments(SeatBody)
@blp.response(204, description="Told no more.")
@needs("people.manage")
def unseat(body):
    """Let a person sit at a department's desk no more."""
    with begin(viewer()) as conn:
        departments.unseat(conn, viewer(), body["department"], body["person_id"])
    return "", 204
