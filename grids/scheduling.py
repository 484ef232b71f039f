"""Plans that come into force on a day to come: put off, then published at their moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, Engine

from grids import audit, db, drafts, notices, publishing
from grids.access import everyone, require
from grids.db import statement
from grids.drafts import Plan
from grids.errors import BadValue, GridsError
from grids.model import Role, Viewer


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of a plan whose moment had come: a publication, or the refusal's code."""

    plan_id: UUID
    publication: int | None
    refused: str | None


def schedule(
    conn: Connection,
    viewer: Viewer,
    plan_id: UUID,
    memo: str,
    effective_from: datetime,
    now: datetime,
    *,
    version: int | None = None,
) -> Plan:
    """Let a plan come into force at a moment to come, and return it.

    It has to be as good as for publishing now. What is published until then may bring conflicts:
    the plan then stays unpublished, and its owner is told. Whoever changes the plan before its
    day takes it off the list.

    Raises
    ------
    BadValue
        If the moment has passed.
    Forbidden, NotFound, PlanClosed, PlanConflict, StalePlan, Faulty, NotApproved
        As `publishing.publish`.
    """
    require(viewer, "plan.publish")
    if effective_from <= now:
        given = effective_from.isoformat()
        raise BadValue(field="effective_from", given=given, reason="a moment to come")
    plan = drafts.lock(conn, viewer, plan_id, version)
    publishing.require_ready(conn, viewer, plan)
    conn.execute(
        statement("schedule", "publish"),
        {
            "plan_id": plan_id,
            "effective_from": effective_from,
            "by": viewer.person_id,
            "memo": memo,
            "at": now,
        },
    )
    audit.record(
        conn,
        viewer,
        "plan.schedule",
        f"plan {plan_id}",
        territory=plan.territory_code,
        reason=memo,
        facts={"effective_from": effective_from},
    )
    return drafts.get(conn, viewer, plan_id)


def publish_due(engine: Engine, now: datetime) -> list[Attempt]:
    """Publish every plan whose moment has come, each in a transaction of its own.

    A plan that is refused is open again as before it was put off; its owner, its approver and who
    put it off are told why. Only the owner role can do this.
    """
    with db.begin(engine, db.EVERYWHERE) as conn:
        due = conn.execute(statement("due", "publish"), {"at": now}).all()
    attempts = []
    for row in due:
        viewer = Viewer(row.publish_by, row.publisher, Role.SYSADMIN, "")
        try:
            with db.begin(engine, db.EVERYWHERE) as conn:
                made = publishing.publish(
                    conn, viewer, row.plan_id, row.publish_memo, version=row.version
                )
                attempts.append(Attempt(row.plan_id, made.number, None))
        except (drafts.PlanClosed, drafts.PlanConflict):
            continue  # somebody published, withdrew or changed it a moment ago
        except GridsError as refusal:
            with db.begin(engine, db.EVERYWHERE) as conn:
                _put_back(conn, row.plan_id, row.publish_by, refusal, now)
            attempts.append(Attempt(row.plan_id, None, refusal.code))
    return attempts


def _put_back(
    conn: Connection, plan_id: UUID, publisher: UUID | None, refusal: GridsError, now: datetime
) -> None:
    plan = drafts.lock(conn, everyone(), plan_id, None)
    conn.execute(statement("unschedule", "publish"), {"plan_id": plan_id, "at": now})
    facts = {
        "plan_id": plan_id,
        "title": plan.title,
        "effective_from": plan.effective_from,
        "code": refusal.code,
        "message": str(refusal),
    }
    for person_id in {plan.owner_id, plan.approved_by, publisher}:
        if person_id is not None:
            notices.post(conn, person_id, "plan.not_published", facts, now)
    audit.record(
        conn,
        None,
        "plan.publish",
        f"plan {plan_id}",
        territory=plan.territory_code,
        facts={"code": refusal.code, "effective_from": plan.effective_from},
        success=False,
    )
