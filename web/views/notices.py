"""Notices by asking: the path that always works, with or without the hub."""

from __future__ import annotations

import hashlib
from dataclasses import asdict

from flask import jsonify, request
from marshmallow import ValidationError, fields, validate, validates_schema

from grids import notice_sending, notices
from grids.notice_sending import Channel
from web.clock import now
from web.door import Blueprint
from web.notify.settings import possible_channels
from web.parse import Strict, Whole
from web.session import in_background, signed_in, viewer
from web.transaction import begin

blp = Blueprint("notices", __name__, url_prefix="/notices", description="Notices to the viewer.")

MOST_AT_ONCE = 500


class NoticesQuery(Strict):
    """Where the reader stands: new ones since a cursor, or older ones before a number."""

    after = fields.String(validate=validate.Length(1, 8500))
    before = Whole()

    @validates_schema
    def one_way(self, data, **_):
        """Refuse to go both ways."""
        if "after" in data and "before" in data:
            raise ValidationError("either after or before", "before")


class SeenBody(Strict):
    """Which notices were seen: some by number, or all up to a number."""

    ids = fields.List(Whole(), validate=validate.Length(1, MOST_AT_ONCE))
    up_to = Whole()

    @validates_schema
    def one_of_them(self, data, **_):
        """Refuse to guess."""
        if len(data) != 1:
            raise ValidationError("either ids or up_to", "ids")


class ChannelsBody(Strict):
    """By which ways the viewer wants notices besides the screens."""

    channels = fields.List(
        fields.String(validate=validate.OneOf([one.value for one in Channel])), required=True
    )


@blp.get("")
@blp.arguments(NoticesQuery, location="query")
@blp.response(200, description="The latest notices, or those that are new to `after`.")
@blp.alt_response(304, description="Nothing is new.")
@in_background
@signed_in
def list_notices(asked):
    """Return the viewer's notices, and a cursor to ask with next."""
    person_id = viewer().person_id
    with begin(viewer()) as conn:
        if "after" in asked:
            page = notices.since(conn, person_id, asked["after"])
        else:
            page = notices.latest(conn, person_id, asked.get("before"))
    answer = jsonify(
        {
            "notices": [_shown(one) for one in page.notices],
            "cursor": page.cursor,
            "unseen": page.unseen,
            "more": page.more,
            "fresh": page.fresh,
        }
    )
    answer.set_etag(hashlib.blake2b(answer.data, digest_size=12).hexdigest())
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Vary"] = "Cookie, Authorization"
    return answer.make_conditional(request)


@blp.post("/seen")
@blp.arguments(SeenBody)
@blp.response(200, description="How many are unseen now.")
@signed_in
def mark_seen(body):
    """Mark notices of the viewer as seen; those of others stay as they are."""
    with begin(viewer()) as conn:
        unseen = notices.mark_seen(
            conn, viewer().person_id, now(), ids=body.get("ids", ()), up_to=body.get("up_to")
        )
    return jsonify({"unseen": unseen})


@blp.get("/channels")
@blp.response(200, description="The ways besides the screens.")
@signed_in
def channels():
    """Return by which ways the viewer gets notices besides the screens."""
    with begin(viewer()) as conn:
        return jsonify(_ways(notice_sending.channels(conn, viewer().person_id)))


@blp.put("/channels")
@blp.arguments(ChannelsBody)
@blp.response(200, description="The ways besides the screens.")
@signed_in
def set_channels(body):
    """Choose by which ways the viewer gets notices besides the screens."""
    wanted = frozenset(Channel(name) for name in body["channels"])
    with begin(viewer()) as conn:
        notice_sending.set_channels(conn, viewer().person_id, wanted)
    return jsonify(_ways(wanted))


def _ways(wanted):
    return {"channels": sorted(wanted), "possible": possible_channels()}


def _shown(notice):
    shown = asdict(notice)
    del shown["person_id"]
    return shown
