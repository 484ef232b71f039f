"""Feeds: neighbour systems send what happened, each in its own words, under its own token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from flask import current_app, jsonify, request

from grids.errors import NotFound
from importers import messages
from importers.messages import Feed, Outcome
from web.clock import now
from web.door import Blueprint
from web.errors import sentence, status_of
from web.session import by_key, calling_feed
from web.transaction import begin_for_county

blp = Blueprint(
    "feeds", __name__, url_prefix="/feeds", description="What neighbour systems send of themselves."
)


@blp.post("/<string:feed>")
@blp.doc(
    requestBody={
        "required": True,
        "description": "An item, a list of at most 200, or the envelope that the feed declares.",
        "content": {"application/json": {"schema": {"type": ["object", "array"]}}},
    }
)
@blp.response(200, description="What became of each item, or of the one that was sent.")
@blp.alt_response(201, description="The one item that was sent is new.")
@blp.alt_response(409, description="The key of the one item was used for another one.")
@blp.alt_response(422, description="The message, or the one item, does not fit the feed.")
@by_key
def take_in(feed: str) -> Any:
    """Take in what a feed sends: idempotent by its source and the sender's own key.

    A list is answered item by item in its order, and what is refused stops nothing else; a single
    item is answered by its receipt or as an error.
    """
    caller = calling_feed()
    if caller.code != feed:
        raise NotFound(what="feed", key=feed)
    declared, body = Feed.registered(caller), request.get_json()
    keys = current_app.extensions["wangge.config"].phone_keys
    with begin_for_county() as conn:
        outcomes = messages.take_in(conn, declared, body, keys, now())
    if isinstance(body, list) or declared.items:
        return jsonify(_account(outcomes))
    return _single(outcomes[0])


def _single(outcome: Outcome) -> Any:
    if outcome.refusal is not None:
        raise outcome.refusal
    answer = jsonify(_said(outcome))
    answer.status_code = 201 if outcome.created else 200
    return answer


def _account(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    results = [_said(outcome) for outcome in outcomes]
    taken = sum(outcome.created for outcome in outcomes)
    refused = sum(outcome.refusal is not None for outcome in outcomes)
    return {
        "read": len(outcomes),
        "taken": taken,
        "unchanged": len(outcomes) - taken - refused,
        "refused": refused,
        "results": results,
    }


def _said(outcome: Outcome) -> dict[str, Any]:
    said: dict[str, Any] = {"external_id": outcome.external_id}
    refusal = outcome.refusal
    if refusal is not None:
        error = {**refusal.facts, "code": refusal.code, "detail": sentence(refusal)}
        return {**said, "status": status_of(refusal), "error": error}
    assert outcome.receipt is not None
    return {
        **said,
        "status": 201 if outcome.created else 200,
        "receipt": asdict(outcome.receipt),
    }
