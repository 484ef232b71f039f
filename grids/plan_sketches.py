"""Drawings that could not become a step: kept with what was wrong, to go on with or to drop."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from geo.errors import GeoError, Refusal
from grids import drafts
from grids.access import require
from grids.db import statement
from grids.drafts import PlanConflict
from grids.model import Viewer
from grids.numbering import CodesUsedUp

# What refuses a drawing for its own sake, or because the plan went on meanwhile.
KEPT = (GeoError, CodesUsedUp, PlanConflict)

# What a person has drawn by hand stands in these fields of a step's parameters.
DRAWN = ("line", "ring", "arcs")


@dataclass(frozen=True, slots=True)
class Sketch:
    """A refused drawing: the step that was wanted, and the refusal by code, sentence and facts.

    `sentence` is the English template of the refusal, which `facts` fill.
    """

    sketch_id: UUID
    tool: str
    params: dict[str, Any]
    code: str
    sentence: str
    facts: dict[str, Any]
    by_name: str | None
    at: datetime


def keep(
    conn: Connection,
    viewer: Viewer,
    plan_id: UUID,
    tool: str,
    params: Mapping[str, Any],
    refusal: Refusal,
) -> UUID | None:
    """Keep a drawing that was refused and return its key; none where nothing was drawn.

    The refusal has rolled back the transaction of the step, so this is called in one of its own.
    The same drawing is kept once.

    Raises
    ------
    Forbidden, NotFound, PlanClosed
        As `drafts.get` and for whoever may not edit plans.
    """
    if not any(field in params for field in DRAWN):
        return None
    require(viewer, "plan.edit")
    plan = drafts.get(conn, viewer, plan_id)
    if not plan.is_open:
        raise drafts.PlanClosed(plan_id=str(plan_id), state=plan.state)
    found: UUID = conn.execute(
        statement("keep_sketch", "plans"),
        {
            "plan_id": plan_id,
            "tool": tool,
            "params": _drawing(params),
            "code": refusal.code,
            "sentence": refusal.sentence,
            "facts": json.dumps(refusal.facts, ensure_ascii=False, default=str),
            "by": viewer.person_id,
        },
    ).scalar_one()
    return found


def forget(conn: Connection, plan_id: UUID, tool: str, params: Mapping[str, Any]) -> None:
    """Drop the sketch of a drawing that has become a step after all."""
    key = {"plan_id": plan_id, "tool": tool, "params": _drawing(params)}
    conn.execute(statement("drop_drawing", "plans"), key)


def sketches(conn: Connection, viewer: Viewer, plan_id: UUID) -> list[Sketch]:
    """Return the refused drawings of a plan, the last one first.

    Raises
    ------
    Forbidden, NotFound
        As `drafts.get`.
    """
    drafts.get(conn, viewer, plan_id)
    rows = conn.execute(statement("sketches", "plans"), {"plan_id": plan_id})
    return [Sketch(**row._mapping) for row in rows]


def drop(conn: Connection, viewer: Viewer, plan_id: UUID, sketch_id: UUID) -> None:
    """Drop a refused drawing; nothing happens where it is gone already.

    Raises
    ------
    Forbidden, NotFound
        As `drafts.get` and for whoever may not edit plans.
    """
    require(viewer, "plan.edit")
    drafts.get(conn, viewer, plan_id)
    conn.execute(statement("drop_sketch", "plans"), {"plan_id": plan_id, "sketch_id": sketch_id})


def _drawing(params: Mapping[str, Any]) -> str:
    """Return what was wanted as JSON, without the answer to what would be cut off."""
    kept = {name: value for name, value in params.items() if name != "loose"}
    return json.dumps(kept, ensure_ascii=False, sort_keys=True)
