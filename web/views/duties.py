"""The roster: duties, leave, vacancies, and what a leaving worker hands over."""

from __future__ import annotations

from dataclasses import asdict

from flask import jsonify

from grids import handover, roster, staff
from web.clock import now
from web.door import Blueprint
from web.duty_bodies import AreaQuery, DutyBody, HandoverBody, LastDayBody, LeaveBody, PeopleQuery
from web.session import needs, viewer
from web.transaction import begin

blp = Blueprint("duties", __name__, description="Who answers for which unit.")


@blp.get("/duties")
@blp.arguments(AreaQuery, location="query")
@blp.response(200, description="Duties that count today or begin later, by unit and rank.")
@needs("worker.see")
def list_duties(asked):
    """Return the roster of an area."""
    with begin(viewer()) as conn:
        found = roster.list_services(conn, viewer(), now(), area=asked.get("area"))
    return jsonify({"duties": [asdict(one) for one in found]})


@blp.post("/duties")
@blp.arguments(DutyBody)
@blp.response(201, description="The key of the duty.")
@needs("people.manage")
def appoint(body):
    """Put a person on duty; a new primary worker takes over from the one before."""
    with begin(viewer()) as conn:
        duty_id = roster.appoint(
            conn,
            viewer(),
            body["person_id"],
            body["unit_code"],
            body["rank"],
            since=body["since"],
            until=body["until"],
        )
    return jsonify({"duty_id": duty_id}), 201


@blp.post("/duties/<int:duty_id>/end")
@blp.arguments(LastDayBody)
@blp.response(204, description="It ends after that day.")
@needs("people.manage")
def end_duty(body, duty_id):
    """End a duty."""
    with begin(viewer()) as conn:
        roster.end_duty(conn, viewer(), duty_id, body["last_day"])
    return "", 204


@blp.get("/vacancies")
@blp.arguments(AreaQuery, location="query")
@blp.response(200, description="Units where nobody is on duty, with who was there last.")
@needs("worker.see")
def vacancies(asked):
    """Return the vacancies of an area."""
    with begin(viewer()) as conn:
        found = roster.list_vacancies(conn, viewer(), now(), area=asked.get("area"))
    return jsonify({"vacancies": [asdict(one) for one in found]})


@blp.get("/people")
@blp.arguments(PeopleQuery, location="query")
@blp.response(200, description="Up to twenty people, those whose name begins so first.")
@needs("people.manage")
def find_people(asked):
    """Return people by a part of their name or their staff number."""
    with begin(viewer()) as conn:
        found = staff.find_people(conn, viewer(), asked["q"])
    return jsonify({"people": [asdict(one) for one in found]})


@blp.post("/people/<uuid:person_id>/leave")
@blp.arguments(LeaveBody)
@blp.response(204, description="The absence is written down.")
@needs("people.manage")
def take_leave(body, person_id):
    """Write down that a person is away; whoever is next in the chain stands in."""
    with begin(viewer()) as conn:
        roster.take_leave(
            conn, viewer(), person_id, body["since"], body["until"], reason=body["reason"]
        )
    return "", 204


@blp.get("/people/<uuid:person_id>/open-work")
@blp.response(200, description="Posts and open incidents, and who each would go to.")
@needs("people.manage")
def open_work(person_id):
    """Return what a person would hand over."""
    with begin(viewer()) as conn:
        posts, work = handover.preview(conn, viewer(), person_id, now())
    return jsonify({"posts": [asdict(one) for one in posts], "work": [asdict(one) for one in work]})


@blp.post("/people/<uuid:person_id>/handover")
@blp.arguments(HandoverBody)
@blp.response(201, description="The handover; what moved, if its day is over.")
@blp.alt_response(409, description="A handover of this person waits already.")
@needs("people.manage")
def hand_over(body, person_id):
    """End a person's duties after a day, put successors in, and move the open work then."""
    with begin(viewer()) as conn:
        made = handover.hand_over(
            conn,
            viewer(),
            person_id,
            last_day=body["last_day"],
            reason=body["reason"],
            now=now(),
            successors=body["successors"],
        )
    return jsonify(asdict(made)), 201


@blp.get("/handovers")
@blp.response(200, description="Those that wait, then the newest first.")
@needs("people.manage")
def list_handovers():
    """Return the handovers of the viewer's territory."""
    with begin(viewer()) as conn:
        found = handover.list_handovers(conn, viewer())
    return jsonify({"handovers": [asdict(one) for one in found]})
