"""Recurring work, visits and patrols."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from uuid import UUID

from flask import jsonify

from grids import tasks, visits
from web.clock import now
from web.door import Blueprint
from web.duty_bodies import (
    CoverageQuery,
    PatrolBody,
    TaskDoneBody,
    TaskRuleBody,
    TasksQuery,
    UnvisitedQuery,
    VisitBody,
)
from web.session import needs, viewer
from web.transaction import begin

blp = Blueprint("tasks", __name__, description="Recurring work, visits and patrols.")


@blp.get("/tasks")
@blp.arguments(TasksQuery, location="query")
@blp.response(200, description="A page of tasks that have begun, those due first.")
@needs("incident.see")
def list_tasks(asked):
    """Return tasks of the viewer's territory, or of the units the viewer answers for."""
    after = None
    if asked["after"]:
        day, unit_code, key = asked["after"].split("_")
        after = date.fromisoformat(day), unit_code, UUID(key)
    with begin(viewer()) as conn:
        found, following = tasks.list_tasks(
            conn, viewer(), now(), mine=asked["mine"], is_open=asked["open"], after=after
        )
    cursor = "_".join(map(str, following)) if following else None
    return jsonify({"tasks": [asdict(one) for one in found], "next": cursor})


@blp.post("/tasks/<uuid:task_id>/done")
@blp.arguments(TaskDoneBody)
@blp.response(204, description="Written down; the same key again changes nothing.")
@blp.alt_response(409, description="Somebody else has done it.")
@needs("incident.step")
def finish(body, task_id):
    """Write down that a task is done."""
    with begin(viewer()) as conn:
        tasks.finish(conn, viewer(), task_id, body["result"], now=now(), key=body["key"])
    return "", 204


@blp.get("/task-rules")
@blp.response(200, description="Each rule with how much of the last two months' work is done.")
@needs("incident.see")
def list_rules():
    """Return the rules of the viewer's territory."""
    with begin(viewer()) as conn:
        found = tasks.list_rules(conn, viewer(), now())
    rules = [{**asdict(rule), "shares": [asdict(one) for one in shares]} for rule, shares in found]
    return jsonify({"rules": rules})


@blp.post("/task-rules")
@blp.arguments(TaskRuleBody)
@blp.response(201, description="The rule; the tasks of a period that has begun are made.")
@needs("incident.assign")
def make_rule(body):
    """Ask for recurring work."""
    with begin(viewer()) as conn:
        made = tasks.make_rule(conn, viewer(), now=now(), **body)
    return jsonify(asdict(made)), 201


@blp.post("/task-rules/<uuid:rule_id>/end")
@blp.response(204, description="It asks no more; what is open stays open.")
@needs("incident.assign")
def end_rule(rule_id):
    """End recurring work."""
    with begin(viewer()) as conn:
        tasks.end_rule(conn, viewer(), rule_id, now())
    return "", 204


@blp.post("/visits")
@blp.arguments(VisitBody)
@blp.response(201, description="The visit's key; the same for the same key sent again.")
@blp.alt_response(409, description="The key was used for another visit.")
@needs("incident.step")
def visit(body):
    """Write down a visit to a household."""
    with begin(viewer()) as conn:
        visit_id = visits.record_visit(conn, viewer(), body.pop("household_id"), now=now(), **body)
    return jsonify({"visit_id": visit_id}), 201


@blp.post("/patrols")
@blp.arguments(PatrolBody)
@blp.response(201, description="The patrol's key; the same for the same key sent again.")
@blp.alt_response(409, description="The key was used for another patrol.")
@needs("incident.step")
def patrol(body):
    """Write down a patrol of a grid."""
    with begin(viewer()) as conn:
        patrol_id = visits.record_patrol(conn, viewer(), body.pop("grid_code"), now=now(), **body)
    return jsonify({"patrol_id": patrol_id}), 201


@blp.get("/visits/coverage")
@blp.arguments(CoverageQuery, location="query")
@blp.response(200, description="For each grid: households visited of those it has, and patrols.")
@needs("worker.see")
def coverage(asked):
    """Return how far visits and patrols covered an area in a period."""
    with begin(viewer()) as conn:
        found = visits.coverage(
            conn, viewer(), asked["since"], asked["until"], area=asked.get("area")
        )
    return jsonify({"grids": [asdict(one) for one in found]})


@blp.get("/visits/unvisited")
@blp.arguments(UnvisitedQuery, location="query")
@blp.response(200, description="Up to 50 households, those never visited first.")
@needs("household.see")
def unvisited(asked):
    """Return the households of a grid whose last visit is longest ago."""
    with begin(viewer()) as conn:
        found = visits.longest_unvisited(conn, viewer(), asked["grid"])
    rows = [asdict(one) for one in found]
    return jsonify({"households": [{**row, "class": row.pop("klass")} for row in rows]})
