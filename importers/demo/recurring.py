"""Recurring work of the invented county: asked of every grid, and mostly done."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import NamedTuple

import numpy as np
from sqlalchemy import Connection, text

from grids import tasks
from grids.local_time import local_day
from grids.model import Role, Viewer
from grids.periods import period_of


class Asked(NamedTuple):
    """A rule of the county's office, and the shares done of the period before and of this one."""

    title: str
    note: str
    kind: str
    period: str
    done_before: float
    done_now: float


RULES = (
    Asked("每周巡查网格", "看消防通道、河塘、用电和路面。", "patrol", "week", 0.93, 0.35),
    Asked("每月走访重点户", "重点关爱户每月见面一次。", "visit", "month", 0.88, 0.30),
)
RESULTS = ("已完成，无异常", "已完成，问题已上报")
SHARES = (0.9, 0.1)

# Who answers for the tasks of a rule that have begun. Whoever has an account to try the county with
# keeps those of the period that runs.
_ANSWERING = text(
    """
    SELECT t.task_id, t.unit_code::text AS unit_code, t.starts_on, p.person_id, p.name
      FROM task AS t
      JOIN duty AS d ON d.unit_code = t.unit_code AND d.rank = 'primary'
       AND d.valid @> t.starts_on AND d.valid @> CAST(:today AS date)
      JOIN person AS p ON p.person_id = d.person_id
     WHERE t.rule_id = :rule_id
       AND (t.starts_on < CAST(:begins AS date)
            OR NOT EXISTS (SELECT FROM account AS a WHERE a.person_id = p.person_id))
     ORDER BY t.starts_on, t.unit_code, p.person_id
    """
)


def ask(conn: Connection, viewer: Viewer, county: str, now: datetime, seed: int) -> int:
    """Ask for the recurring work, let the workers do most of it, and return how many tasks it is.

    The rules have counted since the period before this one; the same seed does the same.
    """
    rng = np.random.default_rng([seed, 62])
    today = local_day(now)
    rules = []
    for asked in RULES:
        begins, _ = period_of(asked.period, today)
        since, _ = period_of(asked.period, begins - timedelta(days=1))
        rules.append(
            tasks.make_rule(
                conn,
                viewer,
                title=asked.title,
                note=asked.note,
                kind=asked.kind,
                territory_code=county,
                level="grid",
                period=asked.period,
                since=since,
                now=_noon(since, now),
            )
        )
    tasks.make_due(conn, now)
    n = 0
    for rule, asked in zip(rules, RULES, strict=True):
        begins, _ = period_of(rule.period, today)
        asked_for = {"rule_id": rule.rule_id, "today": today, "begins": begins}
        rows = conn.execute(_ANSWERING, asked_for).all()
        n += len(rows)
        for row in rows:
            share = asked.done_now if row.starts_on == begins else asked.done_before
            result = str(rng.choice(RESULTS, p=SHARES))
            if rng.random() < share:
                worker = Viewer(row.person_id, row.name, Role.WORKER, row.unit_code)
                done = min(_noon(row.starts_on + timedelta(days=int(rng.integers(5))), now), now)
                tasks.finish(conn, worker, row.task_id, result, now=done)
    return n


def _noon(day: date, now: datetime) -> datetime:
    """Return the moment of a day at which it is as late as it is now."""
    return now + timedelta(days=(day - local_day(now)).days)
