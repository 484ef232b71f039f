"""Ways of notices besides the screens, as an administrator chooses and tries them."""

from __future__ import annotations

from dataclasses import asdict
from uuid import uuid4

from flask import current_app, jsonify
from marshmallow import fields, validate
from sqlalchemy import select

from grids import audit, notice_ways, schema
from grids.model import Role
from grids.notice_sending import Channel
from web.clock import now
from web.door import Blueprint
from web.notify import settings
from web.notify.sender import Message, NotTaken
from web.notify.words import text_of
from web.parse import Strict
from web.session import needs, viewer
from web.transaction import begin
from web.words import ROLES

blp = Blueprint(
    "notice_ways", __name__, url_prefix="/notice-ways", description="Ways besides the screens."
)
CHANNEL = validate.OneOf([one.value for one in Channel])


class WaysBody(Strict):
    """By which ways."""

    channels = fields.List(fields.String(validate=CHANNEL), required=True)


class RoleWaysBody(WaysBody):
    """A role, and by which ways everybody in it."""

    role = fields.String(required=True, validate=validate.OneOf([one.value for one in Role]))


class TrialBody(Strict):
    """The way to try."""

    channel = fields.String(required=True, validate=CHANNEL)


@blp.get("")
@blp.response(200, description="What this machine can send by, and who gets notices by it.")
@needs("people.manage")
def show():
    """Return the senders of this machine, without their secrets, and who is sent to."""
    senders, refusal = settings.described()
    with begin(viewer()) as conn:
        roles = notice_ways.of_roles(conn, viewer())
        people = notice_ways.of_people(conn, viewer())
    return jsonify(
        {
            "senders": senders,
            "refusal": refusal,
            "roles": [
                {"role": role.value, "name": str(ROLES[role]), "channels": list(channels)}
                for role, channels in roles.items()
            ],
            "people": [asdict(one) for one in people],
        }
    )


@blp.put("/roles")
@blp.arguments(RoleWaysBody)
@blp.response(204, description="From the next notice on.")
@needs("people.manage")
def set_role(body):
    """Choose the ways of everybody in a role; for the whole county."""
    wanted = [Channel(name) for name in body["channels"]]
    with begin(viewer()) as conn:
        notice_ways.set_role(conn, viewer(), Role(body["role"]), wanted)
    return "", 204


@blp.put("/people/<uuid:person_id>")
@blp.arguments(WaysBody)
@blp.response(204, description="From the next notice on.")
@needs("people.manage")
def set_person(body, person_id):
    """Choose the ways of a person, besides those of their roles."""
    wanted = [Channel(name) for name in body["channels"]]
    with begin(viewer()) as conn:
        notice_ways.set_person(conn, viewer(), person_id, wanted)
    return "", 204


@blp.post("/trial")
@blp.arguments(TrialBody)
@blp.response(200, description="Whether the gateway took it, else why not, as a code.")
@needs("people.manage")
def trial(body):
    """Send the viewer a message by a way, at once, and say what became of it."""
    channel, at = Channel(body["channel"]), now()
    with begin(viewer()) as conn:
        person = schema.person.c
        cipher = conn.execute(
            select(person.phone_cipher).where(person.person_id == viewer().person_id)
        ).scalar()
        record = f"channel {channel.value}"
        audit.record(conn, viewer(), "notice.trial", record, territory=viewer().scope)
    keys = current_app.extensions["wangge.config"].phone_keys
    phone = keys.decrypt(bytes(cipher)) if cipher else None
    try:
        sender = settings.senders().get(channel)
        if sender is None:
            raise NotTaken("no_sender", for_good=True)
        key, said = f"trial-{uuid4()}", text_of("notice.trial", {})
        sender.send(Message(key, 0, viewer().person_id, "notice.trial", {}, at, said, phone))
    except settings.BadSenders:
        return jsonify({"taken": False, "code": "bad_senders"})
    except NotTaken as failure:
        return jsonify({"taken": False, "code": failure.code})
    return jsonify({"taken": True, "code": None})
