"""Steps that move no land: signing for pieces, naming what the plan makes."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection

from grids import drafts, overlay
from grids.access import require_territory
from grids.db import statement
from grids.errors import BadValue, GridsError, NotFound
from grids.initials import initials
from grids.model import Viewer
from grids.plan_make import Outcome, write_step


class NotOfThisPlan(GridsError):
    """A unit in force, or of another plan: its name is not this plan's to choose."""

    code = "plan.not_its_unit"
    sentence = "{unit} is not a unit that this plan makes; only those are named here."


def sign_parts(
    conn: Connection,
    viewer: Viewer,
    plan_id: UUID,
    unit_code: str,
    n_parts: int,
    *,
    version: int | None = None,
) -> Outcome:
    """Sign that a grid or sub-group may lie in this many pieces.

    Raises
    ------
    BadValue
        If the number is below 1.
    Forbidden, NotFound, PlanClosed, PlanConflict
    """
    plan = drafts.lock(conn, viewer, plan_id, version)
    if n_parts < 1:
        raise BadValue(field="n_parts", given=n_parts, reason="a unit has at least one piece")
    require_territory(viewer, unit_code, "unit")
    if unit_code not in overlay.names_of(conn, plan_id, [unit_code]):
        raise NotFound(what="unit", key=unit_code)
    params = {"unit": unit_code, "n_parts": n_parts}
    return write_step(conn, viewer, plan, "sign", params, {}, {})


def rename_unit(
    conn: Connection,
    viewer: Viewer,
    plan_id: UUID,
    unit_code: str,
    name: str,
    *,
    version: int | None = None,
) -> Outcome:
    """Give a grid or sub-group that the plan makes another name.

    Raises
    ------
    BadValue
        Without a name.
    NotOfThisPlan
        If the plan does not make the unit.
    Forbidden, NotFound, PlanClosed, PlanConflict
    """
    plan = drafts.lock(conn, viewer, plan_id, version)
    if not name.strip():
        raise BadValue(field="name", given=name, reason="a unit needs a name")
    require_territory(viewer, unit_code, "unit")
    former = name_in_plan(conn, plan_id, unit_code)
    if former is None:
        raise NotOfThisPlan(unit=unit_code)
    write_name(conn, plan_id, unit_code, name.strip())
    params = {"unit": unit_code, "name": name.strip(), "former": former}
    return write_step(conn, viewer, plan, "rename", params, {}, {})


def name_in_plan(conn: Connection, plan_id: UUID, unit_code: str) -> str | None:
    """Return the name that a plan gives a unit, none where the plan does not make it."""
    key = {"plan_id": plan_id, "code": unit_code}
    found: str | None = conn.execute(statement("name_in_plan", "plans"), key).scalar()
    return found


def write_name(conn: Connection, plan_id: UUID, unit_code: str, name: str) -> None:
    """Name a unit that a plan makes."""
    conn.execute(
        statement("name_unit", "plans"),
        {"plan_id": plan_id, "code": unit_code, "name": name, "initials": initials(name)},
    )
