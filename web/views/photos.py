"""Photos of incidents: taken in cleaned, shown to whoever may see the incident."""

from __future__ import annotations

from flask import Response, jsonify
from marshmallow import fields, validate

from grids import photos
from importers.photos import clean
from web.clock import now
from web.door import Blueprint
from web.limits import limiter
from web.parse import Strict
from web.session import needs, viewer
from web.transaction import begin

blp = Blueprint("photos", __name__, url_prefix="", description="Photos of incidents.")

# Each photo costs a child process; a phone that replays a day of them keeps well below.
TAKEN = "120/minute"
_KEY = validate.Length(8, 80)


class PhotoForm(Strict):
    """The sender's keys of a photo, of the step it shows and of the report it belongs to."""

    key = fields.String(required=True, validate=_KEY)
    step_key = fields.String(load_default=None, validate=_KEY)
    report_key = fields.String(load_default=None, validate=validate.Length(1, 120))


class PhotoFile(Strict):
    """The photo itself."""

    photo = fields.Raw(required=True, metadata={"type": "string", "format": "binary"})


@blp.post("/incidents/<uuid:incident_id>/photos")
@blp.arguments(PhotoFile, location="files")
@blp.response(200, description="The photo's key; the same file sent again is the same photo.")
@blp.alt_response(409, description="The key was used for another file.")
@limiter.limit(TAKEN)
@needs("incident.report")
def add(files, incident_id):
    """Add a photo to an incident: re-encoded, without position, time and make of the camera.

    Beside the file the form has the sender's `key` of it and may have `step_key`, the key of the
    step that it shows, and `report_key`, that of the report it belongs to.
    """
    # A description has one body, that of the file: what stands beside it is read here.
    said = blp.ARGUMENTS_PARSER.parse(PhotoForm(), location="form")
    who, given = viewer(), files["photo"].read()
    key, report_key = said["key"], said["report_key"]
    with begin(who) as conn:
        photo_id = photos.find(conn, who, incident_id, given, key, report_key=report_key)
    if photo_id is None:
        picture = clean(given)
        with begin(who) as conn:
            photo_id = photos.save(
                conn,
                who,
                incident_id,
                given,
                picture,
                key,
                now(),
                step_key=said["step_key"],
                report_key=report_key,
            )
    return jsonify({"photo_id": photo_id})


@blp.get("/photos/<uuid:photo_id>")
@blp.response(200, content_type="image/jpeg", description="The photo.")
@needs("incident.see")
def show(photo_id):
    """Return a photo; the address of an incident outside the territory says nothing."""
    with begin(viewer()) as conn:
        jpeg = photos.get(conn, viewer(), photo_id)
    answer = Response(jpeg, mimetype="image/jpeg")
    answer.headers["Content-Disposition"] = "inline"
    return answer
