"""Is the process alive, and can it serve?"""

from __future__ import annotations

from flask import Blueprint, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from grids import publications
from web import assets
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
    """Answer 200 when the database answers and the screens are built, else 503 with the reasons."""
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
    answer = jsonify(
        {"status": "no" if reasons else "ok", "reasons": reasons, "publication": publication}
    )
    answer.status_code = 503 if reasons else 200
    return answer
