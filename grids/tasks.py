"""Recurring work: a rule makes a task for each unit of its area, once a period."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, func, select
from sqlalchemy.dialects.postgresql import Range

from grids import access, audit, roster, schema
from grids.db import statement
from grids.errors import BadValue, Forbidden, GridsError, NotFound, require_choice
from grids.local_time import local_day
from grids.model import Level, Viewer
from grids.periods import PERIODS, period_of
from grids.territory import code_range, within

KINDS = ("visit", "patrol", "check", "report")
LEVELS = ("village", "grid")
PAGE = 100

# Where a page of tasks begins: after this day, unit and task.
Cursor = tuple[date, str, UUID]
_FIRST: Cursor = (date.min, "", UUID(int=0))


class TaskDone(GridsError):
    """Somebody else has done the task, or the same person with other words."""

    code = "task.done"
    sentence = "This task was done at {at}."


@dataclass(frozen=True, slots=True)
class TaskRule:
    """What recurs: for each unit of `level` in `territory_code`, once a `period`.

    `until` is the first day on which it no longer counts.
    """

    rule_id: UUID
    title: str
    note: str
    kind: str
    territory_code: str
    level: str
    period: str
    since: date
    until: date | None


@dataclass(frozen=True, slots=True)
class Task:
    """A task of a unit, to be done from `starts_on` to `due_on`, both included."""

    task_id: UUID
    title: str
    note: str
    kind: str
    unit_code: str
    unit_name: str
    period: str
    starts_on: date
    due_on: date
    done_at: datetime | None
    result: str
    done_by: str | None


@dataclass(frozen=True, slots=True)
class Share:
    """How much of a rule's work of one period is done."""

    rule_id: UUID
    starts_on: date
    due_on: date
    n: int
    n_done: int
    n_overdue: int


# Rules ----------------------------------------------------------------------------------------


def make_rule(
    conn: Connection,
    viewer: Viewer,
    *,
    title: str,
    kind: str,
    territory_code: str,
    level: str,
    period: str,
    since: date,
    now: datetime,
    until: date | None = None,
    note: str = "",
) -> TaskRule:
    """Ask for recurring work and return the rule; tasks of a period that has begun are made.

    Raises
    ------
    BadValue
        If a field is none of its choices, the title is empty, or it ends before it begins.
    NotFound
        If the area is none in force in the viewer's territory.
    """
    access.require(viewer, access.Action.INCIDENT_ASSIGN)
    access.require_territory(viewer, territory_code)
    require_choice("kind", kind, KINDS)
    require_choice("level", level, LEVELS)
    require_choice("period", period, PERIODS)
    if not title.strip():
        raise BadValue(field="title", given=title, reason="empty")
    if until is not None and until <= since:
        raise BadValue(field="until", given=until.isoformat(), reason="not after the first day")
    if len(territory_code) > Level(level).digits:
        raise BadValue(field="level", given=level, reason="no such units in the area")
    unit = schema.unit.c
    known = select(unit.code).where(unit.code == territory_code, func.upper_inf(unit.valid))
    if conn.execute(known).one_or_none() is None:
        raise NotFound(what="unit", key=territory_code)
    row = conn.execute(
        schema.task_rule.insert()
        .values(
            title=title.strip(),
            note=note,
            kind=kind,
            territory_code=territory_code,
            level=level,
            period=period,
            valid=Range(since, until),
            made_by=viewer.person_id,
            made_at=now,
        )
        .returning(*schema.task_rule.c)
    ).one()
    rule = _rule(row)
    record = f"task rule {rule.rule_id}"
    audit.record(conn, viewer, "task.rule", record, territory=territory_code)
    _make_tasks(conn, rule, local_day(now))
    return rule


def end_rule(conn: Connection, viewer: Viewer, rule_id: UUID, now: datetime) -> None:
    """Ask no more from today on; what is open already stays open, one that ended stays ended.

    Raises
    ------
    NotFound
        If the viewer's territory has no such rule.
    """
    access.require(viewer, access.Action.INCIDENT_ASSIGN)
    columns, today = schema.task_rule.c, local_day(now)
    held = conn.execute(
        select(columns.territory_code, columns.valid).where(columns.rule_id == rule_id)
    ).one_or_none()
    if held is None or not access.in_territory(viewer, held.territory_code):
        raise NotFound(what="task rule", key=str(rule_id))
    if held.valid.upper is not None and held.valid.upper <= today:
        return
    # One that is ended on its first day, or before it, counts for no day any more.
    since = min(held.valid.lower, today - timedelta(days=1))
    conn.execute(
        schema.task_rule.update()
        .where(columns.rule_id == rule_id)
        .values(valid=Range(since, today))
    )
    record = f"task rule {rule_id}"
    audit.record(conn, viewer, "task.rule_end", record, territory=held.territory_code)


def list_rules(
    conn: Connection, viewer: Viewer, now: datetime
) -> list[tuple[TaskRule, list[Share]]]:
    """Return the rules of the territory that still count, each with its last two months' shares."""
    access.require(viewer, access.Action.INCIDENT_SEE)
    columns, today = schema.task_rule.c, local_day(now)
    rows = conn.execute(
        select(*columns)
        .where(
            within(columns.territory_code, viewer.scope),
            func.coalesce(func.upper(columns.valid), date.max) > today,
        )
        .order_by(columns.made_at, columns.rule_id)
    ).all()
    shares: dict[UUID, list[Share]] = {}
    for row in conn.execute(
        statement("shares", "tasks"), code_range(viewer.scope) | {"today": today}
    ):
        shares.setdefault(row.rule_id, []).append(Share(*row))
    return [(_rule(row), shares.get(row.rule_id, [])) for row in rows]


def make_due(conn: Connection, now: datetime) -> int:
    """Make the tasks of the periods that have begun, of every rule; return how many were new.

    Run again on the same day it makes nothing; a day that was left out is caught up with as long
    as its period lasts. For the owner role, in every territory.
    """
    columns, today = schema.task_rule.c, local_day(now)
    rows = conn.execute(select(*columns).where(columns.valid.contains(today)))
    return sum(_make_tasks(conn, _rule(row), today) for row in rows.all())


def _make_tasks(conn: Connection, rule: TaskRule, today: date) -> int:
    if today < rule.since or (rule.until is not None and today >= rule.until):
        return 0
    first, last = period_of(rule.period, rule.since if rule.period == "once" else today)
    if rule.period == "once" and rule.until is not None:
        # What is asked for once may be done until its rule ends.
        last = rule.until - timedelta(days=1)
    made = conn.execute(
        statement("make_tasks", "tasks"), {"rule_id": rule.rule_id, "first": first, "last": last}
    )
    return made.rowcount


# Tasks ----------------------------------------------------------------------------------------


def list_tasks(
    conn: Connection,
    viewer: Viewer,
    now: datetime,
    *,
    mine: bool = False,
    is_open: bool | None = None,
    after: Cursor | None = None,
) -> tuple[list[Task], Cursor | None]:
    """Return a page of tasks that have begun, those due first, and where the next page begins.

    Those due on one day come in the order of their units.

    Parameters
    ----------
    mine
        Only of units that the viewer answers for today.
    is_open
        Only what is still to be done, or only what is done; none: both.
    """
    access.require(viewer, access.Action.INCIDENT_SEE)
    day, unit_code, task_id = after or _FIRST
    asked = {
        "units": _own_units(conn, viewer, now) if mine else None,
        "is_open": is_open,
        "today": local_day(now),
        "after_day": day,
        "after_unit": unit_code,
        "after_id": task_id,
        "most": PAGE,
    }
    rows = conn.execute(statement("list_tasks", "tasks"), code_range(viewer.scope) | asked).all()
    found = [Task(*row) for row in rows]
    if len(found) < PAGE:
        return found, None
    last = found[-1]
    return found, (last.due_on, last.unit_code, last.task_id)


def finish(
    conn: Connection,
    viewer: Viewer,
    task_id: UUID,
    result: str,
    *,
    now: datetime,
    key: str | None = None,
) -> None:
    """Write down that a task is done, and with what result.

    Sent again with the same key it changes nothing.

    Raises
    ------
    NotFound
        If there is no such task in the viewer's territory.
    Forbidden
        If the viewer neither answers for the unit nor may assign work.
    TaskDone
        If it was done already.
    BadValue
        If no result is given.
    """
    access.require(viewer, access.Action.INCIDENT_STEP)
    held = conn.execute(
        statement("hold_task", "tasks"), code_range(viewer.scope) | {"task_id": task_id}
    ).one_or_none()
    if held is None:
        raise NotFound(what="task", key=str(task_id))
    if held.done_at is not None:
        if key is not None and (key, result) == (held.idempotency_key, held.result):
            return
        raise TaskDone(at=held.done_at.isoformat())
    may_assign = access.Action.INCIDENT_ASSIGN in access.allowed(viewer.role)
    if not may_assign and held.unit_code not in _own_units(conn, viewer, now):
        raise Forbidden(
            role=viewer.role.value, action="finish the task", who_can="who answers for the unit"
        )
    if not result.strip():
        raise BadValue(field="result", given=result, reason="empty")
    task = schema.task.c
    conn.execute(
        schema.task.update()
        .where(task.task_id == task_id)
        .values(done_at=now, done_by=viewer.person_id, result=result.strip(), idempotency_key=key)
    )
    audit.record(conn, viewer, "task.done", f"task {task_id}", territory=held.unit_code)


def _own_units(conn: Connection, viewer: Viewer, now: datetime) -> list[str]:
    """Return the units that the viewer answers for; of a sub-group, the grid as well."""
    posts = roster.posts_of(conn, viewer.person_id, now) if viewer.person_id else []
    codes = {post.unit_code for post in posts}
    return sorted(codes | {code[: Level.GRID.digits] for code in codes})


def _rule(row: Row[Any]) -> TaskRule:
    return TaskRule(
        row.rule_id,
        row.title,
        row.note,
        row.kind,
        row.territory_code,
        row.level,
        row.period,
        row.valid.lower,
        row.valid.upper,
    )
