"""The life of plans: who is at work, conflicts, approval, publishing, and the way back."""

from __future__ import annotations

from dataclasses import asdict

from flask import Response, jsonify

from grids import (
    incident_choices,
    leases,
    plan_approval,
    plan_conflicts,
    plan_merge,
    plans,
    publications,
    publishing,
    rollback,
    scheduling,
)
from web import plan_answers, plan_life_answers, plan_life_schemas, plan_schemas
from web.clock import now
from web.door import Blueprint
from web.plan_life_bodies import (
    ApprovalAreaBody,
    IncidentChoicesBody,
    LeaseBody,
    NoteBody,
    PublicationsQuery,
    PublishBody,
    ResolveBody,
    RestoreBody,
)
from web.session import needs, viewer
from web.transaction import begin

blp = Blueprint("plan_life", __name__, description="From a finished draft to a publication.")

PLAN = "/plans/<uuid:plan_id>"


@blp.get(PLAN + "/conflicts")
@blp.response(200, plan_life_schemas.Conflicts, description="What has to be decided.")
@needs("plan.see")
def conflicts(plan_id):
    """Return what the plan and another publication changed in different ways."""
    with begin(viewer()) as conn:
        found = plan_conflicts.conflicts(conn, viewer(), plan_id)
        return jsonify(plan_life_answers.conflicts(conn, plan_id, found))


@blp.post(PLAN + "/resolve")
@blp.arguments(ResolveBody)
@blp.response(200, plan_schemas.Change, description="As after a step.")
@blp.alt_response(409, description="Cells that go together were decided in different ways.")
@needs("plan.edit")
def resolve(body, plan_id):
    """Decide conflicts; the decision is a step like any other."""
    choices = {one["cell_id"]: one["keep"] for one in body["choices"]}
    with begin(viewer()) as conn:
        outcome = plan_merge.resolve(conn, viewer(), plan_id, choices, version=body["version"])
        return jsonify(plan_answers.outcome(conn, viewer(), outcome))


@blp.post(PLAN + "/lease")
@blp.arguments(LeaseBody)
@blp.response(200, plan_life_schemas.Presence, description="Who else is there.")
@needs("plan.edit")
def take_lease(body, plan_id):
    """Say for a quarter of an hour which villages the sender is editing."""
    with begin(viewer()) as conn:
        found = leases.take(conn, viewer(), plan_id, body["village_codes"], now())
    return jsonify(plan_life_answers.presence(found))


@blp.delete(PLAN + "/lease")
@blp.response(204, description="They are gone.")
@needs("plan.edit")
def give_up_lease(plan_id):
    """Take down the sender's leases in a plan."""
    with begin(viewer()) as conn:
        leases.give_up(conn, viewer(), plan_id, now())
    return Response(status=204)


@blp.post(PLAN + "/submit")
@blp.arguments(NoteBody)
@blp.response(200, plan_schemas.Plan, description="The plan, handed in.")
@needs("plan.edit")
def submit(body, plan_id):
    """Hand a plan in for approval; whoever may approve it is told."""
    return _decided(plan_approval.submit, body, plan_id)


@blp.post(PLAN + "/approve")
@blp.arguments(NoteBody)
@blp.response(200, plan_schemas.Plan, description="The plan, approved as it is now.")
@needs("plan.approve")
def approve(body, plan_id):
    """Approve a plan as a second person; whoever changes it afterwards loses the approval."""
    return _decided(plan_approval.approve, body, plan_id)


@blp.post(PLAN + "/send-back")
@blp.arguments(NoteBody)
@blp.response(200, plan_schemas.Plan, description="The plan, its owner's again.")
@needs("plan.approve")
def send_back(body, plan_id):
    """Give a plan back with a note on what has to be mended."""
    return _decided(plan_approval.send_back, body, plan_id)


def _decided(decide, body, plan_id):
    with begin(viewer()) as conn:
        plan = decide(conn, viewer(), plan_id, body["note"], now(), version=body["version"])
        return jsonify(plan_answers.plan(conn, viewer(), plan))


@blp.post(PLAN + "/incident-choices")
@blp.arguments(IncidentChoicesBody)
@blp.response(200, plan_schemas.Plan, description="The plan, a version later.")
@needs("plan.edit")
def choose_incidents(body, plan_id):
    """Say which open incidents go with the land and which stay with whom they have."""
    moves = {one["incident_id"]: one["do"] == "move" for one in body["choices"]}
    with begin(viewer()) as conn:
        plan = incident_choices.choose(
            conn, viewer(), plan_id, moves, now(), version=body["version"]
        )
        return jsonify(plan_answers.plan(conn, viewer(), plan))


@blp.post(PLAN + "/publish")
@blp.arguments(PublishBody)
@blp.response(
    200, plan_life_schemas.Published, description="The publication and what it did, or its day."
)
@blp.alt_response(409, description="Another publication changed the same cells.")
@needs("plan.publish")
def publish(body, plan_id):
    """Take the plan into force, all of it or nothing; now, or at a moment to come."""
    version, wanted = body["version"], body["effective_from"]
    with begin(viewer()) as conn:
        foreseen = plans.impact(conn, viewer(), plan_id).as_dict()
        answer = {"publication": None, "at": None, "scheduled_for": None, "impact": foreseen}
        if wanted is None:
            made = publishing.publish(conn, viewer(), plan_id, body["memo"], version=version)
            answer |= {"publication": made.number, "at": made.at}
        else:
            plan = scheduling.schedule(
                conn, viewer(), plan_id, body["memo"], wanted, now(), version=version
            )
            answer |= {"scheduled_for": plan.effective_from}
    return jsonify(answer)


@blp.get("/publications")
@blp.arguments(PublicationsQuery, location="query")
@blp.response(200, plan_life_schemas.Publications, description="The newest first.")
@needs("unit.see")
def list_publications(asked):
    """Return the publications; `after` is the last number of the page before."""
    with begin(viewer()) as conn:
        listed = publications.list_all(conn, before=asked.get("after"))
    return jsonify({"publications": [plan_life_answers.publication(one) for one in listed]})


@blp.get("/publications/<int:number>")
@blp.response(200, plan_life_schemas.Publication, description="One of the line.")
@needs("unit.see")
def show_publication(number):
    """Return a publication."""
    with begin(viewer()) as conn:
        return jsonify(plan_life_answers.publication(publications.get(conn, number)))


@blp.post("/publications/<int:number>/restore")
@blp.arguments(RestoreBody)
@blp.response(201, plan_schemas.Plan, description="The plan that would bring it back.")
@needs("plan.edit")
def restore(body, number):
    """Open a plan that brings a publication's coverage back; nothing is in force by that."""
    with begin(viewer()) as conn:
        plan = rollback.restore(
            conn, viewer(), number, title=body.get("title"), area=body.get("area")
        )
        answer = jsonify(plan_answers.plan(conn, viewer(), plan))
    answer.status_code = 201
    return answer


@blp.get("/approval-areas")
@blp.response(200, plan_life_schemas.ApprovalAreas, description="In the viewer's territory.")
@needs("plan.see")
def approval_areas():
    """Return the territories where a second person has to approve plans."""
    with begin(viewer()) as conn:
        found = plan_approval.areas(conn, viewer())
    return jsonify({"areas": [asdict(one) for one in found]})


@blp.post("/approval-areas")
@blp.arguments(ApprovalAreaBody)
@blp.response(200, plan_life_schemas.ApprovalAreas, description="In the viewer's territory.")
@needs("plan.approve")
def ask_approval(body):
    """Ask for a second person in a territory, or no longer."""
    with begin(viewer()) as conn:
        found = plan_approval.ask(conn, viewer(), body["territory_code"], body["needed"], now())
    return jsonify({"areas": [asdict(one) for one in found]})
