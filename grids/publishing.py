"""Publishing: a plan comes into force as a whole, or nothing changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from psycopg import errors as driver_errors
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from grids import display, drafts
from grids.access import require
from grids.db import statement
from grids.errors import GridsError, NotFound
from grids.model import Viewer
from grids.plan_approval import NotApproved, approval
from grids.plan_check import check
from grids.plan_conflicts import describe, meet
from grids.plan_merge import rebase
from grids.publications import Publication, prove_in_force, require_current


class StalePlan(GridsError):
    """Cells or units of this plan were published by another plan since they were taken."""

    code = "plan.stale"
    sentence = "Another publication changed what this plan changes: {n} conflicts."


class Unproven(GridsError):
    """The plan's cells do not cover exactly what they replace."""

    code = "plan.unproven"
    sentence = "The plan's cells leave gaps or overlaps: {n_edges} edges stay open."


class Torn(GridsError):
    """Units would lie in pieces that nobody signed for."""

    code = "plan.torn"
    sentence = "These units would lie in pieces that nobody signed for: {units}."


class Faulty(GridsError):
    """The check found errors."""

    code = "plan.faulty"
    sentence = "The plan has {n} faults that must be mended before it is published."


class Busy(GridsError):
    """Another publication is being made."""

    code = "publish.busy"
    sentence = "Another publication is being made: try again in a moment."


def publish(
    conn: Connection,
    viewer: Viewer,
    plan_id: UUID,
    memo: str,
    *,
    version: int | None = None,
    draw: bool = True,
) -> Publication:
    """Take a plan into force and return the publication that came of it.

    Everything happens in the caller's transaction, by one database function: whoever is re-homed,
    told and written down is so exactly when the transaction is committed. A plan that was put off
    to a later day comes into force now.

    Parameters
    ----------
    memo
        Why; kept with the publication and in the audit trail.
    version
        The version of the plan that the caller has seen and means; none: whatever it is.
    draw
        Whether to bring the drawn outlines up to date. An import that publishes several times in
        one transaction leaves that to its last one.

    Raises
    ------
    Forbidden, NotFound, PlanClosed, PlanConflict
        As `drafts.lock`.
    Faulty
        If the check finds errors; `faults` lists them.
    StalePlan
        With the `cells` that others changed in another way meanwhile.
    NotApproved
        If a second person is asked for and did not approve the plan as it is now.
    Unproven, Torn
        If the database's own proof disagrees.
    Busy
        If the lock is not to be had in time.
    """
    require(viewer, "plan.publish")
    plan = drafts.lock(conn, viewer, plan_id, version)
    if plan.source != "import":  # the database refuses the same, with fewer words
        require_ready(conn, viewer, plan)
    conn.execute(statement("come_forward", "publish"), {"plan_id": plan_id})
    published = put_in_force(conn, viewer, plan_id, memo)
    if draw:
        display.refresh(conn, published.number)
    return published


def put_in_force(conn: Connection, viewer: Viewer, plan_id: UUID, memo: str) -> Publication:
    """Take a plan that is ready into force, prove the whole county and return the publication.

    Raises
    ------
    PlanClosed, StalePlan, Unproven, Torn, NotApproved, Busy
        What the database itself finds in the way, whoever looked before.
    """
    conn.execute(statement("act_as", "publish"), {"role": viewer.role.value})
    try:
        conn.execute(
            statement("publish", "publish"),
            {"plan_id": plan_id, "by": viewer.person_id, "memo": memo},
        )
    except DBAPIError as error:
        raise _refusal(error, plan_id) from error
    published = require_current(conn)
    proof = prove_in_force(conn)
    if not proof.exact:
        raise Unproven(n_edges=proof.extra + proof.missing, cells=list(proof.invalid))
    return published


def require_ready(conn: Connection, viewer: Viewer, plan: drafts.Plan) -> None:
    """Bring a plan up to what is in force, and let it pass if nothing stands in its way.

    Parameters
    ----------
    plan
        As `drafts.lock` returned it in this transaction.

    Raises
    ------
    StalePlan, Faulty, NotApproved
        As `publish`.
    """
    meeting = meet(conn, plan.plan_id, viewer.scope)
    if meeting.groups:
        cells = [
            {
                "cell_id": conflict.cell_id,
                "group": conflict.group,
                "unit": conflict.unit,
                "at": conflict.at,
                "now": conflict.by and conflict.by.publication,
            }
            for conflict in describe(conn, plan.plan_id, meeting)
        ]
        raise StalePlan(n=len(cells), cells=cells, units=[])
    plan = rebase(conn, viewer, plan, meeting)
    errors = [fault for fault in check(conn, viewer, plan.plan_id) if fault.severity == "error"]
    if errors:
        raise Faulty(n=len(errors), faults=[fault.as_dict() for fault in errors])
    asked = approval(conn, plan)
    if asked.needed and not plan.is_approved and viewer.person_id is not None:
        raise NotApproved(plan_id=str(plan.plan_id), territory=asked.territory)


def _refusal(error: DBAPIError, plan_id: UUID) -> Exception:
    """Return the refusal that a state of the publishing function stands for, or the error."""
    cause = error.orig
    if isinstance(cause, driver_errors.LockNotAvailable):
        return Busy()
    if not isinstance(cause, driver_errors.Error) or cause.sqlstate not in _STATES:
        return error
    facts: dict[str, Any] = json.loads(cause.diag.message_detail or "{}")
    return _STATES[cause.sqlstate](plan_id, facts)


def _closed(plan_id: UUID, facts: dict[str, Any]) -> GridsError:
    if facts["state"] == "unknown":
        return NotFound(what="plan", key=str(plan_id))
    return drafts.PlanClosed(plan_id=str(plan_id), state=facts["state"])


# The states that migrations 0002 and 0004 raise with.
_STATES: dict[str, Callable[[UUID, dict[str, Any]], GridsError]] = {
    "WG001": lambda _, facts: StalePlan(n=len(facts["cells"]) + len(facts["units"]), **facts),
    "WG002": lambda _, facts: Unproven(**facts),
    "WG003": lambda _, facts: Torn(**facts),
    "WG004": _closed,
    "WG005": lambda plan_id, facts: NotApproved(plan_id=str(plan_id), **facts),
}
