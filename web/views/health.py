"""Is the process alive, and can it serve?"""

from __future__ import annotations

from flask import Blueprint, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from grids import publications
from web import assets
from web.hub.address import hub_state, is_expected
from web.session import open_to_all
from web.transaction import begin

blp = Blueprint("health", __name__)


@blp.get("/health")
@open_to_all
def health():
    """Answer 200 while the process lives; the database is not asked."""
    return jsonify({"status": "ok"})


@blp.get("/ready")
@open_to_all
def ready():
    """Answer 200 when database, screens and hub are there, else 503 with the reasons."""
    reasons = []
    publication = None
    try:
        with begin(None) as conn:
            conn.execute(text("SELECT 1"))
            current = publications.current(conn)
            publication = current.number if current else None
    except SQLAlchemyError as error:
        reasons.append({"part": "database", "reason": type(error).__name__})
    try:
        assets.entry("console")
    except assets.ClientNotBuilt as error:
        reasons.append({"part": "client", "reason": error.message})
    listens = hub_state() if is_expected() else {"listening": True}
    if not (listens or {}).get("listening"):
        reasons.append({"part": "hub", "reason": "not_listening" if listens else "no_answer"})
    answer = jsonify(
        {"status": "no" if reasons else "ok", "reasons": reasons, "publication": publication}
    )
    answer.status_code = 503 if reasons else 200
    return answer
