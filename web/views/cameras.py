"""Cameras as assets: whose, where, in what state; never a picture."""

from __future__ import annotations

from flask import jsonify

from grids import registry
from web import answers
from web.door import Blueprint
from web.parse import RegisterQuery
from web.session import needs, viewer
from web.transaction import begin

blp = Blueprint("cameras", __name__, url_prefix="/cameras", description="Cameras.")


@blp.get("")
@blp.arguments(RegisterQuery, location="query")
@blp.response(200, description="A page of a unit's cameras.")
@needs("camera.see")
def list_cameras(asked):
    """Return a page of a unit's cameras."""
    with begin(viewer()) as conn:
        found, after = registry.list_cameras(
            conn, viewer(), asked["grid"], after=asked.get("after")
        )
    return jsonify({"cameras": [answers.camera(one) for one in found], "next": after})


@blp.get("/<uuid:camera_id>")
@blp.response(200, description="The camera.")
@needs("camera.see")
def show(camera_id):
    """Return a camera."""
    with begin(viewer()) as conn:
        return jsonify(answers.camera(registry.get_camera(conn, viewer(), camera_id)))
