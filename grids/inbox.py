"""The inbox: outlines redrawn in QGIS or elsewhere, on their way into a draft plan.

Nobody writes geometry around the proof. An edit waits; whoever takes it gets a plan whose steps
are those of the boundary studio, each a proven patch; what could not become a step is a fault with
its place in the edit's report.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from grids import access
from grids.access import Action
from grids.db import statement
from grids.errors import BadValue, NotFound
from grids.model import Viewer

STATES = ("waiting", "taken", "refused")

_LISTED = 500
# A picture of more vertices than this is no picture for a list.
_DRAWN = 20_000


@dataclass(frozen=True, slots=True)
class Edit:
    """An outline that somebody sent in.

    `unit_code` is the grid that shall have it, or the village that shall have a new grid called
    `name`. `report` says what was mended, which steps came of it and what was wrong where.
    """

    edit_id: UUID
    source: str
    unit_code: str
    unit_name: str | None
    name: str | None
    note: str
    sent_by: str
    state: str
    n_vertices: int
    at: datetime
    plan_id: UUID | None
    report: dict[str, Any]


def list_edits(conn: Connection, viewer: Viewer, state: str | None = "waiting") -> list[Edit]:
    """Return the edits of the viewer's territory, the oldest first, at most 500."""
    access.require(viewer, Action.PLAN_SEE)
    return _edits(conn, viewer, state, None)


def get(conn: Connection, viewer: Viewer, edit_id: UUID) -> Edit:
    """Return an edit.

    Raises
    ------
    NotFound
        If there is none in the viewer's territory.
    """
    access.require(viewer, Action.PLAN_SEE)
    found = _edits(conn, viewer, None, [edit_id])
    if not found:
        raise NotFound(what="edit", key=str(edit_id))
    return found[0]


def outline(conn: Connection, viewer: Viewer, edit_id: UUID) -> dict[str, Any] | None:
    """Return an edit's outline as it came, as a GeoJSON geometry: a picture and no more.

    It is foreign: neither valid nor on the lattice. None if it has over 20,000 vertices.

    Raises
    ------
    NotFound
        If there is no such edit in the viewer's territory.
    """
    edit = get(conn, viewer, edit_id)
    asked = {"edit_id": edit.edit_id, "most": _DRAWN}
    said: str | None = conn.execute(statement("written", "inbox"), asked).scalar()
    return None if said is None else json.loads(said)


def claim(conn: Connection, viewer: Viewer, edit_ids: Sequence[UUID]) -> dict[UUID, bytes]:
    """Return waiting outlines as they came (WKB), and keep others from them in this transaction.

    They are foreign geometry: nothing but a process apart should read them.

    Raises
    ------
    NotFound
        If one is not waiting in the viewer's territory.
    """
    access.require(viewer, Action.PLAN_EDIT)
    seen = {edit.edit_id for edit in _edits(conn, viewer, "waiting", edit_ids)}
    for edit_id in edit_ids:
        if edit_id not in seen:
            raise NotFound(what="edit", key=str(edit_id))
    rows = conn.execute(statement("outlines", "inbox"), {"edits": list(edit_ids)})
    return {row.edit_id: bytes(row.outline) for row in rows}


def refuse(conn: Connection, viewer: Viewer, edit_id: UUID, reason: str) -> Edit:
    """Refuse a waiting edit; its sender reads the reason.

    Raises
    ------
    BadValue
        Without a reason.
    NotFound
        If it is not waiting in the viewer's territory.
    """
    claim(conn, viewer, [edit_id])
    if not reason.strip():
        raise BadValue(field="reason", given=reason, reason="say why")
    decide(conn, viewer, edit_id, "refused", {"reason": reason.strip()}, None)
    return get(conn, viewer, edit_id)


def decide(
    conn: Connection,
    viewer: Viewer,
    edit_id: UUID,
    state: str,
    report: Mapping[str, Any],
    plan_id: UUID | None,
) -> None:
    """Write down what became of a waiting edit; "waiting" leaves it waiting with a report."""
    conn.execute(
        statement("decide", "inbox"),
        {
            "edit_id": edit_id,
            "state": state,
            "report": json.dumps(report, ensure_ascii=False, default=str),
            "plan_id": plan_id,
            "by": viewer.person_id,
        },
    )


def _edits(
    conn: Connection, viewer: Viewer, state: str | None, edit_ids: Sequence[UUID] | None
) -> list[Edit]:
    rows = conn.execute(
        statement("list", "inbox"),
        {
            "scope": viewer.scope,
            "state": state,
            "edits": None if edit_ids is None else list(edit_ids),
            "limit": _LISTED,
        },
    )
    return [Edit(**row._mapping) for row in rows]
