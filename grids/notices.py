"""Messages owed to people: posted in the transaction of their cause, sent by a job."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text


def post(
    conn: Connection, person_id: UUID, kind: str, facts: Mapping[str, Any], at: datetime
) -> None:
    """Owe a person a message; `facts` are JSON-serialisable and never personal data."""
    conn.execute(
        text(
            "INSERT INTO notice (person_id, kind, facts, at)"
            " VALUES (:person_id, :kind, CAST(:facts AS jsonb), :at)"
        ),
        {
            "person_id": person_id,
            "kind": kind,
            "facts": json.dumps(dict(facts), ensure_ascii=False, default=str),
            "at": at,
        },
    )
