"""Grids of equal households as a proposal, and the limits that boundaries are checked against."""

from __future__ import annotations

from dataclasses import asdict

from flask import jsonify

from grids import boundary_rules, plan_balance
from grids.plan_balance_area import Wish
from web import balance_answers, balance_schemas
from web.clock import now
from web.door import Blueprint
from web.plan_bodies import BalanceWishBody
from web.session import needs, viewer
from web.transaction import begin

blp = Blueprint("balance", __name__, description="Balanced grids, and limits of boundaries.")


@blp.post("/plans/<uuid:plan_id>/balance")
@blp.arguments(BalanceWishBody)
@blp.response(200, balance_schemas.Proposal, description="The grids that would come of it.")
@blp.alt_response(422, description="The area cannot be divided so.")
@needs("plan.edit")
def propose(wish, plan_id):
    """Return how an area would be divided; the step `balance` with the same wish makes it so."""
    with begin(viewer()) as conn:
        found = plan_balance.propose(conn, viewer(), plan_id, Wish(**wish))
    return jsonify(balance_answers.proposal(found))


@blp.get("/boundary-rules")
@blp.response(200, balance_schemas.Rules, description="The limits, those of everywhere first.")
@needs("plan.see")
def rules():
    """Return the limits that count in the viewer's territory."""
    with begin(viewer()) as conn:
        found = boundary_rules.list_all(conn, viewer())
    return jsonify(balance_answers.rules(found))


@blp.put("/boundary-rules")
@blp.arguments(balance_schemas.RulesBody)
@blp.response(200, balance_schemas.Rules, description="The limits that count now.")
@blp.alt_response(409, description="Somebody else has set limits of the area since.")
@needs("plan.approve")
def set_rules(body):
    """Set all limits of an area; an empty list gives it back to the areas around it.

    `version` is that of the area as the sender has seen it, 0 for one that has no limits.
    """
    area = body["territory_code"]
    given = [boundary_rules.Rule(area, **one) for one in body["rules"]]
    with begin(viewer()) as conn:
        found = boundary_rules.replace(conn, viewer(), area, given, body["version"])
    return jsonify(balance_answers.rules(found))


@blp.post("/boundary-rules/check")
@blp.arguments(balance_schemas.RulesWishBody)
@blp.response(200, balance_schemas.RulesOutside, description="How many units lie outside them.")
@needs("plan.see")
def check_rules(body):
    """Return how many units in force lie outside the limits that an area might have.

    Nothing is kept. Units that a smaller area has a limit of its own for are not counted; widths
    are not measured.
    """
    area = body["territory_code"]
    given = [boundary_rules.Rule(area, **one) for one in body["rules"]]
    with begin(viewer()) as conn:
        found = boundary_rules.count_outside(conn, viewer(), area, given, now())
    return jsonify({"counts": [asdict(one) for one in found]})
