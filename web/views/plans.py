"""Boundary plans: drafts, their steps, what is wrong with them, what they would do."""

from __future__ import annotations

from flask import Response, jsonify, request

from grids import overlay, plan_arcs, plan_repeats, plan_sketches, plans
from web import plan_answers, plan_schemas, plan_tools
from web.door import Blueprint
from web.plan_bodies import ArcsQuery, CellsQuery, PlanBody, PlanVersionBody
from web.session import needs, viewer
from web.transaction import begin

blp = Blueprint("plans", __name__, url_prefix="/plans", description="Boundary plans.")


@blp.get("")
@blp.response(200, plan_schemas.Plans, description="The viewer's plans, the latest first.")
@needs("plan.see")
def list_plans():
    """Return the plans of the viewer's territory."""
    with begin(viewer()) as conn:
        listed = plans.list_all(conn, viewer())
    return jsonify({"plans": [plan_answers.row(plan) for plan in listed]})


@blp.post("")
@blp.arguments(PlanBody)
@blp.response(201, plan_schemas.Plan, description="The new plan.")
@needs("plan.edit")
def create(body):
    """Open a plan on what is in force."""
    with begin(viewer()) as conn:
        plan = plans.create(conn, viewer(), body["title"], open_incidents=body["open_incidents"])
        answer = jsonify(plan_answers.plan(conn, viewer(), plan))
    answer.status_code = 201
    return answer


@blp.get("/<uuid:plan_id>")
@blp.response(200, plan_schemas.Plan, description="The plan with its steps.")
@needs("plan.see")
def show(plan_id):
    """Return a plan."""
    with begin(viewer()) as conn:
        plan = plans.get(conn, viewer(), plan_id)
        return jsonify(plan_answers.plan(conn, viewer(), plan))


@blp.get("/<uuid:plan_id>/cells")
@blp.arguments(CellsQuery, location="query")
@blp.response(200, plan_schemas.Cells, description="GeoJSON of the plan's cells.")
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


@blp.get("/<uuid:plan_id>/arcs")
@blp.arguments(ArcsQuery, location="query")
@blp.response(200, plan_schemas.Arcs, description="GeoJSON of the borders as lines.")
@needs("plan.see")
def arcs(asked, plan_id):
    """Return the borders of a neighbourhood as lines with the cells on either side.

    After a step a client asks again for the villages that the step touched.
    """
    with begin(viewer()) as conn:
        found = plan_arcs.arcs(
            conn, viewer(), plan_id, villages=asked["village"], box=asked.get("bbox")
        )
    return Response(plan_answers.arcs(found), mimetype="application/json")


@blp.post("/<uuid:plan_id>/steps")
@blp.doc(requestBody=plan_tools.REQUEST)
@blp.response(200, plan_schemas.Change, description="What the step left, and what is wrong now.")
@blp.alt_response(409, description="Somebody else changed the plan, or a grid would fall apart.")
@blp.alt_response(422, description="The step cannot be made; a drawing is kept as a sketch.")
@needs("plan.edit")
@plan_tools.arguments
def add_step(body, plan_id):
    """Make one step; sent again under its `Idempotency-Key` it changes nothing.

    A drawing that is refused is kept with its fault: the problem names it as `sketch_id`.
    """
    wish = plan_tools.wish(request, body)
    try:
        with begin(viewer()) as conn:

            def make():
                outcome = wish.make(conn, viewer(), plan_id)
                plan_sketches.forget(conn, plan_id, wish.tool, wish.said)
                return jsonify(plan_answers.outcome(conn, viewer(), outcome)).data

            return _once(conn, plan_id, make)
    except plan_sketches.KEPT as refusal:
        with begin(viewer()) as conn:
            kept = plan_sketches.keep(conn, viewer(), plan_id, wish.tool, wish.said, refusal)
        if kept is not None:
            refusal.facts["sketch_id"] = str(kept)
        raise


@blp.post("/<uuid:plan_id>/preview")
@blp.doc(requestBody=plan_tools.REQUEST)
@blp.response(200, plan_schemas.Preview, description="What the step would leave.")
@blp.alt_response(409, description="Somebody else changed the plan, or a grid would fall apart.")
@blp.alt_response(422, description="The step cannot be made.")
@needs("plan.edit")
@plan_tools.arguments
def preview(body, plan_id):
    """Return what a step would do; nothing is written and no code is reserved."""
    wish = plan_tools.wish(request, body)
    with begin(viewer()) as conn, plans.tried(conn):
        outcome = wish.make(conn, viewer(), plan_id)
        return jsonify(plan_answers.change(conn, viewer(), outcome))


@blp.post("/<uuid:plan_id>/undo")
@blp.arguments(PlanVersionBody)
@blp.response(200, plan_schemas.Change, description="As after a step.")
@blp.alt_response(409, description="The cells are not as the step left them.")
@needs("plan.edit")
def undo(body, plan_id):
    """Take back the last step."""
    with begin(viewer()) as conn:

        def make():
            outcome = plans.undo(conn, viewer(), plan_id, version=body["version"])
            return jsonify(plan_answers.outcome(conn, viewer(), outcome)).data

        return _once(conn, plan_id, make)


@blp.post("/<uuid:plan_id>/redo")
@blp.arguments(PlanVersionBody)
@blp.response(200, plan_schemas.Change, description="As after a step.")
@blp.alt_response(409, description="The cells are not as the undo left them.")
@needs("plan.edit")
def redo(body, plan_id):
    """Do again the step that was undone last."""
    with begin(viewer()) as conn:

        def make():
            outcome = plans.redo(conn, viewer(), plan_id, version=body["version"])
            return jsonify(plan_answers.outcome(conn, viewer(), outcome)).data

        return _once(conn, plan_id, make)


@blp.post("/<uuid:plan_id>/steps/<int:seq>/undo")
@blp.arguments(PlanVersionBody)
@blp.response(200, plan_schemas.Change, description="As after a step.")
@blp.alt_response(409, description="Later steps, which the problem names, changed the same cells.")
@needs("plan.edit")
def undo_step(body, plan_id, seq):
    """Take back one step of the list, where no later one changed the same cells."""
    with begin(viewer()) as conn:

        def make():
            outcome = plans.undo_step(conn, viewer(), plan_id, seq, version=body["version"])
            return jsonify(plan_answers.outcome(conn, viewer(), outcome)).data

        return _once(conn, plan_id, make)


@blp.get("/<uuid:plan_id>/sketches")
@blp.response(200, plan_schemas.Sketches, description="The last refused drawing first.")
@needs("plan.see")
def sketches(plan_id):
    """Return the drawings of a plan that could not become a step, with what was wrong."""
    with begin(viewer()) as conn:
        kept = plans.sketches(conn, viewer(), plan_id)
    return jsonify({"sketches": [plan_answers.sketch(one) for one in kept]})


@blp.delete("/<uuid:plan_id>/sketches/<uuid:sketch_id>")
@blp.response(204, description="It is gone.")
@needs("plan.edit")
def drop_sketch(plan_id, sketch_id):
    """Drop a refused drawing."""
    with begin(viewer()) as conn:
        plan_sketches.drop(conn, viewer(), plan_id, sketch_id)
    return Response(status=204)


@blp.get("/<uuid:plan_id>/check")
@blp.response(
    200,
    plan_schemas.Checked,
    description="What stands in the way of publishing, and what to look at.",
)
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
@blp.response(200, plan_schemas.Impact, description="What publishing the plan would do.")
@needs("plan.see")
def impact(plan_id):
    """Return what the plan would do, computed as publishing does it."""
    with begin(viewer()) as conn:
        return jsonify(plans.impact(conn, viewer(), plan_id).as_dict())


@blp.post("/<uuid:plan_id>/withdraw")
@blp.response(200, plan_schemas.Plan, description="The plan, withdrawn.")
@needs("plan.edit")
def withdraw(plan_id):
    """Put a plan aside; its steps are kept."""
    with begin(viewer()) as conn:
        plan = plans.withdraw(conn, viewer(), plan_id)
        return jsonify(plan_answers.plan(conn, viewer(), plan))


def _once(conn, plan_id, make):
    """Answer a change of a plan, the same to the same key."""
    key = request.headers.get("Idempotency-Key")
    said = request.path.encode() + request.get_data()
    answer = plan_repeats.once(conn, viewer(), plan_id, key, said, make)
    return Response(answer, mimetype="application/json")
