"""Plans as records: what a draft is, who may open it, when it ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from grids.access import in_territory, require
from grids.db import statement
from grids.errors import BadValue, GridsError, NotFound
from grids.model import Viewer
from grids.territory import code_range

OPEN = ("draft", "checked", "submitted", "approved", "scheduled")
POLICIES = ("unaccepted", "stay", "move", "ask")


class PlanConflict(GridsError):
    """Somebody else changed the plan since it was read."""

    code = "plan.conflict"
    sentence = "The plan was changed by somebody else (yours {yours}, now {now}): load it again."


class PlanClosed(GridsError):
    """The plan was published or withdrawn, or changes nothing."""

    code = "plan.closed"
    sentence = "The plan is {state} and cannot be changed or published."


@dataclass(frozen=True, slots=True)
class Plan:
    """A draft of another coverage: changed cells over what is in force, made by steps.

    `version` grows with every step, undo and redo; `base_publication` was in force when the plan
    was opened. `open_incidents` says what happens to open incidents whose home changes: those not
    yet accepted move ("unaccepted"), all "stay", all "move", or each as somebody chose and the
    others like "unaccepted" ("ask"). The approval was given to `approved_version`.
    """

    plan_id: UUID
    title: str
    note: str
    source: str
    base_publication: int | None
    territory_code: str
    state: str
    open_incidents: str
    effective_from: datetime | None
    version: int
    owner_id: UUID | None
    owner_name: str | None
    submitted_at: datetime | None
    approved_by: UUID | None
    approver_name: str | None
    approved_at: datetime | None
    approved_version: int | None
    created_at: datetime
    updated_at: datetime
    n_changed: int
    village_codes: tuple[str, ...]
    bbox: tuple[float, float, float, float] | None

    @property
    def is_open(self) -> bool:
        """Return whether the plan can still be changed and published."""
        return self.state in OPEN

    @property
    def is_approved(self) -> bool:
        """Return whether somebody approved of the plan as it is now."""
        return self.approved_version == self.version


def create(
    conn: Connection,
    viewer: Viewer,
    title: str,
    *,
    source: str = "studio",
    open_incidents: str = "unaccepted",
    note: str = "",
    effective_from: datetime | None = None,
) -> Plan:
    """Return a new, empty plan over the viewer's territory on what is in force.

    Parameters
    ----------
    source
        studio, import, command or api: through which door it was opened.
    open_incidents
        What happens to open incidents in land that changes hands, see `Plan`.
    effective_from
        The plan does not come into force before.

    Raises
    ------
    Forbidden
        If the role may not edit plans.
    BadValue
        If the title is empty or the policy unknown.
    NotFound
        If there is no county yet.
    """
    require(viewer, "plan.edit")
    if not title.strip():
        raise BadValue(field="title", given=title, reason="a plan needs a title")
    if open_incidents not in POLICIES:
        raise BadValue(field="open_incidents", given=open_incidents, reason=", ".join(POLICIES))
    territory = viewer.scope or conn.execute(statement("county_code", "plans")).scalar()
    if territory is None:
        raise NotFound(what="county", key="in force")
    plan_id = conn.execute(
        statement("create", "plans"),
        {
            "title": title.strip(),
            "note": note,
            "source": source,
            "territory": territory,
            "open_incidents": open_incidents,
            "effective_from": effective_from,
            "owner_id": viewer.person_id,
        },
    ).scalar_one()
    return get(conn, viewer, plan_id)


def get(conn: Connection, viewer: Viewer, plan_id: UUID) -> Plan:
    """Return a plan.

    Raises
    ------
    Forbidden
        If the role may not see plans.
    NotFound
        If there is no such plan in the viewer's territory.
    """
    require(viewer, "plan.see")
    row = conn.execute(statement("get", "plans"), {"plan_id": plan_id}).one_or_none()
    if row is None or not in_territory(viewer, row.territory_code):
        raise NotFound(what="plan", key=str(plan_id))
    return _plan(row)


def list_all(conn: Connection, viewer: Viewer, limit: int = 200) -> list[Plan]:
    """Return the plans of the viewer's territory, the last changed first."""
    require(viewer, "plan.see")
    rows = conn.execute(
        statement("list_all", "plans"),
        code_range(viewer.scope) | {"limit": limit},
    )
    return [_plan(row) for row in rows]


def lock(conn: Connection, viewer: Viewer, plan_id: UUID, version: int | None) -> Plan:
    """Return an open plan that nobody else can change until this transaction ends.

    Parameters
    ----------
    version
        The version that the caller has seen; none: whatever it is.

    Raises
    ------
    Forbidden
        If the role may not edit plans.
    NotFound
        If there is no such plan in the viewer's territory.
    PlanClosed
        If it was published or withdrawn.
    PlanConflict
        If it has another version.
    """
    require(viewer, "plan.edit")
    conn.execute(text("SELECT FROM plan WHERE plan_id = :plan_id FOR UPDATE"), {"plan_id": plan_id})
    plan = get(conn, viewer, plan_id)
    if not plan.is_open:
        raise PlanClosed(plan_id=str(plan_id), state=plan.state)
    if version is not None and version != plan.version:
        raise PlanConflict(plan_id=str(plan_id), yours=version, now=plan.version)
    return plan


def withdraw(conn: Connection, viewer: Viewer, plan_id: UUID, version: int | None = None) -> Plan:
    """Close a plan without publishing it; the codes of its units stay reserved.

    Raises
    ------
    Forbidden, NotFound, PlanClosed, PlanConflict
        As `lock`.
    """
    lock(conn, viewer, plan_id, version)
    conn.execute(statement("withdraw", "plans"), {"plan_id": plan_id})
    return get(conn, viewer, plan_id)


def _plan(row: Row[Any]) -> Plan:
    values = dict(row._mapping)
    corners = [values.pop(name) for name in ("west", "south", "east", "north")]
    values["bbox"] = None if corners[0] is None else tuple(corners)
    values["village_codes"] = tuple(values["village_codes"])
    return Plan(**values)
