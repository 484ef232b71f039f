"""A second person approves a plan, where a territory asks for that.

A plan is handed in, approved or sent back. An approval is given to a version of the plan: whoever
changes the plan afterwards has lost it. That an unapproved plan does not come into force where
approval is asked for is seen to by the database (`require_approval` in migration 0004).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from grids import audit, drafts, notices
from grids.access import require, require_territory
from grids.db import statement
from grids.drafts import Plan
from grids.errors import BadValue, GridsError, NotFound
from grids.model import Viewer


class OwnApproval(GridsError):
    """Whoever owns a plan or made a step of it cannot approve it."""

    code = "plan.own_approval"
    sentence = "You took part in this plan: a second person has to approve it."


class NotApproved(GridsError):
    """The plan needs an approval and has none for what it is now."""

    code = "plan.not_approved"
    sentence = "Plans in {territory} need the approval of a second person: hand this one in."


@dataclass(frozen=True, slots=True)
class Approval:
    """Whether a plan needs a second person, and who approved it as it is now.

    `territory` is the widest one that asks; `by` and `at` are none while nobody approved, `by`
    also where the operator of the machine did.
    """

    territory: str | None
    by: str | None
    at: datetime | None

    @property
    def needed(self) -> bool:
        """Return whether a second person is asked for."""
        return self.territory is not None


@dataclass(frozen=True, slots=True)
class ApprovalArea:
    """A territory where no plan comes into force without a second person."""

    territory_code: str
    at: datetime
    person: str | None


def approval(conn: Connection, plan: Plan) -> Approval:
    """Return whether a plan needs approval and has it."""
    key = {"plan_id": plan.plan_id}
    territory = conn.execute(statement("approval_territory", "publish"), key).scalar()
    if not plan.is_approved:
        return Approval(territory, None, None)
    return Approval(territory, plan.approver_name, plan.approved_at)


def is_author(conn: Connection, viewer: Viewer, plan: Plan) -> bool:
    """Return whether a viewer owns a plan or made a step of it: somebody else has to approve it."""
    return viewer.person_id is not None and viewer.person_id in _authors(conn, plan)


def submit(
    conn: Connection,
    viewer: Viewer,
    plan_id: UUID,
    note: str,
    now: datetime,
    *,
    version: int | None = None,
) -> Plan:
    """Hand a plan in for approval, tell those who may approve it, and return it.

    Raises
    ------
    BadValue
        If the plan changes nothing.
    Forbidden, NotFound, PlanClosed, PlanConflict
        As `drafts.lock`.
    """
    plan = drafts.lock(conn, viewer, plan_id, version)
    if plan.n_changed == 0:
        raise BadValue(field="plan", given=plan.title, reason="the plan changes nothing")
    conn.execute(
        statement("submit", "publish"), {"plan_id": plan_id, "at": now, "note": note or plan.note}
    )
    authors = {row for row in _authors(conn, plan) if row is not None}
    waiting = conn.execute(
        statement("approvers", "publish"),
        {"territory": _reach(plan), "at": now, "but": sorted(authors)},
    ).scalars()
    _tell(conn, waiting, "plan.submitted", plan, viewer, note, now)
    return _decided(conn, viewer, plan, "plan.submit", note)


def approve(
    conn: Connection,
    viewer: Viewer,
    plan_id: UUID,
    note: str,
    now: datetime,
    *,
    version: int | None = None,
) -> Plan:
    """Approve a plan as it is now, tell its owner, and return it.

    Raises
    ------
    OwnApproval
        If the viewer owns the plan or made a step of it.
    Forbidden, NotFound, PlanClosed, PlanConflict
        As `drafts.lock`; the right to approve is asked for as well.
    """
    require(viewer, "plan.approve")
    plan = drafts.lock(conn, viewer, plan_id, version)
    _require_all(viewer, plan)
    if is_author(conn, viewer, plan):
        raise OwnApproval(plan_id=str(plan_id))
    values = {"plan_id": plan_id, "by": viewer.person_id, "at": now}
    conn.execute(statement("approve", "publish"), values)
    _tell(conn, [plan.owner_id], "plan.approved", plan, viewer, note, now)
    return _decided(conn, viewer, plan, "plan.approve", note)


def send_back(
    conn: Connection,
    viewer: Viewer,
    plan_id: UUID,
    note: str,
    now: datetime,
    *,
    version: int | None = None,
) -> Plan:
    """Give a plan back to its owner with what has to be mended; an approval is taken back.

    Raises
    ------
    BadValue
        Without a note: whoever is to mend something has to be told what.
    Forbidden, NotFound, PlanClosed, PlanConflict
        As `drafts.lock`; the right to approve is asked for as well.
    """
    require(viewer, "plan.approve")
    if not note.strip():
        raise BadValue(field="note", given=note, reason="say what has to be mended")
    plan = drafts.lock(conn, viewer, plan_id, version)
    _require_all(viewer, plan)
    values = {"plan_id": plan_id, "note": note.strip(), "at": now}
    conn.execute(statement("send_back", "publish"), values)
    _tell(conn, [plan.owner_id], "plan.sent_back", plan, viewer, note, now)
    return _decided(conn, viewer, plan, "plan.send_back", note)


def areas(conn: Connection, viewer: Viewer) -> list[ApprovalArea]:
    """Return the territories that ask for a second person, those above the viewer's included."""
    require(viewer, "plan.see")
    rows = conn.execute(statement("approval_areas", "publish"), {"scope": viewer.scope})
    return [ApprovalArea(row.territory_code, row.at, row.person) for row in rows]


def ask(
    conn: Connection, viewer: Viewer, territory: str, needed: bool, now: datetime
) -> list[ApprovalArea]:
    """Ask for a second person in a territory, or no longer, and return who asks then.

    What a territory above asks for stays: only whoever is in charge there can take it back.

    Raises
    ------
    Forbidden
        If the role may not approve plans.
    NotFound
        If there is no such unit in the viewer's territory.
    """
    require(viewer, "plan.approve")
    require_territory(viewer, territory)
    if conn.execute(statement("unit_level", "publish"), {"code": territory}).scalar() is None:
        raise NotFound(what="unit", key=territory)
    values = {"territory": territory, "by": viewer.person_id, "at": now}
    if needed:
        conn.execute(statement("ask_approval", "publish"), values)
    else:
        conn.execute(statement("waive_approval", "publish"), {"territory": territory})
    audit.record(
        conn,
        viewer,
        "plan.ask_approval" if needed else "plan.waive_approval",
        f"unit {territory}",
        territory=territory,
    )
    return areas(conn, viewer)


def _require_all(viewer: Viewer, plan: Plan) -> None:
    """Let pass a viewer whose territory holds everything that the plan touches."""
    for village in plan.village_codes:
        require_territory(viewer, village, "plan")


def _authors(conn: Connection, plan: Plan) -> set[UUID | None]:
    made = conn.execute(statement("authors", "publish"), {"plan_id": plan.plan_id}).scalars()
    return {plan.owner_id, *made}


def _reach(plan: Plan) -> str:
    """Return the code that everything a plan touches begins with."""
    first, last = min(plan.village_codes), max(plan.village_codes)
    n = next((n for n in (12, 9, 6) if first[:n] == last[:n]), 0)
    return first[:n]


def _tell(
    conn: Connection,
    people: Iterable[UUID | None],
    kind: str,
    plan: Plan,
    viewer: Viewer,
    note: str,
    now: datetime,
) -> None:
    facts = {"plan_id": plan.plan_id, "title": plan.title, "by": viewer.name, "note": note}
    for person_id in people:
        if person_id is not None and person_id != viewer.person_id:
            notices.post(conn, person_id, kind, facts, now)


def _decided(conn: Connection, viewer: Viewer, plan: Plan, action: str, note: str) -> Plan:
    audit.record(
        conn,
        viewer,
        action,
        f"plan {plan.plan_id}",
        territory=plan.territory_code,
        reason=note,
        facts={"version": plan.version},
    )
    return drafts.get(conn, viewer, plan.plan_id)
