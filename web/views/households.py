"""Households: masked lists and cards; a telephone number is shown for a reason."""

from __future__ import annotations

from flask import current_app, jsonify

from grids import registry
from web import answers
from web.door import Blueprint
from web.parse import RegisterQuery, RevealBody
from web.session import needs, viewer
from web.transaction import begin

blp = Blueprint("households", __name__, url_prefix="/households", description="Households.")


@blp.get("")
@blp.arguments(RegisterQuery, location="query")
@blp.response(200, description="A page of a unit's households by number.")
@needs("household.see")
def list_households(asked):
    """Return a page of a unit's households."""
    with begin(viewer()) as conn:
        found, after = registry.list_households(
            conn, viewer(), asked["grid"], after=asked.get("after")
        )
    return jsonify({"households": [answers.household(one) for one in found], "next": after})


@blp.get("/<uuid:household_id>")
@blp.response(200, description="The household, its telephone number masked.")
@needs("household.see")
def show(household_id):
    """Return a household."""
    with begin(viewer()) as conn:
        return jsonify(answers.household(registry.get_household(conn, viewer(), household_id)))


@blp.post("/<uuid:household_id>/reveal")
@blp.arguments(RevealBody)
@blp.response(200, description="The telephone number in full; an audit row says who asked why.")
@needs("household.reveal")
def reveal(body, household_id):
    """Show a telephone number, for a reason that is written down."""
    keys = current_app.extensions["wangge.config"].phone_keys
    with begin(viewer()) as conn:
        phone = registry.reveal_phone(conn, viewer(), household_id, body["reason"], keys)
    return jsonify({"phone": phone})
