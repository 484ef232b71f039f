"""Boundary plans: drafts, their steps, what is wrong with them, what they would do, publishing."""

from __future__ import annotations

from flask import jsonify

from grids import overlay, plans, publishing
from web import plan_answers
from web.door import Blueprint
from web.parse import CellsQuery, PlanBody, PlanStepBody, PlanVersionBody, PublishBody
from web.session import needs, viewer
from web.transaction import begin

blp = Blueprint("plans", __name__, url_prefix="/plans", description="Boundary plans.")


@blp.get("")
@blp.response(200, description="The viewer's plans, the latest first.")
@needs("plan.see")
def list_plans():
    """Return the plans of the viewer's territory."""
    with begin(viewer()) as conn:
        listed = plans.list_all(conn, viewer())
    return jsonify({"plans": [plan_answers.row(plan) for plan in listed]})


@blp.post("")
@blp.arguments(PlanBody)
@blp.response(201, description="The new plan.")
@needs("plan.edit")
def create(body):
    """Open a plan on what is in force."""
    with begin(viewer()) as conn:
        plan = plans.create(conn, viewer(), body["title"], open_incidents=body["open_incidents"])
        answer = jsonify(plan_answers.plan(conn, viewer(), plan))
    answer.status_code = 201
    return answer


@blp.get("/<uuid:plan_id>")
@blp.response(200, description="The plan with its steps.")
@needs("plan.see")
def show(plan_id):
    """Return a plan."""
    with begin(viewer()) as conn:
        plan = plans.get(conn, viewer(), plan_id)
        return jsonify(plan_answers.plan(conn, viewer(), plan))


@blp.get("/<uuid:plan_id>/cells")
@blp.arguments(CellsQuery, location="query")
@blp.response(200, description="GeoJSON of the plan's cells.")
@needs("plan.see")
def cells(asked, plan_id):
    """Return the cells of villages, or of a grid, as the plan would have them."""
    with begin(viewer()) as conn:
        found = overlay.cells(
            conn,
            viewer(),
            plan_id,
            villages=asked["village"] or None,
            grid=asked.get("grid"),
        )
        return jsonify(plan_answers.cells(found))


@blp.post("/<uuid:plan_id>/steps")
@blp.arguments(PlanStepBody)
@blp.response(200, description="The plan, the cells that changed, and what is wrong now.")
@blp.alt_response(409, description="Somebody else changed the plan.")
@needs("plan.edit")
def add_step(body, plan_id):
    """Make one step: assign cells, split a grid by a line, merge two grids."""
    with begin(viewer()) as conn:
        version = body["version"]
        match body["tool"]:
            case "assign":
                outcome = plans.assign_cells(
                    conn,
                    viewer(),
                    plan_id,
                    body["cell_ids"],
                    body["grid_code"],
                    version=version,
                    allow_pieces=body["allow_pieces"],
                )
            case "split":
                outcome = plans.split_grid(
                    conn,
                    viewer(),
                    plan_id,
                    body["grid_code"],
                    body["line"],
                    body.get("name"),
                    version=version,
                )
            case _:
                outcome = plans.merge_grids(
                    conn,
                    viewer(),
                    plan_id,
                    body["grid_from"],
                    body["grid_into"],
                    version=version,
                    allow_pieces=body["allow_pieces"],
                )
        return jsonify(plan_answers.outcome(conn, viewer(), outcome))


@blp.post("/<uuid:plan_id>/undo")
@blp.arguments(PlanVersionBody)
@blp.response(200, description="As after a step.")
@needs("plan.edit")
def undo(body, plan_id):
    """Take back the last step."""
    with begin(viewer()) as conn:
        outcome = plans.undo(conn, viewer(), plan_id, version=body["version"])
        return jsonify(plan_answers.outcome(conn, viewer(), outcome))


@blp.post("/<uuid:plan_id>/redo")
@blp.arguments(PlanVersionBody)
@blp.response(200, description="As after a step.")
@needs("plan.edit")
def redo(body, plan_id):
    """Do again the step that was undone last."""
    with begin(viewer()) as conn:
        outcome = plans.redo(conn, viewer(), plan_id, version=body["version"])
        return jsonify(plan_answers.outcome(conn, viewer(), outcome))


@blp.get("/<uuid:plan_id>/check")
@blp.response(200, description="What stands in the way of publishing, and what to look at.")
@needs("plan.see")
def check(plan_id):
    """Return the plan's faults."""
    with begin(viewer()) as conn:
        faults = plans.check(conn, viewer(), plan_id)
    return jsonify(
        {
            "faults": [plan_answers.fault(one) for one in faults],
            "ok": not any(one.severity == "error" for one in faults),
        }
    )


@blp.get("/<uuid:plan_id>/impact")
@blp.response(200, description="What publishing the plan would do.")
@needs("plan.see")
def impact(plan_id):
    """Return what the plan would do, computed as publishing does it."""
    with begin(viewer()) as conn:
        return jsonify(plans.impact(conn, viewer(), plan_id).as_dict())


@blp.post("/<uuid:plan_id>/publish")
@blp.arguments(PublishBody)
@blp.response(200, description="The publication and what it did.")
@blp.alt_response(409, description="Another publication changed the same cells.")
@needs("plan.publish")
def publish(body, plan_id):
    """Take the plan into force, all of it or nothing."""
    with begin(viewer()) as conn:
        foreseen = plans.impact(conn, viewer(), plan_id).as_dict()
        made = publishing.publish(conn, viewer(), plan_id, body["memo"], version=body["version"])
    return jsonify({"publication": made.number, "at": made.at, "impact": foreseen})


@blp.post("/<uuid:plan_id>/withdraw")
@blp.response(200, description="The plan, withdrawn.")
@needs("plan.edit")
def withdraw(plan_id):
    """Put a plan aside; its steps are kept."""
    with begin(viewer()) as conn:
        plan = plans.withdraw(conn, viewer(), plan_id)
        return jsonify(plan_answers.plan(conn, viewer(), plan))
